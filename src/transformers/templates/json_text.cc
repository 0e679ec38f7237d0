// json.dumps.
#include <cmath>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

using Kind = Value::Kind;

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
    out += '\n';
    for (unsigned i = 0; i < levels; ++i) EMB_DO(renderer.append(out, *style.indent));
    return Done{};
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) EMB_DO(renderer.append(out, style.comma));
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
  EMB_DO(renderer.reserve(dict.size() * 2 * sizeof(Value)));
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
        EMB_DO(renderer.spend(1 + key.weight() / 4));
        EMB_TRY(const std::string name, json_key(key));
        append_json_text(out, name, style.ascii);
        EMB_DO(renderer.append(out, style.colon));
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
