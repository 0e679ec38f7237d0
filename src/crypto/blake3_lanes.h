#pragma once
// The inner engine of blake3.h: chaining values of many independent nodes of the tree at once.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace embrace::crypto::blake3_lanes {

using Words = std::array<std::uint32_t, 8>;

// The bits of a block's flag word.
constexpr std::uint32_t kLeafStart = 1;  // the first block of a leaf
constexpr std::uint32_t kLeafEnd = 2;    // its last one
constexpr std::uint32_t kParent = 4;
constexpr std::uint32_t kRoot = 8;  // the last block of the tree's root
constexpr std::uint32_t kKeyed = 16;

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kLeafBytes = 1024;

// A leaf (up to 1024 bytes of the message) or a parent (the 64 bytes of its two children's values).
// The engine adds kLeafStart and kLeafEnd itself, and keeps kRoot for the last block.
struct Node {
  const std::uint8_t* bytes;
  std::uint64_t index;  // which leaf of its message; 0 for a parent
  std::uint32_t length;
  std::uint32_t flags;
  std::uint8_t*
      value;  // 32 bytes; may lie where this node or an earlier one of the call is read from
};

void hash_nodes(const Words& key, std::span<const Node> nodes);

// The same, one block at a time in plain C++: what the lanes are tested against.
void hash_nodes_portably(const Words& key, std::span<const Node> nodes);

}  // namespace embrace::crypto::blake3_lanes
