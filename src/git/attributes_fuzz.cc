// .gitattributes and .gitignore of any bytes, asked about a path of any bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "git/attributes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace::git;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t half = bytes.find('\n');
  const std::string_view path = bytes.substr(0, half);
  const std::string_view text = half == bytes.npos ? bytes : bytes.substr(half + 1);
  (void)LfsAttributes::parse(text).is_lfs(path);
  (void)IgnoreRules::parse(text).is_ignored(path);
  if (!path.contains('\n') && path.size() < 1000) {
    if (!wildmatch("**", path)) std::abort();
    // Whatever the path, its own line must name it.
    const std::size_t slash = path.rfind('/');
    const bool odd = path.empty() || slash == path.size() - 1 || path.front() == '/' ||
                     path.contains('\0') || path.contains("//");
    if (!odd && !LfsAttributes::parse(lfs_attribute_line(path)).is_lfs(path)) std::abort();
  }
  return 0;
}
