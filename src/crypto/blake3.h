#pragma once
// BLAKE3 with 32 bytes of output, plain or keyed. Written from its specification; the arithmetic
// runs in as many SIMD lanes as the processor has (blake3_lanes.h).
//
// A single message has parallel work only if it is longer than a few KiB. Many short ones (file
// chunks, tree nodes) go through blake3_keyed_many, which fills the lanes across messages.
//
// Threads: functions of their arguments; one Blake3 belongs to one caller at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace embrace::crypto {

using Blake3Key = std::array<std::uint8_t, 32>;
using Blake3Hash = std::array<std::uint8_t, 32>;

Blake3Hash blake3(std::string_view bytes);
Blake3Hash blake3_keyed(const Blake3Key& key, std::string_view bytes);

// out[i] = blake3_keyed(key, messages[i]). Both spans have the same length.
void blake3_keyed_many(const Blake3Key& key, std::span<const std::string_view> messages,
                       std::span<Blake3Hash> out);

// A message that comes in pieces. Pieces of 64 KiB and more run at full speed.
class Blake3 {
 public:
  Blake3();
  explicit Blake3(const Blake3Key& key);

  void update(std::string_view bytes);
  Blake3Hash finish() const;  // of everything so far; more may follow

 private:
  using Words = std::array<std::uint32_t, 8>;
  static constexpr std::size_t kLeafBytes = 1024;

  Blake3(const Words& key, std::uint32_t mode);

  void add_subtree(const char* bytes, std::size_t leaves);
  void merge_finished();
  Blake3Hash join(const Blake3Hash& left, const Blake3Hash& right, std::uint32_t flags) const;

  Words key_;
  std::uint32_t mode_;
  std::uint64_t leaves_ = 0;  // those in stack_

  // The roots of the finished subtrees, largest first. The two newest may be of one size: they are
  // merged when more bytes show that their parent is not the root of all.
  std::array<Blake3Hash, 56> stack_;
  std::size_t stack_size_ = 0;

  // The leaf that is not full yet, or is full and may be the last one.
  std::array<char, kLeafBytes> open_leaf_;
  std::size_t open_bytes_ = 0;
};

}  // namespace embrace::crypto
