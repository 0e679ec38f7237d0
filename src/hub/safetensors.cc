#include "hub/safetensors.h"

#include "json/view.h"
#include "json/writer.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kDtypeBytesMax = 16;
constexpr std::size_t kDtypesMax = 32;
// Far above any model, far below what JSON's readers would round (2^53).
constexpr std::uint64_t kParametersMax = 1ull << 52;

Result<std::uint64_t> count_elements(const json::View& shape) {
  if (!shape.is_array())
    return fail(Code::InvalidArgument, "a tensor of the safetensors header has no shape");
  std::uint64_t count = 1;
  for (const auto& side : shape.items()) {
    const auto length = side.integer();
    std::uint64_t product = 0;
    if (!length || *length < 0 ||
        __builtin_mul_overflow(count, static_cast<std::uint64_t>(*length), &product) ||
        product > kParametersMax) {
      return fail(Code::InvalidArgument,
                  "a tensor of the safetensors header has an impossible shape");
    }
    count = product;
  }
  return count;
}

}  // namespace

void ParameterCounts::add(const ParameterCounts& other) {
  for (const auto& [dtype, count] : other.by_dtype) by_dtype[dtype] += count;
  total += other.total;
}

std::string ParameterCounts::render(bool sharded) const {
  json::Writer writer;
  writer.begin_object().key("parameters").begin_object();
  for (const auto& [dtype, count] : by_dtype) writer.field(dtype, count);
  writer.end_object().field("total", total);
  if (sharded) writer.field("sharded", true);
  return writer.end_object().take();
}

Result<std::uint64_t> parse_safetensors_length(std::string_view start) {
  if (start.size() < 8)
    return fail(Code::InvalidArgument, "the safetensors file is shorter than its header");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | static_cast<std::uint8_t>(start[static_cast<std::size_t>(i)]);
  if (length < 2 || length > kSafetensorsHeaderBytesMax) {
    return fail(Code::InvalidArgument, "the safetensors header has an impossible length");
  }
  return length;
}

Result<ParameterCounts> parse_safetensors_header(std::string_view json) {
  EMB_TRY(auto document, json::Document::parse(json, 8));
  if (!document.root().is_object())
    return fail(Code::InvalidArgument, "the safetensors header is no object");
  ParameterCounts counts;
  for (const auto& [name, tensor] : document.root().members()) {
    if (name == "__metadata__") continue;
    const auto dtype = tensor.text_or("dtype", "");
    if (dtype.empty() || dtype.size() > kDtypeBytesMax) {
      return fail(Code::InvalidArgument, "a tensor of the safetensors header has no dtype");
    }
    EMB_TRY(auto count, count_elements(tensor["shape"]));
    counts.by_dtype[dtype] += count;
    counts.total += count;
    if (counts.total > kParametersMax || counts.by_dtype.size() > kDtypesMax) {
      return fail(Code::InvalidArgument, "the safetensors header counts more than any model has");
    }
  }
  return counts;
}

}  // namespace embrace::hub
