// The methods of str that look for something in a text, and take it apart.
#include <algorithm>

#include "base/strings.h"
#include "transformers/templates/filters.h"
#include "transformers/templates/methods.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

using Called = Result<Value>;

// What a piece takes beside its bytes: small texts, many of them, weigh more than theirs.
Called texts(Renderer& renderer, const std::vector<std::string_view>& parts,
             Kind kind = Kind::List) {
  EMB_DO(renderer.reserve(parts.size() * (sizeof(Value) + sizeof(StringObject))));
  EMB_DO(renderer.spend(parts.size() / 8));
  std::vector<Value> items;
  items.reserve(parts.size());
  for (const std::string_view part : parts) items.push_back(renderer.text(std::string(part)));
  return renderer.list(std::move(items), kind);
}

Called strip_method(Renderer& renderer, const Value& self, std::string_view name,
                    const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"chars"}));
  const Side side = name == "strip" ? Side::Both : name == "lstrip" ? Side::Left : Side::Right;
  EMB_DO(renderer.spend(1 + self.as_text().size() / 32));
  if (!bound[0] || bound[0]->is_none())
    return renderer.text(std::string(strip(self.as_text(), side)));
  EMB_TRY(const std::string_view set, text_argument(bound[0], name));
  EMB_DO(renderer.spend(1 + set.size() / 4));
  return renderer.text(std::string(strip(self.as_text(), side, set)));
}

// Pieces between white space; at most `cuts` cuts, from the front or the back.
std::vector<std::string_view> split_at_spaces(std::string_view text, std::size_t cuts, bool back) {
  std::vector<std::string_view> parts;
  if (back) {
    text = strip(text, Side::Right);
    while (!text.empty() && parts.size() < cuts) {
      std::size_t begin = text.size();
      while (begin > 0) {
        std::size_t before = begin;
        if (is_python_space(previous_code_point(text, before))) break;
        begin = before;
      }
      parts.push_back(text.substr(begin));
      text = strip(text.substr(0, begin), Side::Right);
    }
    if (!text.empty()) parts.push_back(text);
    std::reverse(parts.begin(), parts.end());
    return parts;
  }
  text = strip(text, Side::Left);
  while (!text.empty() && parts.size() < cuts) {
    std::size_t end = 0;
    while (end < text.size()) {
      std::size_t next = end;
      if (is_python_space(next_code_point(text, next))) break;
      end = next;
    }
    parts.push_back(text.substr(0, end));
    text = strip(text.substr(end), Side::Left);
  }
  if (!text.empty()) parts.push_back(text);
  return parts;
}

Called split_method(Renderer& renderer, const Value& self, std::string_view name,
                    const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"sep", "maxsplit"}));
  EMB_TRY(const std::int64_t most, integer_argument(bound[1], -1));
  const std::size_t cuts = most < 0 ? self.as_text().size() + 1 : static_cast<std::size_t>(most);
  const bool back = name == "rsplit";
  std::string_view text = self.as_text();
  if (!bound[0] || bound[0]->is_none()) {
    EMB_DO(renderer.spend(1 + text.size() / 4));
    // A limited split from the front keeps the white space at the end.
    return texts(renderer, split_at_spaces(text, cuts, back));
  }
  EMB_TRY(const std::string_view separator, text_argument(bound[0], name));
  if (separator.empty()) return value_error("empty separator");
  EMB_DO(spend_search(renderer, text, separator));
  EMB_DO(renderer.spend(text.size() / 8));
  std::vector<std::string_view> parts;
  while (parts.size() < cuts) {
    EMB_DO(renderer.spend());
    const std::size_t at = back ? text.rfind(separator) : text.find(separator);
    if (at == text.npos) break;
    parts.push_back(back ? text.substr(at + separator.size()) : text.substr(0, at));
    text = back ? text.substr(0, at) : text.substr(at + separator.size());
  }
  parts.push_back(text);
  if (back) std::reverse(parts.begin(), parts.end());
  return texts(renderer, parts);
}

Called splitlines_method(Renderer& renderer, const Value& self, std::string_view name,
                         const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"keepends"}));
  EMB_DO(renderer.spend(1 + self.as_text().size() / 4));
  return texts(renderer, split_lines(self.as_text(), bound[0] && truth(*bound[0])));
}

Called partition_method(Renderer& renderer, const Value& self, std::string_view name,
                        const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"sep"}));
  EMB_TRY(const std::string_view separator, text_argument(bound[0], name));
  if (separator.empty()) return value_error("empty separator");
  const std::string_view text = self.as_text();
  EMB_DO(spend_search(renderer, text, separator));
  const bool back = name == "rpartition";
  const std::size_t at = back ? text.rfind(separator) : text.find(separator);
  if (at == text.npos)
    return texts(renderer,
                 back ? std::vector<std::string_view>{"", "", text}
                      : std::vector<std::string_view>{text, "", ""},
                 Kind::Tuple);
  return texts(renderer, {text.substr(0, at), separator, text.substr(at + separator.size())},
               Kind::Tuple);
}

// The part of the text between optional start and end, in code points.
Result<std::string_view> part_of(Renderer& renderer, const Value& self,
                                 const std::optional<Value>& start, const std::optional<Value>& end,
                                 std::size_t& first) {
  const std::string_view text = self.as_text();
  if (!start && !end) {
    first = 0;
    return text;
  }
  EMB_DO(renderer.spend(1 + text.size() / 64));
  const auto count = static_cast<std::int64_t>(count_code_points(text));
  const bool has_start = start && !start->is_none();
  const bool has_end = end && !end->is_none();
  EMB_TRY(std::int64_t from, integer_argument(has_start ? start : std::nullopt, 0));
  EMB_TRY(std::int64_t to, integer_argument(has_end ? end : std::nullopt, count));
  if (from < 0) from = from < -count ? 0 : from + count;
  if (to < 0) to = to < -count ? 0 : to + count;
  to = std::min(to, count);
  if (from > to) {
    first = std::string_view::npos;  // nothing, not even the empty text, is found there
    return std::string_view();
  }
  first = static_cast<std::size_t>(from);
  const std::string_view rest = text.substr(byte_of_code_point(text, first));
  return rest.substr(0, byte_of_code_point(rest, static_cast<std::size_t>(to - from)));
}

Called affix_method(Renderer& renderer, const Value& self, std::string_view name,
                    const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"prefix", "start", "end"}));
  std::vector<Value> wanted;
  if (bound[0] && bound[0]->is(Kind::Tuple))
    wanted = bound[0]->as_items();
  else if (bound[0])
    wanted.push_back(*bound[0]);
  std::size_t first = 0;
  EMB_TRY(const std::string_view part, part_of(renderer, self, bound[1], bound[2], first));
  if (wanted.empty() && !bound[0]) return type_error(cat(name, "() misses an argument"));
  for (const Value& one : wanted) {
    EMB_DO(renderer.spend(1 + one.weight() / 8));
    if (one.is_undefined()) return undefined_error(one);
    if (!one.is_text())
      return type_error(
          cat(name, " first arg must be str or a tuple of str, not ", type_name(one)));
    if (first == std::string_view::npos) continue;
    if (name == "startswith" ? part.starts_with(one.as_text()) : part.ends_with(one.as_text()))
      return Value::boolean(true);
  }
  return Value::boolean(false);
}

Called find_text_method(Renderer& renderer, const Value& self, std::string_view name,
                        const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"sub", "start", "end"}));
  EMB_TRY(const std::string_view wanted, text_argument(bound[0], name));
  EMB_DO(spend_search(renderer, self.as_text(), wanted));
  std::size_t first = 0;
  EMB_TRY(const std::string_view part, part_of(renderer, self, bound[1], bound[2], first));
  std::size_t at = std::string_view::npos;
  if (first != std::string_view::npos) at = name[0] == 'r' ? part.rfind(wanted) : part.find(wanted);
  if (at == std::string_view::npos) {
    if (name == "index" || name == "rindex") return value_error("substring not found");
    return Value::integer(-1);
  }
  return Value::integer(static_cast<std::int64_t>(first + count_code_points(part.substr(0, at))));
}

Called count_text_method(Renderer& renderer, const Value& self, std::string_view name,
                         const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"sub", "start", "end"}));
  EMB_TRY(const std::string_view wanted, text_argument(bound[0], name));
  EMB_DO(spend_search(renderer, self.as_text(), wanted));
  std::size_t first = 0;
  EMB_TRY(const std::string_view part, part_of(renderer, self, bound[1], bound[2], first));
  if (first == std::string_view::npos) return Value::integer(0);
  if (wanted.empty()) return Value::integer(static_cast<std::int64_t>(count_code_points(part) + 1));
  std::int64_t count = 0;
  for (std::size_t at = part.find(wanted); at != part.npos;
       at = part.find(wanted, at + wanted.size()))
    ++count;
  return Value::integer(count);
}

Called replace_method(Renderer& renderer, const Value& self, std::string_view name,
                      const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"old", "new", "count"}));
  EMB_TRY(const std::string_view old, text_argument(bound[0], name));
  EMB_TRY(const std::string_view fresh, text_argument(bound[1], name));
  EMB_TRY(std::int64_t most, integer_argument(bound[2], -1));
  const std::string& text = self.as_text();
  EMB_DO(spend_search(renderer, text, old));
  std::string out;
  std::size_t at = 0;
  while (most != 0) {
    // The empty text is found before every character and at the end.
    const std::size_t found = old.empty() ? at : text.find(old, at);
    if (found == std::string::npos) break;
    EMB_DO(renderer.spend());
    EMB_DO(renderer.append(out, std::string_view(text).substr(at, found - at)));
    EMB_DO(renderer.append(out, fresh));
    if (most > 0) --most;
    at = found + old.size();
    if (!old.empty()) continue;
    if (at >= text.size()) break;
    const std::size_t size = utf8_length_from_lead(static_cast<unsigned char>(text[at]));
    out.append(text, at, size);
    at += size;
  }
  out.append(text, std::min(at, text.size()));
  return renderer.text(std::move(out));
}

Called join_method(Renderer& renderer, const Value& self, std::string_view name,
                   const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"iterable"}));
  if (!bound[0]) return type_error("join() misses an argument");
  EMB_TRY(const auto items, renderer.items_of(*bound[0]));
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_text())
      return type_error(
          cat("sequence item ", i, ": expected str instance, ", type_name(items[i]), " found"));
    EMB_DO(renderer.spend());
    if (i > 0) EMB_DO(renderer.append(out, self.as_text()));
    EMB_DO(renderer.append(out, items[i].as_text()));
  }
  return renderer.text(std::move(out));
}

Called affix_removing_method(Renderer& renderer, const Value& self, std::string_view name,
                             const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"affix"}));
  EMB_TRY(const std::string_view affix, text_argument(bound[0], name));
  std::string_view text = self.as_text();
  if (name == "removeprefix" && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (name == "removesuffix" && text.ends_with(affix)) text.remove_suffix(affix.size());
  return renderer.text(std::string(text));
}

constexpr MethodEntry kSearchingMethods[] = {
    {"strip", strip_method},
    {"lstrip", strip_method},
    {"rstrip", strip_method},
    {"split", split_method},
    {"rsplit", split_method},
    {"splitlines", splitlines_method},
    {"partition", partition_method},
    {"rpartition", partition_method},
    {"startswith", affix_method},
    {"endswith", affix_method},
    {"find", find_text_method},
    {"rfind", find_text_method},
    {"index", find_text_method},
    {"rindex", find_text_method},
    {"count", count_text_method},
    {"replace", replace_method},
    {"join", join_method},
    {"removeprefix", affix_removing_method},
    {"removesuffix", affix_removing_method},
};

}  // namespace

std::span<const MethodEntry> searching_methods() { return kSearchingMethods; }

}  // namespace embrace::transformers
