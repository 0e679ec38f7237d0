#include "git/pack_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/strings.h"
#include "git/random_name.h"

namespace embrace::git {
namespace {

Status rename_and_clear(std::string& path, const std::string& target) {
  if (::rename(path.c_str(), target.c_str()) != 0) {
    return fail(errno_error(errno, cat("rename ", path, " to ", target)));
  }
  path.clear();
  return Done{};
}

}  // namespace

// git ignores, and its gc removes, names that begin with tmp_.
PackFiles::PackFiles(std::string pack_folder)
    : pack_folder_(std::move(pack_folder)),
      pack_path_(cat(pack_folder_, "/tmp_pack_", random_name())),
      index_path_(cat(pack_folder_, "/tmp_idx_", random_name())) {}

PackFiles::PackFiles(PackFiles&& other) noexcept
    : pack_folder_(std::move(other.pack_folder_)),
      pack_path_(std::exchange(other.pack_path_, {})),
      index_path_(std::exchange(other.index_path_, {})),
      pack_(std::move(other.pack_)),
      index_(std::move(other.index_)) {}

PackFiles::~PackFiles() {
  for (const auto* path : {&pack_path_, &index_path_}) {
    if (!path->empty()) ::unlink(path->c_str());
  }
}

Result<PackFiles> PackFiles::create(const std::string& pack_folder) {
  PackFiles files(pack_folder);
  EMB_TRY(files.pack_, File::create_new(files.pack_path_));
  EMB_TRY(files.index_, File::create_new(files.index_path_));
  return files;
}

Status PackFiles::sync() {
  // Both get their blocks before the first sync, so that one journal commit covers them.
  ::sync_file_range(pack_.fd(), 0, 0, SYNC_FILE_RANGE_WRITE);
  ::sync_file_range(index_.fd(), 0, 0, SYNC_FILE_RANGE_WRITE);
  EMB_DO(pack_.sync());
  return index_.sync();
}

Status PackFiles::place(const std::string& name) {
  const std::string target = cat(pack_folder_, "/", name);
  EMB_DO(rename_and_clear(pack_path_, target + ".pack"));
  return rename_and_clear(index_path_, target + ".idx");
}

}  // namespace embrace::git
