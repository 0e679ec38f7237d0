#include "rt/spool.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <deque>
#include <optional>

#include "base/file.h"
#include "base/log.h"

namespace embrace::rt {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr unsigned kStopSeconds = 30;

// One side waits for the other. Both run on one thread, so looking and then waiting can't miss a
// ring in between.
class Bell {
 public:
  explicit Bell(const asio::any_io_executor& executor)
      : timer_(executor, Clock::time_point::max()) {}
  enum class Why : std::uint8_t { Rung, TooLate, Cancelled };
  Task<Why> wait(std::optional<std::chrono::milliseconds> at_most = std::nullopt) {
    rung_ = false;
    timer_.expires_at(at_most ? Clock::now() + *at_most : Clock::time_point::max());
    auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (rung_) co_return Why::Rung;
    co_return error ? Why::Cancelled : Why::TooLate;
  }
  void ring() {
    rung_ = true;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace

// Shared by the two sides: the task that fills it, and the reader that may leave first. One thread.
struct Spools::Spool {
  Spool(Spools& owner, std::unique_ptr<ByteSource> from, std::function<bool()> awaited,
        const asio::any_io_executor& executor)
      : spools(owner),
        source(std::move(from)),
        filled(executor),
        drained(executor),
        is_awaited(std::move(awaited)) {}
  ~Spool() { release_file(file_end); }

  bool has_file_bytes() const { return file_begin < file_end; }
  bool has_bytes() const { return !memory.empty() || has_file_bytes(); }

  // Takes room for `bytes` more in the file, of this spool's share and of everybody's.
  bool reserve_file(std::uint64_t bytes) {
    const auto& limits = spools.limits_;
    if (is_broken || file_end + bytes > limits.file_bytes_max) return false;
    if (spools.file_bytes_.fetch_add(bytes) + bytes > limits.files_bytes_max) {
      spools.file_bytes_.fetch_sub(bytes);
      return false;
    }
    return true;
  }
  void release_file(std::uint64_t bytes) { spools.file_bytes_.fetch_sub(bytes); }

  Status append(std::string_view bytes) {
    if (!file.is_open()) {
      EMB_TRY(file, File::create_nameless(spools.folder_));
    }
    return file.write_all_at(bytes, file_end);
  }

  Task<bool> store(std::string bytes);
  Task<bool> wait_for_reader();
  struct Ending;

  Spools& spools;
  std::unique_ptr<ByteSource> source;  // null when it has ended
  Bell filled;                         // the reader listens
  Bell drained;                        // the filler listens

  std::deque<std::string> memory;  // older than what is in the file
  std::uint64_t memory_bytes = 0;
  File file;
  std::uint64_t file_begin = 0;
  std::uint64_t file_end = 0;
  bool is_writing = false;  // the pool works on the file: its end moves afterwards
  bool is_broken = false;   // the disk refused
  std::optional<Error> failure;
  bool ended = false;

  // The reader's speed, while the filler stands still because of it.
  const std::function<bool()> is_awaited;
  std::uint64_t taken = 0;
  std::optional<Clock::time_point> stalled_since;
  std::uint64_t taken_before = 0;

  bool abandoned = false;  // nobody reads any more
};

// False when it is not worth waiting any longer.
Task<bool> Spools::Spool::wait_for_reader() {
  const auto& limits = spools.limits_;
  if (!stalled_since) {
    stalled_since = Clock::now();
    taken_before = taken;
  }
  if (co_await drained.wait(limits.patience) == Bell::Why::Cancelled) co_return false;
  const std::chrono::duration<double> stalled = Clock::now() - *stalled_since;
  if (stalled < limits.patience) co_return true;
  const auto speed = static_cast<double>(taken - taken_before) / stalled.count();
  if (speed < static_cast<double>(limits.slow_bytes_per_second) && is_awaited && is_awaited()) {
    failure = Error(Code::Unavailable, "the client reads too slowly while others wait");
    co_return false;
  }
  stalled_since.reset();
  co_return true;
}

// False when there is no reader any more, or it is given up.
Task<bool> Spools::Spool::store(std::string bytes) {
  for (;;) {
    if (abandoned) co_return false;
    if (!has_file_bytes() && memory_bytes < spools.limits_.memory_bytes) {
      memory_bytes += bytes.size();
      memory.push_back(std::move(bytes));
      stalled_since.reset();
      filled.ring();
      co_return true;
    }
    if (reserve_file(bytes.size())) {
      is_writing = true;
      const Status written = co_await spools.pool_.run([&](Blocking) { return append(bytes); });
      is_writing = false;
      if (written) {
        file_end += bytes.size();
        stalled_since.reset();
        filled.ring();
        co_return !abandoned;
      }
      // Reading ahead is a courtesy: without it the reader sets the pace.
      release_file(bytes.size());
      is_broken = true;
      log::warn("could not spool", {{"reason", written.error().message()}});
    }
    if (abandoned) co_return false;
    if (!has_bytes()) continue;  // everything was read meanwhile
    if (!co_await wait_for_reader()) co_return false;
  }
}

class Spools::Reader : public ByteSource {
 public:
  explicit Reader(std::shared_ptr<Spool> spool) : spool_(std::move(spool)) {}
  ~Reader() override {
    spool_->abandoned = true;
    spool_->drained.ring();
  }

  Task<Result<std::size_t>> read(std::span<char> into) override {
    while (!spool_->has_bytes()) {
      if (spool_->failure) co_return fail(*spool_->failure);
      if (spool_->ended) co_return std::size_t{0};
      if (co_await spool_->filled.wait() == Bell::Why::Cancelled)
        co_return fail(Code::Unavailable, "cancelled");
    }
    if (spool_->memory.empty()) co_return co_await read_file(into);
    co_return read_memory(into);
  }

 private:
  std::size_t read_memory(std::span<char> into) {
    const std::string& first = spool_->memory.front();
    const std::size_t count = std::min(into.size(), first.size() - used_);
    std::copy_n(first.data() + used_, count, into.data());
    used_ += count;
    spool_->memory_bytes -= count;
    spool_->taken += count;
    if (used_ == first.size()) {
      spool_->memory.pop_front();
      used_ = 0;
    }
    spool_->drained.ring();
    return count;
  }

  Task<Result<std::size_t>> read_file(std::span<char> into) {
    Spool& s = *spool_;
    const auto piece = into.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), s.file_end - s.file_begin)));
    EMB_CO_TRY(const std::size_t count, co_await s.spools.pool_.run([&](Blocking) {
      return s.file.read_at(piece, s.file_begin);
    }));
    if (count == 0) co_return fail(Code::Corrupt, "a spool file is shorter than it was");
    s.file_begin += count;
    s.taken += count;
    // Caught up: the file starts anew, unless a piece is on its way to its end.
    if (!s.has_file_bytes() && !s.is_writing) {
      s.release_file(s.file_end);
      s.file = File();
      s.file_begin = s.file_end = 0;
    }
    s.drained.ring();
    co_return count;
  }

  std::shared_ptr<Spool> spool_;
  std::size_t used_ = 0;  // of the first piece in memory
};

// However the filling ends, by an exception (cancelling is one) too, the reader hears of it.
struct Spools::Spool::Ending {
  Spool& spool;
  ~Ending() {
    spool.source.reset();
    if (!spool.ended && !spool.failure)
      spool.failure = Error(Code::Unavailable, "the server is stopping");
    spool.filled.ring();
  }
};

Task<void> Spools::fill(std::shared_ptr<Spool> spool) {
  Spool& s = *spool;
  const Spool::Ending ending{s};
  while (!s.abandoned) {
    std::string bytes(kChunkBytes, '\0');
    auto count = co_await s.source->read(std::span(bytes.data(), bytes.size()));
    if (!count) {
      s.failure = std::move(count).error();
      break;
    }
    if (*count == 0) {
      s.ended = true;
      break;
    }
    bytes.resize(*count);
    if (!co_await s.store(std::move(bytes))) break;
  }
}

Spools::Spools(Pool& pool, std::string folder, Limits limits)
    : pool_(pool), folder_(std::move(folder)), limits_(limits) {}

Spools::~Spools() { stop(); }

void Spools::stop() {
  group_.cancel();
  if (!group_.wait_for_seconds(kStopSeconds)) log::error("a spool does not end", {});
}

Task<std::unique_ptr<ByteSource>> Spools::open(std::unique_ptr<ByteSource> source,
                                               std::function<bool()> is_awaited) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto spool = std::make_shared<Spool>(*this, std::move(source), std::move(is_awaited), executor);
  auto reader = std::make_unique<Reader>(spool);
  group_.start(executor, fill(std::move(spool)));
  co_return reader;
}

}  // namespace embrace::rt
