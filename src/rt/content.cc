#include "rt/content.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace embrace::rt {

std::optional<std::uint64_t> Content::length() const {
  if (const auto* text = std::get_if<std::string>(&bytes)) return text->size();
  if (const auto* slices = std::get_if<std::vector<FileSlice>>(&bytes)) {
    std::uint64_t total = 0;
    for (const FileSlice& slice : *slices) total += slice.length;
    return total;
  }
  return source_length;
}

std::uint64_t size_of(const PieceSource::Piece& piece) {
  const auto* text = std::get_if<std::string>(&piece);
  return text ? text->size() : std::get<FileSlice>(piece).length;
}

namespace {

// Some bytes of the piece, from `offset` on, which lies inside.
Result<std::size_t> copy_from(const PieceSource::Piece& piece, std::uint64_t offset,
                              std::span<char> into) {
  into = into.first(std::min<std::uint64_t>(into.size(), size_of(piece) - offset));
  if (const auto* text = std::get_if<std::string>(&piece)) {
    std::copy_n(text->data() + offset, into.size(), into.data());
    return into.size();
  }
  const auto& slice = std::get<FileSlice>(piece);
  EMB_TRY(const std::size_t got, slice.file->read_at(into, slice.offset + offset));
  if (got == 0) return fail(Code::Corrupt, "a file is shorter than its slice");
  return got;
}

}  // namespace

Task<Result<std::size_t>> PieceSource::read(std::span<char> into) {
  if (piece_ == pieces_.size()) {
    EMB_CO_TRY(pieces_, co_await next());
    piece_ = 0;
    used_ = 0;
    if (pieces_.empty()) co_return std::size_t{0};
  }
  EMB_CO_TRY(const std::size_t got, copy_from(pieces_[piece_], used_, into));
  used_ += got;
  if (used_ == size_of(pieces_[piece_])) {
    ++piece_;
    used_ = 0;
  }
  co_return got;
}

namespace {

class ReadyPieces final : public PieceSource {
 public:
  explicit ReadyPieces(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<std::vector<Piece>>> next() override { co_return std::exchange(pieces_, {}); }

 private:
  std::vector<Piece> pieces_;
};

// What another source gives, in the pieces that it has or in texts.
class PiecesOf final : public PieceSource {
 public:
  explicit PiecesOf(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  Task<Result<std::vector<Piece>>> next() override {
    constexpr std::size_t kBytes = 128 * 1024;
    if (auto* pieces = source_->as_pieces()) co_return co_await pieces->next();
    std::string text(kBytes, '\0');
    EMB_CO_TRY(const std::size_t got, co_await source_->read(text));
    text.resize(got);
    std::vector<Piece> out;
    if (got > 0) out.emplace_back(std::move(text));
    co_return out;
  }

 private:
  std::unique_ptr<ByteSource> source_;
};

}  // namespace

std::unique_ptr<PieceSource> in_pieces(Content content) {
  std::vector<PieceSource::Piece> pieces;
  if (auto* source = std::get_if<std::unique_ptr<ByteSource>>(&content.bytes)) {
    if (*source) return std::make_unique<PiecesOf>(std::move(*source));
  } else if (auto* text = std::get_if<std::string>(&content.bytes)) {
    if (!text->empty()) pieces.emplace_back(std::move(*text));
  } else {
    for (auto& slice : std::get<std::vector<FileSlice>>(content.bytes)) {
      if (slice.length > 0) pieces.emplace_back(std::move(slice));
    }
  }
  return std::make_unique<ReadyPieces>(std::move(pieces));
}

Task<Result<std::string>> read_all(ByteSource& source, std::uint64_t bytes_max) {
  constexpr std::size_t kFirstStep = 16 * 1024;
  std::string out;
  std::size_t filled = 0;
  for (;;) {
    // One byte of room beyond the limit, to tell "exactly full" from "too much".
    if (filled == out.size()) {
      const std::uint64_t wanted = std::max<std::uint64_t>(kFirstStep, out.size() * 2);
      out.resize(std::min(wanted, bytes_max == UINT64_MAX ? bytes_max : bytes_max + 1));
    }
    EMB_CO_TRY(const std::size_t got,
               co_await source.read(std::span<char>(out.data() + filled, out.size() - filled)));
    if (got == 0) break;
    filled += got;
    if (filled > bytes_max) {
      co_return fail(Code::TooLarge, cat("the body has more than ", bytes_max, " bytes"));
    }
  }
  out.resize(filled);
  co_return out;
}

}  // namespace embrace::rt
