#include "cas/xet_hash.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/strings.h"
#include "crypto/blake3.h"

namespace embrace::cas {

namespace {

using crypto::Blake3Hash;
using crypto::Blake3Key;

// The protocol's keys, as bytes. Changing one renames everything that clients hold.
constexpr Blake3Key kDataKey = {102, 151, 245, 119, 91,  149, 80,  222, 49,  53,  203,
                                172, 165, 151, 24,  28,  157, 228, 33,  16,  155, 235,
                                43,  88,  180, 208, 176, 75,  147, 173, 242, 41};
constexpr Blake3Key kNodeKey = {1,   126, 197, 199, 165, 71,  41,  150, 253, 148, 102,
                                102, 180, 138, 2,   230, 93,  221, 83,  111, 55,  199,
                                109, 210, 248, 99,  82,  230, 74,  83,  113, 63};
constexpr Blake3Key kVerificationKey = {127, 24,  87,  214, 206, 86,  237, 102, 18,  127, 249,
                                        19,  231, 165, 195, 243, 164, 205, 38,  213, 181, 219,
                                        73,  230, 65,  36,  152, 127, 40,  251, 148, 195};
constexpr Blake3Key kFileKey = {};

constexpr std::size_t kGroupMax = 9;  // entries under one node

// Where byte `i` of the hash stands in its spelling: the bytes of each word run backward.
constexpr std::size_t spelled_place(std::size_t i) { return (i & ~std::size_t{7}) | (7 - i % 8); }

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::array<std::uint8_t, XetHash::kBytes> reverse_words(
    const std::array<std::uint8_t, XetHash::kBytes>& bytes) {
  std::array<std::uint8_t, XetHash::kBytes> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes[spelled_place(i)];
  return out;
}

std::uint64_t load_word(const std::uint8_t* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

void append_spelled(std::string& out, const XetHash& hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const std::size_t start = out.size();
  out.resize(start + 2 * XetHash::kBytes);
  char* const spelled = out.data() + start;
  for (std::size_t i = 0; i < XetHash::kBytes; ++i) {
    const std::uint8_t byte = hash.bytes()[i];
    spelled[2 * spelled_place(i)] = kDigits[byte >> 4];
    spelled[2 * spelled_place(i) + 1] = kDigits[byte & 15];
  }
}

}  // namespace

XetHash XetHash::from_raw(std::string_view bytes) {
  EMB_CHECK(bytes.size() == kBytes, "a Xet hash has 32 bytes");
  XetHash hash;
  std::memcpy(hash.bytes_.data(), bytes.data(), kBytes);
  return hash;
}

Result<XetHash> XetHash::parse(std::string_view spelled) {
  XetHash hash;
  bool is_hex = spelled.size() == 2 * kBytes;
  for (std::size_t i = 0; is_hex && i < kBytes; ++i) {
    const int high = hex_value(spelled[2 * spelled_place(i)]);
    const int low = hex_value(spelled[2 * spelled_place(i) + 1]);
    is_hex = high >= 0 && low >= 0;
    if (is_hex) hash.bytes_[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (!is_hex) return fail(Code::InvalidArgument, "a Xet hash is written as 64 hex digits");
  return hash;
}

std::string XetHash::text() const {
  std::string out;
  append_spelled(out, *this);
  return out;
}

std::uint64_t XetHash::first_word() const { return load_word(bytes_.data()); }
std::uint64_t XetHash::last_word() const { return load_word(bytes_.data() + kBytes - 8); }

XetHash to_xet_spelling(const Digest& sha256) { return XetHash(reverse_words(sha256.bytes())); }
Digest from_xet_spelling(const XetHash& spelled) { return Digest(reverse_words(spelled.bytes())); }

XetHash hash_chunk(std::string_view bytes) {
  return XetHash(crypto::blake3_keyed(kDataKey, bytes));
}

void hash_chunks(std::span<const std::string_view> chunks, std::span<XetHash> out) {
  EMB_CHECK(chunks.size() == out.size(), "there is a place for the hash of each chunk");
  std::array<Blake3Hash, 64> hashes;
  while (!chunks.empty()) {
    const std::size_t count = std::min(chunks.size(), hashes.size());
    crypto::blake3_keyed_many(kDataKey, chunks.first(count), std::span(hashes).first(count));
    std::transform(hashes.begin(), hashes.begin() + static_cast<std::ptrdiff_t>(count), out.begin(),
                   [](const Blake3Hash& hash) { return XetHash(hash); });
    chunks = chunks.subspan(count);
    out = out.subspan(count);
  }
}

// A group ends after the ninth entry, or after one from the third on whose hash is 0 modulo 4.
// What is left at the end is a group, too, even if it is one entry; unless that entry is all there
// is on its level, for then it is the root.
void MerkleRoot::add(const XetHash& hash, std::uint64_t size_bytes) {
  add_at(0, Entry{hash, size_bytes});
}

void MerkleRoot::add_at(std::size_t level, const Entry& entry) {
  if (level == levels_.size()) levels_.emplace_back();
  std::vector<Entry>& open = levels_[level].open;
  open.push_back(entry);
  const bool may_end = open.size() > 2 && entry.hash.last_word() % 4 == 0;
  if (may_end || open.size() == kGroupMax) close_group(level);
}

void MerkleRoot::close_group(std::size_t level) {
  std::string node;
  node.reserve(kGroupMax * 90);
  std::uint64_t size_bytes = 0;
  for (const Entry& entry : levels_[level].open) {
    append_spelled(node, entry.hash);
    node += cat(" : ", entry.size_bytes, "\n");
    size_bytes += entry.size_bytes;
  }
  levels_[level].open.clear();
  levels_[level].has_closed = true;
  add_at(level + 1, Entry{XetHash(crypto::blake3_keyed(kNodeKey, node)), size_bytes});
}

XetHash MerkleRoot::finish() {
  XetHash root;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (!levels_[level].has_closed && levels_[level].open.size() == 1) {
      root = levels_[level].open.front().hash;
      break;
    }
    if (!levels_[level].open.empty()) close_group(level);
  }
  levels_.clear();
  return root;
}

XetHash file_hash_of(const XetHash& root) {
  // The file without bytes. A root of zeros comes from nothing else that exists.
  if (root.is_zero()) return root;
  return XetHash(crypto::blake3_keyed(kFileKey, root.raw()));
}

XetHash range_hash(std::span<const XetHash> chunks) {
  static_assert(sizeof(XetHash) == XetHash::kBytes, "hashes in a row are their bytes, joined");
  return XetHash(crypto::blake3_keyed(
      kVerificationKey, {reinterpret_cast<const char*>(chunks.data()), chunks.size_bytes()}));
}

XetHash keyed_chunk_hash(const std::array<std::uint8_t, 32>& key, const XetHash& chunk) {
  return XetHash(crypto::blake3_keyed(key, chunk.raw()));
}

}  // namespace embrace::cas
