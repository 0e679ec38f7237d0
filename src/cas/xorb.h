#pragma once
// A xorb: up to 8192 chunks, each a record of an 8-byte header and its payload, back to back. The
// same bytes are the wire format and the format on our disk, where a footer follows that says what
// chunks there are. Parsing is for bytes from strangers: every count and length is checked.
//
//   record   version 0 | u24 payload bytes | u8 compression | u24 chunk bytes | payload
//   footer   "XETBLOB" 1 ... (docs/formats/xet.md)
//
// Threads: values; a Writer or Parser belongs to one thread at a time.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cas/compression.h"
#include "cas/xet_hash.h"

namespace embrace::cas {

inline constexpr std::size_t kXorbChunksMax = 8192;
inline constexpr std::size_t kXorbUnpackedBytesTarget = 64 << 20;  // ours are cut there
inline constexpr std::uint64_t kXorbStoredBytesMax = (64ull << 20) + (1 << 20);  // of clients
inline constexpr std::size_t kRecordHeaderBytes = 8;

struct RecordHeader {
  Compression compression = Compression::None;
  std::uint32_t payload_bytes = 0;
  std::uint32_t chunk_bytes = 0;
};
std::array<char, kRecordHeaderBytes> render_record_header(const RecordHeader& header);
// Of the first 8 bytes. Unusable: wrong version, unknown compression, or a length beyond its limit.
Result<RecordHeader> parse_record_header(std::string_view bytes);

struct ByteSpan {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// What lies where in one xorb. Chunk ranges are [first, last), checked by the caller.
struct XorbIndex {
  struct Chunk {
    XetHash hash;
    std::uint32_t stored_end = 0;    // in the serialized xorb, headers included
    std::uint32_t unpacked_end = 0;  // in the joined chunks
  };
  XetHash hash;
  std::vector<Chunk> chunks;
  // A compressed record may be exactly as long as its chunk. Then lengths do not tell which records
  // hold plain bytes, and headers have to be read.
  bool lengths_mislead = false;

  std::uint32_t count() const { return static_cast<std::uint32_t>(chunks.size()); }
  std::uint64_t stored_bytes() const { return chunks.empty() ? 0 : chunks.back().stored_end; }
  std::uint64_t unpacked_bytes() const { return chunks.empty() ? 0 : chunks.back().unpacked_end; }
  ByteSpan stored_span(std::uint32_t first, std::uint32_t last) const;
  ByteSpan unpacked_span(std::uint32_t first, std::uint32_t last) const;
  bool is_plain(std::uint32_t chunk) const;  // stored as it is; meaningless if lengths_mislead
  XetHash range_hash(std::uint32_t first, std::uint32_t last) const;
};

std::string serialize_footer(const XorbIndex& index);
// `tail` is the end of the stored object: at least the footer. Corrupt when it is none.
Result<XorbIndex> parse_footer(std::string_view tail);
std::uint64_t footer_bytes(std::uint32_t chunk_count);

// Builds a xorb of chunks in order. The caller writes each record where the xorb goes.
class XorbWriter {
 public:
  struct Record {
    std::array<char, kRecordHeaderBytes> header;
    std::string_view payload;  // the chunk, or of the writer until the next add

    std::string_view header_text() const { return {header.data(), header.size()}; }
    void append_to(std::string& out) const { out.append(header_text()).append(payload); }
  };
  // `hash` is the chunk's, known already.
  Record add(std::string_view chunk, const XetHash& hash);
  bool has_room_for(std::size_t chunk_bytes) const;
  std::uint32_t count() const { return index_.count(); }
  std::uint64_t unpacked_bytes() const { return index_.unpacked_bytes(); }
  // Once, after the last add: the index, its hash filled in. The writer is as new afterwards.
  XorbIndex finish();

 private:
  XorbIndex index_;
  MerkleRoot root_;
  Encoder encoder_;
  // One block of chunks is tried with one choice, or with a second one when that does not help.
  struct Block {
    std::uint32_t left = 0;  // chunks
    Compression wanted = Compression::None;
    bool has_helped = false;
    bool has_failed = false;
    bool chooses_again = false;  // with the next chunk
  } block_;
  void choose_compression(std::string_view chunk);
};

// Reads a xorb as it arrives, in pieces of any size, decodes and hashes every chunk. A footer at
// the end, as older clients send, is dropped.
class XorbParser {
 public:
  XorbParser();
  ~XorbParser();
  // Unusable, with the number of the record, when the bytes are no xorb.
  Status feed(std::string_view bytes);
  // Unusable when a record is cut off, there is no chunk, or the root is not `expected`.
  Result<XorbIndex> finish(const XetHash& expected);
  // How many of the bytes fed so far are records (that is: without the footer).
  std::uint64_t record_bytes() const;
  bool is_in_footer() const;  // no record follows

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::cas
