#include "cas/hash_behind.h"

#include <atomic>
#include <system_error>
#include <utility>

namespace embrace::cas {

namespace {

std::atomic<int> threads_running{0};

}  // namespace

HashBehind::~HashBehind() { stop(); }

void HashBehind::add(Piece piece, std::size_t from) {
  Part part{std::move(piece), from};
  if (!thread_.joinable() && !is_inline_) {
    if (!first_.piece) {
      first_ = std::move(part);
      return;
    }
    sha256_.update(std::exchange(first_, {}).bytes());
    is_inline_ = !start_thread();
  }
  if (is_inline_) {
    sha256_.update(part.bytes());
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queue_.size() < kPiecesMax; });
  queue_.push_back(std::move(part));
  lock.unlock();
  changed_.notify_all();
}

bool HashBehind::start_thread() {
  if (threads_running.fetch_add(1) < kThreadsMax) {
    try {
      thread_ = std::thread(&HashBehind::hash_pieces, this);
      return true;
    } catch (const std::system_error&) {
      // The system has no thread to give: hashing inline is slower, and as right.
    }
  }
  threads_running.fetch_sub(1);
  return false;
}

void HashBehind::hash_pieces() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return !queue_.empty() || is_ending_; });
    if (queue_.empty()) return;
    const Part part = queue_.front();
    lock.unlock();
    sha256_.update(part.bytes());
    lock.lock();
    // It counts as held until it was hashed.
    queue_.pop_front();
    spent_.push_back(part.piece);
    changed_.notify_all();
  }
}

Piece HashBehind::take_spent() {
  std::lock_guard lock(mutex_);
  if (spent_.empty()) return nullptr;
  Piece piece = std::move(spent_.back());
  spent_.pop_back();
  return piece;
}

void HashBehind::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  threads_running.fetch_sub(1);
}

Digest HashBehind::finish() {
  stop();
  if (first_.piece) sha256_.update(std::exchange(first_, {}).bytes());
  return sha256_.finish();
}

}  // namespace embrace::cas
