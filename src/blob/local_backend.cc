#include "blob/local_backend.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "blob/folder_walk.h"
#include "blob/temp_file.h"
#include "blob/write_behind.h"

namespace embrace::blob {

namespace {

constexpr std::size_t kReadBytes = 1 << 20;
// Writes of large files, of all writers: more of them than a disk does at once only wait there.
constexpr unsigned kDiskThreads = 4;
constexpr int kCommitTriesMax = 100;

std::string_view folder_of(const Key& key) {
  const std::string_view text = key.text();
  const std::size_t slash = text.rfind('/');
  return slash == text.npos ? std::string_view() : text.substr(0, slash);
}

Stat stat_from(const struct stat& info) {
  return {.size_bytes = static_cast<std::uint64_t>(info.st_size),
          .modified_ms = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000};
}

Result<struct stat> stat_of_file(const std::string& path, const Key& key) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(no_such_object(key));
    return fail(errno_error(errno, cat("stat ", path)));
  }
  if (!S_ISREG(info.st_mode)) return fail(no_such_object(key));
  return info;
}

class LocalWriter : public Writer {
 public:
  LocalWriter(const LocalBackend& backend, KnownFolders& folders, rt::Pool& disk, TempFile temp)
      : backend_(backend), folders_(folders), file_(disk, std::move(temp)) {}

  void expect_no_reader() override { file_.bypass_cache(); }

  Status write(rt::Blocking blocking, std::string_view bytes) override {
    EMB_CHECK(!committed_, "nothing is written after commit");
    return file_.write(blocking, bytes);
  }

  Status commit(rt::Blocking blocking, const Key& key) override {
    EMB_CHECK(!std::exchange(committed_, true), "a Writer is committed once");
    auto done = commit_once(blocking, key);
    if (!done) return fail(std::move(done).error().while_doing(cat("store ", key.text())));
    return done;
  }

  std::uint64_t written_bytes() const override { return file_.written_bytes(); }

 private:
  Status commit_once(rt::Blocking blocking, const Key& key) {
    const std::string target = backend_.path_of(key);
    if (auto there = stat_of_file(target, key)) return keep_the_old(key);
    EMB_DO(file_.flush(blocking));
    EMB_DO(file_.temp().file().sync());
    Status moved = move_into_place(key, target);
    // A removal took the last object of the folder, and the folder with it, a moment ago.
    for (int tries = 1; !moved && moved.error().code() == Code::NotFound && tries < kCommitTriesMax;
         ++tries) {
      folders_.forget(folder_of(key));
      moved = move_into_place(key, target);
    }
    if (moved) return sync_folder_of(key);
    if (moved.error().code() == Code::Conflict && stat_of_file(target, key)) {
      return keep_the_old(key);
    }
    return moved;
  }

  Status move_into_place(const Key& key, const std::string& target) {
    EMB_DO(folders_.ensure(folder_of(key)));
    return file_.temp().move_to(target);
  }

  // Whoever committed first may not have synced the name yet, and our caller relies on it as well.
  Status keep_the_old(const Key& key) {
    auto known = folders_.ensure(folder_of(key));
    if (!known && known.error().code() != Code::NotFound) return known;
    return sync_folder_of(key);
  }

  // A folder that is gone held an object that was removed again: nothing is left to make durable.
  Status sync_folder_of(const Key& key) {
    const std::string target = backend_.path_of(key);
    auto done = sync_folder(target.substr(0, target.rfind('/')));
    if (!done && done.error().code() == Code::NotFound) return Done{};
    return done;
  }

  const LocalBackend& backend_;
  KnownFolders& folders_;
  WriteBehind file_;
  bool committed_ = false;
};

}  // namespace

LocalBackend::LocalBackend(std::string folder)
    : folder_(folder), folders_(std::move(folder)), disk_("disk", kDiskThreads) {}

Result<std::unique_ptr<LocalBackend>> LocalBackend::open(rt::Blocking, std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  EMB_DO(make_folders(folder));
  std::unique_ptr<LocalBackend> backend(new LocalBackend(std::move(folder)));
  EMB_DO(backend->folders_.ensure("tmp"));
  EMB_TRY(const std::size_t removed, remove_dead_temp_files(backend->folder_ + "/tmp"));
  if (removed > 0) {
    log::info("removed what unfinished writes left behind",
              {{"folder", backend->folder_}, {"files", removed}});
  }
  return backend;
}

std::string LocalBackend::path_of(const Key& key) const { return cat(folder_, "/", key.text()); }

Result<Stat> LocalBackend::stat(rt::Blocking, const Key& key) {
  EMB_TRY(const struct stat info, stat_of_file(path_of(key), key));
  return stat_from(info);
}

namespace {

// The size is asked of the open file, so that it belongs to the bytes that will be read.
Result<File> open_range(const std::string& path, const Key& key, std::uint64_t offset,
                        std::uint64_t length) {
  auto file = File::open_for_read(path);
  if (!file) {
    if (file.error().code() == Code::NotFound) return fail(no_such_object(key));
    return fail(std::move(file).error());
  }
  struct stat info;
  if (::fstat(file->fd(), &info) != 0) return fail(errno_error(errno, cat("stat ", path)));
  if (!S_ISREG(info.st_mode)) return fail(no_such_object(key));
  EMB_DO(check_range(key, static_cast<std::uint64_t>(info.st_size), offset, length));
  return file;
}

}  // namespace

Result<rt::Content> LocalBackend::open(rt::Blocking, const Key& key, std::uint64_t offset,
                                       std::uint64_t length) {
  EMB_TRY(File file, open_range(path_of(key), key, offset, length));
  if (length == 0) return rt::Content(std::string());
  std::vector<FileSlice> slices;
  slices.push_back({std::make_shared<const File>(std::move(file)), offset, length});
  return rt::Content(std::move(slices));
}

Status LocalBackend::read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
                          const std::function<Status(std::string_view)>& take) {
  EMB_TRY(const File file, open_range(path_of(key), key, offset, length));
  ::posix_fadvise(file.fd(), static_cast<off_t>(offset), static_cast<off_t>(length),
                  POSIX_FADV_SEQUENTIAL);
  std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, length)), '\0');
  while (length > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), length));
    auto got = file.read_at(std::span(piece.data(), want), offset);
    if (!got) return fail(std::move(got).error().while_doing(key.text()));
    if (*got < want) {
      return fail(Code::Corrupt, cat(key.text(), " was cut short while it was read"));
    }
    EMB_DO(take(std::string_view(piece).substr(0, want)));
    offset += want;
    length -= want;
  }
  return Done{};
}

Result<std::unique_ptr<Writer>> LocalBackend::create(rt::Blocking) {
  EMB_TRY(TempFile temp, TempFile::create(folder_ + "/tmp"));
  return std::make_unique<LocalWriter>(*this, folders_, disk_, std::move(temp));
}

Status LocalBackend::remove(rt::Blocking, const Key& key) {
  EMB_DO(remove_file(path_of(key)));
  // Folders that became empty go as well (an upload's parts leave one each); the first level stays.
  // One that is not empty refuses, which ends the climb.
  std::string_view folder = folder_of(key);
  while (folder.contains('/') && ::rmdir(cat(folder_, "/", folder).c_str()) == 0) {
    folders_.forget(folder);
    folder = folder.substr(0, folder.rfind('/'));
  }
  return Done{};
}

Result<Listing> LocalBackend::list(rt::Blocking, std::string_view prefix, std::string_view after,
                                   std::size_t limit) {
  return list_folder(folder_, prefix, after, limit);
}

}  // namespace embrace::blob
