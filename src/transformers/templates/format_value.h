#pragma once
// One value in the form that a format asks for: "%05.2f" and "{:>10}" alike. Formats are those of
// Python's documentation ("printf-style String Formatting", "Format Specification Mini-Language"),
// without locales.
//
// Threads: that of the Renderer.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transformers/templates/renderer.h"

namespace embrace::transformers {

// Of a width and of a precision.
inline constexpr std::size_t kFormatSizeMax = 100'000;

struct FormatSpec {
  std::string fill = " ";
  char align = 0;  // < > ^ =
  char sign = '-';
  bool alternate = false;
  bool zero = false;
  char group = 0;  // , or _
  std::size_t width = 0;
  std::optional<std::size_t> precision;
  char type = 0;
};

// Digits at text[at], which is moved behind them. False when there are none, or more than
// kFormatSizeMax.
bool read_format_size(std::string_view text, std::size_t& at, std::size_t& out);

// By spec.type, as printf-style formats have it.
Result<std::string> format_one(Renderer& renderer, const Value& value, const FormatSpec& spec);
// By what stands behind the colon of a field.
Result<std::string> format_with(Renderer& renderer, const Value& value, std::string_view text);

}  // namespace embrace::transformers
