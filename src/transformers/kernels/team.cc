#include "transformers/kernels/team.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace embrace::transformers {

struct Team::Impl {
  std::mutex mutex;
  std::condition_variable work_came;
  std::condition_variable work_ended;
  // Guarded by mutex.
  const std::function<void(std::size_t)>* part = nullptr;
  std::size_t parts = 0;
  std::uint64_t round = 0;
  unsigned busy = 0;
  bool stopping = false;

  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;  // constant after construction

  void take_parts() {
    for (std::size_t i = next.fetch_add(1); i < parts; i = next.fetch_add(1)) (*part)(i);
  }

  void serve() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      work_came.wait(lock, [&] { return stopping || round != seen; });
      if (stopping) return;
      seen = round;
      lock.unlock();
      take_parts();
      lock.lock();
      if (--busy == 0) work_ended.notify_one();
    }
  }
};

Team::Team(unsigned threads) : impl_(std::make_unique<Impl>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 1; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->serve(); });
}

Team::~Team() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work_came.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

unsigned Team::size() const { return static_cast<unsigned>(impl_->threads.size()) + 1; }

void Team::run(std::size_t parts, const std::function<void(std::size_t)>& part) {
  if (parts <= 1 || impl_->threads.empty()) {
    for (std::size_t i = 0; i < parts; ++i) part(i);
    return;
  }
  {
    std::lock_guard lock(impl_->mutex);
    impl_->part = &part;
    impl_->parts = parts;
    impl_->next = 0;
    impl_->busy = static_cast<unsigned>(impl_->threads.size());
    ++impl_->round;
  }
  impl_->work_came.notify_all();
  impl_->take_parts();
  std::unique_lock lock(impl_->mutex);
  impl_->work_ended.wait(lock, [&] { return impl_->busy == 0; });
}

void Team::split(std::size_t count, std::size_t grain,
                 const std::function<void(std::size_t begin, std::size_t end)>& body) {
  if (count == 0) return;
  const std::size_t grains = (count + grain - 1) / grain;
  const std::size_t stretches = std::min<std::size_t>(size(), grains);
  run(stretches, [&](std::size_t i) {
    const std::size_t begin = grains * i / stretches * grain;
    const std::size_t end = std::min(count, grains * (i + 1) / stretches * grain);
    body(begin, end);
  });
}

}  // namespace embrace::transformers
