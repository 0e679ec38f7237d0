// "..." % values, and "...".format(...), without nested fields.
#include <algorithm>

#include "base/strings.h"
#include "transformers/templates/format_value.h"
#include "transformers/templates/operators.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

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
    EMB_DO(renderer.spend(1 + arguments.named.size() / 8));
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
  EMB_DO(renderer.spend(1 + format.size() / 64));
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
    ++at;
    std::optional<Value> named;
    if (at < format.size() && format[at] == '(') {
      const std::size_t close = format.find(')', at);
      if (close == format.npos) return value_error("incomplete format key");
      if (!values.is(Kind::Dict)) return type_error("format requires a mapping");
      const std::string_view key = format.substr(at + 1, close - at - 1);
      EMB_DO(renderer.spend(key.size() / 64));
      const Value* found = values.as_dict().find(key);
      if (found == nullptr) return fail(Code::InvalidArgument, cat("KeyError: '", key, "'"));
      named = *found;
      by_name = true;
      at = close + 1;
    }
    FormatSpec spec;
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
        if (wanted > kFormatSizeMax) return value_error("a width is too large");
        number = static_cast<std::size_t>(wanted);
      } else if (at < format.size() && format[at] >= '0' && format[at] <= '9' &&
                 !read_format_size(format, at, number)) {
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
    EMB_DO(renderer.append(out, piece));
  }
  const bool all = many ? used >= values.as_items().size()
                        : used > 0 || by_name || values.is(Kind::Dict) || values.is(Kind::List);
  if (!all) return type_error("not all arguments converted during string formatting");
  return out;
}

Result<std::string> format_braces(Renderer& renderer, std::string_view format,
                                  const Arguments& arguments) {
  EMB_DO(renderer.spend(1 + format.size() / 64));
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
      FormatSpec spec;
      spec.type = conversion;
      if (conversion != 's' && conversion != 'r' && conversion != 'a')
        return value_error("Unknown conversion specifier");
      EMB_TRY(std::string text, format_one(renderer, value, spec));
      value = renderer.text(std::move(text));
    }
    EMB_TRY(const std::string piece,
            format_with(renderer, value, colon < field.size() ? field.substr(colon + 1) : ""));
    EMB_DO(renderer.append(out, piece));
  }
  return out;
}

}  // namespace embrace::transformers
