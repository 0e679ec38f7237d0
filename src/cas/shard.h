#pragma once
// A shard says how files are made of ranges of xorbs, and what chunks xorbs hold. Clients upload
// one to register files; a dedupe answer is one, too. Records of 48 bytes after a header of 48
// (docs/formats/xet.md). Parsing is for bytes from strangers: linear, never through offsets that
// the bytes name.
//
// Threads: values.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "cas/xet_hash.h"

namespace embrace::cas {

inline constexpr std::uint64_t kShardBytesMax = (64ull << 20) + (1 << 20);

struct ShardSegment {
  XetHash xorb;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t chunk_first = 0;
  std::uint32_t chunk_last = 0;  // exclusive
};

struct ShardFile {
  XetHash hash;
  std::vector<ShardSegment> segments;  // none: the file without bytes
  std::vector<XetHash> range_hashes;   // one per segment, or none at all
  std::optional<Digest> sha256;        // in ordinary spelling
};

struct ShardXorb {
  struct Chunk {
    XetHash hash;
    std::uint32_t unpacked_offset = 0;
    std::uint32_t unpacked_bytes = 0;
    bool is_for_dedupe = false;  // the client marks it as worth remembering
  };
  XetHash hash;
  std::vector<Chunk> chunks;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t stored_bytes = 0;  // 0 when the client does not say
};

struct Shard {
  std::vector<ShardFile> files;
  std::vector<ShardXorb> xorbs;
};

// Unusable, with the offset of what is wrong.
Result<Shard> parse_shard(std::string_view bytes);

// As clients upload it (footer size 0). For tests and tools.
std::string write_shard(const Shard& shard);

// The answer to a dedupe query: no files, each chunk hash keyed (a key of zeros leaves them as they
// are), a footer that clients can read.
struct DedupeAnswer {
  std::array<std::uint8_t, 32> key{};
  Millis created_ms = 0;
  Millis key_expires_ms = 0;
};
std::string write_dedupe_answer(std::span<const ShardXorb> xorbs, const DedupeAnswer& terms);

}  // namespace embrace::cas
