// How threads meet without a lock: one word holds the round and the next part of it. A part is
// taken by raising that word while its round is still the current one, so that a thread that wakes
// late finds nothing to take and goes back to sleep; nobody waits for it.
#include "transformers/kernels/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace embrace::transformers {

namespace {

// The pause between two products of one token is shorter than this; what is longer is slept
// through.
constexpr auto kSpin = std::chrono::microseconds(10);

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Whether `came` within a short while.
template <class Came>
bool spin_until(Came&& came) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (came()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

struct Team::Impl {
  // Round in the upper half, next part in the lower. While its round is current and parts are left,
  // `part` and `parts` belong to it.
  std::atomic<std::uint64_t> word{0};
  std::atomic<const std::function<void(std::size_t)>*> part{nullptr};
  std::atomic<std::uint32_t> parts{0};
  // What sleepers wait on: the number of the round, and parts that have not ended.
  std::atomic<int> bell{0};
  std::atomic<int> unfinished{0};
  std::atomic<bool> stopping{false};

  std::mutex failure_mutex;
  std::exception_ptr failure;  // guarded by failure_mutex: the first of the round

  std::vector<std::thread> threads;  // constant after construction

  // Takes parts of the current round until none is left.
  void take_parts() {
    for (;;) {
      std::uint64_t seen = word.load(std::memory_order_acquire);
      const auto* body = part.load(std::memory_order_acquire);
      const std::uint32_t count = parts.load(std::memory_order_acquire);
      const auto next = static_cast<std::uint32_t>(seen);
      if (next >= count) return;
      // Succeeds only if nobody took this part, so the round was not over when its body was read.
      if (!word.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) continue;
      try {
        (*body)(next);
      } catch (...) {
        std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
      }
      if (unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished.notify_one();
    }
  }

  void stop() {
    stopping.store(true, std::memory_order_release);
    bell.fetch_add(1, std::memory_order_release);
    bell.notify_all();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }

  void serve() {
    int seen = 0;
    for (;;) {
      const auto rung = [&] { return bell.load(std::memory_order_acquire) != seen; };
      while (!spin_until(rung) && !rung()) bell.wait(seen, std::memory_order_acquire);
      seen = bell.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_acquire)) return;
      take_parts();
    }
  }
};

Team::Team(unsigned threads) : impl_(std::make_unique<Impl>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  try {
    for (unsigned i = 1; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->serve(); });
  } catch (...) {  // the system gives no more threads
    impl_->stop();
    throw;
  }
}

Team::~Team() { impl_->stop(); }

unsigned Team::size() const { return static_cast<unsigned>(impl_->threads.size()) + 1; }

void Team::run(std::size_t parts, const std::function<void(std::size_t)>& part) {
  if (parts <= 1 || impl_->threads.empty()) {
    for (std::size_t i = 0; i < parts; ++i) part(i);
    return;
  }
  EMB_CHECK(parts <= INT32_MAX, "parts are counted in 31 bits");
  Impl& impl = *impl_;
  // The last round is over, so nobody looks at these but to find nothing to take.
  impl.parts.store(0, std::memory_order_relaxed);
  impl.part.store(&part, std::memory_order_relaxed);
  impl.unfinished.store(static_cast<int>(parts), std::memory_order_relaxed);
  const std::uint64_t round = (impl.word.load(std::memory_order_relaxed) >> 32) + 1;
  impl.word.store(round << 32, std::memory_order_release);
  impl.parts.store(static_cast<std::uint32_t>(parts), std::memory_order_release);
  impl.bell.fetch_add(1, std::memory_order_release);
  if (parts > impl.threads.size()) {
    impl.bell.notify_all();
  } else {
    for (std::size_t i = 1; i < parts; ++i) impl.bell.notify_one();
  }

  impl.take_parts();
  const auto over = [&] { return impl.unfinished.load(std::memory_order_acquire) == 0; };
  while (!spin_until(over)) {
    const int left = impl.unfinished.load(std::memory_order_acquire);
    if (left != 0) impl.unfinished.wait(left, std::memory_order_acquire);
  }
  std::lock_guard lock(impl.failure_mutex);
  if (impl.failure) std::rethrow_exception(std::exchange(impl.failure, nullptr));
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
