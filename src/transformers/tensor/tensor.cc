#include "transformers/tensor/tensor.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

struct Kind {
  DType dtype;
  std::string_view name;
  std::size_t elements;  // in a block
  std::size_t bytes;     // of a block
};

constexpr Kind kKinds[] = {
    {DType::F64, "F64", 1, 8},        {DType::F32, "F32", 1, 4},
    {DType::F16, "F16", 1, 2},        {DType::BF16, "BF16", 1, 2},
    {DType::F8E4M3, "F8_E4M3", 1, 1}, {DType::F8E5M2, "F8_E5M2", 1, 1},
    {DType::I64, "I64", 1, 8},        {DType::I32, "I32", 1, 4},
    {DType::I16, "I16", 1, 2},        {DType::I8, "I8", 1, 1},
    {DType::U8, "U8", 1, 1},          {DType::Bool, "BOOL", 1, 1},
    {DType::Q8_0, "Q8_0", 32, 34},    {DType::Q4_0, "Q4_0", 32, 18},
    {DType::Q4_K, "Q4_K", 256, 144},  {DType::Q6_K, "Q6_K", 256, 210},
};

const Kind& kind_of(DType dtype) {
  const Kind& kind = kKinds[static_cast<std::size_t>(dtype)];
  EMB_CHECK(kind.dtype == dtype, "the table of element types is in their order");
  return kind;
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float half_to_float(std::uint16_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// OCP 8-bit floats: `exponent_bits` of exponent, the rest mantissa. E4M3 has no infinity, one NaN.
float eight_bits_to_float(std::uint8_t bits, int exponent_bits) {
  const int mantissa_bits = 7 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const float sign = (bits & 0x80) != 0 ? -1.0f : 1.0f;
  if (exponent_bits == 4 && (bits & 0x7f) == 0x7f) return NAN;
  if (exponent_bits == 5 && exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0)
    return sign * std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits);
  return sign * std::ldexp(static_cast<float>(mantissa + (1 << mantissa_bits)),
                           exponent - bias - mantissa_bits);
}

template <class T, class Convert>
void convert(const std::byte* from, std::span<float> into, Convert&& to_float) {
  for (float& value : into) {
    value = to_float(load<T>(from));
    from += sizeof(T);
  }
}

// GGUF block layouts, from the format's description of ggml's quantized types.
void read_q8_0(const std::byte* block, float* into) {
  const float scale = half_to_float(load<std::uint16_t>(block));
  for (int i = 0; i < 32; ++i)
    into[i] = scale * static_cast<float>(load<std::int8_t>(block + 2 + i));
}

// Byte i holds element i in its low half and element i + 16 in its high half, each 8 too large.
void read_q4_0(const std::byte* block, float* into) {
  const float scale = half_to_float(load<std::uint16_t>(block));
  for (int i = 0; i < 16; ++i) {
    const int both = load<std::uint8_t>(block + 2 + i);
    into[i] = scale * static_cast<float>((both & 15) - 8);
    into[i + 16] = scale * static_cast<float>((both >> 4) - 8);
  }
}

// Eight groups of 32 with a scale and a minimum of 6 bits each, packed into 12 bytes: groups 0 to 3
// whole in bytes 0 to 7, groups 4 to 7 as low halves in bytes 8 to 11 and two bits in bytes 0 to 7.
void read_q4_k(const std::byte* block, float* into) {
  const float scale = half_to_float(load<std::uint16_t>(block));
  const float minimum = half_to_float(load<std::uint16_t>(block + 2));
  const auto packed = [&](int i) { return static_cast<int>(load<std::uint8_t>(block + 4 + i)); };
  const std::byte* halves = block + 16;
  for (int group = 0; group < 8; ++group) {
    int factor;
    int offset;
    if (group < 4) {
      factor = packed(group) & 63;
      offset = packed(group + 4) & 63;
    } else {
      factor = (packed(group + 4) & 15) | (packed(group - 4) >> 6 << 4);
      offset = (packed(group + 4) >> 4) | (packed(group) >> 6 << 4);
    }
    const std::byte* from = halves + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int quant = (load<std::uint8_t>(from + i) >> shift) & 15;
      into[group * 32 + i] = scale * static_cast<float>(factor) * static_cast<float>(quant) -
                             minimum * static_cast<float>(offset);
    }
  }
}

// Two halves of 128, each 64 bytes of low 4 bits and 32 bytes of high 2 bits; 16 signed scales, one
// for 16 elements; last the f16 scale of all.
void read_q6_k(const std::byte* block, float* into) {
  const float scale = half_to_float(load<std::uint16_t>(block + 208));
  for (int half = 0; half < 2; ++half) {
    const std::byte* low = block + half * 64;
    const std::byte* high = block + 128 + half * 32;
    const std::byte* scales = block + 192 + half * 8;
    for (int i = 0; i < 128; ++i) {
      const int quarter = i / 32;
      const int place = i % 32;
      const int low_bits =
          (load<std::uint8_t>(low + place + quarter % 2 * 32) >> (quarter / 2 * 4)) & 15;
      const int high_bits = (load<std::uint8_t>(high + place) >> (quarter * 2)) & 3;
      const auto factor = static_cast<float>(load<std::int8_t>(scales + i / 16));
      into[half * 128 + i] = scale * factor * static_cast<float>((low_bits | high_bits << 4) - 32);
    }
  }
}

void read_blocks(const std::byte* from, std::span<float> into, const Kind& kind,
                 void (*read)(const std::byte*, float*)) {
  for (std::size_t done = 0; done < into.size(); done += kind.elements) {
    read(from, into.data() + done);
    from += kind.bytes;
  }
}

}  // namespace

std::string_view name_of(DType dtype) { return kind_of(dtype).name; }
std::size_t block_elements(DType dtype) { return kind_of(dtype).elements; }
std::size_t block_bytes(DType dtype) { return kind_of(dtype).bytes; }

std::optional<std::size_t> tensor_bytes(DType dtype, std::span<const std::int64_t> shape) {
  std::int64_t elements = 1;
  for (const std::int64_t side : shape) {
    if (side < 0 || __builtin_mul_overflow(elements, side, &elements)) return std::nullopt;
  }
  const std::size_t block = block_elements(dtype);
  const std::int64_t columns = shape.empty() ? 1 : shape.back();
  if (static_cast<std::size_t>(columns) % block != 0) return std::nullopt;
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(elements) / block, block_bytes(dtype),
                             &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::string render_shape(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += cat(i == 0 ? "" : ", ", shape[i]);
  return text + "]";
}

std::uint16_t bfloat_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

std::int64_t TensorView::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t side : shape) product *= side;
  return product;
}

Status read_elements(const TensorView& tensor, std::int64_t first, std::span<float> into) {
  const Kind& kind = kind_of(tensor.dtype);
  const auto count = static_cast<std::int64_t>(into.size());
  const auto block = static_cast<std::int64_t>(kind.elements);
  if (first < 0 || first > tensor.elements() || count > tensor.elements() - first ||
      first % block != 0 || count % block != 0) {
    return fail(Code::InvalidArgument, cat("no ", count, " elements from ", first, " on in a ",
                                           kind.name, " tensor of ", tensor.elements()));
  }
  if (into.empty()) return Done{};
  const std::byte* from =
      tensor.bytes.data() + first / block * static_cast<std::int64_t>(kind.bytes);
  const auto by_value = [](auto value) { return static_cast<float>(value); };
  switch (tensor.dtype) {
    case DType::F64:
      convert<double>(from, into, by_value);
      break;
    case DType::F32:
      std::memcpy(into.data(), from, into.size_bytes());
      break;
    case DType::F16:
      convert<std::uint16_t>(from, into, half_to_float);
      break;
    case DType::BF16:
      convert<std::uint16_t>(from, into, bfloat_to_float);
      break;
    case DType::F8E4M3:
      convert<std::uint8_t>(from, into,
                            [](std::uint8_t bits) { return eight_bits_to_float(bits, 4); });
      break;
    case DType::F8E5M2:
      convert<std::uint8_t>(from, into,
                            [](std::uint8_t bits) { return eight_bits_to_float(bits, 5); });
      break;
    case DType::I64:
      convert<std::int64_t>(from, into, by_value);
      break;
    case DType::I32:
      convert<std::int32_t>(from, into, by_value);
      break;
    case DType::I16:
      convert<std::int16_t>(from, into, by_value);
      break;
    case DType::I8:
      convert<std::int8_t>(from, into, by_value);
      break;
    case DType::U8:
      convert<std::uint8_t>(from, into, by_value);
      break;
    case DType::Bool:
      convert<std::uint8_t>(from, into, [](std::uint8_t bits) { return bits != 0 ? 1.0f : 0.0f; });
      break;
    case DType::Q8_0:
      read_blocks(from, into, kind, read_q8_0);
      break;
    case DType::Q4_0:
      read_blocks(from, into, kind, read_q4_0);
      break;
    case DType::Q4_K:
      read_blocks(from, into, kind, read_q4_k);
      break;
    case DType::Q6_K:
      read_blocks(from, into, kind, read_q6_k);
      break;
  }
  return Done{};
}

Result<std::vector<float>> read_all(const TensorView& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  EMB_DO(read_elements(tensor, 0, values));
  return values;
}

}  // namespace embrace::transformers
