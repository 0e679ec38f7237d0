#pragma once
// Small words about text that every room needs. Nothing here allocates unless it returns a string.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embrace {

namespace detail {
inline void append_piece(std::string& out, std::string_view piece) { out += piece; }
inline void append_piece(std::string& out, char piece) { out += piece; }
template <std::integral N>
  requires(!std::same_as<N, char> && !std::same_as<N, bool>)
void append_piece(std::string& out, N number) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}
}  // namespace detail

// cat("row ", 3, ": ", name): strings, characters and integers, one after another.
template <class... Pieces>
std::string cat(const Pieces&... pieces) {
  std::string out;
  (detail::append_piece(out, pieces), ...);
  return out;
}

std::vector<std::string_view> split(std::string_view text,
                                    char separator);               // "a//b" has an empty piece
std::string_view trim(std::string_view text);                      // spaces, tabs, CR, LF
std::string to_lower(std::string_view text);                       // ASCII only
bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII only
std::optional<std::uint64_t> parse_uint(std::string_view text);    // the whole text, base 10
bool is_valid_utf8(std::string_view text);
// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_quoted(std::string& out, std::string_view text);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(
    std::string_view text);                        // padded or not; white space refused
std::string to_base64url(std::string_view bytes);  // no padding
std::optional<std::string> from_base64url(std::string_view text);

std::string percent_encode(std::string_view text);       // everything but unreserved characters
std::string percent_encode_path(std::string_view path);  // as above, but keeps '/'
std::optional<std::string> percent_decode(
    std::string_view text);  // nullopt on a bad escape; '+' stays

}  // namespace embrace
