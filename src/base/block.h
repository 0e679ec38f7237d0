#pragma once
// Block: a megabyte of a large body, handed from the socket to the hash, the chunker and the disk
// without being copied. There is room in front of it for what the block before left unfinished, so
// that a chunk which crosses from one block into the next is still one run of bytes.
//
// Fresh memory costs the kernel a page fault for every 4 KiB, as much as copying them: spent blocks
// are kept, some of them, and given out again.
//
// Threads: one fills it; after that any number read it. Ownership: shared by the steps that are not
// done with it.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace embrace {

class Block {
 public:
  static constexpr std::size_t kBytes = 1 << 20;
  static constexpr std::size_t kFrontBytes = 128 << 10;
  static constexpr std::size_t kAlignment = 4096;  // of kernels that write past their page cache

  static std::shared_ptr<Block> make();
  ~Block();
  Block(const Block&) = delete;

  std::string_view bytes() const { return {memory_ + kFrontBytes, filled_}; }
  std::span<char> room() { return {memory_ + kFrontBytes + filled_, kBytes - filled_}; }
  bool is_full() const { return filled_ == kBytes; }
  void grow(std::size_t count);               // that much of the room was filled
  std::size_t append(std::string_view from);  // as much as fits; how much that was
  void clear() { filled_ = 0; }
  // bytes() with `before`, of kFrontBytes at most, copied to the front of them. bytes() may be read
  // by others meanwhile.
  std::string_view behind(std::string_view before);

 private:
  explicit Block(char* memory) : memory_(memory) {}

  char* const memory_;
  std::size_t filled_ = 0;
};

using BlockPtr = std::shared_ptr<Block>;

}  // namespace embrace
