// Each lane of a vector holds one node: the 16 words of BLAKE3's state are 16 vectors, and mixing
// is the scalar code on vectors. What costs thought is getting words in and values out, as they lie
// node after node in memory: see load_block and store_values.
//
// The file is compiled once for each generation of processors (foreach_target), and the best one
// that this processor knows is chosen when it is first called.

#include "crypto/blake3_lanes.h"

#include <algorithm>
#include <cstring>

#include "crypto/blake3_block.h"

// Generations that would not be faster than the next older one.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "crypto/blake3_lanes.cc"
#include <hwy/foreach_target.h>
// Below foreach_target, by Highway's rule.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace embrace::crypto::blake3_lanes {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void hash_nodes_in_lanes(const Words& key, std::span<const Node> nodes) {
  hash_nodes_portably(key, nodes);
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<std::uint32_t, 16>;
using V = hn::Vec<D>;
constexpr D kTag;
constexpr std::size_t kLanes = hn::MaxLanes(D());

HWY_INLINE V shuffle_bytes(V v, const std::uint8_t (&order)[16]) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(kTag,
                     hn::TableLookupBytes(hn::BitCast(bytes, v), hn::LoadDup128(bytes, order)));
}

// Turning by whole bytes is one shuffle where there is no instruction for turning.
template <int kBits>
HWY_INLINE V turn_right(V v) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  return hn::RotateRight<kBits>(v);
#else
  if constexpr (kBits == 16) {
    alignas(16) static constexpr std::uint8_t kOrder[16] = {2,  3,  0, 1, 6,  7,  4,  5,
                                                            10, 11, 8, 9, 14, 15, 12, 13};
    return shuffle_bytes(v, kOrder);
  } else if constexpr (kBits == 8) {
    alignas(16) static constexpr std::uint8_t kOrder[16] = {1, 2,  3,  0, 5,  6,  7,  4,
                                                            9, 10, 11, 8, 13, 14, 15, 12};
    return shuffle_bytes(v, kOrder);
  } else {
    return hn::Or(hn::ShiftRight<kBits>(v), hn::ShiftLeft<32 - kBits>(v));
  }
#endif
}

HWY_INLINE void mix(V& a, V& b, V& c, V& d, V x, V y) {
  a = hn::Add(hn::Add(a, x), b);
  d = turn_right<16>(hn::Xor(d, a));
  c = hn::Add(c, d);
  b = turn_right<12>(hn::Xor(b, c));
  a = hn::Add(hn::Add(a, y), b);
  d = turn_right<8>(hn::Xor(d, a));
  c = hn::Add(c, d);
  b = turn_right<7>(hn::Xor(b, c));
}

template <std::size_t kRound>
HWY_INLINE void mix_rounds(V (&s)[16], const V (&m)[16]) {
  if constexpr (kRound < kSchedule.size()) {
    constexpr auto kOrder = kSchedule[kRound];
    mix(s[0], s[4], s[8], s[12], m[kOrder[0]], m[kOrder[1]]);
    mix(s[1], s[5], s[9], s[13], m[kOrder[2]], m[kOrder[3]]);
    mix(s[2], s[6], s[10], s[14], m[kOrder[4]], m[kOrder[5]]);
    mix(s[3], s[7], s[11], s[15], m[kOrder[6]], m[kOrder[7]]);
    mix(s[0], s[5], s[10], s[15], m[kOrder[8]], m[kOrder[9]]);
    mix(s[1], s[6], s[11], s[12], m[kOrder[10]], m[kOrder[11]]);
    mix(s[2], s[7], s[8], s[13], m[kOrder[12]], m[kOrder[13]]);
    mix(s[3], s[4], s[9], s[14], m[kOrder[14]], m[kOrder[15]]);
    mix_rounds<kRound + 1>(s, m);
  }
}

// Four words of every fourth row, starting with the first: one row to each 128-bit part of the
// vector.
template <class DPart>
HWY_INLINE hn::Vec<DPart> load_quads(DPart part, const std::uint8_t* const* rows,
                                     std::size_t offset) {
  constexpr std::size_t kCount = hn::MaxLanes(DPart());
  if constexpr (kCount == 4) {
    const hn::Repartition<std::uint8_t, DPart> bytes;
    return hn::BitCast(part, hn::LoadU(bytes, rows[0] + offset));
  } else {
    const hn::Half<DPart> half;
    return hn::Combine(part, load_quads(half, rows + kCount / 2, offset),
                       load_quads(half, rows, offset));
  }
}

template <class DPart>
HWY_INLINE void store_quads(DPart, hn::Vec<DPart> v, std::uint8_t* const* rows,
                            std::size_t offset) {
  constexpr std::size_t kCount = hn::MaxLanes(DPart());
  if constexpr (kCount == 4) {
    const hn::Repartition<std::uint8_t, DPart> bytes;
    hn::StoreU(hn::BitCast(bytes, v), bytes, rows[0] + offset);
  } else {
    const hn::Half<DPart> half;
    store_quads(half, hn::LowerHalf(half, v), rows, offset);
    store_quads(half, hn::UpperHalf(half, v), rows + kCount / 2, offset);
  }
}

// In each 128-bit part, rows of four words become columns, and columns rows.
HWY_INLINE void transpose(V& a, V& b, V& c, V& d) {
  const hn::Repartition<std::uint64_t, D> pairs;
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(kTag, a, b));
  const auto cd_low = hn::BitCast(pairs, hn::InterleaveLower(kTag, c, d));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(kTag, a, b));
  const auto cd_high = hn::BitCast(pairs, hn::InterleaveUpper(kTag, c, d));
  a = hn::BitCast(kTag, hn::InterleaveLower(pairs, ab_low, cd_low));
  b = hn::BitCast(kTag, hn::InterleaveUpper(pairs, ab_low, cd_low));
  c = hn::BitCast(kTag, hn::InterleaveLower(pairs, ab_high, cd_high));
  d = hn::BitCast(kTag, hn::InterleaveUpper(pairs, ab_high, cd_high));
}

// m[i] is word i of every row's block.
HWY_INLINE void load_block(const std::uint8_t* const* rows, std::size_t offset, V (&m)[16]) {
  for (std::size_t quad = 0; quad < 4; ++quad) {
    for (std::size_t i = 0; i < 4; ++i) {
      m[4 * quad + i] = load_quads(kTag, rows + i, offset + 16 * quad);
    }
    transpose(m[4 * quad], m[4 * quad + 1], m[4 * quad + 2], m[4 * quad + 3]);
  }
}

HWY_INLINE void store_values(V (&chain)[8], std::uint8_t* const* rows) {
  for (std::size_t quad = 0; quad < 2; ++quad) {
    V* const four = chain + 4 * quad;
    transpose(four[0], four[1], four[2], four[3]);
    for (std::size_t i = 0; i < 4; ++i) store_quads(kTag, four[i], rows + i, 16 * quad);
  }
}

// What the lanes' nodes are, one lane beside the other.
struct Group {
  alignas(64) std::uint32_t index_low[kLanes];
  alignas(64) std::uint32_t index_high[kLanes];
  alignas(64) std::uint32_t flags[kLanes];
  alignas(64) std::uint32_t flags_first[kLanes];
  alignas(64) std::uint32_t flags_last[kLanes];
  alignas(64) std::uint32_t last_block[kLanes];
  alignas(64) std::uint32_t last_length[kLanes];
  const std::uint8_t* bytes[kLanes];
  std::uint8_t* values[kLanes];
  std::uint32_t blocks = 0;                             // of the longest
  bool is_even = true;                                  // all as long, and of whole blocks
  alignas(64) std::uint8_t tails[kLanes][kBlockBytes];  // last blocks that are not whole
};

HWY_INLINE void put_node(Group& group, std::size_t lane, const Node& node) {
  const bool is_leaf = (node.flags & kParent) == 0;
  const std::uint32_t last = node.length == 0 ? 0 : (node.length - 1) / kBlockBytes;
  const std::uint32_t length = node.length - last * kBlockBytes;
  group.index_low[lane] = static_cast<std::uint32_t>(node.index);
  group.index_high[lane] = static_cast<std::uint32_t>(node.index >> 32);
  group.flags[lane] = node.flags & ~kRoot;
  group.flags_first[lane] = is_leaf ? kLeafStart : 0;
  group.flags_last[lane] = (is_leaf ? kLeafEnd : 0) | (node.flags & kRoot);
  group.last_block[lane] = last;
  group.last_length[lane] = length;
  group.bytes[lane] = node.bytes;
  group.values[lane] = node.value;
  if (lane > 0 && last + 1 != group.blocks) group.is_even = false;
  group.blocks = std::max(group.blocks, last + 1);
  if (length != kBlockBytes) {
    group.is_even = false;
    std::memset(group.tails[lane], 0, kBlockBytes);
    if (length > 0) std::memcpy(group.tails[lane], node.bytes + last * kBlockBytes, length);
  }
}

// Where each lane's block lies. A lane that is done reads its last block again; its value is kept.
HWY_INLINE void find_rows(const Group& group, std::uint32_t block,
                          const std::uint8_t* (&rows)[kLanes]) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t own = std::min(block, group.last_block[lane]);
    const bool is_tail = own == group.last_block[lane] && group.last_length[lane] != kBlockBytes;
    rows[lane] = is_tail ? group.tails[lane] : group.bytes[lane] + own * kBlockBytes;
  }
}

void hash_group(const Words& key, const Group& group) {
  V chain[8];
  for (std::size_t i = 0; i < 8; ++i) chain[i] = hn::Set(kTag, key[i]);
  const V index_low = hn::Load(kTag, group.index_low);
  const V index_high = hn::Load(kTag, group.index_high);
  const V last_block = hn::Load(kTag, group.last_block);
  const V last_length = hn::Load(kTag, group.last_length);
  const V flags_last = hn::Load(kTag, group.flags_last);
  const V flags_middle = hn::Load(kTag, group.flags);
  V flags = hn::Or(flags_middle, hn::Load(kTag, group.flags_first));
  V is_done = hn::Zero(kTag);
  const std::uint8_t* rows[kLanes];

  for (std::uint32_t block = 0; block < group.blocks; ++block) {
    V m[16];
    if (group.is_even) {
      load_block(group.bytes, block * kBlockBytes, m);
    } else {
      find_rows(group, block, rows);
      load_block(rows, 0, m);
    }
    const auto is_last = hn::Eq(last_block, hn::Set(kTag, block));
    const V length = hn::IfThenElse(is_last, last_length, hn::Set(kTag, kBlockBytes));
    V s[16] = {chain[0],
               chain[1],
               chain[2],
               chain[3],
               chain[4],
               chain[5],
               chain[6],
               chain[7],
               hn::Set(kTag, kInitial[0]),
               hn::Set(kTag, kInitial[1]),
               hn::Set(kTag, kInitial[2]),
               hn::Set(kTag, kInitial[3]),
               index_low,
               index_high,
               length,
               hn::Or(flags, hn::IfThenElseZero(is_last, flags_last))};
    mix_rounds<0>(s, m);
    if (group.is_even) {
      for (std::size_t i = 0; i < 8; ++i) chain[i] = hn::Xor(s[i], s[i + 8]);
    } else {
      const auto keep = hn::MaskFromVec(is_done);
      for (std::size_t i = 0; i < 8; ++i) {
        chain[i] = hn::IfThenElse(keep, chain[i], hn::Xor(s[i], s[i + 8]));
      }
      is_done = hn::Or(is_done, hn::VecFromMask(kTag, is_last));
    }
    flags = flags_middle;
  }
  store_values(chain, group.values);
}

void hash_nodes_in_lanes(const Words& key, std::span<const Node> nodes) {
  while (!nodes.empty()) {
    // Filling lanes pays from the second node on.
    if (nodes.size() == 1) return hash_nodes_portably(key, nodes);
    const std::size_t used = std::min(nodes.size(), kLanes);
    Group group;
    std::uint8_t unused[32];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      put_node(group, lane, nodes[std::min(lane, used - 1)]);
      if (lane >= used) group.values[lane] = unused;
    }
    hash_group(key, group);
    nodes = nodes.subspan(used);
  }
}

#endif  // no vectors

}  // namespace HWY_NAMESPACE
}  // namespace embrace::crypto::blake3_lanes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace embrace::crypto::blake3_lanes {

HWY_EXPORT(hash_nodes_in_lanes);

void hash_nodes(const Words& key, std::span<const Node> nodes) {
  HWY_DYNAMIC_DISPATCH(hash_nodes_in_lanes)(key, nodes);
}

}  // namespace embrace::crypto::blake3_lanes
#endif  // HWY_ONCE
