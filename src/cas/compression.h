#pragma once
// How one chunk is stored: as it is, as an LZ4 frame, or with its bytes grouped by four and then as
// an LZ4 frame (BG4: what makes floats compress). Frames are made with independent blocks and
// without checksums, which every client reads; those of clients may be anything LZ4F accepts.
//
// Threads: functions are free to run anywhere; a Decoder or Encoder belongs to one thread at a
// time (they keep LZ4's contexts and scratch memory, so that a chunk costs no allocation).

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cas/chunker.h"  // kChunkBytesMax

namespace embrace::cas {

enum class Compression : std::uint8_t { None = 0, Lz4 = 1, ByteGroupedLz4 = 2 };

std::string group_bytes_by_four(std::string_view bytes);
std::string ungroup_bytes_by_four(std::string_view grouped);

class Encoder {
 public:
  Encoder();
  ~Encoder();
  // A guess from the byte statistics of a chunk: would grouping help? Cheap beside compressing.
  static Compression choose(std::string_view chunk);
  // The payload for `wanted`, valid until the next call; `used` is None, and the payload the chunk
  // itself, when compressing saves less than a sixth.
  struct Encoded {
    Compression used = Compression::None;
    std::string_view payload;
  };
  Encoded encode(std::string_view chunk, Compression wanted);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Decoder {
 public:
  Decoder();
  ~Decoder();
  // Fills `into` (whose size is what the record promised) exactly; Unusable otherwise. The frame
  // must end with the payload. Output never exceeds `into`, whatever the frame says.
  Status decode(Compression, std::string_view payload, std::span<char> into);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::cas
