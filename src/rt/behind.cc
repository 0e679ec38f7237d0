#include "rt/behind.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include "base/check.h"
#include "rt/pool.h"

namespace embrace::rt {

namespace {

// After so many the next owner has its turn on the thread.
constexpr int kJobsPerTurn = 8;

}  // namespace

struct Behind::State {
  Pool& pool;
  const std::size_t jobs_max;

  // Guarded by mutex. (Not a Sync: the condition waits on them.)
  std::mutex mutex;
  std::condition_variable changed = {};
  std::deque<Job> jobs = {};  // the first is being done
  bool is_working = false;
  std::exception_ptr thrown = {};

  void rethrow() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

Behind::Behind(Pool& pool, std::size_t jobs_max)
    : state_(new State{.pool = pool, .jobs_max = jobs_max, .mutex = {}}) {
  EMB_CHECK(jobs_max > 0, "something is held");
}

void Behind::add(Blocking, Job job) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->jobs.size() < state_->jobs_max; });
  state_->rethrow();
  state_->jobs.push_back(std::move(job));
  if (std::exchange(state_->is_working, true)) return;
  lock.unlock();
  state_->pool.post([state = state_](Blocking blocking) { work(blocking, state); });
}

void Behind::wait(Blocking) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->jobs.empty(); });
  state_->rethrow();
}

void Behind::work(Blocking blocking, const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (int done = 0; !state->jobs.empty(); ++done) {
    if (done == kJobsPerTurn) {
      try {
        state->pool.post([state](Blocking later) { work(later, state); });
        return;
      } catch (const std::bad_alloc&) {
        done = 0;  // the others wait a little longer
      }
    }
    Job& job = state->jobs.front();  // stays where it is while others are added behind it
    const bool is_dropped = state->thrown != nullptr;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      if (!is_dropped) job(blocking);
      job = nullptr;  // what it owned goes before anybody hears that it is done
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    if (thrown) state->thrown = thrown;
    state->jobs.pop_front();
    state->changed.notify_all();
  }
  state->is_working = false;
}

}  // namespace embrace::rt
