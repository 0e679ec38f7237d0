#pragma once
// WeightMemory: where weights lie once a model is loaded. Pages of 2 MiB, when the system gives
// them: reading them all for every token is a quarter faster than from pages of 4 KiB, and small
// matrices share them.
//
// Threads: any. Ownership: a piece keeps its whole chunk alive; what was freed is not handed out
// again, so a model's memory goes back to the system with its last layer.

#include <cstddef>
#include <memory>

namespace embrace::transformers {

class WeightMemory {
 public:
  WeightMemory() = default;
  // Zeros, on a 64-byte boundary. Throws bad_alloc.
  static WeightMemory allocate(std::size_t bytes);

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::shared_ptr<const void> chunk_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace embrace::transformers
