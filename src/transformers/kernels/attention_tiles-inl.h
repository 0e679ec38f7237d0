// Attention's products by tiles of bfloats (AMX), where keys and values are bfloats: included after
// attention-inl.h in the level's own file, which has the tiles' instructions. Floats would be three
// bfloats each, which vectors outrun.
//
// Queries and weights are sums of two bfloats, 17 digits beside the 8 of keys and values. Tiles 0
// to 3 are sums, 4 is of queries or weights, 5 to 7 are of keys or values.

struct TileProducts {
  using T = std::uint16_t;
  static constexpr std::size_t kRowParts = 2;
  static constexpr std::size_t kTokenTiles = kBlockTokens / kSide;
  static_assert(kBlockQueries == kSide && kTokenTiles == 4);

  std::size_t head_width;
  std::size_t width;  // in whole tiles of keys, 32 wide
  float* scores;
  float* sums;
  Fold* folds;

  std::byte* keys;     // tiles [width / 32][kTokenTiles]
  std::byte* values;   // tiles [width / 16][kBlockTokens / 32]
  std::byte* queries;  // for each 16 of them tiles [width / 32][kRowParts]
  std::byte* weights;  // tiles [kBlockTokens / 32][kRowParts]

  TileProducts(const HeadShape& shape, std::span<const Query> from, float* scratch)
      : head_width(shape.width), width((shape.width + kInputs - 1) / kInputs * kInputs) {
    const std::size_t rows = whole_rows(from.size());
    const auto cut = [&](std::size_t floats) {
      float* part = scratch;
      scratch += floats;
      return part;
    };
    keys = reinterpret_cast<std::byte*>(cut(width * kBlockTokens / 2));
    values = reinterpret_cast<std::byte*>(cut(width * kBlockTokens / 2));
    queries = reinterpret_cast<std::byte*>(cut(width * rows / 2 * kRowParts));
    weights = reinterpret_cast<std::byte*>(cut(kBlockQueries * kBlockTokens / 2 * kRowParts));
    sums = cut(width * rows);
    scores = cut(kBlockQueries * kBlockTokens);
    folds = reinterpret_cast<Fold*>(scratch);
    for (std::size_t row = 0; row < rows; ++row) {
      std::byte* at = tile_of_queries(row) + row % kSide * 64;
      for (std::size_t i = 0; i < width; i += kInputs, at += kRowParts * kTileBytes) {
        F two[2] = {};
        for (std::size_t half = 0; half < 2 && row < from.size(); ++half) {
          const std::size_t first = i + half * 16;
          if (first >= head_width) break;
          two[half] = load_up_to(from[row].at + first, head_width - first, 0) * shape.scale;
        }
        write_parts(two[0], two[1], at);
      }
    }
    const Configuration configuration;
    _tile_loadconfig(&configuration);
  }

  std::byte* tile_of_queries(std::size_t query) const {
    return queries + query / kSide * (width / kInputs) * kRowParts * kTileBytes;
  }

  // 32 floats that follow each other, as a row of each of kRowParts tiles.
  EMB_INLINE void write_parts(F low, F high, std::byte* into) {
    using H = std::uint16_t __attribute__((vector_size(32)));
    const F both[2] = {low, high};
#pragma clang loop unroll(full)
    for (std::size_t half = 0; half < 2; ++half) {
      std::byte* at = into + half * 32;
      const H first = (H)_mm512_cvtneps_pbh((__m512)both[half]);
      const F rest = both[half] - (F)(__builtin_convertvector(first, U) << 16);
      store(at, first);
      store(at + kTileBytes, _mm512_cvtneps_pbh((__m512)rest));
    }
  }

  // Pairs of inputs of a token: 32 of them, or those that are left and zeros.
  EMB_INLINE F read_pairs(const T* from, std::size_t count) {
    if (count >= kInputs) return load<F>(from);
    T row[kInputs] = {};
    for (std::size_t i = 0; i < count; ++i) row[i] = from[i];
    return load<F>(row);
  }

  void take(const T* const* key_rows, const T* const* value_rows, std::size_t count) {
    for (std::size_t i = 0; i < width; i += kInputs) {
      for (std::size_t t = 0; t < count; t += kSide) {
        F rows[kSide];
        for (std::size_t r = 0; r < kSide; ++r)
          rows[r] = t + r < count ? read_pairs(key_rows[t + r] + i, head_width - i) : F{};
        transpose(rows);
        std::byte* tile = keys + (i / kInputs * kTokenTiles + t / kSide) * kTileBytes;
        for (std::size_t r = 0; r < kSide; ++r) store(tile + r * 64, rows[r]);
      }
    }
    // Pairs of tokens, side by side for each input; whole tiles, with zeros behind the last.
    constexpr std::size_t kSteps = kBlockTokens / kInputs;
    for (std::size_t i = 0; i < width; i += 16) {
      for (std::size_t t = 0; t < (count + kInputs - 1) / kInputs * kInputs; t += 2) {
        const auto value = [&](std::size_t token) __attribute__((always_inline)) {
          return token < count && i < head_width
                     ? (U)load_lanes_up_to(value_rows[token] + i, head_width - i)
                     : U{};
        };
        std::byte* tile = values + (i / 16 * kSteps + t / kInputs) * kTileBytes;
        store(tile + t % kInputs / 2 * 64, value(t) >> 16 | value(t + 1));
      }
    }
  }

  void score(std::size_t query, std::size_t, Range tokens) {
    const std::size_t first = tokens.first / kSide;
    switch ((tokens.last - tokens.first) / kSide) {
      case 1:
        return score_tiles<1>(query, first);
      case 2:
        return score_tiles<2>(query, first);
      case 3:
        return score_tiles<3>(query, first);
      default:
        return score_tiles<4>(query, first);
    }
  }

  template <int kTiles>
  void score_tiles(std::size_t query, std::size_t first) {
    zero<kTiles>();
    const std::byte* rows = tile_of_queries(query);
    const std::byte* key = keys + first * kTileBytes;
    for (std::size_t i = 0; i < width; i += kInputs) {
#pragma clang loop unroll(full)
      for (std::size_t part = 0; part < kRowParts; ++part, rows += kTileBytes) {
        _tile_loadd(4, rows, 64);
        add_tiles<kTiles>(key, kTileBytes);
      }
      key += kTokenTiles * kTileBytes;
    }
    float* into = scores + first * kSide;
    _tile_stored(0, into, kBlockTokens * 4);
    if constexpr (kTiles > 1) _tile_stored(1, into + kSide, kBlockTokens * 4);
    if constexpr (kTiles > 2) _tile_stored(2, into + 2 * kSide, kBlockTokens * 4);
    if constexpr (kTiles > 3) _tile_stored(3, into + 3 * kSide, kBlockTokens * 4);
  }

  void add(std::size_t query, std::size_t count, Range tokens, const float* shrinks) {
    const std::size_t first = tokens.first / kInputs;
    const std::size_t last = (tokens.last + kInputs - 1) / kInputs;
    const Range whole{tokens.first / 16 * 16, (tokens.last + 15) / 16 * 16};
    for (std::size_t row = 0; row < kBlockQueries; ++row) {
      for (std::size_t step = first; step < last; ++step) {
        const auto weight = [&](std::size_t token) __attribute__((always_inline)) {
          const bool there = row < count && token >= whole.first && token < whole.last;
          return there ? load<F>(scores + row * kBlockTokens + token) : F{};
        };
        write_parts(weight(step * kInputs), weight(step * kInputs + 16),
                    weights + step * kRowParts * kTileBytes + row * 64);
      }
    }
    for (std::size_t row = 0; row < count; ++row) {
      if (shrinks[row] == 1) continue;
      float* at = sums + (query + row) * width;
      for (std::size_t i = 0; i < width; i += 16) store(at + i, load<F>(at + i) * shrinks[row]);
    }
    const std::size_t columns = width / 16;
    std::size_t column = 0;
    for (; column + 4 <= columns; column += 4) value_tiles<4>(query, column, {first, last});
    if (column < columns) value_tiles<2>(query, column, {first, last});
  }

  template <int kTiles>
  void value_tiles(std::size_t query, std::size_t column, Range steps) {
    constexpr std::size_t kColumn = kBlockTokens / kInputs * kTileBytes;
    float* at = sums + query * width + column * 16;
    _tile_loadd(0, at, width * 4);
    if constexpr (kTiles > 1) _tile_loadd(1, at + 16, width * 4);
    if constexpr (kTiles > 2) _tile_loadd(2, at + 32, width * 4);
    if constexpr (kTiles > 3) _tile_loadd(3, at + 48, width * 4);
    for (std::size_t step = steps.first; step < steps.last; ++step) {
      const std::byte* value = values + column * kColumn + step * kTileBytes;
#pragma clang loop unroll(full)
      for (std::size_t part = 0; part < kRowParts; ++part) {
        _tile_loadd(4, weights + (step * kRowParts + part) * kTileBytes, 64);
        add_tiles<kTiles>(value, kColumn);
      }
    }
    _tile_stored(0, at, width * 4);
    if constexpr (kTiles > 1) _tile_stored(1, at + 16, width * 4);
    if constexpr (kTiles > 2) _tile_stored(2, at + 32, width * 4);
    if constexpr (kTiles > 3) _tile_stored(3, at + 48, width * 4);
  }

  // Adds tile 4 times each of the tiles, `step` bytes apart.
  template <int kTiles>
  EMB_INLINE void add_tiles(const std::byte* tiles, std::size_t step) {
    _tile_loadd(5, tiles, 64);
    _tile_dpbf16ps(0, 4, 5);
    if constexpr (kTiles > 1) {
      _tile_loadd(6, tiles + step, 64);
      _tile_dpbf16ps(1, 4, 6);
    }
    if constexpr (kTiles > 2) {
      _tile_loadd(7, tiles + 2 * step, 64);
      _tile_dpbf16ps(2, 4, 7);
    }
    if constexpr (kTiles > 3) {
      _tile_loadd(5, tiles + 3 * step, 64);
      _tile_dpbf16ps(3, 4, 5);
    }
  }
  template <int kTiles>
  EMB_INLINE void zero() {
    _tile_zero(0);
    if constexpr (kTiles > 1) _tile_zero(1);
    if constexpr (kTiles > 2) _tile_zero(2);
    if constexpr (kTiles > 3) _tile_zero(3);
  }

  void end() { _tile_release(); }
};
