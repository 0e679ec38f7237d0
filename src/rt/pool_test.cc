#include "rt/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/result.h"
#include "rt/io_threads.h"
#include "rt/task_group.h"
#include "testing/run.h"

namespace embrace::rt {
namespace {

namespace asio = boost::asio;

Task<bool> hop_and_return(Pool& pool) {
  const auto home = std::this_thread::get_id();
  const auto away = co_await pool.run([](Blocking) { return std::this_thread::get_id(); });
  co_return away != home&& std::this_thread::get_id() == home;
}

TEST(Pool, WorkRunsElsewhereAndTheTaskResumesAtHome) {
  Pool pool("test", 2);
  EXPECT_TRUE(testing::run(hop_and_return(pool)));
}

Task<std::unique_ptr<int>> fetch(Pool& pool) {
  int borrowed = 41;
  co_return co_await pool.run([&borrowed](Blocking) { return std::make_unique<int>(++borrowed); });
}

TEST(Pool, ReturnsValuesThatOnlyMove) {
  Pool pool("test", 1);
  EXPECT_EQ(*testing::run(fetch(pool)), 42);
}

Task<int> run_void(Pool& pool) {
  int touched = 0;
  co_await pool.run([&touched](Blocking) { touched = 7; });
  co_return touched;
}

TEST(Pool, WorkMayReturnNothing) {
  Pool pool("test", 1);
  EXPECT_EQ(testing::run(run_void(pool)), 7);
}

Task<Result<int>> run_failing(Pool& pool) {
  EMB_CO_TRY(int value, co_await pool.run([](Blocking) -> Result<int> {
    return fail(Code::NotFound, "no row");
  }));
  co_return value;
}

TEST(Pool, ResultsTravelBack) {
  Pool pool("test", 1);
  EXPECT_EQ(testing::run(run_failing(pool)).error().message(), "no row");
}

Task<int> run_throwing(Pool& pool) {
  co_return co_await pool.run([](Blocking) -> int { throw std::runtime_error("disk on fire"); });
}

TEST(Pool, ExceptionsTravelBackAndThePoolGoesOn) {
  Pool pool("test", 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THROW(testing::run(run_throwing(pool)), std::runtime_error);
  }
  EXPECT_EQ(testing::run(run_void(pool)), 7);
}

Task<void> count_many(Pool& pool, std::atomic<int>& total, int times) {
  for (int i = 0; i < times; ++i) {
    const auto home = std::this_thread::get_id();
    total += co_await pool.run([i](Blocking) { return i % 3; });
    EXPECT_EQ(std::this_thread::get_id(), home);
  }
}

TEST(Pool, ServesManyTasksOfManyThreads) {
  constexpr int kTasks = 64, kTimes = 60;
  std::atomic<int> total = 0;
  IoThreads io(3);
  Pool pool("test", 3);
  TaskGroup group("test");
  for (int i = 0; i < kTasks; ++i)
    group.start(io.executor(i % io.size()), count_many(pool, total, kTimes));
  ASSERT_TRUE(group.wait_for_seconds(60));
  EXPECT_EQ(total, kTasks * kTimes);
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(Pool, DestructionFinishesWhatIsQueued) {
  std::atomic<int> done = 0;
  {
    Pool pool("test", 2);
    for (int i = 0; i < 1000; ++i) pool.post([&done](Blocking) { ++done; });
  }
  EXPECT_EQ(done, 1000);
}

TEST(Pool, PostedWorkThatThrowsHurtsNobody) {
  std::atomic<int> done = 0;
  {
    Pool pool("test", 1);
    pool.post([](Blocking) { throw std::runtime_error("lost"); });
    pool.post([](Blocking) { throw 3; });
    pool.post([&done](Blocking) { ++done; });
  }
  EXPECT_EQ(done, 1);
}

TEST(Pool, CountsWhatWaits) {
  std::latch started(1), release(1);
  Pool pool("test", 1);
  pool.post([&](Blocking) {
    started.count_down();
    release.wait();
  });
  started.wait();
  EXPECT_EQ(pool.queued(), 0u);
  pool.post([](Blocking) {});
  pool.post([](Blocking) {});
  EXPECT_EQ(pool.queued(), 2u);
  release.count_down();
}

struct Interrupted {
  std::latch started{1}, release{1};
  bool work_ended = false;
  bool came_back = false;
};

Task<void> borrow_and_wait(Pool& pool, Interrupted& scene) {
  bool ended = false;  // borrowed by the work: this frame must outlive it
  co_await pool.run([&](Blocking) {
    scene.started.count_down();
    scene.release.wait();
    ended = true;
  });
  scene.work_ended = ended;
  scene.came_back = true;
  co_await pool.run([](Blocking) { FAIL() << "a cancelled task starts no work"; });
}

TEST(Pool, CancellingWaitsForTheWorkToEnd) {
  Pool pool("test", 1);
  Interrupted scene;
  asio::io_context io;
  asio::cancellation_signal signal;
  std::exception_ptr thrown;
  asio::co_spawn(
      io, borrow_and_wait(pool, scene),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { thrown = e; }));
  std::thread canceller([&] {
    scene.started.wait();
    asio::post(io, [&] {
      signal.emit(asio::cancellation_type::terminal);
      EXPECT_FALSE(scene.came_back);
      scene.release.count_down();
    });
  });
  io.run();
  canceller.join();
  EXPECT_TRUE(scene.work_ended);
  EXPECT_TRUE(thrown) << "the next wait hears of the cancellation";
}

}  // namespace
}  // namespace embrace::rt
