// Products of many rows, at one level: included after groups-inl.h. Tiles of rows times panels,
// whose weights (unpacked to bytes, for block types) stay in the cache while all rows pass. The
// multipliers are the limit here.

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
        sums.at[r][p] = load_lanes(PanelOutputs::row(out[p], row + r), out[p].lanes);
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
      store_lanes(PanelOutputs::row(out[p], row + r), sums.at[r][p], out[p].lanes);
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
