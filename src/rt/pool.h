#pragma once
// Pool: threads that may block. `co_await pool.run(fn)` runs fn(Blocking) on one of them and resumes on
// the caller's own executor with its return value; an exception travels back the same way.
//
// Threads: run() from any io thread. Ownership: a Pool outlives every task that waits on it;
// the destructor finishes what is queued.

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "rt/blocking.h"
#include "rt/task.h"

namespace embrace::rt {

class Pool {
 public:
  Pool(std::string name, unsigned threads);
  ~Pool();
  Pool(const Pool&) = delete;

  // F: R(Blocking). The closure lives in the caller's frame until the await ends, so it may capture by
  // reference.
  template <class F>
  Task<std::invoke_result_t<F&, Blocking>> run(F work) {
    using R = std::invoke_result_t<F&, Blocking>;
    std::optional<R> out;
    std::function<void()> job = [&out, &work] { out.emplace(work(Blocking{})); };
    co_await run_job(job);
    co_return std::move(*out);
  }

  // Without waiting for it; for housekeeping. Exceptions are logged.
  void post(std::function<void(Blocking)> work);

  std::size_t queued() const;

 private:
  Task<void> run_job(std::function<void()>& job);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::rt
