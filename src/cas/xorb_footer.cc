// The footer behind the records of a stored xorb (docs/formats/xet.md draws it). Ours is the
// protocol's own version 1, so that a stored object is a xorb as older clients upload them.

#include "base/strings.h"
#include "cas/little_endian.h"
#include "cas/xorb.h"

namespace embrace::cas {

namespace {

constexpr std::string_view kFooterIdent{"XETBLOB\1", 8};
constexpr std::string_view kHashesIdent{"XBLBHSH\0", 8};
constexpr std::string_view kBoundsIdent{"XBLBBND\1", 8};

constexpr std::uint32_t kFixedBytes = 92;     // without the length at the very end
constexpr std::uint32_t kBytesPerChunk = 40;  // its hash and two ends
constexpr std::uint32_t kHashesOffset = 40;   // of their section, in the footer
constexpr std::uint32_t kSectionHead = 12;    // ident and count
constexpr unsigned kReservedBytes = 16;
// Of the reserved bytes, other programs may use the first four. The next one holds our flags.
constexpr unsigned kFlagsAt = 4;
constexpr unsigned char kFlagLengthsMislead = 1;

Result<XorbIndex> corrupt(std::string_view what) {
  return fail(Code::Corrupt, cat("xorb footer: ", what));
}

std::uint32_t info_bytes(std::uint32_t count) { return kFixedBytes + kBytesPerChunk * count; }
std::uint32_t bounds_offset(std::uint32_t count) {
  return kHashesOffset + kSectionHead + 32 * count;
}

// Ends that no records could have.
bool are_possible(const XorbIndex& index) {
  std::uint64_t stored_end = 0;
  std::uint64_t unpacked_end = 0;
  for (const XorbIndex::Chunk& chunk : index.chunks) {
    if (chunk.unpacked_end <= unpacked_end || chunk.unpacked_end > unpacked_end + kChunkBytesMax ||
        chunk.stored_end <= stored_end + kRecordHeaderBytes ||
        chunk.stored_end > stored_end + kRecordHeaderBytes + 2 * kChunkBytesMax) {
      return false;
    }
    stored_end = chunk.stored_end;
    unpacked_end = chunk.unpacked_end;
  }
  return true;
}

XetHash root_of(const XorbIndex& index) {
  MerkleRoot root;
  std::uint64_t start = 0;
  for (const XorbIndex::Chunk& chunk : index.chunks) {
    root.add(chunk.hash, chunk.unpacked_end - start);
    start = chunk.unpacked_end;
  }
  return root.finish();
}

}  // namespace

std::uint64_t footer_bytes(std::uint32_t chunk_count) { return info_bytes(chunk_count) + 4; }

std::string serialize_footer(const XorbIndex& index) {
  const std::uint32_t count = index.count();
  std::string out;
  out.reserve(footer_bytes(count));
  out.append(kFooterIdent).append(index.hash.raw());

  out += kHashesIdent;
  append_little_endian(out, count, 4);
  for (const auto& chunk : index.chunks) out += chunk.hash.raw();

  out += kBoundsIdent;
  append_little_endian(out, count, 4);
  for (const auto& chunk : index.chunks) append_little_endian(out, chunk.stored_end, 4);
  for (const auto& chunk : index.chunks) append_little_endian(out, chunk.unpacked_end, 4);

  append_little_endian(out, count, 4);
  append_little_endian(out, info_bytes(count) - kHashesOffset, 4);
  append_little_endian(out, info_bytes(count) - bounds_offset(count), 4);
  std::string reserved(kReservedBytes, '\0');
  if (index.lengths_mislead) reserved[kFlagsAt] = kFlagLengthsMislead;
  out += reserved;
  append_little_endian(out, info_bytes(count), 4);
  return out;
}

// Everything is written by serialize_footer, so anything that differs from it is damage.
Result<XorbIndex> parse_footer(std::string_view tail) {
  if (tail.size() < footer_bytes(1)) return corrupt("too short");
  const std::uint32_t length = load_u32(tail, tail.size() - 4);
  if (length < info_bytes(1) || (length - kFixedBytes) % kBytesPerChunk != 0) {
    return corrupt("impossible length");
  }
  const std::uint32_t count = (length - kFixedBytes) / kBytesPerChunk;
  if (count > kXorbChunksMax) return corrupt("too many chunks");
  if (tail.size() < footer_bytes(count)) return corrupt("cut off at its start");
  const std::string_view footer = tail.substr(tail.size() - footer_bytes(count));

  XorbIndex index;
  index.hash = XetHash::from_raw(footer.substr(8, 32));
  index.chunks.resize(count);
  const std::uint32_t ends = bounds_offset(count) + kSectionHead;
  for (std::uint32_t i = 0; i < count; ++i) {
    index.chunks[i] = {XetHash::from_raw(footer.substr(kHashesOffset + kSectionHead + 32 * i, 32)),
                       load_u32(footer, ends + 4 * i), load_u32(footer, ends + 4 * (count + i))};
  }
  const std::size_t flags_at = footer.size() - 4 - kReservedBytes + kFlagsAt;
  index.lengths_mislead = footer[flags_at] == kFlagLengthsMislead;

  if (footer != serialize_footer(index)) return corrupt("damaged");
  if (!are_possible(index)) return corrupt("impossible lengths of chunks");
  if (root_of(index) != index.hash) return corrupt("its chunks do not have its hash");
  return index;
}

}  // namespace embrace::cas
