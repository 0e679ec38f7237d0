// ChunkedStore's answers to clients that put files together themselves, or want to know what is
// here already.

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/strings.h"
#include "cas/chunked_store.h"
#include "cas/healing.h"
#include "cas/xorb_indexes.h"
#include "crypto/secrets.h"

namespace embrace::cas {

namespace {

constexpr std::size_t kTermsPerLook = 512;
constexpr Millis kKeyLifeMs = 7ll * 24 * 3600 * 1000;

// Chunk ranges that overlap or touch become one; the client wants each term inside one range.
void join_ranges(std::vector<Reconstruction::Fetch>& fetches) {
  std::ranges::sort(fetches, {}, &Reconstruction::Fetch::chunk_first);
  std::vector<Reconstruction::Fetch> joined;
  for (const auto& fetch : fetches) {
    if (joined.empty() || fetch.chunk_first > joined.back().chunk_last) {
      joined.push_back(fetch);
      continue;
    }
    auto& last = joined.back();
    last.chunk_last = std::max(last.chunk_last, fetch.chunk_last);
    last.bytes.length =
        std::max(last.bytes.offset + last.bytes.length, fetch.bytes.offset + fetch.bytes.length) -
        last.bytes.offset;
  }
  fetches = std::move(joined);
}

Error too_many_terms(std::size_t terms_max) {
  return Error(Code::InvalidArgument, cat("what was asked for is in more than ", terms_max,
                                          " pieces: ask for less of it at once, by Range"));
}

// Drops the chunks of a term that lie wholly outside [offset, end) of the file. What is left is
// not empty when the term overlaps the range.
void trim(Term& term, const XorbIndex& index, std::uint64_t offset, std::uint64_t end) {
  while (term.chunk_last - term.chunk_first > 1) {
    const std::uint64_t length = index.unpacked_span(term.chunk_first, term.chunk_first + 1).length;
    if (term.file_offset + length > offset) break;
    ++term.chunk_first;
    term.file_offset += length;
    term.unpacked_bytes -= length;
  }
  while (term.chunk_last - term.chunk_first > 1) {
    const std::uint64_t length = index.unpacked_span(term.chunk_last - 1, term.chunk_last).length;
    if (term.file_offset + term.unpacked_bytes - length < end) break;
    --term.chunk_last;
    term.unpacked_bytes -= length;
  }
}

}  // namespace

Result<Reconstruction> ChunkedStore::reconstruct(rt::Blocking blocking, const FileRow& file,
                                                 std::uint64_t offset, std::uint64_t length,
                                                 std::size_t terms_max) {
  Reconstruction out;
  if (length == 0) return out;
  const std::uint64_t end = offset + length;
  std::unordered_map<XetHash, std::size_t> order;
  for (std::uint64_t at = offset; at < end;) {
    EMB_TRY(auto terms, catalog_.terms(blocking, file.id, at, kTermsPerLook));
    if (terms.empty() || terms.front().file_offset > at)
      return fail(Code::Corrupt, cat("no term holds byte ", at, " of file ", file.hash.text()));
    for (Term& term : terms) {
      if (term.file_offset >= end) break;
      EMB_TRY(auto index, indexes_->get(blocking, term.xorb));
      at = term.file_offset + term.unpacked_bytes;
      trim(term, *index, offset, end);
      if (out.terms.empty()) out.offset_into_first = offset - term.file_offset;
      if (out.terms.size() == terms_max) return fail(too_many_terms(terms_max));
      out.terms.push_back({.xorb = term.xorb.hash,
                           .chunk_first = term.chunk_first,
                           .chunk_last = term.chunk_last,
                           .unpacked_bytes = term.unpacked_bytes});
      const auto [found, is_new] = order.try_emplace(term.xorb.hash, out.xorbs.size());
      if (is_new)
        out.xorbs.push_back({.hash = term.xorb.hash, .key = term.xorb.key, .fetches = {}});
      out.xorbs[found->second].fetches.push_back(
          {.chunk_first = term.chunk_first,
           .chunk_last = term.chunk_last,
           .bytes = index->stored_span(term.chunk_first, term.chunk_last)});
    }
  }
  for (auto& xorb : out.xorbs) join_ranges(xorb.fetches);
  return out;
}

std::optional<std::string> ChunkedStore::direct_url(std::string_view xorb_key, ByteSpan bytes,
                                                    std::chrono::seconds lifetime) const {
  const auto key = blob::Key::parse(std::string(xorb_key));
  if (!key || bytes.length == 0) return std::nullopt;
  return backend_.direct_url(*key, bytes.offset, bytes.length, lifetime);
}

Result<std::string> ChunkedStore::dedupe_answer(rt::Blocking blocking, const XetHash& chunk,
                                                const MayShow& may_show) {
  const auto unknown = [&] {
    return fail(Code::NotFound, cat("no xorb holds chunk ", chunk.text()));
  };
  EMB_TRY(const auto places, catalog_.find_chunks(blocking, std::span(&chunk, 1)));
  if (!places.front()) return unknown();
  const ChunkPlace& place = *places.front();
  if (!is_whole(blocking, backend_, place.xorb)) return unknown();  // so that it is sent again
  EMB_TRY(const auto index, indexes_->get(blocking, place.xorb));
  if (place.position >= index->count() || index->chunks[place.position].hash != chunk)
    return unknown();
  EMB_TRY(const bool is_shown, may_show(place.xorb));
  if (!is_shown) return unknown();
  const Millis now = clock_.now_ms();
  // The client may refer to what it is told now for as long as the answer lives.
  if (needs_touch(place.xorb, now)) EMB_DO(catalog_.touch_xorb(blocking, place.xorb.id, now));
  ShardXorb xorb;
  xorb.hash = place.xorb.hash;
  for (std::uint32_t i = 0; i < index->count(); ++i) {
    const ByteSpan span = index->unpacked_span(i, i + 1);
    xorb.chunks.push_back({.hash = index->chunks[i].hash,
                           .unpacked_offset = static_cast<std::uint32_t>(span.offset),
                           .unpacked_bytes = static_cast<std::uint32_t>(span.length)});
  }
  xorb.unpacked_bytes = static_cast<std::uint32_t>(index->unpacked_bytes());
  xorb.stored_bytes = static_cast<std::uint32_t>(index->stored_bytes());
  DedupeAnswer answer{.created_ms = now, .key_expires_ms = now + kKeyLifeMs};
  const std::string key = crypto::random_bytes(answer.key.size());
  std::ranges::copy(key, answer.key.begin());
  return write_dedupe_answer(std::span(&xorb, 1), answer);
}

}  // namespace embrace::cas
