#include "cas/shard.h"

#include "base/strings.h"
#include "cas/compression.h"
#include "cas/shard_layout.h"
#include "cas/xorb.h"

namespace embrace::cas {

using namespace shard_layout;

namespace {

// Goes through the records from the first to the last; no offset that the bytes name is followed.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Result<Shard> read() {
    EMB_DO(read_header());
    Shard shard;
    while (true) {
      EMB_TRY(const bool is_over, is_bookend());
      if (is_over) break;
      EMB_TRY(ShardFile file, read_file());
      shard.files.push_back(std::move(file));
    }
    while (true) {
      EMB_TRY(const bool is_over, is_bookend());
      if (is_over) break;
      EMB_TRY(ShardXorb xorb, read_xorb());
      shard.xorbs.push_back(std::move(xorb));
    }
    EMB_DO(check_end());
    return shard;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::Unusable, cat("shard, record at byte ", record_at_, ": ", what));
  }
  std::uint64_t records_left() const { return (bytes_.size() - at_) / kRecordBytes; }

  Result<std::string_view> next_record() {
    record_at_ = at_;
    if (records_left() == 0) return wrong("cut off");
    at_ += kRecordBytes;
    return bytes_.substr(record_at_, kRecordBytes);
  }

  Status read_header() {
    EMB_TRY(const std::string_view header, next_record());
    if (!header.starts_with(kTag)) return wrong("not the tag of a shard");
    const std::uint64_t version = load_little_endian(header, kVersionAt, 8);
    if (version != kVersion) return wrong(cat("version ", version, "; known is ", kVersion));
    footer_bytes_ = load_little_endian(header, kFooterBytesAt, 8);
    if (footer_bytes_ != 0 && footer_bytes_ != kFooterBytes) {
      return wrong(cat("a footer of ", footer_bytes_, " bytes; it has 0 or ", kFooterBytes));
    }
    return Done{};
  }

  // Takes the bookend if it is next.
  Result<bool> is_bookend() {
    EMB_TRY(const std::string_view record, next_record());
    if (record == kBookend) return true;
    if (record.starts_with(kBookend.substr(0, XetHash::kBytes))) return wrong("damaged bookend");
    at_ = record_at_;
    return false;
  }

  Result<ShardFile> read_file() {
    EMB_TRY(const std::string_view header, next_record());
    ShardFile file;
    file.hash = hash_of(header);
    const std::uint32_t flags = load_u32(header, 32);
    const std::uint32_t count = load_u32(header, 36);
    if (flags & ~(kFileHasRangeHashes | kFileHasSha256)) return wrong("unknown flags of a file");
    if ((count == 0) != file.hash.is_zero()) return wrong("a hash of zeros is for no segments");
    const std::uint64_t needed = std::uint64_t{count} * (flags & kFileHasRangeHashes ? 2 : 1) +
                                 (flags & kFileHasSha256 ? 1 : 0);
    if (needed > records_left()) return wrong("more segments than there are bytes");

    file.segments.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      EMB_TRY(const ShardSegment segment, read_segment());
      file.segments.push_back(segment);
    }
    if (flags & kFileHasRangeHashes) {
      file.range_hashes.reserve(count);
      for (std::uint32_t i = 0; i < count; ++i) {
        EMB_TRY(const std::string_view record, next_record());
        file.range_hashes.push_back(hash_of(record));
      }
    }
    if (flags & kFileHasSha256) {
      EMB_TRY(const std::string_view record, next_record());
      file.sha256 = from_xet_spelling(hash_of(record));
    }
    return file;
  }

  Result<ShardSegment> read_segment() {
    EMB_TRY(const std::string_view record, next_record());
    const ShardSegment segment{hash_of(record), load_u32(record, 36), load_u32(record, 40),
                               load_u32(record, 44)};
    if (segment.chunk_first >= segment.chunk_last || segment.chunk_last > kXorbChunksMax) {
      return wrong("impossible range of chunks");
    }
    const std::uint64_t count = segment.chunk_last - segment.chunk_first;
    if (segment.unpacked_bytes < count || segment.unpacked_bytes > count * kChunkBytesMax) {
      return wrong("impossible length of a segment");
    }
    return segment;
  }

  Result<ShardXorb> read_xorb() {
    EMB_TRY(const std::string_view header, next_record());
    ShardXorb xorb;
    xorb.hash = hash_of(header);
    xorb.unpacked_bytes = load_u32(header, 40);
    xorb.stored_bytes = load_u32(header, 44);
    const std::uint32_t count = load_u32(header, 36);
    if (count == 0 || count > kXorbChunksMax) return wrong("impossible number of chunks");
    if (count > records_left()) return wrong("more chunks than there are bytes");
    const std::uint64_t header_at = record_at_;

    xorb.chunks.reserve(count);
    std::uint64_t unpacked_bytes = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      EMB_TRY(const std::string_view record, next_record());
      const ShardXorb::Chunk chunk{hash_of(record), load_u32(record, 32), load_u32(record, 36),
                                   (load_u32(record, 40) & kChunkIsForDedupe) != 0};
      if (chunk.unpacked_bytes == 0 || chunk.unpacked_bytes > kChunkBytesMax) {
        return wrong("impossible length of a chunk");
      }
      if (chunk.unpacked_offset != unpacked_bytes)
        return wrong("a chunk not behind the one before");
      unpacked_bytes += chunk.unpacked_bytes;
      xorb.chunks.push_back(chunk);
    }
    if (unpacked_bytes != xorb.unpacked_bytes) {
      record_at_ = header_at;
      return wrong("a xorb of another length than its chunks");
    }
    return xorb;
  }

  // With a footer, tables for searching may stand before it. Both only repeat what has been read.
  // hf_xet 1.2 announces a footer and leaves it out.
  Status check_end() {
    record_at_ = at_;
    const std::uint64_t rest = bytes_.size() - at_;
    if (rest == 0) return Done{};
    if (footer_bytes_ == 0) return wrong("bytes behind the last record");
    if (rest < footer_bytes_) return wrong("cut off in the footer");
    return Done{};
  }

  static XetHash hash_of(std::string_view record) {
    return XetHash::from_raw(record.substr(0, XetHash::kBytes));
  }

  const std::string_view bytes_;
  std::uint64_t at_ = 0;
  std::uint64_t record_at_ = 0;  // what an error names
  std::uint64_t footer_bytes_ = 0;
};

}  // namespace

Result<Shard> parse_shard(std::string_view bytes) {
  if (bytes.size() > kShardBytesMax) {
    return fail(Code::Unusable, cat("shard: more than ", kShardBytesMax, " bytes"));
  }
  return Reader(bytes).read();
}

}  // namespace embrace::cas
