#pragma once
// TempFile: bytes that have no name yet that anybody would look for.
//
// It lies in the tmp folder and is locked with flock as long as it is open; the kernel drops the
// lock when the process dies, however it dies. So a temp file whose lock can be taken is dead, and
// remove_dead_temp_files() needs neither ages nor process ids. Where a file system has no flock,
// nothing can be taken and nothing is removed.

#include <cstddef>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace embrace::blob {

class TempFile {
 public:
  static Result<TempFile> create(const std::string& tmp_folder);
  TempFile(TempFile&&) noexcept = default;
  TempFile& operator=(TempFile&&) = delete;
  ~TempFile();  // removes it, unless it was moved away

  const File& file() const { return file_; }
  const std::string& path() const { return path_; }
  // Gives the file the name `target`, and leaves tmp/. Conflict when the name is taken, NotFound
  // when its folder is missing. Neither syncs.
  Status move_to(const std::string& target);

 private:
  TempFile(File file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  File file_;
  std::string path_;  // empty: moved away
};

// How many were removed.
Result<std::size_t> remove_dead_temp_files(const std::string& tmp_folder);

}  // namespace embrace::blob
