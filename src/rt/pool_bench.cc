// What one hop to a pool and back costs. The denominator is a bare post to the task's own
// io_context.

#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rt/pool.h"

namespace embrace::rt {
namespace {

namespace asio = boost::asio;

constexpr int kTasks = 16;  // waiting at the same time, as on a busy io thread

Task<void> post_home(benchmark::IterationCount times) {
  const auto home = co_await asio::this_coro::executor;
  for (benchmark::IterationCount i = 0; i < times; ++i)
    co_await asio::post(home, asio::use_awaitable);
}

Task<void> hop(Pool& pool, benchmark::IterationCount times) {
  for (benchmark::IterationCount i = 0; i < times; ++i) {
    benchmark::DoNotOptimize(co_await pool.run([i](Blocking) { return i; }));
  }
}

void BM_PostHome(benchmark::State& state) {
  while (state.KeepRunningBatch(16'000)) {
    asio::io_context io(1);
    for (int i = 0; i < kTasks; ++i) asio::co_spawn(io, post_home(1000), asio::detached);
    io.run();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_PostHome)->UseRealTime()->MeasureProcessCPUTime();

void BM_PoolHop(benchmark::State& state) {
  Pool pool("bench", static_cast<unsigned>(state.range(0)));
  while (state.KeepRunningBatch(16'000)) {
    asio::io_context io(1);
    for (int i = 0; i < kTasks; ++i) asio::co_spawn(io, hop(pool, 1000), asio::detached);
    io.run();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_PoolHop)->Arg(1)->Arg(4)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace embrace::rt
