#pragma once
// File: an open descriptor that closes itself, and the few durable file operations that storage
// needs. Every function blocks on the disk; rooms above take a rt::Blocking before calling them.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace {

class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  static Result<File> open_for_read(const std::string& path);  // NotFound when there is none
  static Result<File> create_new(const std::string& path);     // Conflict when it exists; mode 0644
  static Result<File> open_for_append(const std::string& path);  // created when absent

  // Goes when it is closed, also when the process is killed; mode 0600.
  static Result<File> create_nameless(const std::string& folder);

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  Result<std::uint64_t> size_bytes() const;
  Status write_all(std::string_view bytes) const;
  Status write_all_at(std::string_view bytes, std::uint64_t offset) const;
  // Fills `into` from `offset`; fewer bytes only at the end of the file.
  Result<std::size_t> read_at(std::span<char> into, std::uint64_t offset) const;
  Status sync() const;  // fdatasync

 private:
  int fd_ = -1;
};

// Part of a file, kept open while somebody still has to send it (a download may outlive the
// deletion of the name: that is the one reason for shared ownership here).
struct FileSlice {
  std::shared_ptr<const File> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Waits until nobody else, in whichever process, holds the lock of this file, which is made when
// absent. Closing lets go of it; a thread that asks twice waits for itself.
Result<File> lock_file(const std::string& path);

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max);
// Writes beside `path`, syncs, renames over it, syncs the folder: readers see the old or the new
// bytes.
Status write_file_durably(const std::string& path, std::string_view bytes);
Status rename_durably(const std::string& from, const std::string& to);  // syncs the target's folder
Status sync_folder(const std::string& folder);
Status make_folders(const std::string& path);     // mkdir -p
Status remove_file(const std::string& path);      // succeeds when absent
Error errno_error(int number, std::string what);  // ENOSPC, EACCES, ENOENT ... as our codes

}  // namespace embrace
