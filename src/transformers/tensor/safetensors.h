#pragma once
// safetensors, the file format: a head in JSON that says where each tensor lies, then the tensors.
// docs/formats/safetensors.md has the layout and every rule that we hold a file to.
//
// Files come from strangers: a file that breaks a rule is refused whole, and nothing outside the
// bytes given is read. Memory for a head is at most some forty times its size.

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/tensor/tensor.h"

namespace embrace::transformers {

struct OwnedTensor;  // weights.h

// The official reader takes heads up to 100 MB; the largest of real models are below 10.
inline constexpr std::size_t kSafetensorsHeadBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kTensorDimensionsMax = 16;

struct Safetensors {
  std::vector<std::pair<std::string, TensorView>> tensors;  // views into the file's bytes
  std::map<std::string, std::string> metadata;              // what "__metadata__" says
};

// From all bytes of a file. Corrupt, with what is wrong, for one that breaks the format's rules;
// NotBuilt for an element type that TensorView has none for.
Result<Safetensors> parse_safetensors(std::span<const std::byte> file);

// Writes a file that every reader of the format takes: the tensors in the order given, the first
// on a boundary of 8 bytes. Durable, and renamed into place. InvalidArgument for block types, which
// the format lacks, for a name twice and for bytes that are not those of their shape.
Status write_safetensors(rt::Blocking, const std::filesystem::path& path,
                         std::span<const OwnedTensor> tensors,
                         const std::map<std::string, std::string>& metadata = {});

}  // namespace embrace::transformers
