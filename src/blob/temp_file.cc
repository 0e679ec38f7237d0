#include "blob/temp_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/strings.h"

namespace embrace::blob {

namespace {

std::string random_name() {
  char bytes[16];
  std::size_t filled = 0;
  while (filled < sizeof bytes) {
    const ssize_t got = ::getrandom(bytes + filled, sizeof bytes - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return to_hex(std::string_view(bytes, sizeof bytes));
}

enum class Lock { Taken, Busy, Unsupported };

Lock try_lock(const File& file) {
  int result;
  do {
    result = ::flock(file.fd(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return Lock::Taken;
  return errno == EWOULDBLOCK ? Lock::Busy : Lock::Unsupported;
}

bool has_a_name(const File& file) {
  struct stat info;
  return ::fstat(file.fd(), &info) == 0 && info.st_nlink > 0;
}

// The lock is taken before the removal and held through it, and create() looks again after locking:
// so a file that is being born can be removed only in a way its creator notices.
bool remove_when_dead(const std::string& path) {
  auto file = File::open_for_read(path);
  if (!file || try_lock(*file) != Lock::Taken) return false;
  return ::unlink(path.c_str()) == 0;
}

}  // namespace

Result<TempFile> TempFile::create(const std::string& tmp_folder) {
  for (;;) {
    std::string path = cat(tmp_folder, "/", random_name());
    EMB_TRY(File file, File::create_new(path));
    // Between its birth and our lock, a process that cleans up may have taken the file for dead.
    const Lock lock = try_lock(file);
    if (lock == Lock::Busy || !has_a_name(file)) continue;
    return TempFile(std::move(file), std::move(path));
  }
}

TempFile::~TempFile() {
  // A moved-from object has no open file.
  if (file_.is_open() && !path_.empty()) ::unlink(path_.c_str());
}

Status TempFile::move_to(const std::string& target) {
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
    path_.clear();
    return Done{};
  }
  if (errno == EINVAL || errno == ENOSYS) {
    // Network file systems can't rename without replacing, but every one can link.
    if (::link(path_.c_str(), target.c_str()) == 0) return Done{};
  }
  const int why = errno;
  if (why == EXDEV) {
    return fail(Code::Internal, cat("move ", path_, " to ", target,
                                    ": they lie on different disks; keep the whole folder on one"));
  }
  return fail(errno_error(why, cat("move ", path_, " to ", target)));
}

Result<std::size_t> remove_dead_temp_files(const std::string& tmp_folder) {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(tmp_folder.c_str()), ::closedir);
  if (!folder) return fail(errno_error(errno, cat("open folder ", tmp_folder)));
  std::size_t removed = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (remove_when_dead(cat(tmp_folder, "/", name))) ++removed;
  }
  return removed;
}

}  // namespace embrace::blob
