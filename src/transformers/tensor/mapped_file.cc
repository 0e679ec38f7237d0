#include "transformers/tensor/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/strings.h"

namespace embrace::transformers {

Result<MappedFile> MappedFile::open(rt::Blocking, const std::filesystem::path& path) {
  EMB_TRY(const File file, File::open_for_read(path.string()));
  struct stat facts{};
  if (::fstat(file.fd(), &facts) != 0) return fail(errno_error(errno, cat("stat ", path.string())));
  if (!S_ISREG(facts.st_mode))
    return fail(Code::InvalidArgument, cat(path.string(), " is not a file"));
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return MappedFile({});
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (at == MAP_FAILED) return fail(errno_error(errno, cat("map ", path.string())));
  return MappedFile({static_cast<const std::byte*>(at), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace embrace::transformers
