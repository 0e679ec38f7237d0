#include "http/range.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::http {
namespace {

// One "a-b", "a-" or "-n", before it meets the entity's size.
struct Spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // of a suffix ("-n"): how many bytes
};

// A number of any length: what does not fit is as good as "more than any entity has".
std::optional<std::uint64_t> parse_position(std::string_view digits) {
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return parse_uint(digits).value_or(UINT64_MAX);
}

std::optional<Spec> parse_spec(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto left = text.substr(0, dash);
  const auto right = text.substr(dash + 1);
  Spec spec;
  if (!left.empty() && !(spec.first = parse_position(left))) return std::nullopt;
  if (!right.empty() && !(spec.last = parse_position(right))) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.first > *spec.last) return std::nullopt;
  return spec;
}

// nullopt when no byte of the entity is meant.
std::optional<ByteRange> satisfy(const Spec& spec, std::uint64_t size_bytes) {
  if (!spec.first) {
    const auto length = std::min(*spec.last, size_bytes);
    if (length == 0) return std::nullopt;
    return ByteRange{size_bytes - length, length};
  }
  if (*spec.first >= size_bytes) return std::nullopt;
  const auto last = std::min(spec.last.value_or(UINT64_MAX), size_bytes - 1);
  return ByteRange{*spec.first, last - *spec.first + 1};
}

}  // namespace

Result<std::optional<std::vector<ByteRange>>> parse_range(std::optional<std::string_view> header,
                                                          std::uint64_t size_bytes) {
  if (!header) return std::nullopt;
  auto text = trim(*header);
  constexpr std::string_view kUnit = "bytes=";
  if (text.size() < kUnit.size() || !equal_ignoring_case(text.substr(0, kUnit.size()), kUnit)) {
    return std::nullopt;
  }
  text.remove_prefix(kUnit.size());

  std::vector<ByteRange> ranges;
  std::size_t specs = 0;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto piece = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (piece.empty()) continue;  // lists may have empty elements
    const auto spec = parse_spec(piece);
    if (!spec) return std::nullopt;
    if (++specs > kRangesMax) {
      return fail(Error(Code::RangeInvalid, cat("at most ", kRangesMax, " ranges may be asked for"))
                      .with("size", cat(size_bytes)));
    }
    if (const auto range = satisfy(*spec, size_bytes)) ranges.push_back(*range);
  }
  if (specs == 0) return std::nullopt;
  if (ranges.empty()) {
    return fail(
        Error(Code::RangeInvalid, cat("the range lies outside of the ", size_bytes, " bytes"))
            .with("size", cat(size_bytes)));
  }
  return ranges;
}

}  // namespace embrace::http
