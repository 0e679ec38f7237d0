#pragma once
// Pool: threads that may block. `co_await pool.run(fn)` runs fn(Blocking) on one of them and
// resumes on the caller's own executor with its return value; an exception travels back the same
// way.
//
// Threads: run() from any io thread. Ownership: a Pool outlives every task that waits on it; the
// destructor finishes what is queued. Declare IoThreads before the pools: a pool thread that has
// just resumed a task may still be leaving that task's io_context, until the pool is destroyed.
// Cancelling: a task that is cancelled before run() never starts its work; once queued, the work is
// done to its end and the task hears of the cancellation at its next wait.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "rt/blocking.h"
#include "rt/started.h"
#include "rt/task.h"

namespace embrace::rt {

class Pool {
 public:
  Pool(std::string name, unsigned threads);
  ~Pool();
  Pool(const Pool&) = delete;

  // F: R(Blocking). The closure lives in the caller's frame until the await ends, so it may capture
  // by reference.
  template <class F>
  Task<std::invoke_result_t<F&, Blocking>> run(F work) {
    using R = std::invoke_result_t<F&, Blocking>;
    if constexpr (std::is_void_v<R>) {
      std::function<void()> job = [&work] { work(Blocking{}); };
      co_await run_job(job);
    } else {
      std::optional<R> out;
      std::function<void()> job = [&out, &work] { out.emplace(work(Blocking{})); };
      co_await run_job(job);
      co_return std::move(*out);
    }
  }

  // Starts the work at once; its result is fetched later (rt/started.h). F owns what it uses, and
  // is gone before the wait for it ends. F: R(Blocking), R not void.
  template <class F>
  Started<std::invoke_result_t<F&, Blocking>> start(F work) {
    Started<std::invoke_result_t<F&, Blocking>> started;
    // std::function wants to copy; the work may be able to move only.
    auto owned = std::make_shared<std::optional<F>>(std::move(work));
    post([state = started.state_, owned = std::move(owned)](Blocking blocking) {
      try {
        state->result.emplace((**owned)(blocking));
      } catch (...) {
        state->thrown = std::current_exception();
      }
      owned->reset();
      state->completion.finish();
    });
    return started;
  }

  // Without waiting for it; for housekeeping. Exceptions are logged.
  void post(std::function<void(Blocking)> work);

  std::size_t queued() const;  // waiting for a thread

 private:
  Task<void> run_job(std::function<void()>& job);

  struct Job;
  struct AwaitedJob;
  struct PostedJob;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::rt
