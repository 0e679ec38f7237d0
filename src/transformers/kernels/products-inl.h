// The products of Linear, at one level: included like lanes-inl.h, and after it. Two loops for each
// format: few_rows reads a panel once and keeps the sums of some rows in registers; many_rows
// computes tiles of rows times panels, whose weights (unpacked to bytes, for block types) stay in
// the cache while all rows pass.

// Rows and panels of a tile, by how many registers there are.
#if EMB_AVX512
constexpr int kTileRows = 8;
constexpr int kTilePanels = 3;
#elif EMB_AVX2
constexpr int kTileRows = 4;
constexpr int kTilePanels = 1;
#else
constexpr int kTileRows = 2;
constexpr int kTilePanels = 1;
#endif
// Words, or groups of 32 inputs, of which the weights of a tile stay in the second cache.
constexpr std::size_t kWordsTogether = 512;
constexpr std::size_t kGroupsTogether = 32;

struct F32Words {
  EMB_INLINE F add(F sum, U w, std::uint32_t x) { return fma((F)w, all(as_float(x)), sum); }
};
struct Bf16Words {
  EMB_INLINE F add(F sum, U w, std::uint32_t x) { return dot_bfloats(sum, w, x); }
};

// What a group of 32 inputs of a panel is, whatever the format: 8 words of bytes, one or two scales
// (of 16 inputs each), perhaps a minimum.
struct Group {
  U words[8];
  F scales[2];
  F minimum;
};

EMB_INLINE void read_halves(const std::byte* from, U* words) {
  for (int i = 0; i < 4; ++i) {
    const U both = load<U>(from + i * 64);
    words[i] = both & 0x0f0f0f0fu;
    words[i + 4] = both >> 4 & 0x0f0f0f0fu;
  }
}

struct Q8_0Groups {
  static constexpr Format kFormat = Format::Q8_0;
  static constexpr bool kWide = true;
  static constexpr std::int32_t kZero = kWideZero;
  static constexpr int kScales = 1;
  static constexpr bool kMinimum = false;
  EMB_INLINE void read(const std::byte* panel, std::size_t group, Group& into) {
    const std::byte* block = panel + group * 544;
    for (int i = 0; i < 8; ++i) into.words[i] = load<U>(block + i * 64);
    into.scales[0] = load_halves(block + 512);
  }
};
struct Q4_0Groups {
  static constexpr Format kFormat = Format::Q4_0;
  static constexpr bool kWide = false;
  static constexpr std::int32_t kZero = 8;
  static constexpr int kScales = 1;
  static constexpr bool kMinimum = false;
  EMB_INLINE void read(const std::byte* panel, std::size_t group, Group& into) {
    const std::byte* block = panel + group * 288;
    read_halves(block, into.words);
    into.scales[0] = load_halves(block + 256);
  }
};
struct Q4_KGroups {
  static constexpr Format kFormat = Format::Q4_K;
  static constexpr bool kWide = false;
  static constexpr std::int32_t kZero = 0;
  static constexpr int kScales = 1;
  static constexpr bool kMinimum = true;
  EMB_INLINE void read(const std::byte* panel, std::size_t group, Group& into) {
    const std::byte* block = panel + group / 8 * 2368;
    const std::byte* at = block + 64 + group % 8 * 288;
    read_halves(at + 32, into.words);
    into.scales[0] = load_halves(block) * load_bytes(at);
    into.minimum = load_halves(block + 32) * load_bytes(at + 16);
  }
};
struct Q6_KGroups {
  static constexpr Format kFormat = Format::Q6_K;
  static constexpr bool kWide = false;
  static constexpr std::int32_t kZero = 32;
  static constexpr int kScales = 2;
  static constexpr bool kMinimum = false;
  EMB_INLINE void read(const std::byte* panel, std::size_t group, Group& into) {
    const std::byte* block = panel + group / 8 * 3360;
    const std::byte* at = block + 32 + group % 8 * 416;
    read_halves(at + 32, into.words);
    for (int half = 0; half < 2; ++half) {
      const U high = load<U>(at + 288 + half * 64);
      into.words[half * 4] |= high << 4 & 0x30303030u;
      into.words[half * 4 + 1] |= high << 2 & 0x30303030u;
      into.words[half * 4 + 2] |= high & 0x30303030u;
      into.words[half * 4 + 3] |= high >> 2 & 0x30303030u;
    }
    const F scale = load_halves(block);
    into.scales[0] = scale * load_signed_bytes(at);
    into.scales[1] = scale * load_signed_bytes(at + 16);
  }
};

// Outputs of one panel: all 16, or those that the matrix has.
struct PanelOutputs {
  float* at;
  std::size_t stride;
  const float* bias;
  std::size_t lanes;

  EMB_INLINE PanelOutputs of(const Panels& weight, const Outputs& out, std::size_t panel) {
    const std::size_t first = panel * kPanelOutputs;
    const std::size_t left = weight.outputs() - first;
    return {out.at + first, out.stride, out.bias == nullptr ? nullptr : out.bias + first,
            left < kPanelOutputs ? left : kPanelOutputs};
  }
};
EMB_INLINE F load_lanes(const float* from, std::size_t lanes) {
  if (lanes == kPanelOutputs) return load<F>(from);
  float copy[kPanelOutputs] = {};
  for (std::size_t i = 0; i < lanes; ++i) copy[i] = from[i];
  return load<F>(copy);
}
EMB_INLINE void store_lanes(float* into, F value, std::size_t lanes) {
  if (lanes == kPanelOutputs) return store(into, value);
  float copy[kPanelOutputs];
  store(copy, value);
  for (std::size_t i = 0; i < lanes; ++i) into[i] = copy[i];
}
EMB_INLINE F bias_of(const PanelOutputs& out) {
  return out.bias == nullptr ? F{} : load_lanes(out.bias, out.lanes);
}

// ---- Few rows

template <class Words, int kRows>
EMB_INLINE void multiply_panel(const std::byte* panel, std::size_t words, const Rows& in,
                               std::size_t row, const PanelOutputs& out) {
  // Several sums for each row hide the latency of additions.
  constexpr int kSums = kRows == 1 ? 4 : kRows == 2 ? 2 : 1;
  F sums[kRows][kSums] = {};
  const std::size_t stride = words * 4;
  const std::byte* x = in.words + row * stride;
  std::size_t word = 0;
  for (; word + kSums <= words; word += kSums) {
#pragma clang loop unroll(full)
    for (int s = 0; s < kSums; ++s) {
      const U w = load<U>(panel + (word + s) * 64);
#pragma clang loop unroll(full)
      for (int r = 0; r < kRows; ++r)
        sums[r][s] = Words::add(sums[r][s], w, load_word(x + r * stride + (word + s) * 4));
    }
  }
  for (; word < words; ++word) {
    const U w = load<U>(panel + word * 64);
    for (int r = 0; r < kRows; ++r)
      sums[r][0] = Words::add(sums[r][0], w, load_word(x + r * stride + word * 4));
  }
  const F bias = bias_of(out);
#pragma clang loop unroll(full)
  for (int r = 0; r < kRows; ++r) {
    F sum = sums[r][0];
    for (int s = 1; s < kSums; ++s) sum += sums[r][s];
    store_lanes(out.at + (row + r) * out.stride, sum + bias, out.lanes);
  }
}

template <class Groups, int kRows>
EMB_INLINE void multiply_panel_groups(const std::byte* panel, std::size_t groups, const Rows& in,
                                      std::size_t row, const PanelOutputs& out) {
  F sums[kRows] = {};
  const std::size_t stride = groups * 32;
  const std::byte* x = in.words + row * stride;
  const float* scales = in.scales + row * groups;
  const float* totals = in.sums + row * groups;
  const std::int32_t* starts = in.starts + row * groups * Groups::kScales;
  for (std::size_t g = 0; g < groups; ++g) {
    Group group;
    Groups::read(panel, g, group);
#pragma clang loop unroll(full)
    for (int r = 0; r < kRows; ++r) {
      const std::byte* bytes = x + r * stride + g * 32;
      const F scale = all(scales[r * groups + g]);
      I parts[2] = {all(starts[(r * groups + g) * Groups::kScales]), I{}};
      if constexpr (Groups::kScales == 2) parts[1] = all(starts[(r * groups + g) * 2 + 1]);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; ++i) {
        parts[0] = dot_bytes<Groups::kWide>(parts[0], group.words[i], load_word(bytes + i * 4));
        parts[1] =
            dot_bytes<Groups::kWide>(parts[1], group.words[i + 4], load_word(bytes + 16 + i * 4));
      }
      if constexpr (Groups::kScales == 1) {
        sums[r] = fma(to_float(parts[0] + parts[1]), group.scales[0] * scale, sums[r]);
      } else {
        sums[r] = fma(to_float(parts[0]), group.scales[0] * scale, sums[r]);
        sums[r] = fma(to_float(parts[1]), group.scales[1] * scale, sums[r]);
      }
      if constexpr (Groups::kMinimum)
        sums[r] = fma(group.minimum, all(-totals[r * groups + g]), sums[r]);
    }
  }
  const F bias = bias_of(out);
#pragma clang loop unroll(full)
  for (int r = 0; r < kRows; ++r)
    store_lanes(out.at + (row + r) * out.stride, sums[r] + bias, out.lanes);
}

template <class Words>
void few_rows_words(const Panels& weight, const Rows& in, const Outputs& out, Range panels,
                    Range rows) {
  const std::size_t words = weight.blocks();
  for (std::size_t p = panels.first; p < panels.last; ++p) {
    const std::byte* panel = weight.panel(p);
    const PanelOutputs to = PanelOutputs::of(weight, out, p);
    std::size_t row = rows.first;
    for (; row + 4 <= rows.last; row += 4) multiply_panel<Words, 4>(panel, words, in, row, to);
    if (row + 2 <= rows.last) {
      multiply_panel<Words, 2>(panel, words, in, row, to);
      row += 2;
    }
    if (row < rows.last) multiply_panel<Words, 1>(panel, words, in, row, to);
  }
}

template <class Groups>
void few_rows_groups(const Panels& weight, const Rows& in, const Outputs& out, Range panels,
                     Range rows) {
  const std::size_t groups = weight.blocks() * (block_shape(Groups::kFormat).inputs / 32);
  for (std::size_t p = panels.first; p < panels.last; ++p) {
    const std::byte* panel = weight.panel(p);
    const PanelOutputs to = PanelOutputs::of(weight, out, p);
    std::size_t row = rows.first;
    for (; row + 4 <= rows.last; row += 4)
      multiply_panel_groups<Groups, 4>(panel, groups, in, row, to);
    if (row + 2 <= rows.last) {
      multiply_panel_groups<Groups, 2>(panel, groups, in, row, to);
      row += 2;
    }
    if (row < rows.last) multiply_panel_groups<Groups, 1>(panel, groups, in, row, to);
  }
}

// ---- Many rows

// A tile of rows, as activations.h lays it out: all rows' first words, then their second words.
struct TileRows {
  const std::byte* words;
  const float* scales;
  const float* sums;
  const std::int32_t* starts;

  EMB_INLINE TileRows of(const Rows& in, std::size_t tile, std::size_t words, std::size_t groups,
                         std::size_t starts_in_group) {
    constexpr std::size_t kRows = kTileRows;
    const std::size_t before = tile * groups * kRows;
    return {in.words + tile * words * kRows * 4, in.scales + before, in.sums + before,
            in.starts + before * starts_in_group};
  }
};
EMB_INLINE std::uint32_t row_word(const std::byte* words, std::size_t word, int row) {
  return load_word(words + (word * kTileRows + static_cast<std::size_t>(row)) * 4);
}

// A tile's sums: the bias at the first stretch of inputs, then what out holds. Rows behind `rows`
// are there to fill the tile.
template <int kPanels>
struct Sums {
  F at[kTileRows][kPanels];
};
template <int kPanels>
EMB_INLINE void load_sums(Sums<kPanels>& sums, bool first, std::size_t row, std::size_t rows,
                          const PanelOutputs* out) {
#pragma clang loop unroll(full)
  for (int p = 0; p < kPanels; ++p) {
    const F bias = bias_of(out[p]);
#pragma clang loop unroll(full)
    for (int r = 0; r < kTileRows; ++r) {
      if (first || static_cast<std::size_t>(r) >= rows) {
        sums.at[r][p] = bias;
      } else {
        sums.at[r][p] = load_lanes(out[p].at + (row + r) * out[p].stride, out[p].lanes);
      }
    }
  }
}
template <int kPanels>
EMB_INLINE void store_sums(const Sums<kPanels>& sums, std::size_t row, std::size_t rows,
                           const PanelOutputs* out) {
#pragma clang loop unroll(full)
  for (int r = 0; r < kTileRows; ++r) {
    if (static_cast<std::size_t>(r) >= rows) break;
#pragma clang loop unroll(full)
    for (int p = 0; p < kPanels; ++p)
      store_lanes(out[p].at + (row + r) * out[p].stride, sums.at[r][p], out[p].lanes);
  }
}

template <class Words, int kPanels>
EMB_INLINE void multiply_tile(const std::byte* const* panels, Range words, const std::byte* x,
                              Sums<kPanels>& sums) {
  for (std::size_t word = words.first; word < words.last; ++word) {
    U w[kPanels];
#pragma clang loop unroll(full)
    for (int p = 0; p < kPanels; ++p) w[p] = load<U>(panels[p] + word * 64);
#pragma clang loop unroll(full)
    for (int r = 0; r < kTileRows; ++r) {
      const std::uint32_t factor = row_word(x, word, r);
#pragma clang loop unroll(full)
      for (int p = 0; p < kPanels; ++p) sums.at[r][p] = Words::add(sums.at[r][p], w[p], factor);
    }
  }
}

// One stretch of inputs, for some panels and all rows.
template <class Words, int kPanels>
void multiply_tiles(const Panels& weight, const Rows& in, const Outputs& out, std::size_t first,
                    Range stretch, Range rows) {
  const std::byte* panels[kPanels];
  PanelOutputs to[kPanels];
  for (int p = 0; p < kPanels; ++p) {
    panels[p] = weight.panel(first + p);
    to[p] = PanelOutputs::of(weight, out, first + p);
  }
  for (std::size_t row = rows.first; row < rows.last; row += kTileRows) {
    const TileRows x = TileRows::of(in, row / kTileRows, weight.blocks(), 0, 0);
    Sums<kPanels> sums;
    load_sums(sums, stretch.first == 0, row, rows.last - row, to);
    multiply_tile<Words, kPanels>(panels, stretch, x.words, sums);
    store_sums(sums, row, rows.last - row, to);
  }
}

// The rows' stretch stays in the second cache while all panels pass, and a panel's stretch while
// all rows do.
template <class Words>
void many_rows_words(const Panels& weight, const Rows& in, const Outputs& out, Range panels,
                     Range rows) {
  const std::size_t words = weight.blocks();
  for (std::size_t at = 0; at == 0 || at < words; at += kWordsTogether) {
    const Range stretch{at, at + kWordsTogether < words ? at + kWordsTogether : words};
    std::size_t p = panels.first;
    for (; p + kTilePanels <= panels.last; p += kTilePanels)
      multiply_tiles<Words, kTilePanels>(weight, in, out, p, stretch, rows);
    if constexpr (kTilePanels > 1) {
      for (; p < panels.last; ++p) multiply_tiles<Words, 1>(weight, in, out, p, stretch, rows);
    }
  }
}

// Some groups of one or more panels, unpacked to bytes, panels side by side.
template <int kPanels>
struct Unpacked {
  alignas(64) std::uint32_t words[kGroupsTogether][8][kPanels][kPanelOutputs];
  alignas(64) float scales[kGroupsTogether][2][kPanels][kPanelOutputs];
  alignas(64) float minima[kGroupsTogether][kPanels][kPanelOutputs];
};

template <class Groups, int kPanels>
EMB_INLINE void unpack(const std::byte* const* panels, Range groups, Unpacked<kPanels>& into) {
  for (std::size_t g = groups.first; g < groups.last; ++g) {
    const std::size_t at = g - groups.first;
    for (int p = 0; p < kPanels; ++p) {
      Group group;
      Groups::read(panels[p], g, group);
      for (int i = 0; i < 8; ++i) store(into.words[at][i][p], group.words[i]);
      for (int s = 0; s < Groups::kScales; ++s) store(into.scales[at][s][p], group.scales[s]);
      if constexpr (Groups::kMinimum) store(into.minima[at][p], group.minimum);
    }
  }
}

template <class Groups, int kPanels>
EMB_INLINE void multiply_tile_groups(const Unpacked<kPanels>& weight, Range stretch,
                                     const TileRows& x, Sums<kPanels>& sums) {
  constexpr int kWords = 8 / Groups::kScales;
  for (std::size_t g = stretch.first; g < stretch.last; ++g) {
    const std::size_t at = g - stretch.first;
    const float* scales = x.scales + g * kTileRows;
#pragma clang loop unroll(full)
    for (int part = 0; part < Groups::kScales; ++part) {
      const std::int32_t* starts =
          x.starts + (g * Groups::kScales + static_cast<std::size_t>(part)) * kTileRows;
      I products[kTileRows][kPanels];
#pragma clang loop unroll(full)
      for (int r = 0; r < kTileRows; ++r) {
#pragma clang loop unroll(full)
        for (int p = 0; p < kPanels; ++p) products[r][p] = all(starts[r]);
      }
#pragma clang loop unroll(disable)
      for (int i = 0; i < kWords; ++i) {
        U w[kPanels];
#pragma clang loop unroll(full)
        for (int p = 0; p < kPanels; ++p) w[p] = load<U>(weight.words[at][part * kWords + i][p]);
#pragma clang loop unroll(full)
        for (int r = 0; r < kTileRows; ++r) {
          const std::uint32_t factor =
              row_word(x.words, g * 8 + static_cast<std::size_t>(part * kWords + i), r);
#pragma clang loop unroll(full)
          for (int p = 0; p < kPanels; ++p)
            products[r][p] = dot_bytes<Groups::kWide>(products[r][p], w[p], factor);
        }
      }
#pragma clang loop unroll(full)
      for (int p = 0; p < kPanels; ++p) {
        const F scale = load<F>(weight.scales[at][part][p]);
#pragma clang loop unroll(full)
        for (int r = 0; r < kTileRows; ++r)
          sums.at[r][p] = fma(to_float(products[r][p]), scale * all(scales[r]), sums.at[r][p]);
      }
    }
    if constexpr (Groups::kMinimum) {
      const float* totals = x.sums + g * kTileRows;
#pragma clang loop unroll(full)
      for (int p = 0; p < kPanels; ++p) {
        const F minimum = load<F>(weight.minima[at][p]);
#pragma clang loop unroll(full)
        for (int r = 0; r < kTileRows; ++r)
          sums.at[r][p] = fma(minimum, all(-totals[r]), sums.at[r][p]);
      }
    }
  }
}

template <class Groups, int kPanels>
void multiply_tiles_groups(const Panels& weight, const Rows& in, const Outputs& out,
                           std::size_t first, Range stretch, Range rows) {
  const std::byte* panels[kPanels];
  PanelOutputs to[kPanels];
  for (int p = 0; p < kPanels; ++p) {
    panels[p] = weight.panel(first + p);
    to[p] = PanelOutputs::of(weight, out, first + p);
  }
  const std::size_t groups = weight.blocks() * (block_shape(Groups::kFormat).inputs / 32);
  Unpacked<kPanels> unpacked;
  unpack<Groups, kPanels>(panels, stretch, unpacked);
  for (std::size_t row = rows.first; row < rows.last; row += kTileRows) {
    const TileRows x = TileRows::of(in, row / kTileRows, groups * 8, groups, Groups::kScales);
    Sums<kPanels> sums;
    load_sums(sums, stretch.first == 0, row, rows.last - row, to);
    multiply_tile_groups<Groups, kPanels>(unpacked, stretch, x, sums);
    store_sums(sums, row, rows.last - row, to);
  }
}

template <class Groups>
void many_rows_groups(const Panels& weight, const Rows& in, const Outputs& out, Range panels,
                      Range rows) {
  const std::size_t groups = weight.blocks() * (block_shape(Groups::kFormat).inputs / 32);
  for (std::size_t at = 0; at == 0 || at < groups; at += kGroupsTogether) {
    const Range stretch{at, at + kGroupsTogether < groups ? at + kGroupsTogether : groups};
    std::size_t p = panels.first;
    for (; p + kTilePanels <= panels.last; p += kTilePanels)
      multiply_tiles_groups<Groups, kTilePanels>(weight, in, out, p, stretch, rows);
    if constexpr (kTilePanels > 1) {
      for (; p < panels.last; ++p)
        multiply_tiles_groups<Groups, 1>(weight, in, out, p, stretch, rows);
    }
  }
}

// ---- Rows of activations

void round_row(const float* from, std::size_t count, std::uint16_t* into) {
  using H = std::uint16_t __attribute__((vector_size(32)));
  std::size_t i = 0;
  const auto round = [](U bits) __attribute__((always_inline)) {
    const U rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    const U nan = (U)((bits & 0x7fffffffu) > 0x7f800000u);
    return (rounded & ~nan) | ((bits >> 16 | 0x40u) & nan);
  };
  for (; i + 16 <= count; i += 16)
    store(into + i, __builtin_convertvector(round(load<U>(from + i)), H));
  for (; i < count; ++i) {
    U one{};
    one[0] = __builtin_bit_cast(std::uint32_t, from[i]);
    into[i] = static_cast<std::uint16_t>(round(one)[0]);
  }
}

EMB_INLINE void quantize_block(const float* from, std::int8_t* into, float* scale,
                               std::int32_t* halves) {
  using B = std::int8_t __attribute__((vector_size(16)));
  const F low = load<F>(from);
  const F high = load<F>(from + 16);
  const I low_size = (I)low & 0x7fffffff;
  const I high_size = (I)high & 0x7fffffff;
  const std::int32_t largest_bits =
      __builtin_reduce_max(__builtin_elementwise_max(low_size, high_size));
  const float largest = __builtin_bit_cast(float, largest_bits);
  // A scale that its inverse can undo; what is smaller counts as zero.
  const bool usable = largest_bits < 0x7f800000 && largest > 1e-30f;
  const float inverse = usable ? 127.0f / largest : 0.0f;
  // Adding 1.5 * 2^23 rounds to whole numbers, ties to even, in the lowest bits.
  const F magic = all(12582912.0f);
  const I zero = all(std::int32_t{0x4b400000});
  I a = (I)(low * inverse + magic) - zero;
  I b = (I)(high * inverse + magic) - zero;
  if (!usable) a = b = I{};
  store(into, __builtin_convertvector(a, B));
  store(into + 16, __builtin_convertvector(b, B));
  *scale = usable ? largest / 127.0f : largest_bits < 0x7f800000 ? 0.0f : __builtin_nanf("");
  halves[0] = __builtin_reduce_add(a);
  halves[1] = __builtin_reduce_add(b);
}

void quantize_row(const float* from, std::size_t count, std::int8_t* into, float* scales,
                  std::int32_t* halves) {
  for (; count >= 32; count -= 32, from += 32, into += 32, ++scales, halves += 2)
    quantize_block(from, into, scales, halves);
  if (count == 0) return;
  float rest[32] = {};
  for (std::size_t i = 0; i < count; ++i) rest[i] = from[i];
  quantize_block(rest, into, scales, halves);
}
