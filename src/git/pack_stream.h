#pragma once
// PackStream: the bytes of a pack (version 2, see docs/formats/git-folder.md), made object by
// object, and the index that belongs to them. No deltas: a commit's few objects gain little from
// them, and folding packs makes them later.

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/sha1.h"
#include "git/odb.h"
#include "git/types.h"

namespace embrace::git {

// Where an object stands in a pack.
struct Placed {
  Oid oid;
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;
};

class PackStream {
 public:
  // With a file the bytes go there in pieces, so that a big commit isn't held twice; without one
  // they stay here.
  explicit PackStream(const File* file) : file_(file) {}
  ~PackStream();
  PackStream(const PackStream&) = delete;

  void begin(std::uint32_t objects);
  Status add(const Oid& oid, const Object& object);
  // An object that stands in another pack, as it stands there.
  Status add_packed(const Oid& oid, std::string_view bytes);
  // The checksum that ends the pack, and names it.
  Result<Oid> finish();

  std::uint64_t size_bytes() const { return flushed_ + buffer_.size(); }
  const std::vector<Placed>& placed() const { return placed_; }
  std::string take_bytes() { return std::move(buffer_); }  // when there is no file

 private:
  Status append_deflated(std::string_view bytes);
  Status note(const Oid& oid, std::size_t start);
  Status flush();

  const File* file_;
  std::string buffer_;
  std::uint64_t flushed_ = 0;
  std::vector<Placed> placed_;
  crypto::Sha1 sha_;
  z_stream deflate_{};
  bool deflate_ready_ = false;
};

std::uint32_t pack_crc(std::string_view bytes);  // of an object as it stands in a pack
std::string render_index(std::vector<Placed> placed, const Oid& pack_sum);

}  // namespace embrace::git
