// No frame makes the decoder write more than it was asked for or leaves it unusable; what the
// encoder makes, the decoder reads; grouping loses nothing.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "cas/compression.h"

namespace {

using namespace embrace::cas;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_round_trip(std::string_view bytes, Compression wanted) {
  static Encoder encoder;
  static Decoder decoder;
  const auto encoded = encoder.encode(bytes, wanted);
  require(encoded.used == Compression::None ? encoded.payload == bytes
                                            : encoded.payload.size() < bytes.size());
  std::string into(bytes.size(), '?');
  require(decoder.decode(encoded.used, encoded.payload, into).has_value());
  require(into == bytes);
}

}  // namespace

// Three bytes say how long the chunk is to be and how it is compressed; the rest is the payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t input_size) {
  if (input_size < 3) return 0;
  const auto compression = static_cast<Compression>(input[0] % 4);
  const std::size_t chunk_bytes = 1 + (input[1] | std::size_t{input[2]} << 8) * 2;
  const std::string_view payload(reinterpret_cast<const char*>(input) + 3, input_size - 3);

  // Of exactly that size, so that a byte beyond it is noticed.
  static Decoder decoder;
  std::string into(chunk_bytes, '?');
  if (decoder.decode(compression, payload, into)) {
    std::string again(chunk_bytes, '!');
    require(decoder.decode(compression, payload, again).has_value());
    require(into == again);
  }

  if (payload.size() > kChunkBytesMax) return 0;
  require(ungroup_bytes_by_four(group_bytes_by_four(payload)) == payload);
  check_round_trip(payload, Encoder::choose(payload));
  // Repeated, so that there is something to find.
  std::string long_chunk(payload);
  while (!long_chunk.empty() && long_chunk.size() <= 4096) long_chunk += long_chunk;
  check_round_trip(long_chunk, Compression::Lz4);
  check_round_trip(long_chunk, Compression::ByteGroupedLz4);
  return 0;
}
