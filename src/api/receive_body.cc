#include "api/receive_body.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/strings.h"
#include "rt/started.h"

namespace embrace::api {
namespace {

// Two of these per upload. Large enough that the hop to another thread costs nothing beside the
// write, small enough to stay in a core's cache between the two.
constexpr std::size_t kPieceBytes = 1 << 20;

// Reads as much as one write should carry, whatever size the packets have.
Task<Result<std::size_t>> fill(http::RequestBody& body, std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    EMB_CO_TRY(const std::size_t count, co_await body.read(buffer.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  co_return filled;
}

// The body, and at most one write that is under way. Whatever happens, that write is waited for.
class Receiver {
 public:
  Receiver(Call& call, std::uint64_t bytes_max, WritePiece write)
      : call_(call), bytes_max_(bytes_max), write_(std::move(write)) {}

  Task<Result<std::uint64_t>> run() {
    auto received = co_await receive();
    Status written = co_await wait_for_write();
    if (!received) co_return fail(std::move(received).error());
    if (!written) co_return fail(std::move(written).error());
    co_return total_;
  }

 private:
  using Piece = std::shared_ptr<std::string>;

  Task<Status> receive() {
    const std::uint64_t announced = call_.request.body->length().value_or(kPieceBytes);
    const auto piece_bytes =
        static_cast<std::size_t>(std::clamp<std::uint64_t>(announced, 1, kPieceBytes));
    std::array<Piece, 2> pieces;
    for (std::size_t turn = 0;; ++turn) {
      Piece& piece = pieces[turn % pieces.size()];
      if (!piece) piece = std::make_shared<std::string>(piece_bytes, '\0');
      EMB_CO_TRY(const std::size_t count,
                 co_await fill(*call_.request.body, std::span(piece->data(), piece->size())));
      total_ += count;
      if (total_ > bytes_max_)
        co_return fail(Code::TooLarge, cat("at most ", bytes_max_, " bytes are taken here"));
      EMB_CO_DO(co_await wait_for_write());
      if (count > 0) start_write(piece, count);
      if (count < piece->size()) co_return Done{};
    }
  }

  void start_write(const Piece& piece, std::size_t count) {
    writing_ = call_.api.transfers.start([write = write_, piece, count](rt::Blocking blocking) {
      return write(blocking, std::string_view(piece->data(), count));
    });
  }

  Task<Status> wait_for_write() {
    if (!writing_) co_return Done{};
    auto writing = *std::exchange(writing_, std::nullopt);
    co_return co_await writing.wait();
  }

  Call& call_;
  const std::uint64_t bytes_max_;
  const WritePiece write_;
  std::optional<rt::Started<Status>> writing_;
  std::uint64_t total_ = 0;
};

}  // namespace

Task<Result<std::uint64_t>> receive_body(Call& call, std::uint64_t bytes_max, WritePiece write) {
  if (const auto length = call.request.body->length(); length && *length > bytes_max) {
    co_return fail(Code::TooLarge,
                   cat("at most ", bytes_max, " bytes are taken here, not ", *length));
  }
  Receiver receiver(call, bytes_max, std::move(write));
  co_return co_await receiver.run();
}

}  // namespace embrace::api
