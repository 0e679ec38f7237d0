#include "rt/task_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>

#include "rt/io_threads.h"

namespace embrace::rt {
namespace {

namespace asio = boost::asio;

struct Count {
  std::atomic<int> started = 0, ended = 0, interrupted = 0;
};

// Counts when its frame goes away, however it does.
struct Leaving {
  Count& count;
  ~Leaving() { ++count.ended; }
};

Task<void> sleep_for_an_hour(Count& count) {
  const Leaving leaving{count};
  ++count.started;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  try {
    co_await timer.async_wait(asio::use_awaitable);
  } catch (...) {
    ++count.interrupted;
    throw;
  }
}

Task<void> end_at_once(Count& count) {
  ++count.started;
  const Leaving leaving{count};
  co_return;
}

Task<void> fail_at_once(Count& count) {
  ++count.started;
  const Leaving leaving{count};
  throw std::runtime_error("expected by the test");
  co_return;
}

TEST(TaskGroup, CountsUntilTasksEnd) {
  Count count;
  IoThreads io(2);
  TaskGroup group("test");
  for (int i = 0; i < 200; ++i) group.start(io.executor(i % 2), end_at_once(count));
  EXPECT_TRUE(group.wait_for_seconds(30));
  EXPECT_EQ(count.ended, 200);
  EXPECT_EQ(group.running(), 0u);
}

TEST(TaskGroup, AFailingTaskIsAnEndedTask) {
  Count count;
  IoThreads io(1);
  TaskGroup group("test");
  group.start(io.executor(0), fail_at_once(count));
  EXPECT_TRUE(group.wait_for_seconds(30));
  EXPECT_EQ(count.ended, 1);
}

TEST(TaskGroup, CancellingStopsEveryWait) {
  Count count;
  IoThreads io(2);
  TaskGroup group("test");
  for (int i = 0; i < 50; ++i) group.start(io.executor(i % 2), sleep_for_an_hour(count));
  EXPECT_EQ(group.running(), 50u);
  EXPECT_FALSE(group.wait_for_seconds(0));
  group.cancel();
  EXPECT_TRUE(group.wait_for_seconds(30));
  EXPECT_EQ(count.ended, count.started);  // one that had not begun to wait stops before its wait
}

TEST(TaskGroup, CancellingReachesWhatIsStartedLater) {
  Count count;
  IoThreads io(1);
  TaskGroup group("test");
  group.cancel();
  group.start(io.executor(0), sleep_for_an_hour(count));
  EXPECT_TRUE(group.wait_for_seconds(30));
}

TEST(TaskGroup, CancellingRacesWithStartingAndEnding) {
  Count count;
  IoThreads io(2);
  for (int round = 0; round < 100; ++round) {
    TaskGroup group("test");
    group.start(io.executor(0), sleep_for_an_hour(count));
    group.start(io.executor(1), end_at_once(count));
    group.cancel();
    group.start(io.executor(1), sleep_for_an_hour(count));
    ASSERT_TRUE(group.wait_for_seconds(30));
  }
}

Task<void> start_another(TaskGroup& group, Count& count, int left) {
  ++count.started;
  const Leaving leaving{count};
  if (left > 0)
    group.start(co_await asio::this_coro::executor, start_another(group, count, left - 1));
}

TEST(TaskGroup, TasksMayStartTasks) {
  Count count;
  IoThreads io(1);
  TaskGroup group("test");
  group.start(io.executor(0), start_another(group, count, 20));
  EXPECT_TRUE(group.wait_for_seconds(30));
  EXPECT_EQ(count.ended, 21);
}

TEST(TaskGroup, ATaskEndsWithItsIoThread) {
  Count count;
  TaskGroup group("test");
  {
    IoThreads io(1);
    group.start(io.executor(0), sleep_for_an_hour(count));
  }
  EXPECT_EQ(group.running(), 0u);
  EXPECT_EQ(count.ended, count.started);
}

}  // namespace
}  // namespace embrace::rt
