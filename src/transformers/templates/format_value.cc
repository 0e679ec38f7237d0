#include "transformers/templates/format_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

using Kind = Value::Kind;

bool read_format_size(std::string_view text, std::size_t& at, std::size_t& out) {
  out = 0;
  const std::size_t begin = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9' && out <= kFormatSizeMax)
    out = out * 10 + static_cast<std::size_t>(text[at++] - '0');
  return at > begin && out <= kFormatSizeMax;
}

namespace {

std::string padded(std::string_view body, std::size_t prefix, const FormatSpec& spec, char usual) {
  const std::size_t size = count_code_points(body);
  if (size >= spec.width) return std::string(body);
  const std::size_t room = spec.width - size;
  const auto fill = [&](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += spec.fill;
    return out;
  };
  switch (spec.align != 0 ? spec.align : usual) {
    case '<':
      return cat(body, fill(room));
    case '^':
      return cat(fill(room / 2), body, fill(room - room / 2));
    case '=':
      return cat(body.substr(0, prefix), fill(room), body.substr(prefix));
    default:
      return cat(fill(room), body);
  }
}

std::string grouped(std::string digits, char mark, std::size_t every) {
  if (mark == 0) return digits;
  std::size_t whole = 0;
  while (whole < digits.size() && std::isxdigit(static_cast<unsigned char>(digits[whole])) != 0)
    ++whole;
  for (std::size_t at = whole; at > every; at -= every) digits.insert(at - every, 1, mark);
  return digits;
}

Result<std::string> format_integer(std::int64_t number, const FormatSpec& spec) {
  const bool negative = number < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  const char type =
      spec.type == 0 || spec.type == 'i' || spec.type == 'u' || spec.type == 'n' ? 'd' : spec.type;
  const int base = type == 'd' ? 10 : type == 'o' ? 8 : type == 'b' ? 2 : 16;
  char buffer[72];
  std::string digits(buffer, std::to_chars(buffer, buffer + sizeof buffer, size, base).ptr);
  if (type == 'X') digits = upper(digits);
  if (spec.precision && digits.size() < *spec.precision)
    digits.insert(0, *spec.precision - digits.size(), '0');
  digits = grouped(std::move(digits), spec.group, base == 10 ? 3 : 4);
  std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  if (spec.alternate && type != 'd') sign += cat('0', type);
  const std::size_t prefix = sign.size();
  return padded(sign + digits, prefix, spec, '>');
}

Result<std::string> format_float(double number, const FormatSpec& spec) {
  const bool negative = std::signbit(number) && !std::isnan(number);
  const double size = std::abs(number);
  std::string digits;
  const char type = spec.type == 0 && spec.precision ? 'g' : spec.type == '%' ? 'f' : spec.type;
  const std::size_t precision = spec.precision.value_or(6);
  if (precision > 1000) return value_error("precision too big");
  if (!std::isfinite(number)) {
    digits = std::isnan(number) ? "nan" : "inf";
  } else if (type == 0 || type == 'r') {
    digits = float_repr(size);
  } else {
    const std::string format = cat("%", spec.alternate ? "#" : "", ".*", type == 'n' ? 'g' : type);
    const double shown = spec.type == '%' ? size * 100 : size;
    std::string buffer(precision + 340, '\0');
    const int length = std::snprintf(buffer.data(), buffer.size(), format.c_str(),
                                     static_cast<int>(precision), shown);
    digits = buffer.substr(0, static_cast<std::size_t>(std::max(length, 0)));
    // Without a type a number stays recognizable as a float.
    if (spec.type == 0 && digits.find_first_of(".e") == digits.npos) digits += ".0";
  }
  digits = grouped(std::move(digits), spec.group, 3);
  if (spec.type == '%') digits += '%';
  const std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  return padded(sign + digits, sign.size(), spec, '>');
}

std::string cut(std::string text, const FormatSpec& spec) {
  if (spec.precision) text.resize(byte_of_code_point(text, *spec.precision));
  return padded(text, 0, spec, '<');
}

Result<std::int64_t> as_integer(const Value& value, char type) {
  if (value.is_undefined()) return undefined_error(value);
  if (value.is_integral()) return value.as_int();
  if (value.is(Kind::Float) && (type == 'd' || type == 'i' || type == 'u')) {
    const double number = std::trunc(value.as_double());
    if (!(number >= -0x1p63 && number < 0x1p63))
      return value_error("cannot convert float to integer");
    return static_cast<std::int64_t>(number);
  }
  return type_error(cat('%', type, " format: a real number is required, not ", type_name(value)));
}

}  // namespace

Result<std::string> format_one(Renderer& renderer, const Value& value, const FormatSpec& spec) {
  switch (spec.type) {
    case 's': {
      EMB_TRY(std::string text, renderer.str(value));
      return cut(std::move(text), spec);
    }
    case 'r':
    case 'a': {
      std::string text;
      EMB_DO(renderer.spend(1 + value.weight() / 16));
      EMB_DO(append_repr(text, value, Renderer::kOutputBytesMax));
      EMB_DO(renderer.spend(text.size() / 256));
      return cut(std::move(text), spec);
    }
    case 'c': {
      std::string text;
      if (value.is_text() && value.as_text().size() <= 4 &&
          count_code_points(value.as_text()) == 1) {
        text = value.as_text();
      } else if (value.is_integral() && value.as_int() >= 0 && value.as_int() < 0x110000 &&
                 (value.as_int() < 0xD800 || value.as_int() >= 0xE000)) {
        append_utf8(text, static_cast<char32_t>(value.as_int()));
      } else {
        return type_error("%c requires int or char");
      }
      return cut(std::move(text), spec);
    }
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X': {
      EMB_TRY(const std::int64_t number, as_integer(value, spec.type));
      return format_integer(number, spec);
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      if (value.is_undefined()) return undefined_error(value);
      if (!value.is_number()) return type_error(cat("must be real number, not ", type_name(value)));
      return format_float(value.as_double(), spec);
    default:
      return value_error(cat("unsupported format character '", spec.type, "'"));
  }
}

namespace {

// "[[fill]align][sign][#][0][width][grouping][.precision][type]"
Result<FormatSpec> parse_spec(std::string_view text) {
  FormatSpec spec;
  std::size_t at = 0;
  if (!text.empty()) {
    std::size_t second = 0;
    next_code_point(text, second);
    if (second < text.size() &&
        std::string_view("<>^=").find(text[second]) != std::string_view::npos) {
      spec.fill = text.substr(0, second);
      spec.align = text[second];
      at = second + 1;
    } else if (std::string_view("<>^=").find(text[0]) != std::string_view::npos) {
      spec.align = text[0];
      at = 1;
    }
  }
  const auto takes = [&](std::string_view set) {
    if (at >= text.size() || set.find(text[at]) == set.npos) return char{0};
    return text[at++];
  };
  if (const char sign = takes("+- ")) spec.sign = sign;
  spec.alternate = takes("#") != 0;
  if (takes("0") != 0) {
    if (spec.align == 0) {
      spec.fill = "0";
      spec.align = '=';
    }
    spec.zero = true;
  }
  if (at < text.size() && text[at] >= '0' && text[at] <= '9' &&
      !read_format_size(text, at, spec.width))
    return value_error("a width is too large");
  spec.group = takes(",_");
  if (takes(".") != 0) {
    std::size_t precision = 0;
    if (!read_format_size(text, at, precision))
      return value_error("Format specifier missing precision");
    spec.precision = precision;
  }
  spec.type = takes("bcdeEfFgGnosxX%");
  if (at != text.size()) return value_error("Invalid format specifier");
  return spec;
}

}  // namespace

Result<std::string> format_with(Renderer& renderer, const Value& value, std::string_view text) {
  if (text.empty()) return renderer.str(value);
  EMB_DO(renderer.spend(1 + value.weight() / 16));
  EMB_TRY(FormatSpec spec, parse_spec(text));
  if (value.is_text()) {
    if (spec.type != 0 && spec.type != 's')
      return value_error(cat("Unknown format code '", spec.type, "' for object of type 'str'"));
    if (spec.align == '=' && spec.zero) spec.align = '<';
    if (spec.align == '=')
      return value_error("'=' alignment not allowed in string format specifier");
    return cut(value.as_text(), spec);
  }
  if (value.is_number()) {
    const bool real =
        spec.type != 0 && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
    if (value.is(Kind::Float) || real) {
      if (!real && spec.type != 0 && spec.type != 'n')
        return value_error(cat("Unknown format code '", spec.type, "' for object of type 'float'"));
      return format_float(value.as_double(), spec);
    }
    if (spec.type == 's') return value_error("Unknown format code 's' for object of type 'int'");
    if (spec.precision) return value_error("Precision not allowed in integer format specifier");
    if (spec.type == 'c') return format_one(renderer, value, spec);
    return format_integer(value.as_int(), spec);
  }
  return type_error(cat("unsupported format string passed to ", type_name(value), ".__format__"));
}

}  // namespace embrace::transformers
