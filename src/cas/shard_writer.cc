#include <algorithm>

#include "base/check.h"
#include "cas/shard.h"
#include "cas/shard_layout.h"
#include "crypto/blake3.h"

namespace embrace::cas {

using namespace shard_layout;

namespace {

constexpr std::uint64_t kFooterVersion = 1;

void append_header(std::string& out, std::uint64_t footer_bytes) {
  out += kTag;
  append_little_endian(out, kVersion, 8);
  append_little_endian(out, footer_bytes, 8);
}

// A hash and four numbers: every record is that.
void append_record(std::string& out, std::string_view hash, std::uint32_t a = 0,
                   std::uint32_t b = 0, std::uint32_t c = 0, std::uint32_t d = 0) {
  out += hash;
  for (const std::uint32_t number : {a, b, c, d}) append_little_endian(out, number, 4);
}

void append_file(std::string& out, const ShardFile& file) {
  const bool has_range_hashes = file.range_hashes.size() == file.segments.size();
  EMB_CHECK(has_range_hashes || file.range_hashes.empty(), "each range has a hash, or none has");
  append_record(out, file.hash.raw(),
                (has_range_hashes ? kFileHasRangeHashes : 0) | (file.sha256 ? kFileHasSha256 : 0),
                static_cast<std::uint32_t>(file.segments.size()));
  for (const ShardSegment& segment : file.segments) {
    append_record(out, segment.xorb.raw(), 0, segment.unpacked_bytes, segment.chunk_first,
                  segment.chunk_last);
  }
  for (const XetHash& hash : file.range_hashes) append_record(out, hash.raw());
  if (file.sha256) append_record(out, to_xet_spelling(*file.sha256).raw());
}

// `chunk_hashes` stand for those of the chunks: as they are, or keyed.
void append_xorb(std::string& out, const ShardXorb& xorb, std::uint32_t stored_bytes,
                 std::span<const crypto::Blake3Hash> chunk_hashes) {
  append_record(out, xorb.hash.raw(), 0, static_cast<std::uint32_t>(xorb.chunks.size()),
                xorb.unpacked_bytes, stored_bytes);
  for (std::size_t i = 0; i < xorb.chunks.size(); ++i) {
    const ShardXorb::Chunk& chunk = xorb.chunks[i];
    append_record(out, XetHash(chunk_hashes[i]).raw(), chunk.unpacked_offset, chunk.unpacked_bytes,
                  chunk.is_for_dedupe ? kChunkIsForDedupe : 0);
  }
}

std::vector<crypto::Blake3Hash> plain_hashes(const ShardXorb& xorb) {
  std::vector<crypto::Blake3Hash> hashes;
  hashes.reserve(xorb.chunks.size());
  for (const ShardXorb::Chunk& chunk : xorb.chunks) hashes.push_back(chunk.hash.bytes());
  return hashes;
}

std::vector<crypto::Blake3Hash> keyed_hashes(const ShardXorb& xorb, const crypto::Blake3Key& key) {
  std::vector<std::string_view> messages;
  messages.reserve(xorb.chunks.size());
  for (const ShardXorb::Chunk& chunk : xorb.chunks) messages.push_back(chunk.hash.raw());
  std::vector<crypto::Blake3Hash> hashes(messages.size());
  crypto::blake3_keyed_many(key, messages, hashes);
  return hashes;
}

std::uint64_t to_seconds(Millis time) {
  return static_cast<std::uint64_t>(std::max<Millis>(time, 0)) / 1000;
}

}  // namespace

std::string write_shard(const Shard& shard) {
  std::string out;
  append_header(out, 0);
  for (const ShardFile& file : shard.files) append_file(out, file);
  out += kBookend;
  for (const ShardXorb& xorb : shard.xorbs) {
    append_xorb(out, xorb, xorb.stored_bytes, plain_hashes(xorb));
  }
  out += kBookend;
  return out;
}

std::string write_dedupe_answer(std::span<const ShardXorb> xorbs, const DedupeAnswer& terms) {
  const bool is_keyed = terms.key != crypto::Blake3Key{};
  std::string out;
  append_header(out, kFooterBytes);
  out += kBookend;
  const std::uint64_t xorbs_at = out.size();
  std::uint64_t unpacked_bytes = 0;
  for (const ShardXorb& xorb : xorbs) {
    append_xorb(out, xorb, 0, is_keyed ? keyed_hashes(xorb, terms.key) : plain_hashes(xorb));
    unpacked_bytes += xorb.unpacked_bytes;
  }
  out += kBookend;

  const std::uint64_t footer_at = out.size();
  append_little_endian(out, kFooterVersion, 8);
  append_little_endian(out, kRecordBytes, 8);  // where files start
  append_little_endian(out, xorbs_at, 8);
  // Tables for searching: of files, xorbs and chunks, all empty. Clients read the list of xorbs up
  // to the offset of the first table, so a zero here would hide every xorb.
  for (int table = 0; table < 3; ++table) {
    append_little_endian(out, footer_at, 8);
    append_little_endian(out, 0, 8);
  }
  out.append(reinterpret_cast<const char*>(terms.key.data()), terms.key.size());
  append_little_endian(out, to_seconds(terms.created_ms), 8);
  append_little_endian(out, to_seconds(terms.key_expires_ms), 8);
  out.append(48, '\0');
  append_little_endian(out, 0, 8);  // stored bytes on disk: nobody's business
  append_little_endian(out, 0, 8);  // bytes of files
  append_little_endian(out, unpacked_bytes, 8);
  append_little_endian(out, footer_at, 8);
  return out;
}

}  // namespace embrace::cas
