#include "cas/chunk_walk.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::cas {

namespace {

// A hop to the pool is little beside sending this much.
constexpr std::uint64_t kSliceBytesMax = 16 << 20;
constexpr std::uint64_t kDecodedBytesMax = 1 << 20;
constexpr std::size_t kOpenXorbsMax = 8;
// A file in very many pieces is given a few at a time: each slice holds its xorb open.
constexpr std::size_t kPiecesMax = 256;
constexpr std::size_t kXorbsPerStepMax = 8;
// Copying so little costs less than a system call for it.
constexpr std::uint64_t kSliceBytesMin = 4 << 10;

}  // namespace

ChunkWalk::ChunkWalk(blob::Backend& backend, XorbIndexes& indexes, Terms terms,
                     std::uint64_t offset, std::uint64_t length)
    : backend_(backend),
      indexes_(indexes),
      feed_(std::move(terms)),
      at_(offset),
      end_(offset + length) {}

Result<std::vector<ChunkWalk::Piece>> ChunkWalk::next(rt::Blocking blocking) {
  std::vector<Piece> pieces;
  const std::uint64_t from = at_;
  std::uint64_t decoded = 0;
  opened_ = 0;
  while (at_ < end_ && at_ - from < kSliceBytesMax && decoded < kDecodedBytesMax &&
         pieces.size() < kPiecesMax && opened_ < kXorbsPerStepMax) {
    if (!is_in_term_) EMB_DO(move_to_term(blocking));
    if (is_sliceable(chunk_)) {
      add_slice(pieces);
      continue;
    }
    const std::uint64_t before = at_;
    EMB_DO(add_decoded(blocking, pieces, kDecodedBytesMax - decoded));
    decoded += at_ - before;
  }
  return pieces;
}

Status ChunkWalk::move_to_term(rt::Blocking blocking) {
  if (term_ == terms_.size()) {
    EMB_TRY(terms_, feed_(blocking, at_));
    term_ = 0;
  }
  if (terms_.empty() || terms_[term_].file_offset > at_ ||
      terms_[term_].file_offset + terms_[term_].unpacked_bytes <= at_) {
    return fail(Code::Corrupt, cat("no term holds byte ", at_, " of the file"));
  }
  const Term& term = terms_[term_];
  EMB_TRY(xorb_, open(blocking, term.xorb));
  if (term.chunk_first >= term.chunk_last || term.chunk_last > xorb_.index->count() ||
      xorb_.index->unpacked_span(term.chunk_first, term.chunk_last).length != term.unpacked_bytes) {
    return fail(Code::Corrupt, cat("a term does not fit the xorb ", term.xorb.hash.text()));
  }
  is_in_term_ = true;
  // The first chunk that ends behind at_.
  const auto& chunks = xorb_.index->chunks;
  const std::uint64_t inside = at_ - chunk_begin(term.chunk_first) +
                               xorb_.index->unpacked_span(term.chunk_first, term.chunk_last).offset;
  const auto found = std::upper_bound(
      chunks.begin() + term.chunk_first, chunks.begin() + term.chunk_last, inside,
      [](std::uint64_t at, const XorbIndex::Chunk& chunk) { return at < chunk.unpacked_end; });
  chunk_ = static_cast<std::uint32_t>(found - chunks.begin());
  return Done{};
}

Result<ChunkWalk::OpenXorb> ChunkWalk::open(rt::Blocking blocking, const XorbRow& row) {
  const auto found = std::ranges::find(recent_, row.key, &OpenXorb::key);
  if (found != recent_.end()) return *found;
  OpenXorb opened;
  opened.key = row.key;
  ++opened_;
  EMB_TRY(opened.index, indexes_.get(blocking, row));
  EMB_TRY(const auto key, blob::Key::parse(row.key));
  EMB_TRY(const auto content, backend_.open(blocking, key, 0, row.stored_bytes));
  const auto* slices = std::get_if<std::vector<FileSlice>>(&content.bytes);
  if (slices && slices->size() == 1) {
    opened.file = slices->front().file;
    opened.file_offset = slices->front().offset;
  }
  if (recent_.size() == kOpenXorbsMax) recent_.erase(recent_.begin());
  recent_.push_back(opened);
  return opened;
}

bool ChunkWalk::is_sliceable(std::uint32_t chunk) const {
  return xorb_.file && !xorb_.index->lengths_mislead && xorb_.index->is_plain(chunk) &&
         xorb_.index->unpacked_span(chunk, chunk + 1).length >= kSliceBytesMin;
}

std::uint64_t ChunkWalk::chunk_begin(std::uint32_t chunk) const {
  const Term& term = terms_[term_];
  const auto before = xorb_.index->unpacked_span(term.chunk_first, term.chunk_last).offset;
  const std::uint64_t begin = chunk == 0 ? 0 : xorb_.index->chunks[chunk - 1].unpacked_end;
  return term.file_offset + begin - before;
}

std::uint64_t ChunkWalk::chunk_end(std::uint32_t chunk) const {
  return chunk_begin(chunk) + xorb_.index->unpacked_span(chunk, chunk + 1).length;
}

// at_ goes to the chunk's end, or to the walk's.
void ChunkWalk::step_over_chunk() {
  at_ = std::min(end_, chunk_end(chunk_));
  if (++chunk_ < terms_[term_].chunk_last) return;
  ++term_;
  is_in_term_ = false;
}

void ChunkWalk::add_slice(std::vector<Piece>& pieces) {
  const std::uint64_t record = xorb_.index->stored_span(chunk_, chunk_ + 1).offset;
  const std::uint64_t skipped = at_ - chunk_begin(chunk_);
  FileSlice slice{.file = xorb_.file,
                  .offset = xorb_.file_offset + record + kRecordHeaderBytes + skipped,
                  .length = std::min(end_, chunk_end(chunk_)) - at_};
  step_over_chunk();
  pieces.emplace_back(std::move(slice));
}

// The chunks from here on that have to be decoded, read in one go.
Status ChunkWalk::add_decoded(rt::Blocking blocking, std::vector<Piece>& pieces,
                              std::uint64_t bytes_max) {
  const std::uint32_t first = chunk_;
  std::uint32_t last = first + 1;
  while (last < terms_[term_].chunk_last && chunk_end(last) - at_ <= bytes_max &&
         chunk_begin(last) < end_ && !is_sliceable(last)) {
    ++last;
  }
  const ByteSpan span = xorb_.index->stored_span(first, last);
  EMB_TRY(const auto key, blob::Key::parse(xorb_.key));
  stored_.clear();
  stored_.reserve(span.length);
  EMB_DO(
      backend_.read(blocking, key, span.offset, span.length, [&](std::string_view piece) -> Status {
        stored_ += piece;
        return Done{};
      }));
  const std::uint64_t begin = chunk_begin(first);
  const std::uint64_t skipped = at_ - begin;
  const std::uint64_t wanted = std::min(end_, chunk_end(last - 1)) - begin;
  const auto index = xorb_.index;
  const std::string xorb_text = terms_[term_].xorb.hash.text();
  std::string text(index->unpacked_span(first, last).length, '\0');
  std::span<char> out(text);
  std::string_view stored = stored_;
  for (std::uint32_t chunk = first; chunk < last; ++chunk) {
    const std::uint64_t record_bytes = index->stored_span(chunk, chunk + 1).length;
    const std::uint64_t chunk_bytes = index->unpacked_span(chunk, chunk + 1).length;
    const std::string_view record = stored.substr(0, record_bytes);
    auto header = parse_record_header(record);
    auto done = header ? decoder_.decode(header->compression, record.substr(kRecordHeaderBytes),
                                         out.first(chunk_bytes))
                       : Status(std::unexpected(std::move(header).error()));
    if (!done) {
      return fail(Code::Corrupt,
                  cat("chunk ", chunk, " of xorb ", xorb_text, ": ", done.error().message()));
    }
    stored.remove_prefix(record_bytes);
    out = out.subspan(chunk_bytes);
    step_over_chunk();
  }
  text.resize(wanted);
  if (skipped > 0) text.erase(0, skipped);
  pieces.emplace_back(std::move(text));
  return Done{};
}

Task<Result<std::vector<rt::PieceSource::Piece>>> WalkSource::next() {
  if (!first_.empty()) co_return std::exchange(first_, {});
  co_return co_await pool_.run([this](rt::Blocking blocking) { return walk_->next(blocking); });
}

Status read_walk(rt::Blocking blocking, ChunkWalk& walk,
                 const std::function<Status(std::string_view)>& take) {
  std::string buffer;
  for (;;) {
    EMB_TRY(const auto pieces, walk.next(blocking));
    if (pieces.empty()) return Done{};
    for (const auto& piece : pieces) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        EMB_DO(take(*text));
        continue;
      }
      const auto& slice = std::get<FileSlice>(piece);
      buffer.resize(slice.length);
      EMB_TRY(const std::size_t got, slice.file->read_at(buffer, slice.offset));
      if (got != slice.length) return fail(Code::Corrupt, "a xorb is shorter than its footer says");
      EMB_DO(take(buffer));
    }
  }
}

namespace {

// Bytes [done, ...) of the piece, as many as the block has room for; how many that was.
Result<std::size_t> copy_into(Block& block, const ChunkWalk::Piece& piece, std::uint64_t done) {
  if (const auto* text = std::get_if<std::string>(&piece))
    return block.append(std::string_view(*text).substr(done));
  const auto& slice = std::get<FileSlice>(piece);
  const std::span<char> room = block.room();
  const auto into = room.first(std::min<std::uint64_t>(room.size(), slice.length - done));
  EMB_TRY(const std::size_t got, slice.file->read_at(into, slice.offset + done));
  if (got != into.size()) return fail(Code::Corrupt, "a xorb is shorter than its footer says");
  block.grow(got);
  return got;
}

}  // namespace

Status read_walk_in_blocks(rt::Blocking blocking, ChunkWalk& walk,
                           const std::function<Status(BlockPtr)>& take) {
  BlockPtr block;
  for (;;) {
    EMB_TRY(const auto pieces, walk.next(blocking));
    if (pieces.empty()) break;
    for (const auto& piece : pieces) {
      for (std::uint64_t done = 0; done < rt::size_of(piece);) {
        if (!block) block = Block::make();
        EMB_TRY(const std::size_t count, copy_into(*block, piece, done));
        done += count;
        if (block->is_full()) EMB_DO(take(std::exchange(block, nullptr)));
      }
    }
  }
  return block ? take(std::move(block)) : Status(Done{});
}

}  // namespace embrace::cas
