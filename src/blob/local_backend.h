#pragma once
// LocalBackend: a folder, where the object "lfs/ab/x" is the file <folder>/lfs/ab/x.
//
//   <folder>/tmp/<random>   bytes on their way in, locked (flock) by the process that writes them
//   <folder>/<key>          committed objects, never changed again
//
// Several processes may share the folder. A crash leaves at most files in tmp/; the next open()
// removes those whose lock can be taken, because their writer is gone.
//
// Threads and errors: as in backend.h. A full disk is Unavailable.

#include <memory>
#include <string>

#include "base/sync.h"
#include "blob/backend.h"
#include "blob/known_folders.h"
#include "rt/pool.h"

namespace embrace::blob {

class LocalBackend : public Backend {
 public:
  // Makes the folder when there is none.
  static Result<std::unique_ptr<LocalBackend>> open(rt::Blocking, std::string folder);

  Result<Stat> stat(rt::Blocking, const Key& key) override;
  Result<rt::Content> open(rt::Blocking, const Key& key, std::uint64_t offset,
                           std::uint64_t length) override;
  Status read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
              const std::function<Status(std::string_view)>& take) override;
  Result<std::unique_ptr<Writer>> create(rt::Blocking) override;
  Status remove(rt::Blocking, const Key& key) override;
  Result<Listing> list(rt::Blocking, std::string_view prefix, std::string_view after,
                       std::size_t limit) override;

  // For the rooms that live in the same folder and read files themselves.
  std::string path_of(const Key& key) const;

 private:
  explicit LocalBackend(std::string folder);

  const std::string folder_;
  KnownFolders folders_;
  rt::Pool disk_;  // last: its jobs are done before the rest goes
};

}  // namespace embrace::blob
