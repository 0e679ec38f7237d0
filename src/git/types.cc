#include "git/types.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::git {

Result<Oid> Oid::parse(std::string_view hex) {
  if (hex.size() != 40) {
    return fail(Code::InvalidArgument, "a git object id has 40 hex digits");
  }
  auto bytes = from_hex(hex);
  if (!bytes) return fail(Code::InvalidArgument, "a git object id has only hex digits");
  std::array<std::uint8_t, 20> out;
  std::memcpy(out.data(), bytes->data(), out.size());
  return Oid(out);
}

std::string Oid::hex() const {
  return to_hex({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

namespace {

// Takes "key value\n" off the front of `text`.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') {
    return std::nullopt;
  }
  text.remove_prefix(end + 1);
  return line.substr(key.size() + 1);
}

bool is_extension_line(std::string_view text) { return text.starts_with("ext-"); }

}  // namespace

// The specification orders the keys: version first, the others sorted. "ext-*" lines may stand
// between version and oid; we step over them, because the object they describe is still named by
// oid and size.
std::optional<LfsPointer> LfsPointer::parse(std::string_view text) {
  if (text.size() >= kBytesMax || !text.starts_with("version ")) return std::nullopt;
  auto version = take_line(text, "version");
  if (version != "https://git-lfs.github.com/spec/v1" &&
      version != "https://hawser.github.com/spec/v1") {
    return std::nullopt;
  }
  while (is_extension_line(text)) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    text.remove_prefix(end + 1);
  }
  auto oid = take_line(text, "oid");
  if (!oid || !oid->starts_with("sha256:")) return std::nullopt;
  auto digest = Digest::parse(oid->substr(7));
  if (!digest) return std::nullopt;
  auto size_text = take_line(text, "size");
  if (!size_text || !text.empty()) return std::nullopt;
  const bool plain_digits =
      std::ranges::all_of(*size_text, [](char c) { return c >= '0' && c <= '9'; });
  auto size = parse_uint(*size_text);
  constexpr std::uint64_t size_max = std::uint64_t{1} << 62;  // what SQL and JSON can carry
  if (!plain_digits || !size || *size > size_max) return std::nullopt;
  return LfsPointer{.sha256 = *digest, .size_bytes = *size};
}

std::string LfsPointer::render() const {
  return cat("version https://git-lfs.github.com/spec/v1\noid sha256:", sha256.hex(), "\nsize ",
             size_bytes, "\n");
}

}  // namespace embrace::git
