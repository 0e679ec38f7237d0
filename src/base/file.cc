#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/strings.h"

namespace embrace {

namespace {

std::unexpected<Error> fail_with_errno(std::string what) {
  return fail(errno_error(errno, std::move(what)));
}

Result<File> open_file(const std::string& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_with_errno(cat("open ", path));
  return File(fd);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

// An error of close() says nothing that sync() has not said; whoever needs the bytes calls that
// first.
File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open_for_read(const std::string& path) { return open_file(path, O_RDONLY); }

Result<File> File::create_new(const std::string& path) {
  return open_file(path, O_RDWR | O_CREAT | O_EXCL);
}

Result<File> File::open_for_append(const std::string& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_APPEND);
}

Result<File> File::create_nameless(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return fail_with_errno(cat("make a temporary file in ", folder));
  return File(fd);
}

Result<std::uint64_t> File::size_bytes() const {
  struct stat info;
  if (::fstat(fd_, &info) != 0) return fail_with_errno("stat an open file");
  return static_cast<std::uint64_t>(info.st_size);
}

Status File::write_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with_errno("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Done{};
}

Status File::write_all_at(std::string_view bytes, std::uint64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with_errno("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return Done{};
}

Result<std::size_t> File::read_at(std::span<char> into, std::uint64_t offset) const {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got = ::pread(fd_, into.data() + filled, into.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_with_errno("read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Status File::sync() const {
  if (::fdatasync(fd_) != 0) return fail_with_errno("sync");
  return Done{};
}

Result<File> lock_file(const std::string& path) {
  for (;;) {
    EMB_TRY(File file, File::open_for_append(path));
    while (::flock(file.fd(), LOCK_EX) != 0) {
      if (errno != EINTR) return fail_with_errno(cat("lock ", path));
    }
    // Whoever had the lock may have removed the file: who comes next would lock another one.
    struct stat held;
    struct stat named;
    if (::fstat(file.fd(), &held) != 0) return fail_with_errno("stat an open file");
    if (::stat(path.c_str(), &named) != 0) {
      if (errno != ENOENT) return fail_with_errno(cat("stat ", path));
      continue;
    }
    if (held.st_ino == named.st_ino && held.st_dev == named.st_dev) return file;
  }
}

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) {
  EMB_TRY(File file, File::open_for_read(path));
  EMB_TRY(const std::uint64_t size, file.size_bytes());
  if (size > bytes_max) {
    return fail(Code::TooLarge,
                cat("read ", path, ": it has ", size, " bytes, at most ", bytes_max, " are read"));
  }
  std::string out(size, '\0');
  auto got = file.read_at(out, 0);
  if (!got) return fail(std::move(got).error().while_doing(cat("read ", path)));
  out.resize(*got);  // it may have been cut since it was measured
  return out;
}

namespace {

// A name beside `path` that nobody has; a leftover of a process that died here is stepped over.
Result<File> create_beside(const std::string& path, std::string& name) {
  static std::atomic<unsigned> counter{0};
  for (;;) {
    name = cat(path, ".tmp-", ::getpid(), "-", counter.fetch_add(1));
    auto file = File::create_new(name);
    if (file || file.error().code() != Code::Conflict) return file;
  }
}

Status write_and_rename(const File& file, const std::string& name, const std::string& path,
                        std::string_view bytes) {
  EMB_DO(file.write_all(bytes));
  EMB_DO(file.sync());
  return rename_durably(name, path);
}

}  // namespace

Status write_file_durably(const std::string& path, std::string_view bytes) {
  std::string name;
  EMB_TRY(const File file, create_beside(path, name));
  Status done = write_and_rename(file, name, path, bytes);
  if (!done) {
    ::unlink(name.c_str());
    return fail(std::move(done).error().while_doing(cat("write ", path)));
  }
  return done;
}

Status rename_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return fail_with_errno(cat("rename ", from, " to ", to));
  }
  return sync_folder(folder_of(to));
}

Status sync_folder(const std::string& folder) {
  EMB_TRY(const File opened, open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(opened.fd()) != 0) return fail_with_errno(cat("sync ", folder));
  return Done{};
}

Status make_folders(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return Done{};
  // Every prefix in turn. A folder that is new is also synced into its parent, since a file
  // written durably inside it is lost when the folder's own name is.
  for (std::size_t end = path.find_first_not_of('/'); end < path.size();) {
    end = std::min(path.find('/', end), path.size());
    const std::string prefix = path.substr(0, end);
    end = std::min(path.find_first_not_of('/', end), path.size());
    if (::mkdir(prefix.c_str(), 0755) == 0) {
      EMB_DO(sync_folder(folder_of(prefix)));
      continue;
    }
    const int why = errno;
    if (::stat(prefix.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) continue;
      return fail(Code::Conflict,
                  cat("make folder ", prefix, ": a file of that name is in the way"));
    }
    return fail(errno_error(why, cat("make folder ", prefix)));
  }
  return Done{};
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_with_errno(cat("remove ", path));
  return Done{};
}

Error errno_error(int number, std::string what) {
  Code code = Code::Internal;
  std::string_view advice;
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      code = Code::NotFound;
      break;
    case EEXIST:
    case ENOTEMPTY:
      code = Code::Conflict;
      break;
    case EFBIG:
      code = Code::TooLarge;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::Unavailable;
      advice = "; free some space on the server";
      break;
    case EMFILE:
    case ENFILE:
      code = Code::Unavailable;
      advice = "; raise the limit on open files";
      break;
    case EAGAIN:
    case ENOMEM:
      code = Code::Unavailable;
      break;
    // Not Denied: the caller's rights have nothing to do with the server's own.
    case EACCES:
    case EPERM:
    case EROFS:
      advice = "; the server's account needs access to it";
      break;
    default:
      break;
  }
  return Error(code, cat(what, ": ", std::generic_category().message(number), advice));
}

}  // namespace embrace
