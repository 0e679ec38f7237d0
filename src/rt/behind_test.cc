#include "rt/behind.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "rt/pool.h"

namespace embrace::rt {
namespace {

const Blocking kBlocking = Blocking::on_main_thread();

TEST(Behind, DoesJobsInOrderOneAtATime) {
  Pool pool("behind", 4);
  Behind behind(pool, 3);
  std::vector<int> done;  // no lock: only one job at a time touches it
  for (int i = 0; i < 1000; ++i) behind.add(kBlocking, [&done, i](Blocking) { done.push_back(i); });
  behind.wait(kBlocking);
  ASSERT_EQ(done.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Behind, WaitsWhenItHoldsEnough) {
  Pool pool("behind", 1);
  Behind behind(pool, 2);
  std::promise<void> gate;
  behind.add(kBlocking, [&](Blocking) { gate.get_future().wait(); });
  behind.add(kBlocking, [](Blocking) {});
  std::atomic<bool> is_added = false;
  std::jthread third([&] {
    behind.add(kBlocking, [](Blocking) {});
    is_added = true;
  });
  EXPECT_FALSE(is_added);
  gate.set_value();
  third.join();
  EXPECT_TRUE(is_added);
  behind.wait(kBlocking);
}

TEST(Behind, LetsOthersHaveTheirTurnOnTheThread) {
  Pool pool("behind", 1);
  Behind busy(pool, 1000);
  Behind other(pool, 1);
  std::promise<void> gate;
  std::atomic<int> done = 0;
  busy.add(kBlocking, [&](Blocking) { gate.get_future().wait(); });
  for (int i = 0; i < 999; ++i) busy.add(kBlocking, [&](Blocking) { ++done; });
  int done_before_other = -1;
  other.add(kBlocking, [&](Blocking) { done_before_other = done; });
  gate.set_value();
  other.wait(kBlocking);
  EXPECT_LT(done_before_other, 100);
  busy.wait(kBlocking);
  EXPECT_EQ(done, 999);
}

TEST(Behind, HandsOverWhatAJobThrewAndDoesNoLaterOne) {
  Pool pool("behind", 1);
  Behind behind(pool, 4);
  std::atomic<bool> is_later_done = false;
  std::promise<void> gate;
  behind.add(kBlocking, [&](Blocking) {
    gate.get_future().wait();
    throw std::runtime_error("no memory");
  });
  behind.add(kBlocking, [&](Blocking) { is_later_done = true; });
  gate.set_value();
  EXPECT_THROW(behind.wait(kBlocking), std::runtime_error);
  EXPECT_FALSE(is_later_done);
  EXPECT_THROW(behind.add(kBlocking, [](Blocking) {}), std::runtime_error);
}

TEST(Behind, DoesWhatWasGivenWhenItsOwnerIsGone) {
  std::atomic<int> done = 0;
  {
    Pool pool("behind", 2);
    Behind behind(pool, 100);
    for (int i = 0; i < 100; ++i) behind.add(kBlocking, [&](Blocking) { ++done; });
  }
  EXPECT_EQ(done, 100);
}

TEST(Behind, LetsGoOfWhatAJobOwnedBeforeWaitReturns) {
  Pool pool("behind", 1);
  Behind behind(pool, 2);
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  behind.add(kBlocking, [owned = std::move(owned)](Blocking) {});
  behind.wait(kBlocking);
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace embrace::rt
