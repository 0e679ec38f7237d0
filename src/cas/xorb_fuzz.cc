// A parser says the same however its bytes are cut into pieces, and what it says is what a plain
// loop over the records finds. A footer that is accepted is one that we write.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "cas/xorb.h"

namespace {

using namespace embrace;
using namespace embrace::cas;

void require(bool holds) {
  if (!holds) std::abort();
}

// What the records are, if they are records; a footer or the end stops them.
std::optional<XorbIndex> index_by_the_rule(std::string_view bytes) {
  XorbIndex index;
  MerkleRoot root;
  Decoder decoder;
  while (!bytes.empty() && !(bytes.starts_with("XETBLOB") && bytes.size() >= 8)) {
    if (bytes.size() < kRecordHeaderBytes || index.count() == kXorbChunksMax) return std::nullopt;
    const auto header = parse_record_header(bytes);
    if (!header || bytes.size() - kRecordHeaderBytes < header->payload_bytes) return std::nullopt;
    const auto payload = bytes.substr(kRecordHeaderBytes, header->payload_bytes);
    std::string chunk(header->chunk_bytes, '?');
    if (!decoder.decode(header->compression, payload, chunk)) return std::nullopt;
    index.lengths_mislead |=
        header->compression != Compression::None && header->payload_bytes == header->chunk_bytes;
    const XetHash hash = hash_chunk(chunk);
    root.add(hash, chunk.size());
    index.chunks.push_back(
        {hash,
         static_cast<std::uint32_t>(index.stored_bytes() + kRecordHeaderBytes + payload.size()),
         static_cast<std::uint32_t>(index.unpacked_bytes() + chunk.size())});
    bytes.remove_prefix(kRecordHeaderBytes + payload.size());
  }
  if (index.chunks.empty() || bytes.size() > footer_bytes(kXorbChunksMax)) return std::nullopt;
  index.hash = root.finish();
  return index;
}

std::optional<XorbIndex> parsed(std::string_view bytes, std::size_t piece,
                                const XetHash& expected) {
  XorbParser parser;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    // A copy of its own: a view kept for longer than the call would be noticed.
    const std::string fed(bytes.substr(at, piece));
    if (!parser.feed(fed)) return std::nullopt;
  }
  auto index = parser.finish(expected);
  if (!index) return std::nullopt;
  require(parser.record_bytes() == index->stored_bytes());
  return *std::move(index);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t input_size) {
  if (input_size < 1) return 0;
  const std::size_t piece = 1 + input[0];
  const std::string_view bytes(reinterpret_cast<const char*>(input) + 1, input_size - 1);

  const auto expected = index_by_the_rule(bytes);
  const XetHash hash = expected ? expected->hash : XetHash{};
  for (const std::size_t size : {piece, bytes.size() + 1}) {
    const auto found = parsed(bytes, size, hash);
    require(found.has_value() == expected.has_value());
    if (found) require(serialize_footer(*found) == serialize_footer(*expected));
  }
  if (expected) {
    const auto again = parse_footer(serialize_footer(*expected));
    require(again && again->hash == hash);
  }
  if (const auto index = parse_footer(bytes)) {
    require(bytes.ends_with(serialize_footer(*index)));
    (void)index->is_plain(index->count() - 1);
  }
  return 0;
}
