#pragma once
// Chunker cuts a stream of bytes into chunks where its content says so, by the rule that Xet
// clients follow (docs/formats): the same bytes give the same chunks, however they arrive.
//
// A chunk ends after the first byte, at 8192 bytes or later, where the rolling hash of the chunk
// has 16 zero bits on top; at 131072 bytes in any case; and at the end of the data. So chunks are
// 64 KiB on average, empty data has none, and only the last one may be short.
//
// Threads: one chunker belongs to one caller at a time. It keeps no bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace embrace::cas {

inline constexpr std::size_t kChunkBytesMin = 8192;
inline constexpr std::size_t kChunkBytesTarget = 65536;
inline constexpr std::size_t kChunkBytesMax = 131072;

class Chunker {
 public:
  // How much of the data belongs to the current chunk, and whether the chunk ends there.
  struct Step {
    std::size_t taken;
    bool is_cut;
  };

  Chunker() = default;

  // Other sizes than the protocol's, for tests: min and max follow from the target, a power of two.
  static Chunker with_target(std::size_t target_bytes);

  // Feeds the next bytes. Call again with the rest while `taken` is less than all of them. At the
  // end of the data, what is open is the last chunk.
  Step next(std::string_view data);

  bool has_open_chunk() const { return open_bytes_ > 0; }
  std::size_t open_bytes() const { return open_bytes_; }

 private:
  std::size_t min_ = kChunkBytesMin;
  std::size_t max_ = kChunkBytesMax;
  std::uint64_t mask_ = 0xFFFF'0000'0000'0000;

  std::size_t open_bytes_ = 0;
  std::uint64_t hash_ = 0;  // of the open chunk, once its bytes matter
};

}  // namespace embrace::cas
