// Formatting: "..." % values, "...".format(...), and JSON. Formats are those of Python's
// documentation ("printf-style String Formatting", "Format Specification Mini-Language"), without
// nested fields and locales.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

using Kind = Value::Kind;

constexpr std::size_t kWidthMax = 100'000;

struct Spec {
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

std::unexpected<Error> value_error(std::string_view what) {
  return fail(Code::InvalidArgument, cat("ValueError: ", what));
}

bool read_size(std::string_view text, std::size_t& at, std::size_t& out) {
  out = 0;
  const std::size_t begin = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9' && out <= kWidthMax)
    out = out * 10 + static_cast<std::size_t>(text[at++] - '0');
  return at > begin && out <= kWidthMax;
}

std::string padded(std::string_view body, std::size_t prefix, const Spec& spec, char usual) {
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

Result<std::string> format_integer(std::int64_t number, const Spec& spec) {
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

Result<std::string> format_float(double number, const Spec& spec) {
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

std::string cut(std::string text, const Spec& spec) {
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

Result<std::string> format_one(Renderer& renderer, const Value& value, const Spec& spec) {
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
      if (value.is_text() && count_code_points(value.as_text()) == 1) {
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

// "[[fill]align][sign][#][0][width][grouping][.precision][type]"
Result<Spec> parse_spec(std::string_view text) {
  Spec spec;
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
  if (at < text.size() && text[at] >= '0' && text[at] <= '9' && !read_size(text, at, spec.width))
    return value_error("a width is too large");
  spec.group = takes(",_");
  if (takes(".") != 0) {
    std::size_t precision = 0;
    if (!read_size(text, at, precision)) return value_error("Format specifier missing precision");
    spec.precision = precision;
  }
  spec.type = takes("bcdeEfFgGnosxX%");
  if (at != text.size()) return value_error("Invalid format specifier");
  return spec;
}

Result<std::string> format_with(Renderer& renderer, const Value& value, std::string_view text) {
  if (text.empty()) return renderer.str(value);
  EMB_TRY(Spec spec, parse_spec(text));
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

// What "{name.attribute[item]}" stands for.
Result<Value> find_field(Renderer& renderer, std::string_view field, const Arguments& arguments,
                         std::size_t& automatic) {
  const std::size_t end = std::min(field.find_first_of(".["), field.size());
  const std::string_view first = field.substr(0, end);
  Value value;
  std::optional<std::uint64_t> index = parse_uint(first);
  if (first.empty()) index = automatic++;
  if (index) {
    if (*index >= arguments.positional.size())
      return fail(Code::InvalidArgument,
                  "IndexError: Replacement index out of range for positional args tuple");
    value = arguments.positional[*index];
  } else {
    const auto found = std::find_if(arguments.named.begin(), arguments.named.end(),
                                    [&](const auto& one) { return one.first == first; });
    if (found == arguments.named.end())
      return fail(Code::InvalidArgument, cat("KeyError: '", first, "'"));
    value = found->second;
  }
  std::string_view rest = field.substr(end);
  while (!rest.empty()) {
    EMB_DO(renderer.spend());
    if (rest[0] == '.') {
      const std::size_t stop = std::min(rest.find_first_of(".[", 1), rest.size());
      EMB_TRY(value, renderer.attribute(value, rest.substr(1, stop - 1)));
      rest.remove_prefix(stop);
    } else {
      const std::size_t stop = rest.find(']');
      if (rest[0] != '[' || stop == rest.npos)
        return value_error("expected '}' before end of string");
      const std::string_view key = rest.substr(1, stop - 1);
      const auto number = parse_uint(key);
      EMB_TRY(value,
              renderer.item(value, number ? Value::integer(static_cast<std::int64_t>(*number))
                                          : renderer.text(std::string(key))));
      rest.remove_prefix(stop + 1);
    }
  }
  return value;
}

}  // namespace

Result<std::string> format_percent(Renderer& renderer, std::string_view format,
                                   const Value& values) {
  std::string out;
  std::size_t used = 0;
  bool by_name = false;
  const bool many = values.is(Kind::Tuple);
  const auto take = [&]() -> Result<Value> {
    if (many) {
      if (used < values.as_items().size()) return values.as_items()[used++];
    } else if (used++ == 0) {
      return values;
    }
    return type_error("not enough arguments for format string");
  };
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    EMB_DO(renderer.spend(4));
    EMB_DO(renderer.reserve(out.size()));
    ++at;
    std::optional<Value> named;
    if (at < format.size() && format[at] == '(') {
      const std::size_t close = format.find(')', at);
      if (close == format.npos) return value_error("incomplete format key");
      if (!values.is(Kind::Dict)) return type_error("format requires a mapping");
      const std::string_view key = format.substr(at + 1, close - at - 1);
      const Value* found = values.as_dict().find(key);
      if (found == nullptr) return fail(Code::InvalidArgument, cat("KeyError: '", key, "'"));
      named = *found;
      by_name = true;
      at = close + 1;
    }
    Spec spec;
    bool flags = true;
    while (flags && at < format.size()) {
      switch (format[at]) {
        case '-':
          spec.align = '<';
          break;
        case '+':
          spec.sign = '+';
          break;
        case ' ':
          if (spec.sign != '+') spec.sign = ' ';
          break;
        case '#':
          spec.alternate = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          flags = false;
      }
      if (flags) ++at;
    }
    const auto size = [&](std::size_t& number) -> Status {
      if (at < format.size() && format[at] == '*') {
        ++at;
        EMB_TRY(const Value given, take());
        if (!given.is_integral()) return type_error("* wants int");
        if (given.as_int() < 0) spec.align = '<';
        const std::uint64_t wanted = given.as_int() < 0
                                         ? 0 - static_cast<std::uint64_t>(given.as_int())
                                         : static_cast<std::uint64_t>(given.as_int());
        if (wanted > kWidthMax) return value_error("a width is too large");
        number = static_cast<std::size_t>(wanted);
      } else if (at < format.size() && format[at] >= '0' && format[at] <= '9' &&
                 !read_size(format, at, number)) {
        return value_error("a width is too large");
      }
      return Done{};
    };
    EMB_DO(size(spec.width));
    if (at < format.size() && format[at] == '.') {
      ++at;
      std::size_t precision = 0;
      EMB_DO(size(precision));
      spec.precision = precision;
    }
    while (at < format.size() && (format[at] == 'l' || format[at] == 'h' || format[at] == 'L'))
      ++at;
    if (at >= format.size()) return value_error("incomplete format");
    spec.type = format[at++];
    if (spec.type == '%') {
      out += '%';
      continue;
    }
    const bool numeric = std::string_view("diuoxXeEfFgG").find(spec.type) != std::string_view::npos;
    if (spec.zero && numeric && spec.align == 0) {
      spec.fill = "0";
      spec.align = '=';
    }
    if (!numeric && spec.align == 0) spec.align = '>';
    Value value;
    if (named) {
      value = *named;
    } else {
      EMB_TRY(value, take());
    }
    EMB_TRY(const std::string piece, format_one(renderer, value, spec));
    out += piece;
  }
  const bool all = many ? used >= values.as_items().size()
                        : used > 0 || by_name || values.is(Kind::Dict) || values.is(Kind::List);
  if (!all) return type_error("not all arguments converted during string formatting");
  return out;
}

Result<std::string> format_braces(Renderer& renderer, std::string_view format,
                                  const Arguments& arguments) {
  std::string out;
  std::size_t automatic = 0;
  for (std::size_t at = 0; at < format.size();) {
    const char c = format[at++];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (at < format.size() && format[at] == c) {
      out += c;
      ++at;
      continue;
    }
    if (c == '}') return value_error("Single '}' encountered in format string");
    EMB_DO(renderer.spend(4));
    EMB_DO(renderer.reserve(out.size()));
    const std::size_t close = format.find('}', at);
    if (close == format.npos) return value_error("expected '}' before end of string");
    const std::string_view field = format.substr(at, close - at);
    if (field.find('{') != field.npos) return value_error("fields inside fields are not supported");
    at = close + 1;
    const std::size_t colon = std::min(field.find(':'), field.size());
    std::string_view name = field.substr(0, colon);
    char conversion = 0;
    if (name.size() >= 2 && name[name.size() - 2] == '!') {
      conversion = name.back();
      name.remove_suffix(2);
    }
    EMB_TRY(Value value, find_field(renderer, name, arguments, automatic));
    if (conversion != 0) {
      Spec spec;
      spec.type = conversion;
      if (conversion != 's' && conversion != 'r' && conversion != 'a')
        return value_error("Unknown conversion specifier");
      EMB_TRY(std::string text, format_one(renderer, value, spec));
      value = renderer.text(std::move(text));
    }
    EMB_TRY(const std::string piece,
            format_with(renderer, value, colon < field.size() ? field.substr(colon + 1) : ""));
    out += piece;
  }
  return out;
}

namespace {

void append_json_text(std::string& out, std::string_view text, bool ascii) {
  const auto unit = [&](char32_t c) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(c >> shift) & 15];
  };
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20) {
      const std::size_t short_one = std::string_view("\b\f\n\r\t").find(static_cast<char>(c));
      if (short_one != std::string_view::npos) {
        out += '\\';
        out += "bfnrt"[short_one];
      } else {
        unit(c);
      }
    } else if (!ascii || c < 0x7F) {
      out += text.substr(begin, at - begin);
    } else if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + (c & 0x3FF));
    }
  }
  out += '"';
}

std::string json_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return float_repr(number);
}

Status append_json(Renderer& renderer, std::string& out, const Value& value, const JsonStyle& style,
                   unsigned depth);

// A list or dict: `write` writes the i-th of `count` members.
template <class Write>
Status append_members(Renderer& renderer, std::string& out, char open, char close,
                      std::size_t count, const JsonStyle& style, unsigned depth, Write write) {
  out += open;
  const auto new_line = [&](unsigned levels) -> Status {
    if (!style.indent) return Done{};
    EMB_DO(renderer.reserve(out.size() + style.indent->size() * levels));
    out += '\n';
    for (unsigned i = 0; i < levels; ++i) out += *style.indent;
    return Done{};
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += style.comma;
    EMB_DO(new_line(depth + 1));
    EMB_DO(write(i));
    if (out.size() > Renderer::kOutputBytesMax) return fail(Code::TooLarge, "JSON became too long");
  }
  if (count > 0) EMB_DO(new_line(depth));
  out += close;
  return Done{};
}

Result<std::string> json_key(const Value& key) {
  switch (key.kind()) {
    case Kind::String:
      return key.as_text();
    case Kind::None:
      return "null";
    case Kind::Bool:
      return key.as_int() != 0 ? "true" : "false";
    case Kind::Int:
      return cat(key.as_int());
    case Kind::Float:
      return json_number(key.as_double());
    default:
      return type_error(cat("keys must be str, int, float, bool or None, not ", type_name(key)));
  }
}

Status append_json_dict(Renderer& renderer, std::string& out, const DictObject& dict,
                        const JsonStyle& style, unsigned depth) {
  std::vector<std::size_t> order;
  std::vector<Value> keys;
  std::vector<Value> places;
  for (std::size_t i = 0; i < dict.size(); ++i) {
    keys.push_back(dict.entries()[i].first);
    places.push_back(Value::integer(static_cast<std::int64_t>(i)));
  }
  if (style.sorted) EMB_DO(sort_values(renderer, places, keys, false));
  return append_members(
      renderer, out, '{', '}', dict.size(), style, depth, [&](std::size_t i) -> Status {
        const auto& [key, member] = dict.entries()[static_cast<std::size_t>(places[i].as_int())];
        EMB_TRY(const std::string name, json_key(key));
        append_json_text(out, name, style.ascii);
        out += style.colon;
        return append_json(renderer, out, member, style, depth + 1);
      });
}

Status append_json(Renderer& renderer, std::string& out, const Value& value, const JsonStyle& style,
                   unsigned depth) {
  EMB_DO(renderer.spend(1 + (value.is_text() ? value.as_text().size() / 64 : 0)));
  switch (value.kind()) {
    case Kind::None:
      out += "null";
      return Done{};
    case Kind::Bool:
      out += value.as_int() != 0 ? "true" : "false";
      return Done{};
    case Kind::Int:
      out += cat(value.as_int());
      return Done{};
    case Kind::Float:
      out += json_number(value.as_double());
      return Done{};
    case Kind::String:
      append_json_text(out, value.as_text(), style.ascii);
      return Done{};
    case Kind::List:
    case Kind::Tuple: {
      const auto& items = value.as_items();
      return append_members(
          renderer, out, '[', ']', items.size(), style, depth,
          [&](std::size_t i) { return append_json(renderer, out, items[i], style, depth + 1); });
    }
    case Kind::Dict:
      return append_json_dict(renderer, out, value.as_dict(), style, depth);
    default:
      return type_error(cat("Object of type ", type_name(value), " is not JSON serializable"));
  }
}

}  // namespace

Result<std::string> to_json(Renderer& renderer, const Value& value, const JsonStyle& style) {
  std::string out;
  EMB_DO(append_json(renderer, out, value, style, 0));
  return out;
}

}  // namespace embrace::transformers
