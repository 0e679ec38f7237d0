#pragma once
// What Python's str does, on UTF-8: code points, white space, case, repr; and how floats are
// spelled. ICU answers for case and categories.
//
// Texts must be UTF-8. Units: positions are bytes unless the name says code points.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

// The byte where code point `index` begins; the text's end beyond the last.
std::size_t byte_of_code_point(std::string_view text, std::size_t index);

bool is_python_space(char32_t c);  // str.isspace
bool is_printable(char32_t c);     // str.isprintable
enum class Side : std::uint8_t { Left, Right, Both };
// str.strip, of white space or of the code points of `set`.
std::string_view strip(std::string_view text, Side side);
std::string_view strip(std::string_view text, Side side, std::string_view set);
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string fold_case(std::string_view text);
std::string title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);

bool is_cased_upper(char32_t c);
bool is_cased_lower(char32_t c);
bool is_title_case(char32_t c);
bool is_alphabetic(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_number_character(char32_t c);  // str.isnumeric
bool is_identifier(std::string_view text);

void append_quoted_repr(std::string& out, std::string_view text);
std::string float_repr(double number);

}  // namespace embrace::transformers
