#include "rt/content.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::rt {

std::optional<std::uint64_t> Content::length() const {
  if (const auto* text = std::get_if<std::string>(&bytes)) return text->size();
  if (const auto* slices = std::get_if<std::vector<FileSlice>>(&bytes)) {
    std::uint64_t total = 0;
    for (const FileSlice& slice : *slices) total += slice.length;
    return total;
  }
  return source_length;
}

Task<Result<std::string>> read_all(ByteSource& source, std::uint64_t bytes_max) {
  constexpr std::size_t kFirstStep = 16 * 1024;
  std::string out;
  std::size_t filled = 0;
  for (;;) {
    // One byte of room beyond the limit, to tell "exactly full" from "too much".
    if (filled == out.size()) {
      const std::uint64_t wanted = std::max<std::uint64_t>(kFirstStep, out.size() * 2);
      out.resize(std::min(wanted, bytes_max == UINT64_MAX ? bytes_max : bytes_max + 1));
    }
    EMB_CO_TRY(const std::size_t got,
               co_await source.read(std::span<char>(out.data() + filled, out.size() - filled)));
    if (got == 0) break;
    filled += got;
    if (filled > bytes_max) {
      co_return fail(Code::TooLarge, cat("the body has more than ", bytes_max, " bytes"));
    }
  }
  out.resize(filled);
  co_return out;
}

}  // namespace embrace::rt
