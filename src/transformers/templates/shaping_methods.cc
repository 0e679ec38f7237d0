// The methods of str that change how a text looks, and tell what it is made of.
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

Called case_method(Renderer& renderer, const Value& self, std::string_view name,
                   const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  const std::string& text = self.as_text();
  // Beyond ASCII a text is mapped as a whole, in UTF-16; title() and swapcase() go letter by
  // letter.
  const bool by_letter = name == "title" || name == "swapcase";
  EMB_DO(renderer.reserve(text.size() * (is_ascii(text) ? 1 : 10)));
  EMB_DO(renderer.spend(1 + text.size() / (by_letter ? 2 : is_ascii(text) ? 64 : 8)));
  if (name == "upper") return renderer.text(upper(text));
  if (name == "lower") return renderer.text(lower(text));
  if (name == "title") return renderer.text(title(text));
  if (name == "capitalize") return renderer.text(capitalize(text));
  if (name == "swapcase") return renderer.text(swap_case(text));
  return renderer.text(fold_case(text));
}

Called format_method(Renderer& renderer, const Value& self, std::string_view name,
                     const Arguments& arguments) {
  if (name == "format_map") {
    EMB_TRY(const auto bound, bind_arguments(name, arguments, {"mapping"}));
    if (!bound[0] || !bound[0]->is(Kind::Dict)) return type_error("format_map() takes a dict");
    Arguments named;
    for (const auto& [key, value] : bound[0]->as_dict().entries()) {
      EMB_DO(renderer.spend(1 + key.weight() / 8));
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
  EMB_TRY(const std::int64_t width, integer_argument(bound[0], 0));
  std::string fill = name == "zfill" ? "0" : " ";
  if (bound[1]) {
    EMB_TRY(const std::string_view given, text_argument(bound[1], name));
    fill = given.substr(0, 5);  // one character has four bytes at most
    if (count_code_points(fill) != 1 || given.size() > 4)
      return type_error("The fill character must be exactly one character long");
  }
  const std::string& text = self.as_text();
  EMB_DO(renderer.spend(1 + text.size() / 64));
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

Called expandtabs_method(Renderer& renderer, const Value& self, std::string_view name,
                         const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"tabsize"}));
  EMB_TRY(const std::int64_t size, integer_argument(bound[0], 8));
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

constexpr MethodEntry kShapingMethods[] = {
    {"upper", case_method},
    {"lower", case_method},
    {"title", case_method},
    {"capitalize", case_method},
    {"swapcase", case_method},
    {"casefold", case_method},
    {"format", format_method},
    {"format_map", format_method},
    {"ljust", pad_method},
    {"rjust", pad_method},
    {"center", pad_method},
    {"zfill", pad_method},
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

}  // namespace

std::span<const MethodEntry> shaping_methods() { return kShapingMethods; }

}  // namespace embrace::transformers
