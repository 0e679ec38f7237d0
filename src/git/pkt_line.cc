#include "base/check.h"
#include "base/strings.h"
#include "git/smart_http.h"

namespace embrace::git {

std::string pkt_line(std::string_view payload) {
  EMB_CHECK(payload.size() <= kPktPayloadMax, "a pkt-line's payload fits into it");
  constexpr std::string_view digits = "0123456789abcdef";
  const std::size_t length = payload.size() + 4;
  std::string out;
  out.reserve(length);
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(length >> shift) & 15];
  out += payload;
  return out;
}

void PktReader::feed(std::string_view bytes) {
  if (used_ > 0) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  buffer_ += bytes;
}

std::string_view PktReader::rest() const { return std::string_view(buffer_).substr(used_); }

Result<PktReader::Line> PktReader::next() {
  const std::string_view bytes = rest();
  if (bytes.size() < 4) return Line{};
  std::size_t length = 0;
  const auto parsed = std::from_chars(bytes.data(), bytes.data() + 4, length, 16);
  if (parsed.ec != std::errc() || parsed.ptr != bytes.data() + 4 || length == 3 ||
      length > kPktPayloadMax + 4) {
    return fail(Code::InvalidArgument, "bad pkt-line length");
  }
  if (length < 4) {
    used_ += 4;
    return Line{length == 0 ? Kind::Flush : length == 1 ? Kind::Delim : Kind::ResponseEnd, {}};
  }
  if (bytes.size() < length) return Line{};
  used_ += length;
  return Line{Kind::Payload, bytes.substr(4, length - 4)};
}

}  // namespace embrace::git
