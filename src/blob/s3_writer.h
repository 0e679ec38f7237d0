#pragma once
// S3Writer: an S3 store wants an object's name first, and our callers know it last. So the bytes
// gather in a nameless local file, and commit() sends them: at once when they are few, otherwise in
// parts, several at a time.
//
// A commit that fails leaves nothing: an upload is aborted. One that dies is aborted by the next
// start (S3Backend::abort_stale_uploads).

#include <string>

#include "base/file.h"
#include "blob/backend.h"
#include "blob/s3_service.h"

namespace embrace::blob {

struct S3UploadSettings {
  std::string spool_folder;
  std::uint64_t part_bytes = 16 << 20;  // also the most that is sent whole; S3's least is 5 MiB
  unsigned parts_at_once = 4;
};

class S3Writer : public Writer {
 public:
  S3Writer(S3Service& service, const S3UploadSettings& settings)
      : service_(service), settings_(settings) {}

  Status write(rt::Blocking, std::string_view bytes) override;
  Status commit(rt::Blocking, const Key& key) override;
  std::uint64_t written_bytes() const override { return written_; }

 private:
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  class Parts;

  Status store(rt::Blocking, const std::string& name);
  Status store_in_parts(rt::Blocking, const std::string& name);
  Result<S3Service::Hashes> hash(Piece piece) const;
  http::Upload upload_of(Piece piece) const;

  S3Service& service_;
  const S3UploadSettings& settings_;
  File spool_;  // open once something was written
  std::uint64_t written_ = 0;
  bool committed_ = false;
};

}  // namespace embrace::blob
