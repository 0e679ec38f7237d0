#pragma once
// MappedFile: the bytes of a file where the kernel keeps them, for reading. Opening reads nothing;
// a page comes from the disk when it is first looked at.
//
// The size is taken once, when the file is opened. If somebody cuts the file short afterwards, the
// kernel answers a look behind its new end with SIGBUS, which ends the process, and a file that is
// written to in place changes under the reader. Replace model files by renaming a new one over
// them, as downloads do: the old bytes then live as long as their mapping.
//
// Threads: any, once made. Ownership: bytes() live as long as the MappedFile.

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/result.h"
#include "rt/blocking.h"

namespace embrace::transformers {

class MappedFile {
 public:
  // NotFound when there is none, InvalidArgument for what is not a regular file.
  static Result<MappedFile> open(rt::Blocking, const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_;  // empty for a file without bytes, which has no mapping
};

}  // namespace embrace::transformers
