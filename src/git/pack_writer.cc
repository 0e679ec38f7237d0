#include "git/pack_writer.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "git/random_name.h"
#include "git/sha1.h"

namespace embrace::git {
namespace {

void append_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void append_oid(std::string& out, const Oid& oid) {
  out.append(reinterpret_cast<const char*>(oid.bytes().data()), oid.bytes().size());
}

struct Placed {
  Oid oid;
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;
};

// The pack's bytes, flushed to the file in pieces so that a big commit isn't held twice.
class PackStream {
 public:
  explicit PackStream(File& file) : file_(file) {}
  ~PackStream() {
    if (deflate_ready_) deflateEnd(&deflate_);
  }

  void begin(std::uint32_t objects) {
    buffer_ = "PACK";
    append_be32(buffer_, 2);
    append_be32(buffer_, objects);
  }

  Status add(const Oid& oid, const Object& object, std::vector<Placed>& placed) {
    const std::size_t start = buffer_.size();
    append_object_header(object);
    EMB_DO(append_deflated(object.bytes()));
    const auto* bytes = reinterpret_cast<const Bytef*>(buffer_.data() + start);
    placed.push_back({.oid = oid,
                      .crc = static_cast<std::uint32_t>(crc32_z(0, bytes, buffer_.size() - start)),
                      .offset = flushed_ + start});
    constexpr std::size_t flush_bytes = std::size_t{1} << 20;
    return buffer_.size() >= flush_bytes ? flush() : Status(Done{});
  }

  Result<Oid> finish() {
    EMB_DO(flush());
    const Oid sum = sha_.finish();
    append_oid(buffer_, sum);
    EMB_DO(file_.write_all(buffer_));
    flushed_ += buffer_.size();
    return sum;
  }

  std::uint64_t size_bytes() const { return flushed_; }

 private:
  // 3 bits of type and a size of 4 + 7 + 7... bits, little end first.
  void append_object_header(const Object& object) {
    std::uint64_t size = object.bytes().size();
    auto byte = static_cast<unsigned>((static_cast<unsigned>(object.type()) << 4) | (size & 15));
    size >>= 4;
    while (size > 0) {
      buffer_ += static_cast<char>(byte | 0x80);
      byte = size & 0x7F;
      size >>= 7;
    }
    buffer_ += static_cast<char>(byte);
  }

  Status append_deflated(std::string_view bytes) {
    const int ready =
        deflate_ready_ ? deflateReset(&deflate_) : deflateInit(&deflate_, Z_BEST_SPEED);
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

  Status flush() {
    sha_.update(buffer_);
    EMB_DO(file_.write_all(buffer_));
    flushed_ += buffer_.size();
    buffer_.clear();
    return Done{};
  }

  File& file_;
  std::string buffer_;
  std::uint64_t flushed_ = 0;
  Sha1 sha_;
  z_stream deflate_{};
  bool deflate_ready_ = false;
};

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
  Sha1 sha;
  sha.update(out);
  append_oid(out, sha.finish());
  return out;
}

// Removes what a failed write left behind.
class LeftoverFile {
 public:
  explicit LeftoverFile(std::string path) : path_(std::move(path)) {}
  ~LeftoverFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  Status rename_to(const std::string& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) {
      return fail(errno_error(errno, cat("rename ", path_, " to ", target)));
    }
    path_.clear();
    return Done{};
  }

 private:
  std::string path_;
};

}  // namespace

Result<Pack> write_pack(const Odb& odb, const std::string& pack_folder) {
  const auto& order = odb.staged_order();
  // git ignores, and its gc removes, names that begin with tmp_.
  LeftoverFile pack(cat(pack_folder, "/tmp_pack_", random_name()));
  LeftoverFile index(cat(pack_folder, "/tmp_idx_", random_name()));
  EMB_TRY(File pack_file, File::create_new(pack.path()));
  PackStream stream(pack_file);
  stream.begin(static_cast<std::uint32_t>(order.size()));
  std::vector<Placed> placed;
  placed.reserve(order.size());
  for (const Oid& oid : order) {
    EMB_TRY(const Object object, odb.read_staged(oid));
    EMB_DO(stream.add(oid, object, placed));
  }
  EMB_TRY(Oid sum, stream.finish());

  EMB_TRY(File index_file, File::create_new(index.path()));
  EMB_DO(index_file.write_all(render_index(std::move(placed), sum)));
  // Both get their blocks before the first sync, so that one journal commit covers them.
  ::sync_file_range(pack_file.fd(), 0, 0, SYNC_FILE_RANGE_WRITE);
  ::sync_file_range(index_file.fd(), 0, 0, SYNC_FILE_RANGE_WRITE);
  EMB_DO(pack_file.sync());
  EMB_DO(index_file.sync());

  const std::string name = cat("pack-", sum.hex());
  const std::string target = cat(pack_folder, "/", name);
  EMB_DO(pack.rename_to(target + ".pack"));
  EMB_DO(index.rename_to(target + ".idx"));
  EMB_DO(sync_folder(pack_folder));
  return Pack{.name = name,
              .size_bytes = stream.size_bytes(),
              .objects = static_cast<std::uint32_t>(order.size())};
}

Result<Pack> describe_pack(const std::string& pack_folder, std::string name) {
  const std::string path = cat(pack_folder, "/", name, ".pack");
  EMB_TRY(File file, File::open_for_read(path));
  EMB_TRY(std::uint64_t size, file.size_bytes());
  unsigned char head[12];
  EMB_TRY(std::size_t got, file.read_at({reinterpret_cast<char*>(head), sizeof head}, 0));
  if (got != sizeof head || std::string_view(reinterpret_cast<char*>(head), 4) != "PACK") {
    return fail(Code::Corrupt, cat(path, " is not a pack"));
  }
  const std::uint32_t objects = (std::uint32_t{head[8]} << 24) | (std::uint32_t{head[9]} << 16) |
                                (std::uint32_t{head[10]} << 8) | std::uint32_t{head[11]};
  return Pack{.name = std::move(name), .size_bytes = size, .objects = objects};
}

}  // namespace embrace::git
