#include "rt/started.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/result.h"
#include "rt/pool.h"
#include "testing/run.h"

namespace embrace::rt {
namespace {

using std::chrono::milliseconds;

Task<int> start_and_meet(Pool& pool) {
  auto met = std::make_shared<std::latch>(2);
  auto started = pool.start([met](Blocking) {
    met->arrive_and_wait();
    return 42;
  });
  met->arrive_and_wait();  // it runs although nobody waits for it yet
  co_return co_await started.wait();
}

TEST(Started, RunsWhileItsStarterGoesOn) {
  Pool pool("test", 1);
  EXPECT_EQ(testing::run(start_and_meet(pool)), 42);
}

Task<bool> resumes_at_home(Pool& pool) {
  const auto home = std::this_thread::get_id();
  auto started = pool.start([](Blocking) { return std::this_thread::get_id(); });
  const auto away = co_await started.wait();
  co_return away != home&& std::this_thread::get_id() == home;
}

TEST(Started, ItsWaiterResumesAtHome) {
  Pool pool("test", 1);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(testing::run(resumes_at_home(pool)));
}

Task<int> wait_in_steps(Pool& pool, int* steps) {
  auto gate = std::make_shared<std::latch>(1);
  auto started = pool.start([gate](Blocking) {
    gate->wait();
    return 7;
  });
  while (!co_await started.wait_for(milliseconds(1))) {
    if (++*steps == 3) gate->count_down();
  }
  co_return co_await started.wait();
}

TEST(Started, WaitingMayStopAndGoOn) {
  Pool pool("test", 1);
  int steps = 0;
  EXPECT_EQ(testing::run(wait_in_steps(pool, &steps)), 7);
  EXPECT_GE(steps, 3);
}

Task<Result<std::unique_ptr<int>>> start_result(Pool& pool, bool fails) {
  auto started = pool.start(
      [fails, moved = std::make_unique<int>(5)](Blocking) mutable -> Result<std::unique_ptr<int>> {
        if (fails) return fail(Code::NotFound, "no row");
        return std::move(moved);
      });
  co_return co_await started.wait();
}

TEST(Started, ResultsTravelBack) {
  Pool pool("test", 1);
  EXPECT_EQ(**testing::run(start_result(pool, false)), 5);
  EXPECT_EQ(testing::run(start_result(pool, true)).error().message(), "no row");
}

Task<int> start_throwing(Pool& pool) {
  auto started = pool.start([](Blocking) -> int { throw std::runtime_error("disk on fire"); });
  co_return co_await started.wait();
}

TEST(Started, ExceptionsTravelBack) {
  Pool pool("test", 1);
  EXPECT_THROW(testing::run(start_throwing(pool)), std::runtime_error);
}

Task<bool> start_and_leave(Pool& pool, std::shared_ptr<int> kept) {
  pool.start([kept](Blocking) { return *kept += 1; });
  co_return true;
}

TEST(Started, WorkThatNobodyWaitsForIsDoneToItsEnd) {
  auto kept = std::make_shared<int>(0);
  {
    Pool pool("test", 1);
    testing::run(start_and_leave(pool, kept));
  }
  EXPECT_EQ(*kept, 1);
  EXPECT_EQ(kept.use_count(), 1);
}

Task<long> holders_after_wait(Pool& pool, std::shared_ptr<int> kept) {
  auto started = pool.start([kept](Blocking) { return *kept; });
  co_await started.wait();
  co_return kept.use_count();
}

TEST(Started, WhatTheWorkOwnedIsLetGoBeforeTheWaitEnds) {
  Pool pool("test", 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(testing::run(holders_after_wait(pool, std::make_shared<int>(1))), 1);
  }
}

}  // namespace
}  // namespace embrace::rt
