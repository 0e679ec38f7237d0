#pragma once
// The hashes of the Xet protocol. XetHash is 32 bytes with a spelling of its own: four
// little-endian 64-bit words, each printed as 16 hex digits. That makes it no Digest (base/
// digest.h), and the compiler keeps the two apart; sha256 travels in shards in this spelling, too.
//
//   chunk     BLAKE3 under the data key, of the chunk's bytes
//   tree      groups of 2 to 9 (hash, size) pairs, hashed under the node key, up to one root
//   xorb      the root over its chunks
//   file      the root over all of its chunks, hashed once more under the zero key
//   range     BLAKE3 under the verification key, of the chunk hashes of a range, joined
//
// Source: docs/formats/xet.md.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace embrace::cas {

class XetHash {
 public:
  static constexpr std::size_t kBytes = 32;

  XetHash() = default;  // zeros: the file without bytes
  explicit XetHash(std::array<std::uint8_t, kBytes> bytes) : bytes_(bytes) {}
  static XetHash from_raw(std::string_view bytes);         // exactly 32
  static Result<XetHash> parse(std::string_view spelled);  // 64 hex digits; InvalidArgument

  std::string text() const;
  std::string_view raw() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }
  const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }
  bool is_zero() const { return *this == XetHash{}; }
  std::uint64_t first_word() const;  // the first 8 bytes: what tables of short hashes hold
  std::uint64_t last_word() const;   // the last 8 bytes: what "hash mod n" means in the protocol
  auto operator<=>(const XetHash&) const = default;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

// A sha256 as shards carry it: the digest with the bytes of each word reversed.
XetHash to_xet_spelling(const Digest& sha256);
Digest from_xet_spelling(const XetHash& spelled);

XetHash hash_chunk(std::string_view bytes);
// Many at once, in SIMD lanes. `out` is as long as `chunks`.
void hash_chunks(std::span<const std::string_view> chunks, std::span<XetHash> out);

// The root over (hash, size) pairs, told one by one; memory grows with the logarithm of their
// number. No pair: zero. One pair: its own hash.
class MerkleRoot {
 public:
  void add(const XetHash& hash, std::uint64_t size_bytes);
  XetHash finish();  // once

 private:
  struct Entry {
    XetHash hash;
    std::uint64_t size_bytes = 0;
  };
  struct Level {
    std::vector<Entry> open;  // the group that is being gathered
    bool has_closed = false;  // a group went up before
  };
  void add_at(std::size_t level, const Entry& entry);
  void close_group(std::size_t level);

  std::vector<Level> levels_;
};

XetHash file_hash_of(const XetHash& root);  // zero stays zero
XetHash range_hash(std::span<const XetHash> chunks);
// What a dedupe answer shows instead of a chunk's hash.
XetHash keyed_chunk_hash(const std::array<std::uint8_t, 32>& key, const XetHash& chunk);

}  // namespace embrace::cas

template <>
struct std::hash<embrace::cas::XetHash> {
  std::size_t operator()(const embrace::cas::XetHash& hash) const noexcept {
    return static_cast<std::size_t>(hash.first_word());
  }
};
