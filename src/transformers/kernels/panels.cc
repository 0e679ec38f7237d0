// Packing: from rows of a tensor to panels. Each packer writes one output's place (lane) in the
// blocks of a panel.
#include "transformers/kernels/panels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kLine = 64;

std::uint16_t half_bits(float value) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(value));
}

template <class T>
void put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}
std::uint8_t byte_of(const std::byte* at) { return std::to_integer<std::uint8_t>(*at); }

// Where the byte of input `input` (of 32, or any for Q8_0) lies among the words of a lane.
std::size_t word_place(std::size_t input, std::size_t lane) {
  return input / 4 * kLine + lane * 4 + input % 4;
}

struct Extremes {
  float largest = 0;  // by magnitude, with its sign
  bool finite = true;
};
Extremes extremes_of(const float* values) {
  Extremes found;
  for (int i = 0; i < 32; ++i) {
    if (!std::isfinite(values[i])) found.finite = false;
    if (std::fabs(values[i]) > std::fabs(found.largest)) found.largest = values[i];
  }
  return found;
}

constexpr std::uint16_t kHalfNan = 0x7e00;

void put_f32(const float* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t i = 0; i < blocks; ++i) put(panel + i * kLine + lane * 4, row[i]);
}

void put_bf16(const float* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::uint32_t pair = bfloat_bits(row[2 * i]) | std::uint32_t{bfloat_bits(row[2 * i + 1])}
                                                             << 16;
    put(panel + i * kLine + lane * 4, pair);
  }
}

void put_q8_0(const float* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t block = 0; block < blocks; ++block, row += 32, panel += 544) {
    const Extremes found = extremes_of(row);
    const float scale = std::fabs(found.largest) / 127.0f;
    const float inverse = found.finite && scale > 0 ? 1.0f / scale : 0.0f;
    for (std::size_t i = 0; i < 32; ++i) {
      const float quant = inverse == 0 || std::isinf(inverse) ? 0.0f : std::round(row[i] * inverse);
      put(panel + word_place(i, lane), static_cast<std::uint8_t>(static_cast<int>(quant) + 128));
    }
    put(panel + 512 + lane * 2, found.finite ? half_bits(scale) : kHalfNan);
  }
}

void put_q4_0(const float* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t block = 0; block < blocks; ++block, row += 32, panel += 288) {
    const Extremes found = extremes_of(row);
    const float scale = found.largest / -8.0f;
    const float inverse = found.finite && scale != 0 ? 1.0f / scale : 0.0f;
    const auto quant = [&](std::size_t i) {
      if (inverse == 0 || std::isinf(inverse)) return 8;
      return std::clamp(static_cast<int>(row[i] * inverse + 8.5f), 0, 15);
    };
    for (std::size_t i = 0; i < 16; ++i)
      put(panel + word_place(i, lane), static_cast<std::uint8_t>(quant(i) | quant(i + 16) << 4));
    put(panel + 256 + lane * 2, found.finite ? half_bits(scale) : kHalfNan);
  }
}

void take_q8_0(const std::byte* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t block = 0; block < blocks; ++block, row += 34, panel += 544) {
    for (std::size_t i = 0; i < 32; ++i) panel[word_place(i, lane)] = row[2 + i] ^ std::byte{0x80};
    std::memcpy(panel + 512 + lane * 2, row, 2);
  }
}

void take_q4_0(const std::byte* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t block = 0; block < blocks; ++block, row += 18, panel += 288) {
    for (std::size_t i = 0; i < 16; ++i) panel[word_place(i, lane)] = row[2 + i];
    std::memcpy(panel + 256 + lane * 2, row, 2);
  }
}

// The 6-bit factors of GGUF's 12 bytes: see read_q4_k in tensor.cc.
void take_q4_k(const std::byte* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t block = 0; block < blocks; ++block, row += 144, panel += 2368) {
    std::memcpy(panel + lane * 2, row, 2);
    std::memcpy(panel + 32 + lane * 2, row + 2, 2);
    const auto packed = [&](std::size_t i) { return byte_of(row + 4 + i); };
    for (std::size_t group = 0; group < 8; ++group) {
      std::byte* into = panel + 64 + group * 288;
      std::uint8_t scale;
      std::uint8_t minimum;
      if (group < 4) {
        scale = packed(group) & 63;
        minimum = packed(group + 4) & 63;
      } else {
        scale = static_cast<std::uint8_t>((packed(group + 4) & 15) | packed(group - 4) >> 6 << 4);
        minimum = static_cast<std::uint8_t>(packed(group + 4) >> 4 | packed(group) >> 6 << 4);
      }
      put(into + lane, scale);
      put(into + 16 + lane, minimum);
      // GGUF keeps two groups in the halves of 32 bytes; ours has one group's two ends in 16.
      const std::byte* halves = row + 16 + group / 2 * 32;
      const auto quant = [&](std::size_t i) { return byte_of(halves + i) >> (group % 2 * 4) & 15; };
      for (std::size_t i = 0; i < 16; ++i) {
        put(into + 32 + word_place(i, lane),
            static_cast<std::uint8_t>(quant(i) | quant(i + 16) << 4));
      }
    }
  }
}

// The places of low and high bits: see read_q6_k in tensor.cc.
void take_q6_k(const std::byte* row, std::size_t blocks, std::size_t lane, std::byte* panel) {
  for (std::size_t block = 0; block < blocks; ++block, row += 210, panel += 3360) {
    std::memcpy(panel + lane * 2, row + 208, 2);
    for (std::size_t group = 0; group < 8; ++group) {
      std::byte* into = panel + 32 + group * 416;
      into[lane] = row[192 + group * 2];
      into[16 + lane] = row[192 + group * 2 + 1];
      const std::size_t half = group / 4;
      const std::size_t quarter = group % 4;
      const std::byte* low = row + half * 64 + quarter % 2 * 32;
      const std::byte* high = row + 128 + half * 32;
      std::byte* lows = into + 32;
      std::byte* highs = into + 32 + 256;
      for (std::size_t i = 0; i < 16; ++i) {
        const auto low_bits = [&](std::size_t at) {
          return byte_of(low + at) >> (quarter / 2 * 4) & 15;
        };
        put(lows + word_place(i, lane),
            static_cast<std::uint8_t>(low_bits(i) | low_bits(i + 16) << 4));
      }
      for (std::size_t i = 0; i < 32; ++i) {
        const int high_bits = byte_of(high + i) >> (quarter * 2) & 3;
        // Word i / 4 of the group: two bits in one of two words of bytes.
        std::byte& place = highs[i / 16 * kLine + lane * 4 + i % 4];
        place |= static_cast<std::byte>(high_bits << (i / 4 % 4 * 2));
      }
    }
  }
}

using Put = void (*)(const float* row, std::size_t blocks, std::size_t lane, std::byte* panel);
using Take = void (*)(const std::byte* row, std::size_t blocks, std::size_t lane, std::byte* panel);

struct Packer {
  DType stored;  // taken over by `take` when it is that already
  Put put;
  Take take;
};
constexpr Packer kPackers[kFormats] = {
    {DType::F32, put_f32, nullptr},     {DType::BF16, put_bf16, nullptr},
    {DType::Q8_0, put_q8_0, take_q8_0}, {DType::Q4_0, put_q4_0, take_q4_0},
    {DType::Q4_K, nullptr, take_q4_k},  {DType::Q6_K, nullptr, take_q6_k},
};

}  // namespace

Result<Panels> Panels::pack(const TensorView& weight, Format format, Layout layout) {
  if (weight.shape.size() != 2)
    return fail(Code::InvalidArgument, "a linear layer's weight is not a matrix");
  const Packer& packer = kPackers[static_cast<std::size_t>(format)];
  const bool blocks_stored = block_elements(weight.dtype) > 1;
  const bool take = packer.take != nullptr && weight.dtype == packer.stored;
  if (layout == Layout::InOut && blocks_stored) {
    return fail(Code::NotBuilt,
                cat("a matrix of ", name_of(weight.dtype), " blocks that run along the outputs"));
  }
  if (!take && packer.put == nullptr)
    return fail(Code::NotBuilt, "quantizing to K blocks is done by other tools");

  Panels panels;
  panels.format_ = format;
  panels.outputs_ = static_cast<std::size_t>(weight.shape[layout == Layout::OutIn ? 0 : 1]);
  panels.inputs_ = static_cast<std::size_t>(weight.shape[layout == Layout::OutIn ? 1 : 0]);
  const BlockShape block = block_shape(format);
  panels.blocks_ = (panels.inputs_ + block.inputs - 1) / block.inputs;
  if (blocks_stored && panels.inputs_ % block_elements(weight.dtype) != 0)
    return fail(Code::InvalidArgument, "a row of blocks does not end with a block");
  const std::size_t elements = static_cast<std::size_t>(weight.elements());
  if (weight.bytes.size() != elements / block_elements(weight.dtype) * block_bytes(weight.dtype))
    return fail(Code::InvalidArgument, "a weight's bytes are not those of its shape");
  if (panels.count() != 0 && panels.panel_bytes() > SIZE_MAX / 2 / panels.count())
    return fail(Code::InvalidArgument, "a weight is too large");
  panels.memory_ = WeightMemory::allocate(panels.count() * panels.panel_bytes());

  if (take) {
    const std::size_t row_bytes = weight.bytes.size() / std::max<std::size_t>(panels.outputs_, 1);
    for (std::size_t out = 0; out < panels.outputs_; ++out) {
      packer.take(weight.bytes.data() + out * row_bytes, panels.blocks_, out % kPanelOutputs,
                  panels.memory_.data() + out / kPanelOutputs * panels.panel_bytes());
    }
    return panels;
  }

  const std::size_t stride = panels.blocks_ * block.inputs;
  std::vector<float> rows(kPanelOutputs * stride);
  for (std::size_t first = 0; first < panels.outputs_; first += kPanelOutputs) {
    const std::size_t lanes = std::min(kPanelOutputs, panels.outputs_ - first);
    if (layout == Layout::OutIn) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        EMB_DO(read_elements(weight, static_cast<std::int64_t>((first + lane) * panels.inputs_),
                             std::span(rows).subspan(lane * stride, panels.inputs_)));
      }
    } else {
      float column[kPanelOutputs];
      for (std::size_t in = 0; in < panels.inputs_; ++in) {
        EMB_DO(read_elements(weight, static_cast<std::int64_t>(in * panels.outputs_ + first),
                             std::span(column).first(lanes)));
        for (std::size_t lane = 0; lane < lanes; ++lane) rows[lane * stride + in] = column[lane];
      }
    }
    std::byte* panel = panels.memory_.data() + first / kPanelOutputs * panels.panel_bytes();
    for (std::size_t lane = 0; lane < lanes; ++lane)
      packer.put(rows.data() + lane * stride, panels.blocks_, lane, panel);
  }
  return panels;
}

}  // namespace embrace::transformers
