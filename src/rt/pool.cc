#include "rt/pool.h"

#include <pthread.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/log.h"

namespace embrace::rt {

namespace asio = boost::asio;

// A link of the queue. Waiting jobs live in the frame of the coroutine that waits, so queueing one
// allocates nothing.
struct Pool::Job {
  virtual void run() = 0;  // on a pool thread; the job may be gone when it returns
  Job* next = nullptr;

 protected:
  ~Job() = default;
};

struct Pool::Impl {
  explicit Impl(std::string pool_name) : name(std::move(pool_name)) {}

  void push(Job& job);
  void work();

  // Whether the caller, who holds the lock, is to wake a sleeper once it has let go of it. One
  // thread at a time is on its way; that one wakes the next when it finds more than it can do.
  // Waking one a job instead, short jobs cost four times as much on two cores.
  bool should_wake() {
    if (first == nullptr || idle == 0 || waking) return false;
    return waking = true;
  }

  const std::string name;
  std::vector<std::thread> threads;  // constant after construction

  // Guarded by mutex.
  mutable std::mutex mutex;
  std::condition_variable wake;
  Job* first = nullptr;
  Job* last = nullptr;
  std::size_t waiting = 0;  // jobs in the list
  std::size_t idle = 0;     // threads asleep
  bool waking = false;      // one of them has been notified and does not run yet
  bool stopping = false;
};

// Which pool this thread belongs to. Its jobs may go on in further jobs while it is being
// destroyed: a thread leaves only when nothing is queued.
thread_local const void* working_for = nullptr;

void Pool::Impl::push(Job& job) {
  bool wake_one;
  {
    std::lock_guard lock(mutex);
    EMB_CHECK(!stopping || working_for == this,
              "nobody gives work to a pool that is being destroyed, but its own jobs");
    (first == nullptr ? first : last->next) = &job;
    last = &job;
    ++waiting;
    wake_one = should_wake();
  }
  // After unlocking, so that the sleeper doesn't wake into a locked mutex.
  if (wake_one) wake.notify_one();
}

void Pool::Impl::work() {
  working_for = this;
  std::unique_lock lock(mutex);
  for (;;) {
    while (first == nullptr) {
      if (stopping) return;
      ++idle;
      wake.wait(lock);
      --idle;
      waking = false;
    }
    Job* job = std::exchange(first, first->next);
    --waiting;
    const bool wake_next = should_wake();
    lock.unlock();
    if (wake_next) wake.notify_one();
    job->run();
    lock.lock();
  }
}

// What a coroutine waits for. Its io thread makes it and destroys it; in between it belongs to the
// pool.
struct Pool::AwaitedJob final : Job {
  using Handler = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

  explicit AwaitedJob(std::function<void()>& what) : body(what) {}

  void run() override {
    // The exception is out of its handler before the coroutine can learn of it: both ends of its
    // reference count would otherwise be at work on two threads.
    try {
      body();
    } catch (...) {
      thrown = std::current_exception();
    }
    Handler resume = std::move(*handler);
    handler.reset();
    // The coroutine may end while post() is still on its way out of the io_context. Tracked work
    // keeps run() of that context from returning, and its owner from destroying it, until we left.
    const auto executor = asio::prefer(asio::get_associated_executor(resume),
                                       asio::execution::outstanding_work.tracked);
    // From here on the coroutine may run and this object be gone: nothing of it is touched.
    asio::post(executor, std::move(resume));
  }

  std::function<void()>& body;
  std::optional<Handler> handler;
  std::exception_ptr thrown;
};

struct Pool::PostedJob final : Job {
  PostedJob(std::string_view name, std::function<void(Blocking)> what)
      : pool(name), body(std::move(what)) {}

  void run() override {
    const std::unique_ptr<PostedJob> self(this);
    try {
      body(Blocking{});
    } catch (const std::exception& e) {
      log::error("a posted job failed", {{"pool", pool}, {"error", e.what()}});
    } catch (...) {
      log::error("a posted job failed", {{"pool", pool}, {"error", "not a std::exception"}});
    }
  }

  std::string_view pool;
  std::function<void(Blocking)> body;
};

Pool::Pool(std::string name, unsigned threads) : impl_(std::make_unique<Impl>(std::move(name))) {
  EMB_CHECK(threads > 0, "a pool has at least one thread");
  for (unsigned i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
    // The kernel keeps fifteen characters.
    pthread_setname_np(impl_->threads.back().native_handle(), impl_->name.substr(0, 15).c_str());
  }
}

Pool::~Pool() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

void Pool::post(std::function<void(Blocking)> work) {
  auto job = std::make_unique<PostedJob>(impl_->name, std::move(work));
  impl_->push(*job);
  job.release();  // it deletes itself
}

std::size_t Pool::queued() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->waiting;
}

Task<void> Pool::run_job(std::function<void()>& job) {
  AwaitedJob waiting(job);
  // No cancellation slot is used on purpose: the job borrows from our caller's frame, so nothing
  // may make this await end before the job has.
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [](AwaitedJob::Handler handler, Impl* impl, AwaitedJob* queued) {
        queued->handler.emplace(std::move(handler));
        impl->push(*queued);
      },
      asio::use_awaitable, impl_.get(), &waiting);
  if (waiting.thrown) std::rethrow_exception(waiting.thrown);
}

}  // namespace embrace::rt
