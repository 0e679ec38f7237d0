#include "transformers/tensor/weights.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

// The bytes that a tensor of this shape takes; nullopt when no such tensor can be.
std::optional<std::size_t> bytes_of(DType dtype, const std::vector<std::int64_t>& shape) {
  std::size_t elements = 1;
  for (const std::int64_t side : shape) {
    if (side < 0 || __builtin_mul_overflow(elements, static_cast<std::size_t>(side), &elements))
      return std::nullopt;
  }
  if (!shape.empty() && shape.back() % static_cast<std::int64_t>(block_elements(dtype)) != 0)
    return std::nullopt;
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(elements / block_elements(dtype), block_bytes(dtype), &bytes))
    return std::nullopt;
  return bytes;
}

}  // namespace

Result<Weights> Weights::from_tensors(std::vector<OwnedTensor> tensors) {
  Weights weights;
  auto kept = std::make_shared<std::vector<OwnedTensor>>(std::move(tensors));
  for (const OwnedTensor& tensor : *kept) {
    if (bytes_of(tensor.dtype, tensor.shape) != tensor.bytes.size()) {
      return fail(Code::InvalidArgument,
                  cat("tensor ", tensor.name, ": ", tensor.bytes.size(), " bytes are not a ",
                      name_of(tensor.dtype), " tensor of shape ", shape_text(tensor.shape)));
    }
    weights.views_.emplace(tensor.name, TensorView{tensor.dtype, tensor.shape, tensor.bytes});
  }
  weights.keepers_.push_back(std::move(kept));
  return weights;
}

const TensorView* Weights::find(std::string_view name) const {
  const auto found = views_.find(name);
  return found == views_.end() ? nullptr : &found->second;
}

Result<TensorView> Weights::get(std::string_view name, std::vector<std::int64_t> shape) const {
  const TensorView* found = find(name);
  if (found == nullptr) {
    return fail(Code::InvalidArgument, cat("the model's files hold no tensor ", name));
  }
  if (found->shape != shape) {
    return fail(Code::InvalidArgument, cat("tensor ", name, " has shape ", shape_text(found->shape),
                                           ", but config.json calls for ", shape_text(shape)));
  }
  return *found;
}

}  // namespace embrace::transformers
