#pragma once
// WholeIngest: one file or part on its way into a blob, hashed on the way.

#include <memory>
#include <optional>
#include <string>

#include "blob/backend.h"
#include "cas/hash_behind.h"
#include "cas/object_store.h"

namespace embrace::cas {

// "lfs/ab/cd/<sha256>".
blob::Key object_key(const Digest& sha256);

class WholeIngest : public Ingest {
 public:
  // With `part_key` the bytes are a part and replace what lies there; without, an object.
  WholeIngest(blob::Backend& backend, std::unique_ptr<blob::Writer> writer,
              std::optional<blob::Key> part_key);

  Status write(rt::Blocking, std::string_view bytes) override;
  Result<ObjectInfo> finish(rt::Blocking, std::optional<ObjectInfo> expected) override;

 private:
  Piece next_piece(std::size_t bytes_now);
  Status pass_on(rt::Blocking);
  Status commit_object(rt::Blocking, const ObjectInfo& info);
  Status commit_part(rt::Blocking);

  blob::Backend& backend_;
  std::unique_ptr<blob::Writer> writer_;
  std::optional<blob::Key> part_key_;
  Piece filling_;  // passed on when it is full
  HashBehind hash_;
  bool is_finished_ = false;
};

}  // namespace embrace::cas
