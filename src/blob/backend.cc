#include "blob/backend.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::blob {

namespace {

constexpr std::size_t kKeyBytesMax = 512;
constexpr std::size_t kSegmentBytesMax = 255;  // what every file system stores as one name

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_segment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kSegmentBytesMax && segment != "." &&
         segment != ".." && std::ranges::all_of(segment, is_key_character);
}

}  // namespace

Result<Key> Key::parse(std::string text) {
  if (text.size() > kKeyBytesMax) {
    return fail(Code::InvalidArgument,
                cat("a key of ", text.size(), " bytes is too long; at most ", kKeyBytesMax));
  }
  const auto segments = split(text, '/');
  if (!std::ranges::all_of(segments, is_segment) || segments.empty()) {
    return fail(
        Code::InvalidArgument,
        "a key is made of segments of letters, digits, '.', '_' and '-' joined by '/', none "
        "empty, '.' or '..', each of at most 255 bytes");
  }
  if (segments.front() == "tmp") {
    return fail(Code::InvalidArgument, "a key can't begin with tmp: unfinished bytes wait there");
  }
  return Key(std::move(text));
}

std::optional<std::string> Backend::direct_url(const Key&, std::uint64_t, std::uint64_t,
                                               std::chrono::seconds) {
  return std::nullopt;
}

Status check_range(const Key& key, std::uint64_t size, std::uint64_t offset, std::uint64_t length) {
  if (offset <= size && length <= size - offset) return Done{};
  return fail(Error(Code::RangeInvalid, cat(length, " bytes from ", offset, " lie outside ",
                                            key.text(), ", which has ", size, " bytes"))
                  .with("size", cat(size)));
}

Error no_such_object(const Key& key) {
  return Error(Code::NotFound, cat("there is no object ", key.text()));
}

}  // namespace embrace::blob
