// BLAKE3's compression function as its specification writes it.

#include <algorithm>
#include <bit>
#include <cstring>

#include "crypto/blake3_block.h"
#include "crypto/blake3_lanes.h"

namespace embrace::crypto::blake3_lanes {

namespace {

void mix(std::uint32_t* s, int a, int b, int c, int d, std::uint32_t x, std::uint32_t y) {
  s[a] += s[b] + x;
  s[d] = std::rotr(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotr(s[b] ^ s[c], 12);
  s[a] += s[b] + y;
  s[d] = std::rotr(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotr(s[b] ^ s[c], 7);
}

void compress(Words& chain, const std::uint8_t* block, std::uint64_t index, std::uint32_t length,
              std::uint32_t flags) {
  std::uint32_t m[16];
  std::memcpy(m, block, sizeof m);
  std::uint32_t s[16] = {chain[0],
                         chain[1],
                         chain[2],
                         chain[3],
                         chain[4],
                         chain[5],
                         chain[6],
                         chain[7],
                         kInitial[0],
                         kInitial[1],
                         kInitial[2],
                         kInitial[3],
                         static_cast<std::uint32_t>(index),
                         static_cast<std::uint32_t>(index >> 32),
                         length,
                         flags};
  for (const auto& order : kSchedule) {
    for (int i = 0; i < 4; ++i) {
      mix(s, i, 4 + i, 8 + i, 12 + i, m[order[2 * i]], m[order[2 * i + 1]]);
    }
    for (int i = 0; i < 4; ++i) {
      mix(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[order[8 + 2 * i]],
          m[order[9 + 2 * i]]);
    }
  }
  for (int i = 0; i < 8; ++i) chain[i] = s[i] ^ s[i + 8];
}

}  // namespace

void hash_nodes_portably(const Words& key, std::span<const Node> nodes) {
  for (const Node& node : nodes) {
    const bool is_leaf = (node.flags & kParent) == 0;
    Words chain = key;
    std::uint32_t at = 0;
    do {
      std::uint8_t block[kBlockBytes] = {};
      const std::uint32_t length =
          std::min<std::uint32_t>(node.length - at, std::uint32_t{kBlockBytes});
      if (length > 0) std::memcpy(block, node.bytes + at, length);
      std::uint32_t flags = node.flags & ~kRoot;
      if (is_leaf && at == 0) flags |= kLeafStart;
      at += length;
      if (at == node.length) flags |= (is_leaf ? kLeafEnd : 0) | (node.flags & kRoot);
      compress(chain, block, node.index, length, flags);
    } while (at < node.length);
    std::memcpy(node.value, chain.data(), sizeof chain);
  }
}

}  // namespace embrace::crypto::blake3_lanes
