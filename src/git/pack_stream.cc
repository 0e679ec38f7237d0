#include "git/pack_stream.h"

#include <algorithm>

namespace embrace::git {
namespace {

void append_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void append_oid(std::string& out, const Oid& oid) {
  out.append(reinterpret_cast<const char*>(oid.bytes().data()), oid.bytes().size());
}

// 3 bits of type and a size of 4 + 7 + 7... bits, little end first.
void append_object_header(std::string& out, const Object& object) {
  std::uint64_t size = object.bytes().size();
  auto byte = static_cast<unsigned>((static_cast<unsigned>(object.type()) << 4) | (size & 15));
  size >>= 4;
  while (size > 0) {
    out += static_cast<char>(byte | 0x80);
    byte = size & 0x7F;
    size >>= 7;
  }
  out += static_cast<char>(byte);
}

}  // namespace

std::uint32_t pack_crc(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

PackStream::~PackStream() {
  if (deflate_ready_) deflateEnd(&deflate_);
}

void PackStream::begin(std::uint32_t objects) {
  buffer_ = "PACK";
  append_be32(buffer_, 2);
  append_be32(buffer_, objects);
  placed_.reserve(objects);
}

Status PackStream::add(const Oid& oid, const Object& object) {
  const std::size_t start = buffer_.size();
  append_object_header(buffer_, object);
  EMB_DO(append_deflated(object.bytes()));
  return note(oid, start);
}

Status PackStream::add_packed(const Oid& oid, std::string_view bytes) {
  const std::size_t start = buffer_.size();
  buffer_ += bytes;
  return note(oid, start);
}

Status PackStream::note(const Oid& oid, std::size_t start) {
  placed_.push_back({.oid = oid,
                     .crc = pack_crc(std::string_view(buffer_).substr(start)),
                     .offset = flushed_ + start});
  constexpr std::size_t flush_bytes = std::size_t{1} << 20;
  return file_ != nullptr && buffer_.size() >= flush_bytes ? flush() : Status(Done{});
}

Result<Oid> PackStream::finish() {
  if (file_ != nullptr) EMB_DO(flush());
  sha_.update(buffer_);
  const Oid sum(sha_.finish());
  append_oid(buffer_, sum);
  if (file_ != nullptr) {
    EMB_DO(file_->write_all(buffer_));
    flushed_ += buffer_.size();
    buffer_.clear();
  }
  return sum;
}

Status PackStream::append_deflated(std::string_view bytes) {
  const int ready = deflate_ready_ ? deflateReset(&deflate_) : deflateInit(&deflate_, Z_BEST_SPEED);
  if (ready != Z_OK) return fail(Code::Internal, "write pack: zlib refused to start");
  deflate_ready_ = true;
  // zlib counts in 32 bits, so input goes in slices.
  constexpr std::size_t slice_bytes = std::size_t{1} << 20;
  char out[16384];
  int result = Z_OK;
  do {
    const std::size_t take = std::min(bytes.size(), slice_bytes);
    deflate_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    deflate_.avail_in = static_cast<uInt>(take);
    bytes.remove_prefix(take);
    do {
      deflate_.next_out = reinterpret_cast<Bytef*>(out);
      deflate_.avail_out = sizeof out;
      result = deflate(&deflate_, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
      buffer_.append(out, sizeof out - deflate_.avail_out);
    } while (deflate_.avail_out == 0);
  } while (!bytes.empty());
  if (result != Z_STREAM_END) return fail(Code::Internal, "write pack: zlib did not finish");
  return Done{};
}

Status PackStream::flush() {
  sha_.update(buffer_);
  EMB_DO(file_->write_all(buffer_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return Done{};
}

std::string render_index(std::vector<Placed> placed, const Oid& pack_sum) {
  std::ranges::sort(placed, {}, &Placed::oid);
  std::string out("\377tOc", 4);
  append_be32(out, 2);
  std::uint32_t below = 0;
  for (unsigned first = 0; first < 256; ++first) {
    while (below < placed.size() && placed[below].oid.bytes()[0] <= first) ++below;
    append_be32(out, below);
  }
  for (const Placed& object : placed) append_oid(out, object.oid);
  for (const Placed& object : placed) append_be32(out, object.crc);
  constexpr std::uint64_t far = std::uint64_t{1} << 31;  // farther offsets live in a second table
  std::string far_offsets;
  for (const Placed& object : placed) {
    if (object.offset < far) {
      append_be32(out, static_cast<std::uint32_t>(object.offset));
    } else {
      append_be32(out, static_cast<std::uint32_t>(far | (far_offsets.size() / 8)));
      append_be32(far_offsets, static_cast<std::uint32_t>(object.offset >> 32));
      append_be32(far_offsets, static_cast<std::uint32_t>(object.offset));
    }
  }
  out += far_offsets;
  append_oid(out, pack_sum);
  crypto::Sha1 sha;
  sha.update(out);
  append_oid(out, Oid(sha.finish()));
  return out;
}

}  // namespace embrace::git
