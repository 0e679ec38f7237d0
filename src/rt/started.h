#pragma once
// Started<R>: work that runs on a Pool already (Pool::start) while its starter does something else,
// and whose result is fetched later.
//
//   Started<Status> writing = pool.start([piece](Blocking blocking) { return put(blocking, *piece);
//   });
//   ... receive the next piece ...
//   EMB_CO_DO(co_await writing.wait());
//
// Threads: a Started belongs to one coroutine. Ownership: the work owns what it uses, for it runs
// to its end even when nobody waits for it any more.

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "rt/task.h"

namespace embrace::rt {

class Pool;

// That something has ended, told by one thread to one coroutine.
class Completion {
 public:
  void finish();  // once; on any thread
  Task<void> wait();
  // false: it goes on after `limit`.
  Task<bool> wait_for(std::chrono::milliseconds limit);

 private:
  struct Waiter;
  std::mutex mutex_;
  // Guarded by mutex_.
  bool is_finished_ = false;
  std::shared_ptr<Waiter> waiter_;
};

template <class R>
class Started {
 public:
  // Once. An exception of the work comes out here.
  Task<R> wait() {
    const std::shared_ptr<State> state = state_;
    co_await state->completion.wait();
    if (state->thrown) std::rethrow_exception(state->thrown);
    EMB_CHECK(state->result.has_value(), "the result of started work is fetched once");
    R result = std::move(*state->result);
    state->result.reset();
    co_return result;
  }
  // true: it has ended, and wait() returns at once.
  Task<bool> wait_for(std::chrono::milliseconds limit) {
    const std::shared_ptr<State> state = state_;
    co_return co_await state->completion.wait_for(limit);
  }

 private:
  friend class Pool;
  struct State {
    Completion completion;
    // Of the pool's thread until the completion.
    std::optional<R> result;
    std::exception_ptr thrown;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace embrace::rt
