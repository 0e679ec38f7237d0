// The products of many rows for processors with tiles of bfloats (AMX): sixteen times the
// operations of one dot product. A panel's 16 words of 64 bytes are a tile of weights as they lie;
// block types are unpacked to bfloats, and floats are three bfloats that add up to them. So are
// those of attention to kept bfloats. All other kernels are those of the level below.
//
// Formula: the instructions are those of Intel's architecture manual, chapter "Intel AMX": a tile
// is 16 rows of 64 bytes, and tdpbf16ps adds 16 rows of 32 inputs times 16 outputs.
#include "transformers/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#include "transformers/tensor/matrix.h"

#pragma clang diagnostic ignored "-Wpsabi"  // vectors in arguments: all such functions are inlined
#define EMB_AVX2 1
#define EMB_AVX512 1
#define EMB_BF16 1

namespace embrace::transformers::amx {
namespace {
#pragma clang attribute push(                                                                \
    __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni," \
                          "avx512bf16,avx2,fma,f16c"))),                                     \
    apply_to = function)
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
// clang-format off
#include "transformers/kernels/lanes-inl.h"
#include "transformers/kernels/math-inl.h"
#include "transformers/kernels/groups-inl.h"
#include "transformers/kernels/attention-inl.h"
// clang-format on

constexpr std::size_t kSide = 16;    // rows and outputs of a tile
constexpr std::size_t kInputs = 32;  // that one instruction multiplies
constexpr std::size_t kTileBytes = kSide * 64;
constexpr std::size_t kTileFloats = kTileBytes / sizeof(float);
// Tiles of weights of each panel that stay near while all rows pass. With the rows (256 of them),
// the sums and what is fetched ahead they leave room in a second cache of 2 MiB: from the third,
// tiles come at a fifth of the speed.
constexpr std::size_t kTilesTogether = 32;
// Panels whose sums stay in the second cache until all inputs have passed.
constexpr std::size_t kPanelsTogether = 16;

struct alignas(64) Configuration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Of each format: how many bfloats stand for a weight, and how 32 inputs of a panel become tiles.
struct Bfloats {
  static constexpr std::size_t kParts = 1;
  static std::size_t tiles_of(const Panels& weight) { return (weight.blocks() + 15) / 16; }
  EMB_INLINE void unpack(const Panels& weight, const std::byte* panel, std::size_t tile,
                         std::byte* into) {
    for (std::size_t row = 0; row < kSide; ++row) {
      const std::size_t block = tile * kSide + row;
      store(into + row * 64, block < weight.blocks() ? load<U>(panel + block * 64) : U{});
    }
  }
};

// A float is the sum of three bfloats: its highest 8 digits, the next 8, the last 8.
struct Thirds {
  U high;
  U middle;
  U low;
};
EMB_INLINE Thirds thirds_of(F value) {
  const U high = (U)value & 0xffff0000u;
  const F rest = value - (F)high;
  const U middle = (U)rest & 0xffff0000u;
  return {high, middle, (U)(rest - (F)middle)};
}
EMB_INLINE U pair(U even, U odd) { return even >> 16 | (odd & 0xffff0000u); }

struct Floats {
  static constexpr std::size_t kParts = 3;
  static std::size_t tiles_of(const Panels& weight) { return (weight.blocks() + 31) / 32; }
  EMB_INLINE void unpack(const Panels& weight, const std::byte* panel, std::size_t tile,
                         std::byte* into) {
    for (std::size_t row = 0; row < kSide; ++row) {
      const std::size_t block = tile * kInputs + row * 2;
      const auto input = [&](std::size_t at) __attribute__((always_inline)) {
        return at < weight.blocks() ? load<F>(panel + at * 64) : F{};
      };
      const Thirds even = thirds_of(input(block));
      const Thirds odd = thirds_of(input(block + 1));
      store(into + row * 64, pair(even.high, odd.high));
      store(into + kTileBytes + row * 64, pair(even.middle, odd.middle));
      store(into + 2 * kTileBytes + row * 64, pair(even.low, odd.low));
    }
  }
};

template <class Groups>
struct Blocks {
  static constexpr std::size_t kParts = 1;
  static std::size_t tiles_of(const Panels& weight) {
    return weight.blocks() * (block_shape(Groups::kFormat).inputs / kInputs);
  }
  EMB_INLINE void unpack(const Panels&, const std::byte* panel, std::size_t tile, std::byte* into) {
    // Two vectors of 16 bfloats become one of 16 pairs.
    alignas(64) static constexpr std::uint16_t kPairs[32] = {
        0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
        8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i pairs = _mm512_load_si512(kPairs);
    Group group;
    Groups::read(panel, tile, group);
#pragma clang loop unroll(full)
    for (int word = 0; word < 8; ++word) {
      const F scale = group.scales[Groups::kScales == 2 ? word / 4 : 0];
      F least = all(static_cast<float>(-Groups::kZero)) * scale;
      if constexpr (Groups::kMinimum) least -= group.minimum;
      const U bytes = group.words[word];
      const auto value = [&](U byte) __attribute__((always_inline)) {
        return (__m512)fma(to_float((I)byte), scale, least);
      };
      const __m512 values[4] = {value(bytes & 0xffu), value(bytes >> 8 & 0xffu),
                                value(bytes >> 16 & 0xffu), value(bytes >> 24)};
      for (int half = 0; half < 2; ++half) {
        const auto both = (__m512i)_mm512_cvtne2ps_pbh(values[half * 2 + 1], values[half * 2]);
        _mm512_store_si512(into + (word * 2 + half) * 64, _mm512_permutexvar_epi16(pairs, both));
      }
    }
  }
};

// ---- Tiles 0 to 3 are sums (of two tiles of rows times two panels), 4 and 5 rows, 6 and 7
// weights.

template <int kRowTiles>
EMB_INLINE void load_rows(const std::byte* const* rows, std::size_t at) {
  _tile_loadd(4, rows[0] + at, 64);
  if constexpr (kRowTiles == 2) _tile_loadd(5, rows[1] + at, 64);
}
template <int kPanels>
EMB_INLINE void load_weights(const std::byte* const* weights, std::size_t at) {
  _tile_loadd(6, weights[0] + at, 64);
  if constexpr (kPanels == 2) _tile_loadd(7, weights[1] + at, 64);
}
template <int kRowTiles, int kPanels>
EMB_INLINE void add_products() {
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (kPanels == 2) _tile_dpbf16ps(1, 4, 7);
  if constexpr (kRowTiles == 2) _tile_dpbf16ps(2, 5, 6);
  if constexpr (kRowTiles == 2 && kPanels == 2) _tile_dpbf16ps(3, 5, 7);
}

// What will be unpacked next, asked for bit by bit while tiles are multiplied: memory and
// multipliers work at the same time.
struct Ahead {
  const std::byte* at[2] = {nullptr, nullptr};  // of two panels
  std::size_t bytes = 0;                        // that are left of each
  std::size_t step = 0;                         // bytes for one tile of weights

  EMB_INLINE void fetch(Ahead& ahead) {
    const std::size_t here = ahead.bytes < ahead.step ? ahead.bytes : ahead.step;
    for (std::size_t i = 0; i < here; i += 64) {
      __builtin_prefetch(ahead.at[0] + i, 0, 2);
      __builtin_prefetch(ahead.at[1] + i, 0, 2);
    }
    ahead.at[0] += here;
    ahead.at[1] += here;
    ahead.bytes -= here;
  }
};

// One stretch of inputs: `tiles` of the rows and of the weights.
template <std::size_t kParts, int kRowTiles, int kPanels>
EMB_INLINE void multiply_tiles(const std::byte* const* rows, const std::byte* const* weights,
                               std::size_t tiles, Ahead& ahead) {
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    Ahead::fetch(ahead);
    const std::size_t high = tile * kParts * kTileBytes;
    load_rows<kRowTiles>(rows, high);
    if constexpr (kParts == 1) {
      load_weights<kPanels>(weights, high);
      add_products<kRowTiles, kPanels>();
    } else {
      // All products of thirds but those below the last digit of a float.
      const std::size_t middle = high + kTileBytes;
      const std::size_t low = middle + kTileBytes;
      load_weights<kPanels>(weights, low);
      add_products<kRowTiles, kPanels>();
      load_weights<kPanels>(weights, middle);
      add_products<kRowTiles, kPanels>();
      load_weights<kPanels>(weights, high);
      add_products<kRowTiles, kPanels>();
      load_rows<kRowTiles>(rows, low);
      add_products<kRowTiles, kPanels>();
      load_rows<kRowTiles>(rows, middle);
      add_products<kRowTiles, kPanels>();
      load_weights<kPanels>(weights, middle);
      add_products<kRowTiles, kPanels>();
    }
  }
}

// A stretch of one or two panels, as tiles that lie one after the other, and their sums: one tile
// for each 16 rows.
struct Weights {
  const std::byte* at[2];
  float* sums[2];
};

template <std::size_t kParts, int kRowTiles, int kPanels>
EMB_INLINE void multiply_rows(const Weights& weights, const std::byte* const* rows, Range stretch,
                              std::size_t row_tile, Ahead& ahead) {
  float* first = weights.sums[0] + row_tile * kTileFloats;
  float* second = weights.sums[kPanels - 1] + row_tile * kTileFloats;
  if (stretch.first == 0) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, first, 64);
    if constexpr (kPanels == 2) _tile_loadd(1, second, 64);
    if constexpr (kRowTiles == 2) _tile_loadd(2, first + kTileFloats, 64);
    if constexpr (kRowTiles == 2 && kPanels == 2) _tile_loadd(3, second + kTileFloats, 64);
  }
  multiply_tiles<kParts, kRowTiles, kPanels>(rows, weights.at, stretch.last - stretch.first, ahead);
  _tile_stored(0, first, 64);
  if constexpr (kPanels == 2) _tile_stored(1, second, 64);
  if constexpr (kRowTiles == 2) _tile_stored(2, first + kTileFloats, 64);
  if constexpr (kRowTiles == 2 && kPanels == 2) _tile_stored(3, second + kTileFloats, 64);
}

// `words` are those of the first row's tile; sums are at `sums`, panel by panel.
template <class Form, int kPanels>
void multiply_panels(const Panels& weight, const std::byte* words, std::size_t panel, Range stretch,
                     std::size_t row_tiles, float* sums, Ahead ahead) {
  alignas(64) std::byte unpacked[kPanels][kTilesTogether][kTileBytes];
  Weights weights;
  for (std::size_t p = 0; p < kPanels; ++p) {
    weights.sums[p] = sums + p * row_tiles * kTileFloats;
    weights.at[p] = unpacked[p][0];
    for (std::size_t tile = stretch.first; tile < stretch.last; ++tile) {
      Form::unpack(weight, weight.panel(panel + p), tile,
                   unpacked[p][(tile - stretch.first) * Form::kParts]);
    }
  }
  constexpr std::size_t kStep = Form::kParts * kTileBytes;
  const std::size_t row_bytes = Form::tiles_of(weight) * kStep;  // of 16 rows
  words += stretch.first * kStep;
  for (std::size_t tile = 0; tile < row_tiles; tile += 2, words += 2 * row_bytes) {
    const std::byte* rows[2] = {words, words + row_bytes};
    if (tile + 2 <= row_tiles) {
      multiply_rows<Form::kParts, 2, kPanels>(weights, rows, stretch, tile, ahead);
    } else {
      multiply_rows<Form::kParts, 1, kPanels>(weights, rows, stretch, tile, ahead);
    }
  }
}

void write(const Panels& weight, const float* sums, std::size_t row_tiles, const Outputs& out,
           Range panels, Range rows) {
  PanelOutputs to[kPanelsTogether];
  F bias[kPanelsTogether];
  const std::size_t count = panels.last - panels.first;
  for (std::size_t p = 0; p < count; ++p) {
    to[p] = PanelOutputs::of(weight, out, panels.first + p);
    bias[p] = bias_of(to[p]);
  }
  for (std::size_t row = rows.first; row < rows.last; ++row) {
    const float* at = sums + (row - rows.first) * kPanelOutputs;
    for (std::size_t p = 0; p < count; ++p, at += row_tiles * kTileFloats)
      store_lanes(PanelOutputs::row(to[p], row), load<F>(at) + bias[p], to[p].lanes);
  }
}

template <class Form>
void many_rows(const Panels& weight, const Rows& in, const Outputs& out, Range panels, Range rows) {
  constexpr std::size_t kTogether = kTilesTogether / Form::kParts;
  const std::size_t tiles = Form::tiles_of(weight);
  const std::size_t row_tiles = (rows.last - rows.first + kSide - 1) / kSide;
  const std::byte* words = in.words + rows.first / kSide * tiles * Form::kParts * kTileBytes;
  thread_local Matrix memory;
  memory.resize(kPanelsTogether * row_tiles, kTileFloats);
  float* sums = memory.all().data();

  const std::size_t tile_bytes = weight.panel_bytes() / tiles;
  const std::size_t together = tiles <= kTogether ? 2 : kPanelsTogether;
  // The panels and the stretch after these, in the order of the loops below.
  const auto after = [&](Range block, std::size_t panel,
                         Range stretch) __attribute__((always_inline)) {
    panel += 2;
    if (panel >= block.last) {
      panel = block.first;
      stretch = {stretch.last, std::min(stretch.last + kTogether, tiles)};
      if (stretch.first >= tiles) {
        panel = block.last;
        stretch = {0, std::min(kTogether, tiles)};
      }
    }
    Ahead ahead;
    if (panel >= panels.last) return ahead;
    ahead.at[0] = weight.panel(panel) + stretch.first * tile_bytes;
    ahead.at[1] = weight.panel(std::min(panel + 1, panels.last - 1)) + stretch.first * tile_bytes;
    ahead.bytes = (stretch.last - stretch.first) * tile_bytes;
    // All of it before the last rows.
    const std::size_t steps = std::min(kTogether, tiles) * ((row_tiles + 1) / 2);
    ahead.step = (ahead.bytes / steps / 64 + 1) * 64;
    return ahead;
  };

  const Configuration configuration;
  _tile_loadconfig(&configuration);
  for (std::size_t first = panels.first; first < panels.last; first += together) {
    const Range block{first, std::min(first + together, panels.last)};
    Range stretch{0, 0};
    do {
      stretch.last = std::min(stretch.first + kTogether, tiles);
      float* at = sums;
      std::size_t p = block.first;
      for (; p + 2 <= block.last; p += 2, at += 2 * row_tiles * kTileFloats) {
        multiply_panels<Form, 2>(weight, words, p, stretch, row_tiles, at,
                                 after(block, p, stretch));
      }
      if (p < block.last) {
        multiply_panels<Form, 1>(weight, words, p, stretch, row_tiles, at,
                                 after(block, p, stretch));
      }
      stretch.first = stretch.last;
    } while (stretch.first < tiles);
    write(weight, sums, row_tiles, out, block, rows);
  }
  _tile_release();
}

// Rows of floats, each 32 of them as 16 words of highest, of middle and of lowest thirds.
void split_row(const float* from, std::size_t count, std::byte* into) {
  for (std::size_t at = 0; at < count; at += kInputs, into += 3 * 64) {
    float rest[kInputs] = {};
    const std::size_t here = std::min(kInputs, count - at);
    __builtin_memcpy(rest, from + at, here * sizeof(float));
    const Thirds first = thirds_of(load<F>(rest));
    const Thirds second = thirds_of(load<F>(rest + 16));
    const auto put = [&](int part, U low, U high) __attribute__((always_inline)) {
      using H = std::uint16_t __attribute__((vector_size(32)));
      store(into + part * 64, __builtin_convertvector(low >> 16, H));
      store(into + part * 64 + 32, __builtin_convertvector(high >> 16, H));
    };
    put(0, first.high, second.high);
    put(1, first.middle, second.middle);
    put(2, first.low, second.low);
  }
}

#include "transformers/kernels/attention_tiles-inl.h"

#pragma clang attribute pop
#pragma clang attribute pop
}  // namespace

const Kernels& kernels() {
  static const Kernels table = [] {
    Kernels made = avx512_bf16::kKernels;
    const Multiply many[kFormats] = {many_rows<Floats>,
                                     many_rows<Bfloats>,
                                     many_rows<Blocks<Q8_0Groups>>,
                                     many_rows<Blocks<Q4_0Groups>>,
                                     many_rows<Blocks<Q4_KGroups>>,
                                     many_rows<Blocks<Q6_KGroups>>};
    std::ranges::copy(many, made.many_rows);
    std::ranges::fill(made.many_form, RowForm::Bfloats);
    made.many_form[static_cast<std::size_t>(Format::F32)] = RowForm::SplitFloats;
    made.tile_rows = kSide;
    made.tile_words = kInputs / 2;
    made.tile_panels = 2;
    made.rows_together = 256;
    made.split_row = split_row;
    made.attend_bf16 = attend<TileProducts, std::uint16_t>;
    return made;
  }();
  return table;
}

}  // namespace embrace::transformers::amx
#endif
