#pragma once
// Weights: the tensors of one model by name, wherever they are kept. Files are mapped, not read:
// opening costs the heads alone. What a file that changes under its reader does is in
// mapped_file.h.
//
// Threads: any, once made. Ownership: views live as long as their Weights.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/blocking.h"
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
  static constexpr std::size_t kShardsMax = 4096;

  // A file in safetensors, or an index of such files (model.safetensors.index.json), or a folder
  // with model.safetensors or that index. A GGUF file, or a folder with no other model than one,
  // gives its tensors under GGUF's own names (models/gguf_model.h gives the Hub's).
  //
  // The files of an index lie beside it, under plain names; links are followed. NotFound, Corrupt
  // or NotBuilt, naming the file and what is wrong.
  static Result<Weights> open(rt::Blocking, const std::filesystem::path& path);

  // Tensors made in memory. InvalidArgument when one's bytes are not those of its shape, or two
  // have one name.
  static Result<Weights> from_tensors(std::vector<OwnedTensor> tensors);
  // Views into bytes that `keeper` owns, under names given by the caller.
  static Weights from_views(std::map<std::string, TensorView, std::less<>> views,
                            std::shared_ptr<const void> keeper);

  // nullptr when there is none of that name.
  const TensorView* find(std::string_view name) const;
  // InvalidArgument, naming the tensor, when there is none or its shape is another.
  Result<TensorView> get(std::string_view name, std::vector<std::int64_t> shape) const;
  const std::map<std::string, TensorView, std::less<>>& all() const { return views_; }

 private:
  Status add_file(rt::Blocking, const std::filesystem::path& file);
  Status add_shards(rt::Blocking, const std::filesystem::path& index);

  std::map<std::string, TensorView, std::less<>> views_;
  std::vector<std::shared_ptr<const void>> keepers_;  // of the bytes that views_ points to
};

}  // namespace embrace::transformers
