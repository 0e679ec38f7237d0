#include "api/receive_body.h"

#include <optional>
#include <utility>

#include "base/strings.h"
#include "rt/started.h"

namespace embrace::api {
namespace {

// A block is large enough that the hop to another thread costs nothing beside the write, and small
// enough to stay in a core's cache between the two. It is filled whatever size the packets have.
Task<Status> fill(http::RequestBody& body, Block& block) {
  while (!block.is_full()) {
    EMB_CO_TRY(const std::size_t count, co_await body.read(block.room()));
    if (count == 0) break;
    block.grow(count);
  }
  co_return Done{};
}

// The body, and at most one write that is under way. Whatever happens, that write is waited for.
class Receiver {
 public:
  Receiver(Call& call, std::uint64_t bytes_max, WriteBlock write)
      : call_(call), bytes_max_(bytes_max), write_(std::move(write)) {}

  Task<Result<std::uint64_t>> run() {
    auto received = co_await receive();
    Status written = co_await wait_for_write();
    if (!received) co_return fail(std::move(received).error());
    if (!written) co_return fail(std::move(written).error());
    co_return total_;
  }

 private:
  Task<Status> receive() {
    for (;;) {
      BlockPtr block = Block::make();
      EMB_CO_DO(co_await fill(*call_.request.body, *block));
      total_ += block->bytes().size();
      if (total_ > bytes_max_)
        co_return fail(Code::TooLarge, cat("at most ", bytes_max_, " bytes are taken here"));
      EMB_CO_DO(co_await wait_for_write());
      const bool is_last = !block->is_full();
      if (!block->bytes().empty()) start_write(std::move(block));
      if (is_last) co_return Done{};
    }
  }

  void start_write(BlockPtr block) {
    writing_ = call_.api.transfers.start(
        [write = write_, block = std::move(block)](rt::Blocking blocking) mutable {
          return write(blocking, std::move(block));
        });
  }

  Task<Status> wait_for_write() {
    if (!writing_) co_return Done{};
    auto writing = *std::exchange(writing_, std::nullopt);
    co_return co_await writing.wait();
  }

  Call& call_;
  const std::uint64_t bytes_max_;
  const WriteBlock write_;
  std::optional<rt::Started<Status>> writing_;
  std::uint64_t total_ = 0;
};

}  // namespace

Task<Result<std::uint64_t>> receive_body(Call& call, std::uint64_t bytes_max, WriteBlock write) {
  if (const auto length = call.request.body->length(); length && *length > bytes_max) {
    co_return fail(Code::TooLarge,
                   cat("at most ", bytes_max, " bytes are taken here, not ", *length));
  }
  Receiver receiver(call, bytes_max, std::move(write));
  co_return co_await receiver.run();
}

}  // namespace embrace::api
