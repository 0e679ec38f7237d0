#include "base/digest.h"

#include "base/strings.h"

namespace embrace {

namespace {
// Lower case only: a digest has one spelling, since it is also a file name and a database key.
int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}
}  // namespace

Result<Digest> Digest::parse(std::string_view hex) {
  std::array<std::uint8_t, 32> bytes;
  if (hex.size() != 2 * bytes.size()) {
    return fail(Code::InvalidArgument,
                cat("a sha256 has 64 hex digits, this one has ", hex.size(), " characters"));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return fail(Code::InvalidArgument, "a sha256 is written with the digits 0-9 and a-f only");
    }
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return Digest(bytes);
}

std::string Digest::hex() const {
  return to_hex({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

}  // namespace embrace
