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
#include <hwy/cache_control.h>
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

// The 16 words of a block, each for all lanes, in memory: as operands from there they need no
// registers.
using BlockWords = std::uint32_t[16][kLanes];

// A row of the 4 x 4 state. Each step of mixing works on a whole row: four operations that do not
// wait for each other.
struct Row {
  V v0, v1, v2, v3;
};

HWY_INLINE Row add(Row a, Row b) {
  return {hn::Add(a.v0, b.v0), hn::Add(a.v1, b.v1), hn::Add(a.v2, b.v2), hn::Add(a.v3, b.v3)};
}

HWY_INLINE Row exclusive_or(Row a, Row b) {
  return {hn::Xor(a.v0, b.v0), hn::Xor(a.v1, b.v1), hn::Xor(a.v2, b.v2), hn::Xor(a.v3, b.v3)};
}

template <int kBits>
HWY_INLINE Row exclusive_or_and_turn(Row a, Row b) {
  return {turn_right<kBits>(hn::Xor(a.v0, b.v0)), turn_right<kBits>(hn::Xor(a.v1, b.v1)),
          turn_right<kBits>(hn::Xor(a.v2, b.v2)), turn_right<kBits>(hn::Xor(a.v3, b.v3))};
}

HWY_INLINE Row load_row(const std::uint32_t (&rows)[4][kLanes]) {
  return {hn::Load(kTag, rows[0]), hn::Load(kTag, rows[1]), hn::Load(kTag, rows[2]),
          hn::Load(kTag, rows[3])};
}

HWY_INLINE void store_row(Row row, std::uint32_t (&rows)[4][kLanes]) {
  hn::Store(row.v0, kTag, rows[0]);
  hn::Store(row.v1, kTag, rows[1]);
  hn::Store(row.v2, kTag, rows[2]);
  hn::Store(row.v3, kTag, rows[3]);
}

struct State {
  Row a, b, c, d;
};

// Which words half a round mixes in: every other one of eight, from kFirst on.
template <std::size_t kRound, int kFirst>
HWY_INLINE Row pick_words(const BlockWords& words) {
  constexpr auto kOrder = kSchedule[kRound];
  return {hn::Load(kTag, words[kOrder[kFirst]]), hn::Load(kTag, words[kOrder[kFirst + 2]]),
          hn::Load(kTag, words[kOrder[kFirst + 4]]), hn::Load(kTag, words[kOrder[kFirst + 6]])};
}

template <std::size_t kRound, int kFirst>
HWY_INLINE void mix(State& s, const BlockWords& words) {
  s.a = add(add(s.a, s.b), pick_words<kRound, kFirst>(words));
  s.d = exclusive_or_and_turn<16>(s.d, s.a);
  s.c = add(s.c, s.d);
  s.a = add(s.a, pick_words<kRound, kFirst + 1>(words));
  s.b = exclusive_or_and_turn<12>(s.b, s.c);
  s.a = add(s.a, s.b);
  s.d = exclusive_or_and_turn<8>(s.d, s.a);
  s.c = add(s.c, s.d);
  s.b = exclusive_or_and_turn<7>(s.b, s.c);
}

template <std::size_t kRound>
HWY_INLINE void mix_columns(State& s, const BlockWords& words) {
  mix<kRound, 0>(s, words);
}

// Diagonals are columns once each row is turned by its number.
template <std::size_t kRound>
HWY_INLINE void mix_diagonals(State& s, const BlockWords& words) {
  s.b = {s.b.v1, s.b.v2, s.b.v3, s.b.v0};
  s.c = {s.c.v2, s.c.v3, s.c.v0, s.c.v1};
  s.d = {s.d.v3, s.d.v0, s.d.v1, s.d.v2};
  mix<kRound, 8>(s, words);
  s.b = {s.b.v3, s.b.v0, s.b.v1, s.b.v2};
  s.c = {s.c.v2, s.c.v3, s.c.v0, s.c.v1};
  s.d = {s.d.v1, s.d.v2, s.d.v3, s.d.v0};
}

template <std::size_t kRound = 0>
HWY_INLINE void mix_rounds(State& s, const BlockWords& words) {
  if constexpr (kRound < kSchedule.size()) {
    mix_columns<kRound>(s, words);
    mix_diagonals<kRound>(s, words);
    mix_rounds<kRound + 1>(s, words);
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

#if HWY_TARGET == HWY_AVX3
// Lines are read whole, and turned in registers: half the shuffles of putting quads together.
HWY_INLINE void load_block(const std::uint8_t* const* rows, std::size_t offset, BlockWords& words) {
  const hn::Repartition<std::uint8_t, D> bytes;
  V quads[4][4];  // quads[k][c]: in 128-bit part p, word 4 p + c of lanes 4 k to 4 k + 3
  for (std::size_t k = 0; k < 4; ++k) {
    V* const four = quads[k];
    for (std::size_t i = 0; i < 4; ++i) {
      four[i] = hn::BitCast(kTag, hn::LoadU(bytes, rows[4 * k + i] + offset));
    }
    transpose(four[0], four[1], four[2], four[3]);
  }
  for (std::size_t c = 0; c < 4; ++c) {
    const __m512i a = quads[0][c].raw;
    const __m512i b = quads[1][c].raw;
    const __m512i d = quads[2][c].raw;
    const __m512i e = quads[3][c].raw;
    const __m512i ab_low = _mm512_shuffle_i32x4(a, b, 0x44);   // parts 0 and 1 of each
    const __m512i ab_high = _mm512_shuffle_i32x4(a, b, 0xEE);  // parts 2 and 3
    const __m512i de_low = _mm512_shuffle_i32x4(d, e, 0x44);
    const __m512i de_high = _mm512_shuffle_i32x4(d, e, 0xEE);
    hn::Store(V{_mm512_shuffle_i32x4(ab_low, de_low, 0x88)}, kTag, words[c]);
    hn::Store(V{_mm512_shuffle_i32x4(ab_low, de_low, 0xDD)}, kTag, words[4 + c]);
    hn::Store(V{_mm512_shuffle_i32x4(ab_high, de_high, 0x88)}, kTag, words[8 + c]);
    hn::Store(V{_mm512_shuffle_i32x4(ab_high, de_high, 0xDD)}, kTag, words[12 + c]);
  }
}
#else
HWY_INLINE void load_block(const std::uint8_t* const* rows, std::size_t offset, BlockWords& words) {
  for (std::size_t quad = 0; quad < 4; ++quad) {
    V four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = load_quads(kTag, rows + i, offset + 16 * quad);
    transpose(four[0], four[1], four[2], four[3]);
    for (std::size_t i = 0; i < 4; ++i) hn::Store(four[i], kTag, words[4 * quad + i]);
  }
}
#endif

// Rows are more streams than a processor foresees by itself.
constexpr std::uint32_t kBlocksAhead = 4;

// Where a row goes on, from its start. After the last block of its leaf, that is with the leaf that
// the same lane will have next, in a message of many: two groups are hashed at a time.
HWY_INLINE std::size_t next_block_offset(std::size_t block) {
  constexpr std::size_t kLeafBlocks = kLeafBytes / kBlockBytes;
  if (block < kLeafBlocks) return block * kBlockBytes;
  return 2 * kLanes * kLeafBytes + (block - kLeafBlocks) * kBlockBytes;
}

HWY_INLINE void store_half_values(Row four, std::uint8_t* const* rows, std::size_t offset) {
  transpose(four.v0, four.v1, four.v2, four.v3);
  store_quads(kTag, four.v0, rows, offset);
  store_quads(kTag, four.v1, rows + 1, offset);
  store_quads(kTag, four.v2, rows + 2, offset);
  store_quads(kTag, four.v3, rows + 3, offset);
}

HWY_INLINE void store_values(const State& s, std::uint8_t* const* rows) {
  store_half_values(s.a, rows, 0);
  store_half_values(s.b, rows, 16);
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

HWY_INLINE Row set_row(const std::uint32_t* words) {
  return {hn::Set(kTag, words[0]), hn::Set(kTag, words[1]), hn::Set(kTag, words[2]),
          hn::Set(kTag, words[3])};
}

// Before mixing: a and b hold the chaining value; the rest of the state and the block's words are
// set.
template <bool kEven>
HWY_INLINE void open_block(const Group& group, std::uint32_t block, State& s, BlockWords& words) {
  if constexpr (kEven) {
    load_block(group.bytes, block * kBlockBytes, words);
    const std::size_t ahead = next_block_offset(block + kBlocksAhead);
    for (const std::uint8_t* row : group.bytes) hwy::Prefetch(row + ahead);
  } else {
    const std::uint8_t* rows[kLanes];
    find_rows(group, block, rows);
    load_block(rows, 0, words);
  }
  V length = hn::Set(kTag, kBlockBytes);
  V flags = hn::Load(kTag, group.flags);
  if (block == 0) flags = hn::Or(flags, hn::Load(kTag, group.flags_first));
  if constexpr (kEven) {
    if (block + 1 == group.blocks) flags = hn::Or(flags, hn::Load(kTag, group.flags_last));
  } else {
    const auto is_last = hn::Eq(hn::Load(kTag, group.last_block), hn::Set(kTag, block));
    length = hn::IfThenElse(is_last, hn::Load(kTag, group.last_length), length);
    flags = hn::Or(flags, hn::IfThenElseZero(is_last, hn::Load(kTag, group.flags_last)));
  }
  s.c = set_row(kInitial.data());
  s.d = {hn::Load(kTag, group.index_low), hn::Load(kTag, group.index_high), length, flags};
}

struct Chain {
  alignas(64) std::uint32_t a[4][kLanes];
  alignas(64) std::uint32_t b[4][kLanes];
};

HWY_INLINE void keep_chain(const State& s, Chain& kept) {
  store_row(s.a, kept.a);
  store_row(s.b, kept.b);
}

HWY_INLINE Row choose(hn::Mask<D> mask, Row yes, Row no) {
  return {hn::IfThenElse(mask, yes.v0, no.v0), hn::IfThenElse(mask, yes.v1, no.v1),
          hn::IfThenElse(mask, yes.v2, no.v2), hn::IfThenElse(mask, yes.v3, no.v3)};
}

// After mixing: a and b hold the next chaining value, or the kept one where a lane was done before.
template <bool kEven>
HWY_INLINE void close_block(const Group& group, std::uint32_t block, State& s, const Chain& kept) {
  s.a = exclusive_or(s.a, s.c);
  s.b = exclusive_or(s.b, s.d);
  if constexpr (!kEven) {
    const hn::RebindToSigned<D> numbers;
    const auto last = hn::BitCast(numbers, hn::Load(kTag, group.last_block));
    const auto is_done =
        hn::RebindMask(kTag, hn::Gt(hn::Set(numbers, static_cast<std::int32_t>(block)), last));
    s.a = choose(is_done, load_row(kept.a), s.a);
    s.b = choose(is_done, load_row(kept.b), s.b);
  }
}

template <bool kEven>
void hash_group(const Words& key, const Group& group) {
  alignas(64) BlockWords words;
  Chain kept;
  State s;
  s.a = set_row(key.data());
  s.b = set_row(key.data() + 4);
  for (std::uint32_t block = 0; block < group.blocks; ++block) {
    if constexpr (!kEven) keep_chain(s, kept);
    open_block<kEven>(group, block, s, words);
    mix_rounds(s, words);
    close_block<kEven>(group, block, s, kept);
  }
  store_values(s, group.values);
}

// Mixing one group, each operation waits for the one before; a second group fills those waits. That
// pays where 32 registers hold both states, and if the compiler keeps to the order that is written
// here: hold() makes it have one state up to date, in registers, before it goes on with the other.
#if HWY_TARGET == HWY_AVX3 && HWY_COMPILER_CLANG
constexpr bool kPairs = true;
HWY_INLINE void hold(State& s) {
  asm volatile(""
               : "+v"(s.a.v0.raw), "+v"(s.a.v1.raw), "+v"(s.a.v2.raw), "+v"(s.a.v3.raw),
                 "+v"(s.b.v0.raw), "+v"(s.b.v1.raw), "+v"(s.b.v2.raw), "+v"(s.b.v3.raw),
                 "+v"(s.c.v0.raw), "+v"(s.c.v1.raw), "+v"(s.c.v2.raw), "+v"(s.c.v3.raw),
                 "+v"(s.d.v0.raw), "+v"(s.d.v1.raw), "+v"(s.d.v2.raw), "+v"(s.d.v3.raw)::"memory");
}
#else
constexpr bool kPairs = false;
HWY_INLINE void hold(State&) {}
#endif

template <std::size_t kRound = 0>
HWY_INLINE void mix_rounds_of_two(State& s, State& t, const BlockWords* words) {
  if constexpr (kRound < kSchedule.size()) {
    mix_columns<kRound>(s, words[0]);
    hold(s);
    mix_columns<kRound>(t, words[1]);
    hold(t);
    mix_diagonals<kRound>(s, words[0]);
    hold(s);
    mix_diagonals<kRound>(t, words[1]);
    hold(t);
    mix_rounds_of_two<kRound + 1>(s, t, words);
  }
}

template <bool kEven>
void hash_two_groups(const Words& key, const Group& first, const Group& second) {
  alignas(64) BlockWords words[2];
  Chain kept[2];
  State s;
  State t;
  s.a = t.a = set_row(key.data());
  s.b = t.b = set_row(key.data() + 4);
  const std::uint32_t blocks = std::max(first.blocks, second.blocks);
  for (std::uint32_t block = 0; block < blocks; ++block) {
    if constexpr (!kEven) keep_chain(s, kept[0]);
    if constexpr (!kEven) keep_chain(t, kept[1]);
    open_block<kEven>(first, block, s, words[0]);
    open_block<kEven>(second, block, t, words[1]);
    const BlockWords* hidden = words;  // or the compiler would keep words in registers after all
    asm volatile("" : "+r"(hidden)::"memory");
    mix_rounds_of_two(s, t, hidden);
    close_block<kEven>(first, block, s, kept[0]);
    close_block<kEven>(second, block, t, kept[1]);
  }
  store_values(s, first.values);
  store_values(t, second.values);
}

std::span<const Node> fill_group(Group& group, std::span<const Node> nodes, std::uint8_t* unused) {
  const std::size_t used = std::min(nodes.size(), kLanes);
  for (std::size_t lane = 0; lane < used; ++lane) put_node(group, lane, nodes[lane]);
  for (std::size_t lane = used; lane < kLanes; ++lane) {
    put_node(group, lane, nodes[used - 1]);
    group.values[lane] = unused;
  }
  return nodes.subspan(used);
}

void hash_nodes_in_lanes(const Words& key, std::span<const Node> nodes) {
  std::uint8_t unused[32];
  while (!nodes.empty()) {
    // Filling lanes pays from the second node on.
    if (nodes.size() == 1) return hash_nodes_portably(key, nodes);
    Group first;
    nodes = fill_group(first, nodes, unused);
    if constexpr (kPairs) {
      if (!nodes.empty()) {
        Group second;
        nodes = fill_group(second, nodes, unused);
        if (first.is_even && second.is_even && first.blocks == second.blocks) {
          hash_two_groups<true>(key, first, second);
        } else {
          hash_two_groups<false>(key, first, second);
        }
        continue;
      }
    }
    if (first.is_even) {
      hash_group<true>(key, first);
    } else {
      hash_group<false>(key, first);
    }
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
