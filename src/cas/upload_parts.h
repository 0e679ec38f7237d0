#pragma once
// UploadParts: the parts of LFS multipart uploads, which arrive in any order and are joined into an
// object at the end.
//
//   parts/<upload>/<number>    5 digits: 00001
//
// Threads and errors: as in object_store.h. Ownership: backend and store outlive it.

#include <memory>
#include <string_view>

#include "blob/backend.h"
#include "cas/object_store.h"

namespace embrace::cas {

class UploadParts {
 public:
  static constexpr unsigned kPartsMax = 10'000;  // what multipart uploads of every kind allow

  // `store` takes the joined object.
  UploadParts(blob::Backend& backend, ObjectStore& store) : backend_(backend), store_(store) {}

  Result<std::unique_ptr<Ingest>> create(rt::Blocking, std::string_view upload, unsigned number);
  Result<ObjectInfo> complete(rt::Blocking, std::string_view upload, unsigned count,
                              ObjectInfo expected);
  Status drop(rt::Blocking, std::string_view upload);
  Result<std::uint64_t> size(rt::Blocking, std::string_view upload, unsigned number);
  Result<std::size_t> drop_stale(rt::Blocking, Millis since_ms);

 private:
  Result<ObjectInfo> join(rt::Blocking, std::string_view upload, unsigned count,
                          ObjectInfo expected);

  blob::Backend& backend_;
  ObjectStore& store_;
};

}  // namespace embrace::cas
