#pragma once
// Weights: the tensors of one model by name, wherever they are kept. Files are mapped, not read:
// opening costs the heads alone.
//
// Threads: any, once made. Ownership: views live as long as their Weights.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/tensor/tensor.h"

namespace embrace::transformers {

// A tensor with bytes of its own.
struct OwnedTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};

class Weights {
 public:
  // Tensors made in memory. InvalidArgument when one's bytes are not those of its shape.
  static Result<Weights> from_tensors(std::vector<OwnedTensor> tensors);

  // nullptr when there is none of that name.
  const TensorView* find(std::string_view name) const;
  // InvalidArgument, naming the tensor, when there is none or its shape is another.
  Result<TensorView> get(std::string_view name, std::vector<std::int64_t> shape) const;
  const std::map<std::string, TensorView, std::less<>>& all() const { return views_; }

 private:
  std::map<std::string, TensorView, std::less<>> views_;
  std::vector<std::shared_ptr<const void>> keepers_;  // of the bytes that views_ points to
};

}  // namespace embrace::transformers
