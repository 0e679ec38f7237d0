#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/check.h"
#include "hub/publish.h"

namespace embrace::hub {
namespace {

// Lives on the stack of the thread that waits.
struct Waiter {
  std::condition_variable turn;
  bool is_mine = false;
};

}  // namespace

// A held lock has an entry in `queues`; the lock passes to the front waiter directly, so that a
// busy writer can't overtake those who wait.
struct WriteLocks::Impl {
  std::mutex mutex;
  std::unordered_map<std::int64_t, std::deque<Waiter*>> queues;
};

WriteLocks::WriteLocks() : impl_(std::make_unique<Impl>()) {}
WriteLocks::~WriteLocks() = default;

Result<WriteLocks::Guard> WriteLocks::lock(rt::Blocking, std::int64_t repo_id, Millis wait_ms) {
  std::unique_lock lock(impl_->mutex);
  auto [queue, is_free] = impl_->queues.try_emplace(repo_id);
  if (is_free) return Guard(*this, repo_id);
  Waiter self;
  queue->second.push_back(&self);
  if (self.turn.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return self.is_mine; })) {
    return Guard(*this, repo_id);
  }
  std::erase(impl_->queues.at(repo_id), &self);  // still queued: nobody has passed it the lock
  return fail(Code::Unavailable, "the repository is busy with other writes: try again in a moment");
}

WriteLocks::Guard::Guard(Guard&& other) noexcept
    : home_(std::exchange(other.home_, nullptr)), repo_id_(other.repo_id_) {}

WriteLocks::Guard::~Guard() {
  if (!home_) return;
  std::lock_guard lock(home_->impl_->mutex);
  auto queue = home_->impl_->queues.find(repo_id_);
  if (queue == home_->impl_->queues.end()) return;
  if (queue->second.empty()) {
    home_->impl_->queues.erase(queue);
    return;
  }
  auto* next = queue->second.front();
  queue->second.pop_front();
  next->is_mine = true;
  next->turn.notify_one();
}

}  // namespace embrace::hub
