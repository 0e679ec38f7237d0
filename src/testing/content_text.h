#pragma once
// content_text(content): all bytes of a Content in one string, for tests. Throws when a read fails.

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "rt/content.h"
#include "testing/run.h"

namespace testing {

inline std::string read_slices(const std::vector<embrace::FileSlice>& slices) {
  std::string out;
  for (const auto& slice : slices) {
    const std::size_t begin = out.size();
    out.resize(begin + slice.length);
    auto got = slice.file->read_at(std::span(out).subspan(begin), slice.offset);
    if (!got) throw std::runtime_error(got.error().message());
    out.resize(begin + *got);
  }
  return out;
}

inline std::string read_source(embrace::rt::ByteSource& source) {
  std::string out;
  std::string piece(64 << 10, '\0');
  for (;;) {
    auto got = run(source.read(piece));
    if (!got) throw std::runtime_error(got.error().message());
    if (*got == 0) return out;
    out.append(piece, 0, *got);
  }
}

inline std::string content_text(const embrace::rt::Content& content) {
  if (const auto* text = std::get_if<std::string>(&content.bytes)) return *text;
  if (const auto* slices = std::get_if<std::vector<embrace::FileSlice>>(&content.bytes)) {
    return read_slices(*slices);
  }
  return read_source(*std::get<std::unique_ptr<embrace::rt::ByteSource>>(content.bytes));
}

}  // namespace testing
