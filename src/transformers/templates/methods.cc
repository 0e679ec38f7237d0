// The methods of str, list, tuple, dict and numbers that templates call. Those that would change
// their subject are refused in evaluate.cc.

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/templates/renderer.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

using Called = Result<Value>;
// `name` is the method's own, for those that share a function.
using Method = Called (*)(Renderer&, const Value& self, std::string_view name, const Arguments&);

std::unexpected<Error> value_error(std::string_view what) {
  return fail(Code::InvalidArgument, cat("ValueError: ", what));
}

Result<std::int64_t> integer_or(const std::optional<Value>& given, std::int64_t usual) {
  if (!given) return usual;
  if (given->is_undefined()) return undefined_error(*given);
  if (!given->is_integral())
    return type_error(cat("'", type_name(*given), "' object cannot be interpreted as an integer"));
  return given->as_int();
}

Result<std::string> text_of(const std::optional<Value>& given, std::string_view method) {
  if (!given) return type_error(cat(method, "() misses an argument"));
  if (given->is_undefined()) return undefined_error(*given);
  if (!given->is_text())
    return type_error(cat(method, "() argument must be str, not ", type_name(*given)));
  return given->as_text();
}

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
  if (!bound[0] || bound[0]->is_none())
    return renderer.text(std::string(strip(self.as_text(), side)));
  EMB_TRY(const std::string set, text_of(bound[0], name));
  EMB_DO(spend_search(renderer, self.as_text(), set));
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
  EMB_TRY(const std::int64_t most, integer_or(bound[1], -1));
  const std::size_t cuts = most < 0 ? self.as_text().size() + 1 : static_cast<std::size_t>(most);
  const bool back = name == "rsplit";
  std::string_view text = self.as_text();
  if (!bound[0] || bound[0]->is_none()) {
    EMB_DO(renderer.spend(1 + text.size() / 4));
    // A limited split from the front keeps the white space at the end.
    return texts(renderer, split_at_spaces(text, cuts, back));
  }
  EMB_TRY(const std::string separator, text_of(bound[0], name));
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
  EMB_TRY(const std::string separator, text_of(bound[0], name));
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
Result<std::string_view> part_of(const Value& self, const std::optional<Value>& start,
                                 const std::optional<Value>& end, std::size_t& first) {
  const std::string_view text = self.as_text();
  const auto count = static_cast<std::int64_t>(count_code_points(text));
  const bool has_start = start && !start->is_none();
  const bool has_end = end && !end->is_none();
  EMB_TRY(std::int64_t from, integer_or(has_start ? start : std::nullopt, 0));
  EMB_TRY(std::int64_t to, integer_or(has_end ? end : std::nullopt, count));
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
  EMB_TRY(const std::string_view part, part_of(self, bound[1], bound[2], first));
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
  EMB_TRY(const std::string wanted, text_of(bound[0], name));
  EMB_DO(spend_search(renderer, self.as_text(), wanted));
  std::size_t first = 0;
  EMB_TRY(const std::string_view part, part_of(self, bound[1], bound[2], first));
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
  EMB_TRY(const std::string wanted, text_of(bound[0], name));
  EMB_DO(spend_search(renderer, self.as_text(), wanted));
  std::size_t first = 0;
  EMB_TRY(const std::string_view part, part_of(self, bound[1], bound[2], first));
  if (first == std::string_view::npos) return Value::integer(0);
  if (wanted.empty()) return Value::integer(static_cast<std::int64_t>(count_code_points(part) + 1));
  std::int64_t count = 0;
  for (std::size_t at = part.find(wanted); at != part.npos;
       at = part.find(wanted, at + wanted.size()))
    ++count;
  return Value::integer(count);
}

Called case_method(Renderer& renderer, const Value& self, std::string_view name,
                   const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  const std::string& text = self.as_text();
  EMB_DO(renderer.reserve(text.size() * 4));
  if (name == "upper") return renderer.text(upper(text));
  if (name == "lower") return renderer.text(lower(text));
  if (name == "title") return renderer.text(title(text));
  if (name == "capitalize") return renderer.text(capitalize(text));
  if (name == "swapcase") return renderer.text(swap_case(text));
  return renderer.text(fold_case(text));
}

Called replace_method(Renderer& renderer, const Value& self, std::string_view name,
                      const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"old", "new", "count"}));
  EMB_TRY(const std::string old, text_of(bound[0], name));
  EMB_TRY(const std::string fresh, text_of(bound[1], name));
  EMB_TRY(std::int64_t most, integer_or(bound[2], -1));
  const std::string& text = self.as_text();
  EMB_DO(spend_search(renderer, text, old));
  std::string out;
  std::size_t at = 0;
  while (most != 0) {
    // The empty text is found before every character and at the end.
    const std::size_t found = old.empty() ? at : text.find(old, at);
    if (found == std::string::npos) break;
    out.append(text, at, found - at);
    out += fresh;
    if (most > 0) --most;
    EMB_DO(renderer.spend());
    if (out.size() > Renderer::kOutputBytesMax)
      return fail(Code::TooLarge, "a text became too long");
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
    if (i > 0) out += self.as_text();
    out += items[i].as_text();
    EMB_DO(renderer.spend());
    EMB_DO(renderer.reserve(out.size() / 16));
    if (out.size() > Renderer::kOutputBytesMax)
      return fail(Code::TooLarge, "a text became too long");
  }
  return renderer.text(std::move(out));
}

Called format_method(Renderer& renderer, const Value& self, std::string_view name,
                     const Arguments& arguments) {
  if (name == "format_map") {
    EMB_TRY(const auto bound, bind_arguments(name, arguments, {"mapping"}));
    if (!bound[0] || !bound[0]->is(Kind::Dict)) return type_error("format_map() takes a dict");
    Arguments named;
    for (const auto& [key, value] : bound[0]->as_dict().entries()) {
      if (key.is_text()) named.named.emplace_back(key.as_text(), value);
    }
    EMB_TRY(std::string out, format_braces(renderer, self.as_text(), named));
    return renderer.text(std::move(out));
  }
  EMB_TRY(std::string out, format_braces(renderer, self.as_text(), arguments));
  return renderer.text(std::move(out));
}

Called pad_method(Renderer& renderer, const Value& self, std::string_view name,
                  const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"width", "fillchar"}));
  if (!bound[0]) return type_error(cat(name, "() misses an argument"));
  EMB_TRY(const std::int64_t width, integer_or(bound[0], 0));
  std::string fill = name == "zfill" ? "0" : " ";
  if (bound[1]) {
    EMB_TRY(fill, text_of(bound[1], name));
    if (count_code_points(fill) != 1)
      return type_error("The fill character must be exactly one character long");
  }
  const std::string& text = self.as_text();
  const auto size = static_cast<std::int64_t>(count_code_points(text));
  if (width <= size) return self;
  if (width > static_cast<std::int64_t>(Renderer::kOutputBytesMax))
    return fail(Code::TooLarge, "a width is too large");
  const auto room = static_cast<std::size_t>(width - size);
  EMB_DO(renderer.reserve(text.size() + room * fill.size()));
  const auto filler = [&](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += fill;
    return out;
  };
  if (name == "ljust") return renderer.text(text + filler(room));
  if (name == "rjust") return renderer.text(filler(room) + text);
  if (name == "zfill") {
    const bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
    return renderer.text(
        cat(text.substr(0, sign ? 1 : 0), filler(room), text.substr(sign ? 1 : 0)));
  }
  const std::size_t left = room / 2 + (room & static_cast<std::size_t>(width) & 1);
  return renderer.text(cat(filler(left), text, filler(room - left)));
}

Called affix_removing_method(Renderer& renderer, const Value& self, std::string_view name,
                             const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"affix"}));
  EMB_TRY(const std::string affix, text_of(bound[0], name));
  std::string_view text = self.as_text();
  if (name == "removeprefix" && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (name == "removesuffix" && text.ends_with(affix)) text.remove_suffix(affix.size());
  return renderer.text(std::string(text));
}

Called expandtabs_method(Renderer& renderer, const Value& self, std::string_view name,
                         const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"tabsize"}));
  EMB_TRY(const std::int64_t size, integer_or(bound[0], 8));
  if (size > 1000) return fail(Code::TooLarge, "a width is too large");
  EMB_DO(renderer.reserve(self.as_text().size() *
                          static_cast<std::size_t>(std::max<std::int64_t>(size, 1))));
  std::string out;
  std::int64_t column = 0;
  for (const char c : self.as_text()) {
    if (c == '\t') {
      const std::int64_t count = size > 0 ? size - column % size : 0;
      out.append(static_cast<std::size_t>(count), ' ');
      column += count;
      continue;
    }
    out += c;
    if (c == '\n' || c == '\r')
      column = 0;
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
      ++column;
  }
  return renderer.text(std::move(out));
}

Called is_method(Renderer& renderer, const Value& self, std::string_view name,
                 const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  const std::string& text = self.as_text();
  EMB_DO(renderer.spend(1 + text.size() / 16));
  if (name == "isascii") return Value::boolean(is_ascii(text));
  if (name == "isidentifier") return Value::boolean(is_identifier(text));
  bool cased = false;
  bool after_cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    bool fits = true;
    if (name == "isdigit")
      fits = is_digit(c);
    else if (name == "isdecimal")
      fits = is_decimal(c);
    else if (name == "isnumeric")
      fits = is_number_character(c);
    else if (name == "isalpha")
      fits = is_alphabetic(c);
    else if (name == "isalnum")
      fits = is_alphabetic(c) || is_decimal(c) || is_digit(c) || is_number_character(c);
    else if (name == "isspace")
      fits = is_python_space(c);
    else if (name == "isprintable")
      fits = is_printable(c);
    else if (name == "isupper")
      fits = !is_cased_lower(c) && !is_title_case(c);
    else if (name == "islower")
      fits = !is_cased_upper(c) && !is_title_case(c);
    else if (is_cased_upper(c) || is_title_case(c))
      fits = !after_cased;
    else if (is_cased_lower(c))
      fits = after_cased;
    if (!fits) return Value::boolean(false);
    after_cased = is_cased_upper(c) || is_cased_lower(c) || is_title_case(c);
    cased = cased || (name == "isupper"   ? is_cased_upper(c)
                      : name == "islower" ? is_cased_lower(c)
                                          : after_cased);
  }
  if (name == "isprintable") return Value::boolean(true);
  const bool by_case = name == "isupper" || name == "islower" || name == "istitle";
  return Value::boolean(by_case ? cased : !text.empty());
}

Called encode_method(Renderer&, const Value&, std::string_view, const Arguments&) {
  return fail(Code::NotBuilt, "str.encode is not supported");
}

Called index_items_method(Renderer& renderer, const Value& self, std::string_view name,
                          const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"value"}));
  if (!bound[0]) return type_error(cat(name, "() misses an argument"));
  std::int64_t count = 0;
  const auto& items = self.as_items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    EMB_TRY(const bool same, is_equal(renderer, items[i], *bound[0]));
    if (!same) continue;
    if (name == "index") return Value::integer(static_cast<std::int64_t>(i));
    ++count;
  }
  if (name == "index") return value_error("the value is not in the list");
  return Value::integer(count);
}

Called copy_method(Renderer& renderer, const Value& self, std::string_view name,
                   const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  EMB_DO(renderer.spend());
  return self;  // nothing can change either of them
}

Called views_method(Renderer& renderer, const Value& self, std::string_view name,
                    const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  std::vector<Value> items;
  for (const auto& [key, value] : self.as_dict().entries()) {
    EMB_DO(renderer.spend());
    items.push_back(name == "keys"     ? key
                    : name == "values" ? value
                                       : renderer.list({key, value}, Kind::Tuple));
  }
  return renderer.list(std::move(items), name == "keys"     ? Kind::Keys
                                         : name == "values" ? Kind::Values
                                                            : Kind::Items);
}

Called get_method(Renderer& renderer, const Value& self, std::string_view name,
                  const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"key", "default"}));
  if (!bound[0]) return type_error("get expected at least 1 argument, got 0");
  if (!is_hashable(*bound[0]))
    return type_error(cat("unhashable type: '", type_name(*bound[0]), "'"));
  EMB_DO(renderer.spend(1 + bound[0]->weight() / 8));
  const Value* found = self.as_dict().find(*bound[0]);
  return found != nullptr ? *found : bound[1].value_or(Value());
}

Called number_method(Renderer&, const Value& self, std::string_view name,
                     const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  if (name == "is_integer") return Value::boolean(std::trunc(self.as_double()) == self.as_double());
  std::int64_t bits = 0;
  for (std::uint64_t size = self.as_int() < 0 ? 0 - static_cast<std::uint64_t>(self.as_int())
                                              : static_cast<std::uint64_t>(self.as_int());
       size != 0; size >>= 1)
    ++bits;
  return Value::integer(bits);
}

struct Entry {
  std::string_view name;
  Method method;
};

constexpr Entry kTextMethods[] = {
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
    {"upper", case_method},
    {"lower", case_method},
    {"title", case_method},
    {"capitalize", case_method},
    {"swapcase", case_method},
    {"casefold", case_method},
    {"replace", replace_method},
    {"join", join_method},
    {"format", format_method},
    {"format_map", format_method},
    {"ljust", pad_method},
    {"rjust", pad_method},
    {"center", pad_method},
    {"zfill", pad_method},
    {"removeprefix", affix_removing_method},
    {"removesuffix", affix_removing_method},
    {"expandtabs", expandtabs_method},
    {"encode", encode_method},
    {"isascii", is_method},
    {"isidentifier", is_method},
    {"isdigit", is_method},
    {"isdecimal", is_method},
    {"isnumeric", is_method},
    {"isalpha", is_method},
    {"isalnum", is_method},
    {"isspace", is_method},
    {"isprintable", is_method},
    {"isupper", is_method},
    {"islower", is_method},
    {"istitle", is_method},
};
constexpr Entry kListMethods[] = {
    {"index", index_items_method}, {"count", index_items_method}, {"copy", copy_method}};
constexpr Entry kDictMethods[] = {{"items", views_method},
                                  {"keys", views_method},
                                  {"values", views_method},
                                  {"get", get_method},
                                  {"copy", copy_method}};
constexpr Entry kFloatMethods[] = {{"is_integer", number_method}};
constexpr Entry kIntMethods[] = {{"bit_length", number_method}};

template <std::size_t N>
const Entry* find_in(const Entry (&entries)[N], std::string_view name) {
  const auto found =
      std::find_if(entries, entries + N, [&](const Entry& entry) { return entry.name == name; });
  return found != entries + N ? found : nullptr;
}

class BoundMethod : public Callable {
 public:
  const Entry* entry = nullptr;
  Value self;
  Result<Value> call(Renderer& renderer, Arguments arguments) override {
    return entry->method(renderer, self, entry->name, arguments);
  }
};

}  // namespace

std::optional<Value> find_method(Renderer& renderer, const Value& subject, std::string_view name) {
  const Entry* entry = nullptr;
  switch (subject.kind()) {
    case Kind::String:
      entry = find_in(kTextMethods, name);
      break;
    case Kind::List:
      entry = find_in(kListMethods, name);
      break;
    case Kind::Tuple:
      entry = name == "copy" ? nullptr : find_in(kListMethods, name);
      break;
    case Kind::Dict:
      entry = find_in(kDictMethods, name);
      break;
    case Kind::Float:
      entry = find_in(kFloatMethods, name);
      break;
    case Kind::Bool:
    case Kind::Int:
      entry = find_in(kIntMethods, name);
      break;
    default:
      break;
  }
  if (entry == nullptr) return std::nullopt;
  auto made = std::make_shared<BoundMethod>();
  made->charge(renderer.budget(), sizeof(BoundMethod));
  made->weigh(subject);
  made->entry = entry;
  made->self = subject;
  return Value::object(Kind::Other, std::move(made));
}

}  // namespace embrace::transformers
