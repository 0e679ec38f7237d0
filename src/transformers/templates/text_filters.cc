// Filters that make or change text, and numbers.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/strings.h"
#include "transformers/templates/filters.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

using Made = Result<Value>;

// Jinja's soft_str, and then a method of str with the same arguments.
Made by_method(Renderer& renderer, std::string_view method, const Value& subject,
               Arguments& arguments) {
  EMB_TRY(std::string text, renderer.str(subject));
  EMB_TRY(const Value bound, renderer.attribute(renderer.text(std::move(text)), method));
  return renderer.call(bound, std::move(arguments));
}

Made method_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  return by_method(renderer, name, subject, arguments);
}

Made trim_filter(Renderer& renderer, std::string_view name, const Value& subject,
                 Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {"chars"}));
  return by_method(renderer, "strip", subject, arguments);
}

Made center_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"width"}));
  Arguments width;
  width.positional.push_back(bound[0].value_or(Value::integer(80)));
  return by_method(renderer, "center", subject, width);
}

Made replace_filter(Renderer& renderer, std::string_view name, const Value& subject,
                    Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"old", "new", "count"}));
  if (!bound[0] || !bound[1]) return type_error("replace() takes what to replace, and by what");
  Arguments texts;
  for (int i = 0; i < 2; ++i) {
    EMB_TRY(std::string text, renderer.str(*bound[static_cast<std::size_t>(i)]));
    texts.positional.push_back(renderer.text(std::move(text)));
  }
  if (bound[2] && !bound[2]->is_none()) texts.positional.push_back(*bound[2]);
  return by_method(renderer, "replace", subject, texts);
}

// A capital at the beginning and behind white space, hyphens and opening brackets.
Made title_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  EMB_TRY(const std::string text, renderer.str(subject));
  EMB_DO(renderer.reserve(text.size() * 4));
  EMB_DO(renderer.spend(1 + text.size() / 2));
  std::string out;
  std::string word;
  const auto finish = [&] {
    if (word.empty()) return;
    std::size_t first = 0;
    next_code_point(word, first);
    out += upper(std::string_view(word).substr(0, first)) +
           lower(std::string_view(word).substr(first));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const bool separates =
        c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || is_python_space(c);
    if (!separates) {
      word.append(text, begin, at - begin);
      continue;
    }
    finish();
    out.append(text, begin, at - begin);
  }
  finish();
  return renderer.text(std::move(out));
}

Made string_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  EMB_TRY(std::string text, renderer.str(subject));
  return renderer.text(std::move(text));
}

Made indent_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"width", "first", "blank"}));
  if (subject.is_undefined()) return undefined_error(subject);
  if (!subject.is_text()) return type_error(cat("indent takes a text, not ", type_name(subject)));
  std::string indention(4, ' ');
  if (bound[0] && bound[0]->is_text()) {
    indention = bound[0]->as_text();
  } else {
    EMB_TRY(const std::int64_t width, integer_argument(bound[0], 4));
    if (width > 10'000) return fail(Code::TooLarge, "an indent is too wide");
    indention.assign(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  const bool first = bound[1] && truth(*bound[1]);
  const bool blank = bound[2] && truth(*bound[2]);
  const std::string text = subject.as_text() + "\n";
  const auto lines = split_lines(text, false);
  EMB_DO(renderer.reserve(text.size() + (lines.size() + 1) * indention.size()));
  std::string out = first ? indention : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) out += indention;
    out += lines[i];
  }
  return renderer.text(std::move(out));
}

Made truncate_filter(Renderer& renderer, std::string_view name, const Value& subject,
                     Arguments& arguments) {
  EMB_TRY(const auto bound,
          bind_arguments(name, arguments, {"length", "killwords", "end", "leeway"}));
  if (!subject.is_text()) return type_error(cat("truncate takes a text, not ", type_name(subject)));
  EMB_TRY(const std::int64_t length, integer_argument(bound[0], 255));
  std::string end = "...";
  if (bound[2]) {
    EMB_TRY(end, renderer.str(*bound[2]));
  }
  const bool has_leeway = bound[3] && !bound[3]->is_none();
  EMB_TRY(const std::int64_t leeway, integer_argument(has_leeway ? bound[3] : std::nullopt, 5));
  const auto end_size = static_cast<std::int64_t>(count_code_points(end));
  if (length < end_size)
    return fail(Code::InvalidArgument, cat("expected length >= ", end_size, ", got ", length));
  if (leeway < 0) return fail(Code::InvalidArgument, cat("expected leeway >= 0, got ", leeway));
  const std::string& text = subject.as_text();
  const auto size = static_cast<std::int64_t>(count_code_points(text));
  if (size <= length || size - length <= leeway) return subject;
  std::string cut =
      text.substr(0, byte_of_code_point(text, static_cast<std::size_t>(length - end_size)));
  if (!bound[1] || !truth(*bound[1])) cut.resize(std::min(cut.rfind(' '), cut.size()));
  return renderer.text(cut + end);
}

Made escape_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  EMB_TRY(const std::string text, renderer.str(subject));
  EMB_DO(renderer.reserve(text.size() * 5));
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return renderer.text(std::move(out));
}

Made wordcount_filter(Renderer& renderer, std::string_view name, const Value& subject,
                      Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  EMB_TRY(const std::string text, renderer.str(subject));
  EMB_DO(renderer.spend(1 + text.size() / 16));
  std::int64_t count = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool word = c == '_' || is_alphabetic(c) || is_number_character(c);
    count += word && !inside;
    inside = word;
  }
  return Value::integer(count);
}

Made format_filter(Renderer& renderer, std::string_view, const Value& subject,
                   Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty())
    return fail(Code::InvalidArgument,
                "can't handle positional and keyword arguments at the same time");
  EMB_TRY(const std::string text, renderer.str(subject));
  Value values;
  if (arguments.named.empty()) {
    values = renderer.list(std::move(arguments.positional), Kind::Tuple);
  } else {
    const auto dict = renderer.new_dict();
    for (const auto& [key, value] : arguments.named) dict->set(renderer.text(key), value);
    values = Value::dict(dict);
  }
  EMB_TRY(std::string out, format_percent(renderer, text, values));
  return renderer.text(std::move(out));
}

std::string quoted_for_url(std::string_view text, bool in_query) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && std::isalnum(byte) != 0) ||
                       std::string_view("_.-~").find(c) != std::string_view::npos;
    if (plain || (c == '/' && !in_query))
      out += c;
    else if (c == ' ' && in_query)
      out += '+';
    else
      out += cat('%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]);
  }
  return out;
}

Made urlencode_filter(Renderer& renderer, std::string_view name, const Value& subject,
                      Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  if (!subject.is_items() && !subject.is(Kind::Dict)) {
    EMB_TRY(const std::string text, renderer.str(subject));
    EMB_DO(renderer.reserve(text.size() * 3));
    EMB_DO(renderer.spend(1 + text.size() / 8));
    return renderer.text(quoted_for_url(text, false));
  }
  std::vector<std::pair<Value, Value>> pairs;
  if (subject.is(Kind::Dict)) {
    pairs = subject.as_dict().entries();
  } else {
    EMB_TRY(const auto items, renderer.items_of(subject));
    for (const Value& item : items) {
      EMB_TRY(const auto parts, renderer.items_of(item));
      if (parts.size() != 2)
        return fail(Code::InvalidArgument, "ValueError: urlencode takes pairs");
      pairs.emplace_back(parts[0], parts[1]);
    }
  }
  std::string out;
  for (const auto& [key, value] : pairs) {
    EMB_TRY(const std::string left, renderer.str(key));
    EMB_TRY(const std::string right, renderer.str(value));
    EMB_DO(renderer.reserve(3 * (left.size() + right.size())));
    EMB_DO(renderer.spend(1 + (left.size() + right.size()) / 8));
    if (!out.empty()) out += '&';
    EMB_DO(renderer.append(out, cat(quoted_for_url(left, true), "=", quoted_for_url(right, true))));
  }
  return renderer.text(std::move(out));
}

Made filesize_filter(Renderer& renderer, std::string_view name, const Value& subject,
                     Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"binary"}));
  Arguments none;
  EMB_TRY(const Value number, renderer.filter("float", subject, std::move(none)));
  const double bytes = number.as_double();
  const bool binary = bound[0] && truth(*bound[0]);
  const double base = binary ? 1024 : 1000;
  if (bytes == 1) return renderer.text("1 Byte");
  if (bytes < base)
    return renderer.text(cat(static_cast<std::int64_t>(std::max(bytes, -9e15)), " Bytes"));
  constexpr std::string_view kLetters = "kMGTPEZY";
  double unit = base;
  std::size_t letter = 0;
  do unit *= base;
  while (bytes >= unit && ++letter + 1 < kLetters.size());
  if (bytes >= unit) unit *= base;
  char shown[400];
  std::snprintf(shown, sizeof shown, "%.1f", base * bytes / unit);
  const char prefix = binary && letter == 0 ? 'K' : kLetters[letter];
  return renderer.text(cat(std::string_view(shown), " ", prefix, binary ? "iB" : "B"));
}

// int() of a text: signs, single underscores, white space around it.
std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t base) {
  std::string digits(strip(text, Side::Both));
  bool negative = false;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.erase(0, 1);
  }
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    const int named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (named != 0 && (base == named || base == 0)) {
      base = named;
      digits.erase(0, 2);
    }
  }
  if (base == 0) base = 10;
  if (digits.empty() || digits.front() == '_' || digits.back() == '_' ||
      digits.find("__") != digits.npos)
    return std::nullopt;
  std::erase(digits, '_');
  if (negative) digits.insert(0, 1, '-');
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number, static_cast<int>(base));
  if (result.ec != std::errc() || result.ptr != end || digits.starts_with("--"))
    return std::nullopt;
  return number;
}

// float() of a text.
std::optional<double> parse_float(std::string_view text) {
  std::string digits = lower(strip(text, Side::Both));
  if (digits.empty() || digits.front() == '_' || digits.back() == '_' ||
      digits.find("__") != digits.npos)
    return std::nullopt;
  std::erase(digits, '_');
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  if (rest == "inf" || rest == "infinity") return sign * HUGE_VAL;
  if (rest == "nan") return std::nan("");
  if (rest.empty() || (rest[0] != '.' && (rest[0] < '0' || rest[0] > '9'))) return std::nullopt;
  double number = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (result.ptr != rest.data() + rest.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range)
    number = std::strtod(std::string(rest).c_str(), nullptr);
  return sign * number;
}

Made int_filter(Renderer& renderer, std::string_view name, const Value& subject,
                Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"default", "base"}));
  EMB_TRY(const std::int64_t base, integer_argument(bound[1], 10));
  if (base != 0 && (base < 2 || base > 36)) return bound[0].value_or(Value::integer(0));
  if (subject.is_undefined()) return undefined_error(subject);
  if (subject.is_integral()) return Value::integer(subject.as_int());
  std::optional<double> number;
  if (subject.is(Kind::Float)) {
    number = subject.as_double();
    if (std::isinf(*number))
      return fail(Code::InvalidArgument, "OverflowError: cannot convert float infinity to integer");
  } else if (subject.is_text()) {
    EMB_DO(renderer.spend(1 + subject.as_text().size() / 16));
    if (const auto whole = parse_integer(subject.as_text(), base)) return Value::integer(*whole);
    number = parse_float(subject.as_text());
  }
  if (!number || !std::isfinite(*number)) return bound[0].value_or(Value::integer(0));
  if (!(*number >= -0x1p63 && *number < 0x1p63))
    return fail(Code::InvalidArgument, "OverflowError: a number is too large");
  return Value::integer(static_cast<std::int64_t>(*number));
}

Made float_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"default"}));
  if (subject.is_undefined()) return undefined_error(subject);
  if (subject.is_number()) return Value::floating(subject.as_double());
  if (subject.is_text()) {
    EMB_DO(renderer.spend(1 + subject.as_text().size() / 16));
    if (const auto number = parse_float(subject.as_text())) return Value::floating(*number);
  }
  return bound[0].value_or(Value::floating(0));
}

Made abs_filter(Renderer&, std::string_view name, const Value& subject, Arguments& arguments) {
  EMB_DO(bind_arguments(name, arguments, {}));
  if (subject.is_undefined()) return undefined_error(subject);
  if (subject.is(Kind::Float)) return Value::floating(std::abs(subject.as_double()));
  if (!subject.is_number())
    return type_error(cat("bad operand type for abs(): '", type_name(subject), "'"));
  return subject.as_int() < 0 ? negated(subject) : Value::integer(subject.as_int());
}

// Half to even, of the number's exact decimal value.
double rounded(double number, std::int64_t precision) {
  if (!std::isfinite(number) || precision > 330) return number;
  if (precision < -310) return std::copysign(0.0, number);
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(number / scale) * scale;
  }
  char digits[700];
  std::snprintf(digits, sizeof digits, "%.*f", static_cast<int>(precision), number);
  return std::strtod(digits, nullptr);
}

Made round_filter(Renderer& renderer, std::string_view name, const Value& subject,
                  Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"precision", "method"}));
  EMB_TRY(const std::int64_t precision, integer_argument(bound[0], 0));
  std::string method = "common";
  if (bound[1]) {
    EMB_TRY(method, renderer.str(*bound[1]));
  }
  if (method != "common" && method != "ceil" && method != "floor")
    return fail(Code::InvalidArgument, "method must be common, ceil or floor");
  if (subject.is_undefined()) return undefined_error(subject);
  if (!subject.is_number())
    return type_error(cat("type ", type_name(subject), " doesn't define __round__ method"));
  if (method == "common") {
    if (subject.is(Kind::Float)) return Value::floating(rounded(subject.as_double(), precision));
    if (precision >= 0) return Value::integer(subject.as_int());
    const double whole = rounded(subject.as_double(), precision);
    if (std::abs(whole) >= 9.2e18) return fail(Code::InvalidArgument, "the number is too large");
    return Value::integer(static_cast<std::int64_t>(whole));
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = subject.as_double() * scale;
  return Value::floating((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Made tojson_filter(Renderer& renderer, std::string_view name, const Value& subject,
                   Arguments& arguments) {
  EMB_TRY(const auto bound,
          bind_arguments(name, arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  JsonStyle style;
  style.ascii = bound[0] && truth(*bound[0]);
  style.sorted = bound[3] && truth(*bound[3]);
  if (bound[1] && !bound[1]->is_none()) {
    if (bound[1]->is_text()) {
      style.indent = bound[1]->as_text();
    } else {
      EMB_TRY(const std::int64_t width, integer_argument(bound[1], 0));
      if (width > 1000) return fail(Code::TooLarge, "an indent is too wide");
      style.indent = std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
    }
    style.comma = ",";
  }
  if (bound[2] && !bound[2]->is_none()) {
    EMB_TRY(const auto parts, renderer.items_of(*bound[2]));
    if (parts.size() != 2 || !parts[0].is_text() || !parts[1].is_text())
      return type_error("separators are two texts");
    style.comma = parts[0].as_text();
    style.colon = parts[1].as_text();
  }
  EMB_TRY(std::string out, to_json(renderer, subject, style));
  return renderer.text(std::move(out));
}

constexpr FilterEntry kTextFilters[] = {
    {"abs", abs_filter},
    {"capitalize", method_filter},
    {"center", center_filter},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"filesizeformat", filesize_filter},
    {"float", float_filter},
    {"forceescape", escape_filter},
    {"format", format_filter},
    {"indent", indent_filter},
    {"int", int_filter},
    {"lower", method_filter},
    {"replace", replace_filter},
    {"round", round_filter},
    {"safe", string_filter},
    {"string", string_filter},
    {"title", title_filter},
    {"tojson", tojson_filter},
    {"trim", trim_filter},
    {"truncate", truncate_filter},
    {"upper", method_filter},
    {"urlencode", urlencode_filter},
    {"wordcount", wordcount_filter},
};

}  // namespace

std::span<const FilterEntry> text_filters() { return kTextFilters; }

}  // namespace embrace::transformers
