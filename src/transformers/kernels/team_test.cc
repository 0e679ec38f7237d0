#include "transformers/kernels/team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

namespace embrace::transformers {
namespace {

TEST(Team, RunsEachPartOnce) {
  for (const unsigned threads : {1u, 2u, 5u}) {
    Team team(threads);
    EXPECT_EQ(team.size(), threads);
    for (std::size_t parts = 0; parts < 40; ++parts) {
      std::vector<std::atomic<int>> calls(parts);
      team.run(parts, [&](std::size_t i) { ++calls[i]; });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

TEST(Team, HasFinishedWhenRunReturns) {
  // Plain numbers: a part that is still at work is a race, which the sanitizers see.
  Team team(3);
  std::vector<std::size_t> sums(7);
  for (std::size_t round = 0; round < 3000; ++round) {
    const std::size_t parts = 1 + round % sums.size();
    team.run(parts, [&](std::size_t i) { sums[i] += round; });
  }
  std::size_t sum = 0;
  for (const std::size_t one : sums) sum += one;
  std::size_t expected = 0;
  for (std::size_t round = 0; round < 3000; ++round) expected += round * (1 + round % sums.size());
  EXPECT_EQ(sum, expected);
}

TEST(Team, WakesFromSleep) {
  Team team(2);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::atomic<int> calls = 0;
    team.run(2, [&](std::size_t) { ++calls; });
    EXPECT_EQ(calls, 2);
  }
}

TEST(Team, UsesNoProcessorWhileIdle) {
  Team team(4);
  team.run(4, [](std::size_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::clock_t before = std::clock();  // of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.05);
}

TEST(Team, ThrowsWhatAPartThrows) {
  Team team(3);
  std::atomic<int> calls = 0;
  EXPECT_THROW(team.run(9,
                        [&](std::size_t i) {
                          ++calls;
                          if (i % 2 == 1) throw std::runtime_error("odd");
                        }),
               std::runtime_error);
  EXPECT_EQ(calls, 9);
  team.run(9, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 18);
}

TEST(Team, SplitsIntoWholeGrains) {
  Team team(3);
  for (const std::size_t count : {0, 1, 15, 16, 17, 100}) {
    std::vector<std::atomic<int>> seen(count);
    team.split(count, 16, [&](std::size_t begin, std::size_t end) {
      EXPECT_EQ(begin % 16, 0u);
      EXPECT_LT(begin, end);
      for (std::size_t i = begin; i < end; ++i) ++seen[i];
    });
    for (const auto& times : seen) EXPECT_EQ(times, 1);
  }
}

}  // namespace
}  // namespace embrace::transformers
