#pragma once
// WholeObjectStore keeps each file whole, as one blob.
//
//   lfs/ab/cd/<sha256>         the file; "abcd" are the first digits of <sha256>
//   parts/<upload>/<number>    a part of an upload, 5 digits: 00001
//
// Bytes are hashed while they are written. An object whose digest or size is not what was expected
// is dropped before anything can see it.
//
// Threads and errors: as in object_store.h. Ownership: the backend outlives the store.

#include "blob/backend.h"
#include "cas/object_store.h"

namespace embrace::cas {

class WholeObjectStore : public ObjectStore {
 public:
  static constexpr unsigned kPartsMax = 10'000;  // what multipart uploads of every kind allow

  explicit WholeObjectStore(blob::Backend& backend) : backend_(backend) {}

  Result<ObjectInfo> find(rt::Blocking, const Digest& sha256) override;
  Result<rt::Content> open(rt::Blocking, const Digest& sha256, std::uint64_t offset,
                           std::uint64_t length) override;
  Result<std::unique_ptr<Ingest>> create(rt::Blocking) override;

  Result<std::unique_ptr<Ingest>> create_part(rt::Blocking, std::string_view upload,
                                              unsigned number) override;
  Result<ObjectInfo> complete_parts(rt::Blocking, std::string_view upload, unsigned count,
                                    ObjectInfo expected) override;
  Status drop_parts(rt::Blocking, std::string_view upload) override;
  Result<std::size_t> drop_stale_parts(rt::Blocking, Millis since_ms) override;

  Result<std::vector<ObjectInfo>> list(rt::Blocking, std::optional<Digest> after,
                                       std::size_t limit) override;
  Status remove(rt::Blocking, const Digest& sha256) override;
  Status verify(rt::Blocking, const Digest& sha256) override;

  // Where the object lies, for rooms that share the backend.
  static blob::Key key_of(const Digest& sha256);

 private:
  Result<ObjectInfo> join_parts(rt::Blocking, std::string_view upload, unsigned count,
                                ObjectInfo expected);

  blob::Backend& backend_;
};

}  // namespace embrace::cas
