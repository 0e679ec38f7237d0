#include "meta/page_cursor.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "meta/repo_row.h"

namespace embrace::meta::detail {
namespace {

// The text inside the base64url: "<sort digit><a|d>:<id>:<value>".
constexpr int kSorts = 7;

std::string render_value(const db::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return cat(*integer);
  char digits[64];
  const double real = std::get<double>(value);
  const auto end = std::to_chars(digits, digits + sizeof digits, real)
                       .ptr;  // the shortest that reads back equal
  return std::string(digits, end);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<db::Value> parse_value(listing::Sort sort, std::string_view text) {
  if (sort == listing::Sort::Id) {
    if (!is_storable(text)) return std::nullopt;
    return std::string(text);
  }
  if (sort == listing::Sort::Trending) {
    const auto real = parse_number<double>(text);
    if (!real || !std::isfinite(*real)) return std::nullopt;
    return *real;
  }
  const auto integer = parse_number<std::int64_t>(text);
  if (!integer) return std::nullopt;
  return *integer;
}

std::optional<PageCursor> parse_plain(std::string_view text) {
  if (text.size() < 4 || text[2] != ':') return std::nullopt;
  const int sort = text[0] - '0';
  if (sort < 0 || sort >= kSorts || (text[1] != 'a' && text[1] != 'd')) return std::nullopt;
  const auto colon = text.find(':', 3);
  if (colon == text.npos) return std::nullopt;
  PageCursor cursor;
  cursor.sort = static_cast<listing::Sort>(sort);
  cursor.ascending = text[1] == 'a';
  const auto id = parse_number<std::int64_t>(text.substr(3, colon - 3));
  auto value = parse_value(cursor.sort, text.substr(colon + 1));
  if (!id || !value) return std::nullopt;
  cursor.id = *id;
  cursor.value = *std::move(value);
  return cursor;
}

}  // namespace

std::string PageCursor::render() const {
  return to_base64url(
      cat(static_cast<int>(sort), ascending ? 'a' : 'd', ':', id, ':', render_value(value)));
}

Result<PageCursor> PageCursor::parse(std::string_view text) {
  if (text.size() <= kCursorBytesMax) {
    if (const auto plain = from_base64url(text)) {
      if (auto cursor = parse_plain(*plain)) return *std::move(cursor);
    }
  }
  return fail(Code::InvalidArgument, "The cursor can't be read: start again without one.");
}

}  // namespace embrace::meta::detail
