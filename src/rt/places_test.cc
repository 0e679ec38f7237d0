#include "rt/places.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "testing/run.h"

namespace embrace::rt {
namespace {

using namespace std::chrono_literals;

// Several tasks on one loop, each of which takes a place and keeps it.
class PlacesTest : public ::testing::Test {
 protected:
  struct Taker {
    std::string holder;
    std::optional<Place> place;
    bool answered = false;
  };
  static Task<void> take(Places& places, Taker& taker, std::uint32_t share) {
    auto place = co_await places.take(taker.holder, share);
    if (place) taker.place.emplace(std::move(*place));
    taker.answered = true;
  }
  static Task<void> take_for(Places& places, Taker& taker, std::vector<Places::Claim> claims) {
    auto place = co_await places.take(std::move(claims));
    if (place) taker.place.emplace(std::move(*place));
    taker.answered = true;
  }
  Taker& start(Places& places, std::vector<Places::Claim> claims) {
    takers_.push_back(std::make_unique<Taker>(""));
    boost::asio::co_spawn(io_, take_for(places, *takers_.back(), std::move(claims)),
                          boost::asio::detached);
    settle();
    return *takers_.back();
  }
  Taker& start(Places& places, std::string holder, std::uint32_t share = 100) {
    takers_.push_back(std::make_unique<Taker>(std::move(holder)));
    boost::asio::co_spawn(io_, take(places, *takers_.back(), share), boost::asio::detached);
    settle();
    return *takers_.back();
  }
  void settle() {
    io_.restart();
    io_.poll();
  }
  void run_to_the_end() {
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_;
  std::vector<std::unique_ptr<Taker>> takers_;
};

TEST_F(PlacesTest, WhoeverFindsNoneFreeIsServedInOrder) {
  Places places({.places = 1});
  auto& first = start(places, "a");
  auto& second = start(places, "b");
  auto& third = start(places, "c");
  EXPECT_TRUE(first.place);
  EXPECT_FALSE(second.answered);
  EXPECT_EQ(places.waiting(), 2u);
  first.place.reset();
  settle();
  EXPECT_TRUE(second.place);
  EXPECT_FALSE(third.answered);
  second.place.reset();
  settle();
  EXPECT_TRUE(third.place);
  third.place.reset();
  EXPECT_EQ(places.taken(), 0u);
}

TEST_F(PlacesTest, AHolderNeverGetsMoreThanItsShare) {
  Places places({.places = 4});
  start(places, "greedy", 2);
  start(places, "greedy", 2);
  auto& greedy = start(places, "greedy", 2);
  EXPECT_FALSE(greedy.answered);
  auto& other = start(places, "other", 2);  // passes the one that waits for its own share
  EXPECT_TRUE(other.place);
  EXPECT_EQ(places.taken(), 3u);
  takers_[0]->place.reset();
  settle();
  EXPECT_TRUE(greedy.place);
  takers_.clear();
}

TEST_F(PlacesTest, WaitingEndsAfterAWhile) {
  Places places({.places = 1, .wait_max = 20ms});
  start(places, "a");
  auto& late = start(places, "b");
  run_to_the_end();
  EXPECT_TRUE(late.answered);
  EXPECT_FALSE(late.place);
  EXPECT_EQ(places.waiting(), 0u);
  takers_.clear();
  EXPECT_EQ(places.taken(), 0u);
}

TEST_F(PlacesTest, TheLineIsBoundedAlsoForOneHolder) {
  Places places({.places = 1, .waiting_max = 3, .holder_waiting_max = 2});
  start(places, "a");
  start(places, "b");
  start(places, "b");
  auto& third = start(places, "b");
  EXPECT_TRUE(third.answered);
  EXPECT_FALSE(third.place);
  EXPECT_FALSE(start(places, "c").answered);
  EXPECT_TRUE(start(places, "d").answered);
  for (auto& taker : takers_) {
    taker->place.reset();
    settle();
  }
  takers_.clear();
}

TEST_F(PlacesTest, APlaceCountsForEverybodyItIsTakenFor) {
  Places places({.places = 8});
  const auto claims = [](std::string repo, std::string user) {
    return std::vector<Places::Claim>{{std::move(repo), 1, 2}, {std::move(user), 2, 8}};
  };
  auto& first = start(places, claims("x", "ann"));
  auto& same_repo = start(places, claims("x", "ben"));
  EXPECT_TRUE(first.place);
  EXPECT_FALSE(same_repo.answered);
  EXPECT_TRUE(start(places, claims("y", "ann")).place);
  auto& third_of_ann = start(places, claims("z", "ann"));
  EXPECT_FALSE(third_of_ann.answered);
  EXPECT_TRUE(start(places, claims("z", "ben")).place) << "nobody has this one";
  takers_.back()->place.reset();
  EXPECT_FALSE(start(places, claims("x", "cid")).answered);
  auto& too_many = start(places, claims("x", "dan"));
  EXPECT_TRUE(too_many.answered);
  EXPECT_FALSE(too_many.place);
  // What ann gives back kept two back: ben from x, herself from z.
  first.place.reset();
  settle();
  EXPECT_TRUE(same_repo.place);
  EXPECT_TRUE(third_of_ann.place);
  for (auto& taker : takers_) {
    taker->place.reset();
    settle();
  }
  takers_.clear();
  EXPECT_EQ(places.taken(), 0u);
}

TEST_F(PlacesTest, ATaskThatIsDroppedLeavesTheLine) {
  Places places({.places = 1});
  start(places, "a");
  {
    boost::asio::io_context doomed;
    Taker taker{"b", {}, false};
    boost::asio::co_spawn(doomed, take(places, taker, 1), boost::asio::detached);
    doomed.poll();
    EXPECT_EQ(places.waiting(), 1u);
  }
  EXPECT_EQ(places.waiting(), 0u);
  takers_.clear();
  EXPECT_EQ(places.taken(), 0u);
}

}  // namespace
}  // namespace embrace::rt
