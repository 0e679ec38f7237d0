// JSON schemas as grammars. Objects have their properties in the order of the schema, optional ones
// may be left out; white space is free where JSON has it, up to a limit. oneOf is taken as anyOf.

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "base/strings.h"
#include "transformers/grammar/grammar.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

using Sequence = GrammarSequence;
using Made = Result<Sequence>;

constexpr unsigned kDepthMax = 64;
constexpr std::uint32_t kSpacesMax = 16;

// Keywords that say nothing about which texts are allowed.
constexpr std::string_view kNotes[] = {
    "title",       "description", "default",  "examples",  "$schema", "$id",  "$comment", "$defs",
    "definitions", "deprecated",  "readOnly", "writeOnly", "strict",  "name", "$anchor"};
constexpr std::string_view kUnderstood[] = {"type",
                                            "enum",
                                            "const",
                                            "properties",
                                            "required",
                                            "additionalProperties",
                                            "items",
                                            "prefixItems",
                                            "minItems",
                                            "maxItems",
                                            "anyOf",
                                            "oneOf",
                                            "allOf",
                                            "$ref",
                                            "pattern",
                                            "format",
                                            "minLength",
                                            "maxLength",
                                            "minimum",
                                            "maximum",
                                            "exclusiveMinimum",
                                            "exclusiveMaximum"};

constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
    {"date", R"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8]))"},
    {"time", R"(([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))"},
    {"date-time",
     R"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))"},
    {"uuid", R"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"},
    {"ipv4", R"(((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))"},
    {"email",
     R"([A-Za-z0-9_+-]{1,30}(\.[A-Za-z0-9_+-]{1,30}){0,3}@([A-Za-z0-9]{1,30}\.){1,4}[A-Za-z]{2,10})"},
};

class SchemaCompiler {
 public:
  explicit SchemaCompiler(json::View root) : root_(root) { make_json(); }

  Result<std::shared_ptr<const Grammar>> run() {
    EMB_TRY(const Sequence whole, compile(root_));
    return builder_.finish(whole);
  }
  Result<std::shared_ptr<const Grammar>> run_any() {
    return builder_.finish(builder_.call(value_));
  }

 private:
  Sequence seq(std::vector<Sequence> parts) const { return GrammarBuilder::join(std::move(parts)); }
  Sequence lit(std::string_view text) { return builder_.literal(text); }

  // The rules of JSON itself.
  void make_json() {
    value_ = builder_.new_rule();
    ByteSet blank;
    for (const char c : std::string_view(" \t\n\r")) blank.set(static_cast<unsigned char>(c));
    spaces_ = builder_.repeat(builder_.bytes(blank), 0, kSpacesMax).value();
    const Sequence digit = builder_.points({{'0', '9'}});
    const Sequence digits =
        seq({digit, builder_.repeat(digit, 0, GrammarBuilder::kUnbounded).value()});
    const Sequence minus = builder_.choice({lit("-"), {}});
    integer_ =
        seq({minus, builder_.choice({lit("0"), seq({builder_.points({{'1', '9'}}),
                                                    builder_.repeat(digit, 0, 17).value()})})});
    const Sequence fraction = builder_.choice({seq({lit("."), digits}), {}});
    const Sequence exponent = builder_.choice(
        {seq({builder_.points({{'e', 'e'}, {'E', 'E'}}), builder_.choice({lit("-"), lit("+"), {}}),
              digit, builder_.repeat(digit, 0, 1).value()}),
         {}});
    number_ = seq({integer_, fraction, exponent});
    // One character of a string: itself, an escape, or a pair of surrogates.
    const Sequence hex = builder_.points({{'0', '9'}, {'a', 'f'}, {'A', 'F'}});
    const Sequence unit = builder_.choice(
        {seq({builder_.points({{'0', '9'}, {'a', 'c'}, {'A', 'C'}, {'e', 'f'}, {'E', 'F'}}), hex,
              hex, hex}),
         seq({builder_.points({{'d', 'd'}, {'D', 'D'}}), builder_.points({{'0', '7'}}), hex, hex}),
         seq({builder_.points({{'d', 'd'}, {'D', 'D'}}),
              builder_.points({{'8', '9'}, {'a', 'b'}, {'A', 'B'}}), hex, hex, lit("\\u"),
              builder_.points({{'d', 'd'}, {'D', 'D'}}), builder_.points({{'c', 'f'}, {'C', 'F'}}),
              hex, hex})});
    const Sequence escape = seq({lit("\\"), builder_.choice({builder_.points({{'"', '"'},
                                                                              {'\\', '\\'},
                                                                              {'/', '/'},
                                                                              {'b', 'b'},
                                                                              {'f', 'f'},
                                                                              {'n', 'n'},
                                                                              {'r', 'r'},
                                                                              {'t', 't'}}),
                                                             seq({lit("u"), unit})})});
    character_ =
        builder_.choice({builder_.points(inverse({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}})), escape});
    string_ = seq(
        {lit("\""), builder_.repeat(character_, 0, GrammarBuilder::kUnbounded).value(), lit("\"")});
    const Sequence any = builder_.call(value_);
    object_ = bracketed("{", seq({string_, colon(), any}), "}");
    array_ = bracketed("[", any, "]");
    for (const Sequence& one :
         {object_, array_, string_, number_, lit("true"), lit("false"), lit("null")})
      builder_.add_choice(value_, one);
  }
  Sequence colon() { return seq({spaces_, lit(":"), spaces_}); }
  Sequence comma() { return seq({spaces_, lit(","), spaces_}); }
  // Any number of items between brackets.
  Sequence bracketed(std::string_view open, const Sequence& item, std::string_view close) {
    const Sequence rest =
        builder_.repeat(seq({comma(), item}), 0, GrammarBuilder::kUnbounded).value();
    return seq({lit(open), spaces_, builder_.choice({seq({item, rest, spaces_}), {}}), lit(close)});
  }

  static bool among(std::string_view name, std::span<const std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Made compile(json::View schema) {
    if (depth_ > kDepthMax) return fail(Code::TooLarge, "the schema is nested too deeply");
    ++depth_;
    auto made = compile_one(schema);
    --depth_;
    if (!made) return made;
    // What is long is said once, and called: parts of objects stand in two places.
    if (made->size() > 4) {
      const std::uint32_t rule = builder_.new_rule();
      builder_.add_choice(rule, *std::move(made));
      made = builder_.call(rule);
    }
    EMB_DO(builder_.check_size());
    return made;
  }

  Made compile_one(json::View schema) {
    if (const auto flag = schema.boolean()) {
      if (*flag) return builder_.call(value_);
      return fail(Code::NotBuilt, "schema: false allows nothing");
    }
    if (!schema.is_object()) return fail(Code::InvalidArgument, "a schema is an object");
    for (const auto& [name, view] : schema.members()) {
      if (!among(name, kNotes) && !among(name, kUnderstood))
        return fail(Code::NotBuilt,
                    cat("schema: the keyword '", name.substr(0, 60), "' is not supported"));
    }
    if (const json::View ref = schema["$ref"]; ref.exists()) return reference(schema, ref);
    if (const json::View constant = schema["const"]; constant.exists())
      return lit(constant.render());
    if (const json::View choices = schema["enum"]; choices.exists()) {
      std::vector<Sequence> all;
      for (const json::View one : choices.items()) all.push_back(lit(one.render()));
      if (all.empty()) return fail(Code::InvalidArgument, "schema: enum has no values");
      return builder_.choice(std::move(all));
    }
    for (const std::string_view name : {"anyOf", "oneOf"}) {
      if (schema[name].exists()) return any_of(schema, name);
    }
    if (schema["allOf"].exists()) return all_of(schema);
    const json::View type = schema["type"];
    if (type.is_array()) {
      std::vector<Sequence> all;
      for (const json::View one : type.items()) {
        EMB_TRY(Sequence made, of_type(schema, one.text().value_or("")));
        all.push_back(std::move(made));
      }
      if (all.empty()) return fail(Code::InvalidArgument, "schema: type has no names");
      return builder_.choice(std::move(all));
    }
    if (type.exists()) return of_type(schema, type.text().value_or(""));
    if (schema["properties"].exists() || schema["additionalProperties"].exists() ||
        schema["required"].exists())
      return object(schema);
    if (schema["items"].exists() || schema["prefixItems"].exists() || schema["minItems"].exists() ||
        schema["maxItems"].exists())
      return array(schema);
    if (schema["pattern"].exists() || schema["minLength"].exists() ||
        schema["maxLength"].exists() || schema["format"].exists())
      return string(schema);
    for (const std::string_view bound :
         {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
      if (schema[bound].exists())
        return fail(Code::NotBuilt, "schema: a range needs the type integer");
    }
    return builder_.call(value_);
  }

  Made of_type(json::View schema, std::string_view type) {
    if (type == "object") return object(schema);
    if (type == "array") return array(schema);
    if (type == "string") return string(schema);
    if (type == "integer") return integer(schema);
    if (type == "number") {
      for (const std::string_view bound :
           {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
        if (schema[bound].exists())
          return fail(Code::NotBuilt,
                      "schema: ranges of numbers that are not integers are not supported");
      }
      return number_;
    }
    if (type == "boolean") return builder_.choice({lit("true"), lit("false")});
    if (type == "null") return lit("null");
    return fail(Code::InvalidArgument, cat("schema: there is no type '", type.substr(0, 60), "'"));
  }

  // A schema that stands alone but for notes: what is beside it would narrow it.
  static Status alone(json::View schema, std::string_view keyword) {
    for (const auto& [name, view] : schema.members()) {
      if (name != keyword && !among(name, kNotes) && name != "type")
        return fail(Code::NotBuilt, cat("schema: '", name.substr(0, 60), "' beside ", keyword,
                                        " is not supported"));
    }
    return Done{};
  }

  Made reference(json::View schema, json::View ref) {
    EMB_DO(alone(schema, "$ref"));
    const std::string pointer(ref.text().value_or(""));
    const auto [known, is_new] = references_.try_emplace(pointer, 0);
    if (!is_new) return builder_.call(known->second);
    if (!pointer.starts_with('#'))
      return fail(Code::NotBuilt,
                  cat("schema: no reference to '", pointer.substr(0, 60), "' can be followed"));
    const std::uint32_t rule = known->second = builder_.new_rule();
    json::View target = root_;
    for (const std::string_view escaped : split(std::string_view(pointer).substr(1), '/')) {
      if (escaped.empty()) continue;
      std::string part = percent_decode(escaped).value_or(std::string(escaped));
      for (std::size_t at = 0; (at = part.find('~', at)) != part.npos; ++at) {
        if (part.compare(at, 2, "~1") == 0) part.replace(at, 2, "/");
        if (part.compare(at, 2, "~0") == 0) part.replace(at, 2, "~");
      }
      if (target.is_array()) {
        const auto items = target.items();
        const auto index = parse_uint(part);
        target = index && *index < items.size() ? items[*index] : json::View();
      } else {
        target = target[part];
      }
    }
    if (!target.exists())
      return fail(Code::InvalidArgument,
                  cat("schema: nothing is at '", pointer.substr(0, 60), "'"));
    EMB_TRY(Sequence made, compile(target));
    builder_.add_choice(rule, std::move(made));
    return builder_.call(rule);
  }

  Made any_of(json::View schema, std::string_view keyword) {
    EMB_DO(alone(schema, keyword));
    std::vector<Sequence> all;
    for (const json::View one : schema[keyword].items()) {
      EMB_TRY(Sequence made, compile(one));
      all.push_back(std::move(made));
    }
    if (all.empty())
      return fail(Code::InvalidArgument, cat("schema: ", keyword, " has no schemas"));
    return builder_.choice(std::move(all));
  }

  Made all_of(json::View schema) {
    EMB_DO(alone(schema, "allOf"));
    const auto parts = schema["allOf"].items();
    if (parts.size() == 1) return compile(parts[0]);
    return fail(Code::NotBuilt, "schema: allOf of several schemas is not supported");
  }

  static Result<std::uint32_t> count(json::View schema, std::string_view name,
                                     std::uint32_t usual) {
    if (!schema[name].exists()) return usual;
    const auto number = schema[name].integer();
    if (!number || *number < 0)
      return fail(Code::InvalidArgument, cat("schema: ", name, " is a number from 0"));
    return static_cast<std::uint32_t>(std::min<std::int64_t>(*number, Grammar::kRepeatMax + 2));
  }

  Made string(json::View schema) {
    EMB_TRY(const std::uint32_t min, count(schema, "minLength", 0));
    EMB_TRY(const std::uint32_t max, count(schema, "maxLength", GrammarBuilder::kUnbounded));
    const bool sized = schema["minLength"].exists() || schema["maxLength"].exists();
    const auto format = schema["format"].text();
    const auto known = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const auto& one) {
      return format && one.first == *format;
    });
    const bool has_format = format && known != std::end(kFormats);
    if (format && !has_format)
      return fail(Code::NotBuilt,
                  cat("schema: the format '", format->substr(0, 60), "' is not supported"));
    const auto pattern = schema["pattern"].text();
    if ((pattern ? 1 : 0) + (has_format ? 1 : 0) + (sized ? 1 : 0) > 1)
      return fail(Code::NotBuilt, "schema: pattern, format and lengths can't be combined");
    Sequence inside;
    if (pattern) {
      EMB_TRY(inside, parse_regex(builder_, *pattern, Spelling::Json, false));
    } else if (has_format) {
      EMB_TRY(inside, parse_regex(builder_, known->second, Spelling::Json, true));
    } else {
      EMB_TRY(inside, builder_.repeat(character_, min, max));
    }
    return seq({lit("\""), inside, lit("\"")});
  }

  Made array(json::View schema) {
    EMB_TRY(const std::uint32_t min, count(schema, "minItems", 0));
    EMB_TRY(const std::uint32_t max, count(schema, "maxItems", GrammarBuilder::kUnbounded));
    std::vector<Sequence> fixed;
    for (const json::View one : schema["prefixItems"].items()) {
      EMB_TRY(Sequence made, compile(one));
      fixed.push_back(std::move(made));
    }
    const json::View items = schema["items"];
    const bool closed = items.boolean().has_value() && !*items.boolean();
    Sequence item = builder_.call(value_);
    if (items.exists() && !closed) {
      EMB_TRY(item, compile(items));
    }
    const auto size = static_cast<std::uint32_t>(fixed.size());
    const std::uint32_t most = closed ? std::min(max, size) : max;
    if (most < min)
      return fail(Code::InvalidArgument, "schema: no array has so many items and so few");
    // From the end: what may follow the first `i` items, of which the fixed ones differ.
    const Sequence next = seq({comma(), item});
    const std::uint32_t after_min = min > size ? min - size : 0;
    Sequence tail;
    if (most == GrammarBuilder::kUnbounded || most > size) {
      EMB_TRY(tail,
              builder_.repeat(
                  size == 0 ? next : next, size == 0 && after_min > 0 ? after_min - 1 : after_min,
                  most == GrammarBuilder::kUnbounded ? most : most - std::max(size, 1U)));
    }
    if (size == 0) {
      Sequence content = seq({item, tail, spaces_});
      if (most == 0) content.clear();
      if (min == 0) content = builder_.choice({content, {}});
      return seq({lit("["), spaces_, content, lit("]")});
    }
    for (std::uint32_t i = size; i-- > 0;) {
      Sequence one = i >= most ? Sequence{} : seq({i > 0 ? comma() : Sequence{}, fixed[i], tail});
      tail = i >= min && i < most ? builder_.choice({one, {}}) : one;
    }
    return seq({lit("["), spaces_, tail, spaces_, lit("]")});
  }

  Made object(json::View schema) {
    const json::View additional = schema["additionalProperties"];
    const bool has_properties =
        schema["properties"].is_object() && !schema["properties"].members().empty();
    const bool open = additional.exists() ? additional.boolean().value_or(true) : !has_properties;
    std::vector<std::string> required;
    for (const json::View one : schema["required"].items())
      required.emplace_back(one.text().value_or(""));
    std::vector<std::string> names;
    std::vector<Sequence> members;
    for (const auto& [name, view] : schema["properties"].members()) {
      EMB_TRY(const Sequence made, compile(view));
      std::string key;
      append_json_quoted(key, name);
      names.emplace_back(name);
      members.push_back(seq({lit(key), colon(), made}));
    }
    for (const std::string& name : required) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      if (!open)
        return fail(Code::InvalidArgument,
                    cat("schema: '", name.substr(0, 60), "' is required but not allowed"));
      std::string key;
      append_json_quoted(key, name);
      Sequence made = builder_.call(value_);
      if (additional.is_object()) {
        EMB_TRY(made, compile(additional));
      }
      names.push_back(name);
      members.push_back(seq({lit(key), colon(), made}));
    }
    for (const std::string& name : names) {
      if (name.size() > 200)
        return fail(Code::TooLarge, "schema: the name of a property is too long");
    }
    // From the end, twice: what follows when a member came before, and when none did.
    Sequence after;
    Sequence first;
    if (open) {
      Sequence made = builder_.call(value_);
      if (additional.is_object()) {
        EMB_TRY(made, compile(additional));
      }
      const Sequence member = seq({lit("\""), other_key(names), lit("\""), colon(), made});
      EMB_TRY(after, builder_.repeat(seq({comma(), member}), 0, GrammarBuilder::kUnbounded));
      first = builder_.choice({seq({member, after}), {}});
    }
    for (std::size_t i = members.size(); i-- > 0;) {
      const bool needed = std::find(required.begin(), required.end(), names[i]) != required.end();
      const Sequence with = seq({members[i], after});
      const Sequence with_comma = seq({comma(), with});
      first = needed ? with : builder_.choice({with, first});
      after = needed ? with_comma : builder_.choice({with_comma, after});
      if (after.size() > 4) {  // the part is said once, and called from then on
        const std::uint32_t rule = builder_.new_rule();
        builder_.add_choice(rule, after);
        after = builder_.call(rule);
      }
      EMB_DO(builder_.check_size());
    }
    return seq({lit("{"), spaces_, first, spaces_, lit("}")});
  }

  // Any key but these: without escapes, so that none of them can be spelled another way.
  Sequence other_key(const std::vector<std::string>& names) {
    const CodePoints forbidden{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
    const Sequence plain = builder_.points(inverse(forbidden));
    const Sequence rest = builder_.repeat(plain, 0, GrammarBuilder::kUnbounded).value();
    return other_than(names, 0, rest);
  }
  Sequence other_than(const std::vector<std::string>& names, std::size_t at, const Sequence& rest) {
    std::map<char32_t, std::vector<std::string>> by_letter;
    bool ends = true;
    for (const std::string& name : names) {
      if (name.size() == at) {
        ends = false;
        continue;
      }
      std::size_t next = at;
      by_letter[next_code_point(name, next)].push_back(name);
    }
    CodePoints taken{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
    std::vector<Sequence> choices;
    if (ends) choices.emplace_back();
    for (const auto& [letter, group] : by_letter) {
      taken.emplace_back(letter, letter);
      if (letter < 0x20 || letter == '"' || letter == '\\') continue;  // would be an escape
      std::string bytes;
      append_utf8(bytes, letter);
      choices.push_back(seq({lit(bytes), other_than(group, at + bytes.size(), rest)}));
    }
    choices.push_back(seq({builder_.points(inverse(std::move(taken))), rest}));
    return builder_.choice(std::move(choices));
  }

  // Integers between bounds: digit by digit, as far as the digits are those of a bound.
  Made integer(json::View schema) {
    std::optional<std::int64_t> low;
    std::optional<std::int64_t> high;
    const auto bound = [&](std::string_view name, std::optional<std::int64_t>& out,
                           std::int64_t step) -> Status {
      if (!schema[name].exists()) return Done{};
      const auto number = schema[name].integer();
      constexpr std::int64_t kLargest = 900'000'000'000'000'000;
      if (!number || *number > kLargest || *number < -kLargest)
        return fail(Code::NotBuilt,
                    cat("schema: ", name, " must be a whole number of at most 17 digits"));
      out = *number + step;
      return Done{};
    };
    EMB_DO(bound("minimum", low, 0));
    EMB_DO(bound("maximum", high, 0));
    EMB_DO(bound("exclusiveMinimum", low, 1));
    EMB_DO(bound("exclusiveMaximum", high, -1));
    if (!low && !high) return integer_;
    constexpr std::int64_t kAll = 999'999'999'999'999'999;
    const std::int64_t from = low.value_or(-kAll);
    const std::int64_t to = high.value_or(kAll);
    if (from > to) return fail(Code::InvalidArgument, "schema: no integer lies between the bounds");
    std::vector<Sequence> choices;
    if (from < 0)
      choices.push_back(
          seq({lit("-"),
               digits_between(std::max<std::int64_t>(-std::min<std::int64_t>(to, -1), 1), -from)}));
    if (to >= 0) choices.push_back(digits_between(std::max<std::int64_t>(from, 0), to));
    return builder_.choice(std::move(choices));
  }
  Sequence digits_between(std::int64_t from, std::int64_t to) {
    std::vector<Sequence> choices;
    std::int64_t begin = from;
    while (begin <= to) {
      const std::string low = cat(begin);
      const std::int64_t last =
          std::min<std::int64_t>(to, std::stoll(std::string(low.size(), '9')));
      choices.push_back(same_length(low, cat(last)));
      begin = last + 1;
    }
    return builder_.choice(std::move(choices));
  }
  Sequence same_length(std::string_view low, std::string_view high) {
    if (low.empty()) return {};
    const Sequence digit = builder_.points({{'0', '9'}});
    if (low.find_first_not_of('0') == low.npos && high.find_first_not_of('9') == high.npos) {
      Sequence all;
      for (std::size_t i = 0; i < low.size(); ++i) all.push_back(digit.front());
      return all;
    }
    const auto range = [&](char a, char b) {
      return builder_.points({{static_cast<char32_t>(a), static_cast<char32_t>(b)}});
    };
    if (low[0] == high[0])
      return seq({range(low[0], low[0]), same_length(low.substr(1), high.substr(1))});
    const std::size_t rest = low.size() - 1;
    std::vector<Sequence> choices{
        seq({range(low[0], low[0]), same_length(low.substr(1), std::string(rest, '9'))}),
        seq({range(high[0], high[0]), same_length(std::string(rest, '0'), high.substr(1))})};
    if (low[0] + 1 < high[0]) {
      Sequence middle = range(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1));
      for (std::size_t i = 0; i < rest; ++i) middle = seq({middle, digit});
      choices.push_back(std::move(middle));
    }
    return builder_.choice(std::move(choices));
  }

  GrammarBuilder builder_;
  json::View root_;
  unsigned depth_ = 0;
  std::map<std::string, std::uint32_t> references_;
  std::uint32_t value_ = 0;
  Sequence spaces_;
  Sequence integer_;
  Sequence number_;
  Sequence character_;
  Sequence string_;
  Sequence object_;
  Sequence array_;
};

}  // namespace

Result<std::shared_ptr<const Grammar>> Grammar::from_json_schema(json::View schema) {
  if (schema.render().size() > kSourceBytesMax)
    return fail(Code::TooLarge, "the schema is too long");
  return SchemaCompiler(schema).run();
}

Result<std::shared_ptr<const Grammar>> Grammar::any_json() {
  return SchemaCompiler(json::View()).run_any();
}

}  // namespace embrace::transformers
