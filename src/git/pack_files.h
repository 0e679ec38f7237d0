#pragma once
// PackFiles: a pack and its index while they are written, under names that nobody looks at, until
// place() gives them the names under which everybody finds them.

#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace embrace::git {

class PackFiles {
 public:
  static Result<PackFiles> create(const std::string& pack_folder);
  PackFiles(PackFiles&& other) noexcept;
  PackFiles& operator=(PackFiles&&) = delete;
  ~PackFiles();  // removes what was not placed

  const File& pack() const { return pack_; }
  Status write_index(std::string_view bytes) { return index_.write_all(bytes); }

  // Both files' bytes are on the disk on return; their names are not.
  Status sync();
  // <pack_folder>/<name>.pack, then .idx, so that whoever sees an index finds its pack. Replaces
  // files of that name.
  Status place(const std::string& name);

 private:
  explicit PackFiles(std::string pack_folder);

  std::string pack_folder_;
  std::string pack_path_;  // "": placed
  std::string index_path_;
  File pack_;
  File index_;
};

}  // namespace embrace::git
