#include "rt/started.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace embrace::rt {

namespace asio = boost::asio;

// The timer belongs to the waiting coroutine's executor; other threads only post to it.
struct Completion::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
};

void Completion::finish() {
  std::shared_ptr<Waiter> waiter;
  {
    std::lock_guard lock(mutex_);
    is_finished_ = true;
    waiter = std::move(waiter_);
  }
  if (!waiter) return;
  // This can't overtake the wait: the waiter's coroutine runs on that executor and stands still
  // only at it.
  const asio::any_io_executor executor = waiter->timer.get_executor();
  asio::post(executor, [waiter = std::move(waiter)] { waiter->timer.cancel(); });
}

Task<void> Completion::wait() {
  // A cancelled task wakes early, and leaves by an exception when it waits once more.
  while (!co_await wait_for(std::chrono::hours(1))) {
  }
}

Task<bool> Completion::wait_for(std::chrono::milliseconds limit) {
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  {
    std::lock_guard lock(mutex_);
    if (is_finished_) co_return true;
    waiter_ = waiter;
  }
  waiter->timer.expires_after(limit);
  co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  std::lock_guard lock(mutex_);
  if (!is_finished_) waiter_ = nullptr;
  co_return is_finished_;
}

}  // namespace embrace::rt
