// What stands in a panel, word by word or in groups of 32 inputs, and where its 16 outputs go: at
// one level, included after lanes-inl.h.

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
  std::size_t first_row;
  const float* bias;
  std::size_t lanes;

  EMB_INLINE PanelOutputs of(const Panels& weight, const Outputs& out, std::size_t panel) {
    const std::size_t first = panel * kPanelOutputs;
    const std::size_t left = weight.outputs() - first;
    return {out.at + (panel - out.first_panel) * kPanelOutputs, out.stride, out.first_row,
            out.bias == nullptr ? nullptr : out.bias + first,
            left < kPanelOutputs ? left : kPanelOutputs};
  }
  EMB_INLINE float* row(const PanelOutputs& out, std::size_t row) {
    return out.at + (row - out.first_row) * out.stride;
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
