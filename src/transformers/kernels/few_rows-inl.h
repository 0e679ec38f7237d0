// Products of few rows, at one level: included after groups-inl.h. A panel is read once, and the
// sums of some rows stay in registers. Memory is the limit here.

// Without being asked, the processor stops at the end of a page and of a panel; asked this many
// bytes ahead, it reads on (decoding: 0.98 of a plain read instead of 0.83). Panels follow each
// other, and asking for what lies behind the last does no harm.
constexpr std::size_t kAhead = 4096;
EMB_INLINE void fetch_ahead(const std::byte* at) { __builtin_prefetch(at + kAhead); }

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
      fetch_ahead(panel + (word + s) * 64);
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
    store_lanes(PanelOutputs::row(out, row + r), sum + bias, out.lanes);
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
  constexpr std::size_t kGroupBytes =
      block_shape(Groups::kFormat).bytes * 32 / block_shape(Groups::kFormat).inputs;
  for (std::size_t g = 0; g < groups; ++g) {
    Group group;
    Groups::read(panel, g, group);
#pragma clang loop unroll(full)
    for (std::size_t line = 0; line < kGroupBytes; line += 64)
      fetch_ahead(panel + g * kGroupBytes + line);
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
    store_lanes(PanelOutputs::row(out, row + r), sums[r] + bias, out.lanes);
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
