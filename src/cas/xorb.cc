#include "cas/xorb.h"

#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "cas/little_endian.h"

namespace embrace::cas {

namespace {

// A client may store a chunk that grew under compression; theirs read no payload beyond this.
constexpr std::uint32_t kPayloadBytesMax = 2 * kChunkBytesMax;
constexpr std::uint32_t kChunksPerBlock = 32;

}  // namespace

std::array<char, kRecordHeaderBytes> render_record_header(const RecordHeader& header) {
  std::array<char, kRecordHeaderBytes> out{};  // version 0
  for (unsigned i = 0; i < 3; ++i) {
    out[1 + i] = static_cast<char>(header.payload_bytes >> (8 * i));
    out[5 + i] = static_cast<char>(header.chunk_bytes >> (8 * i));
  }
  out[4] = static_cast<char>(header.compression);
  return out;
}

Result<RecordHeader> parse_record_header(std::string_view bytes) {
  EMB_CHECK(bytes.size() >= kRecordHeaderBytes, "a record header has 8 bytes");
  const auto version = static_cast<unsigned char>(bytes[0]);
  const auto compression = static_cast<unsigned char>(bytes[4]);
  RecordHeader header;
  header.payload_bytes = static_cast<std::uint32_t>(load_little_endian(bytes, 1, 3));
  header.chunk_bytes = static_cast<std::uint32_t>(load_little_endian(bytes, 5, 3));
  if (version != 0) return fail(Code::Unusable, cat("unknown version ", version));
  if (compression > static_cast<unsigned char>(Compression::ByteGroupedLz4)) {
    return fail(Code::Unusable, cat("unknown compression ", compression));
  }
  header.compression = static_cast<Compression>(compression);
  if (header.payload_bytes == 0 || header.payload_bytes > kPayloadBytesMax) {
    return fail(Code::Unusable,
                cat("payload of ", header.payload_bytes, " bytes; it has 1 to ", kPayloadBytesMax));
  }
  if (header.chunk_bytes == 0 || header.chunk_bytes > kChunkBytesMax) {
    return fail(Code::Unusable,
                cat("chunk of ", header.chunk_bytes, " bytes; it has 1 to ", kChunkBytesMax));
  }
  if (header.compression == Compression::None && header.payload_bytes != header.chunk_bytes) {
    return fail(Code::Unusable, "plain chunk whose payload has another length");
  }
  return header;
}

ByteSpan XorbIndex::stored_span(std::uint32_t first, std::uint32_t last) const {
  EMB_CHECK(first <= last && last <= count(), "a range of chunks lies in its xorb");
  const std::uint64_t start = first == 0 ? 0 : chunks[first - 1].stored_end;
  return {start, last == first ? 0 : chunks[last - 1].stored_end - start};
}

ByteSpan XorbIndex::unpacked_span(std::uint32_t first, std::uint32_t last) const {
  EMB_CHECK(first <= last && last <= count(), "a range of chunks lies in its xorb");
  const std::uint64_t start = first == 0 ? 0 : chunks[first - 1].unpacked_end;
  return {start, last == first ? 0 : chunks[last - 1].unpacked_end - start};
}

bool XorbIndex::is_plain(std::uint32_t chunk) const {
  return stored_span(chunk, chunk + 1).length ==
         unpacked_span(chunk, chunk + 1).length + kRecordHeaderBytes;
}

XetHash XorbIndex::range_hash(std::uint32_t first, std::uint32_t last) const {
  EMB_CHECK(first <= last && last <= count(), "a range of chunks lies in its xorb");
  std::vector<XetHash> hashes;
  hashes.reserve(last - first);
  for (std::uint32_t i = first; i < last; ++i) hashes.push_back(chunks[i].hash);
  return cas::range_hash(hashes);
}

bool XorbWriter::has_room_for(std::size_t chunk_bytes) const {
  return index_.count() < kXorbChunksMax &&
         index_.unpacked_bytes() + chunk_bytes <= kXorbUnpackedBytesTarget;
}

// Trying costs far more than choosing. So when the first try of a block fails, as it does with most
// weights unless their bytes are grouped, only another choice is tried; a file may begin with a
// head of another nature than all that follows.
void XorbWriter::choose_compression(std::string_view chunk) {
  if (block_.left == 0) {
    block_ = {.left = kChunksPerBlock, .wanted = Encoder::choose(chunk)};
  } else if (std::exchange(block_.chooses_again, false)) {
    const Compression choice = Encoder::choose(chunk);
    const bool is_hopeless = choice == block_.wanted && !block_.has_helped;
    block_.wanted = is_hopeless ? Compression::None : choice;
  }
  --block_.left;
}

XorbWriter::Record XorbWriter::add(std::string_view chunk, const XetHash& hash) {
  EMB_CHECK(!chunk.empty() && chunk.size() <= kChunkBytesMax, "a chunk has 1 byte to 128 KiB");
  EMB_CHECK(has_room_for(chunk.size()), "the caller asks for room first");
  choose_compression(chunk);
  const Encoder::Encoded encoded = encoder_.encode(chunk, block_.wanted);
  if (encoded.used != block_.wanted) {
    block_.chooses_again = !std::exchange(block_.has_failed, true);
    if (!block_.chooses_again && !block_.has_helped) block_.wanted = Compression::None;
  } else if (encoded.used != Compression::None) {
    block_.has_helped = true;
  }
  const auto stored_end = static_cast<std::uint32_t>(index_.stored_bytes() + kRecordHeaderBytes +
                                                     encoded.payload.size());
  const auto unpacked_end = static_cast<std::uint32_t>(index_.unpacked_bytes() + chunk.size());
  index_.chunks.push_back({hash, stored_end, unpacked_end});
  root_.add(hash, chunk.size());
  return {.header = render_record_header({encoded.used,
                                          static_cast<std::uint32_t>(encoded.payload.size()),
                                          static_cast<std::uint32_t>(chunk.size())}),
          .payload = encoded.payload};
}

XorbIndex XorbWriter::finish() {
  EMB_CHECK(index_.count() > 0, "a xorb has a chunk");
  index_.hash = root_.finish();
  block_ = {};
  return std::exchange(index_, {});
}

}  // namespace embrace::cas
