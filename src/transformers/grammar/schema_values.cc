#include "transformers/grammar/schema_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string>

#include "base/strings.h"
#include "transformers/grammar/grammar.h"

namespace embrace::transformers {

namespace {

constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
    {"date", R"([1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8]))"},
    {"time", R"(([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))"},
    {"date-time",
     R"([1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))"},
    {"uuid", R"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"},
    {"ipv4", R"(((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))"},
    {"email",
     R"([A-Za-z0-9_+-]{1,30}(\.[A-Za-z0-9_+-]{1,30}){0,3}@([A-Za-z0-9]{1,30}\.){1,4}[A-Za-z]{2,10})"},
};

constexpr std::pair<std::string_view, unsigned> kTypes[] = {
    {"null", json_types::kNull},       {"boolean", json_types::kBoolean},
    {"integer", json_types::kInteger}, {"number", json_types::kNumber},
    {"string", json_types::kString},   {"array", json_types::kArray},
    {"object", json_types::kObject}};

Result<unsigned> type_named(json::View name) {
  const std::string_view text = name.text().value_or("");
  for (const auto& [known, bits] : kTypes) {
    if (known == text) return bits;
  }
  return fail(Code::InvalidArgument, cat("schema: there is no type '", text.substr(0, 60), "'"));
}

std::size_t letters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Result<unsigned> types_of_schema(json::View schema) {
  const json::View type = schema["type"];
  if (!type.exists()) return json_types::kAll;
  if (!type.is_array()) return type_named(type);
  unsigned all = 0;
  for (const json::View one : type.items()) {
    EMB_TRY(const unsigned bits, type_named(one));
    all |= bits;
  }
  if (all == 0) return fail(Code::InvalidArgument, "schema: type has no names");
  return all;
}

unsigned type_of_value(json::View value) {
  if (value.is_null()) return json_types::kNull;
  if (value.boolean()) return json_types::kBoolean;
  if (value.is_string()) return json_types::kString;
  if (value.is_array()) return json_types::kArray;
  if (value.is_object()) return json_types::kObject;
  const auto number = value.number();
  return number && *number == std::floor(*number) ? json_types::kInteger : json_types::kFraction;
}

std::string key_of_value(json::View value) {
  if (const auto number = value.number()) {
    char digits[40];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, *number).ptr);
  }
  std::string key;
  if (value.is_array()) {
    key = "[";
    for (const json::View item : value.items()) key += cat(key_of_value(item), ",");
    return key + "]";
  }
  if (value.is_object()) {
    std::map<std::string_view, json::View> sorted;
    for (const auto& [name, member] : value.members()) sorted.emplace(name, member);
    key = "{";
    for (const auto& [name, member] : sorted) {
      append_json_quoted(key, name);
      key += cat(":", key_of_value(member), ",");
    }
    return key + "}";
  }
  return value.render();
}

Result<bool> read_values(json::View schema, std::vector<json::View>& into) {
  const json::View constant = schema["const"];
  const json::View choices = schema["enum"];
  if (choices.exists()) {
    if (choices.items().empty()) return fail(Code::InvalidArgument, "schema: enum has no values");
    const std::string wanted = constant.exists() ? key_of_value(constant) : std::string();
    for (const json::View one : choices.items()) {
      if (!constant.exists() || key_of_value(one) == wanted) into.push_back(one);
    }
    return true;
  }
  if (constant.exists()) into.push_back(constant);
  return constant.exists();
}

Status PatternMatcher::compile(std::string_view pattern, bool anchored) {
  if (is_compiled_ && pattern == pattern_ && anchored == anchored_) return Done{};
  is_compiled_ = false;
  automaton_.reset();
  GrammarBuilder builder;
  EMB_TRY(const GrammarSequence inside, parse_regex(builder, pattern, Spelling::Plain, anchored));
  symbols_ += builder.size() + inside.size();
  if (symbols_ > kSymbolsMax)
    return fail(Code::TooLarge, "schema: patterns beside constants are too much work");
  const auto made = builder.finish(inside);
  if (!made && made.error().code() != Code::InvalidArgument) return fail(made.error());
  if (made) automaton_.emplace(*made, Automaton::Kind::Whole);
  pattern_ = pattern;
  anchored_ = anchored;
  is_compiled_ = true;
  return Done{};
}

Result<bool> PatternMatcher::matches(std::string_view text, std::string_view pattern,
                                     bool anchored) {
  EMB_DO(compile(pattern, anchored));
  if (!automaton_) return false;
  if (text.size() > steps_left_)
    return fail(Code::TooLarge, "schema: patterns beside constants are too much work");
  automaton_->allow_steps(steps_left_ - text.size());
  if (automaton_->is_full()) automaton_->forget_all();
  EMB_TRY(std::uint32_t state, automaton_->start());
  for (const char c : text) {
    if (state == Automaton::kDead) break;
    EMB_TRY(state, automaton_->next(state, static_cast<unsigned char>(c)));
  }
  steps_left_ = automaton_->steps_left();
  return state != Automaton::kDead && automaton_->is_complete(state);
}

Result<bool> satisfies(json::View value, json::View schema, PatternMatcher& matcher) {
  const unsigned type = type_of_value(value);
  EMB_TRY(const unsigned types, types_of_schema(schema));
  if ((type & types) == 0) return false;
  if (type == json_types::kObject || type == json_types::kArray) {
    for (const std::string_view keyword : {"properties", "required", "additionalProperties",
                                           "items", "prefixItems", "minItems", "maxItems"}) {
      if (schema[keyword].exists())
        return fail(Code::NotBuilt, cat("schema: '", keyword,
                                        "' beside constant objects or arrays is not supported"));
    }
  }
  if (const auto number = value.number()) {
    NumberBounds bounds;
    EMB_DO(bounds.read(schema));
    if (bounds.has_low && (*number < bounds.low || (bounds.low_excluded && *number == bounds.low)))
      return false;
    if (bounds.has_high &&
        (*number > bounds.high || (bounds.high_excluded && *number == bounds.high)))
      return false;
  }
  if (const auto text = value.text()) {
    constexpr std::uint32_t kMost = 0xFFFFFFFF;
    EMB_TRY(const std::uint32_t min, read_count(schema, "minLength", 0, kMost));
    EMB_TRY(const std::uint32_t max, read_count(schema, "maxLength", kMost, kMost));
    const std::size_t letters = letters_of(*text);
    if (letters < min || letters > max) return false;
    if (const auto pattern = schema["pattern"].text()) {
      EMB_TRY(const bool fits, matcher.matches(*text, *pattern, false));
      if (!fits) return false;
    }
    if (const auto format = schema["format"].text()) {
      const std::string_view pattern = pattern_of_format(*format);
      if (pattern.empty())
        return fail(Code::NotBuilt,
                    cat("schema: the format '", format->substr(0, 60), "' is not supported"));
      EMB_TRY(const bool fits, matcher.matches(*text, pattern, true));
      if (!fits) return false;
    }
  }
  return true;
}

std::string_view pattern_of_format(std::string_view format) {
  for (const auto& [name, pattern] : kFormats) {
    if (name == format) return pattern;
  }
  return {};
}

Status NumberBounds::read(json::View schema) {
  const auto bound = [&](std::string_view name, bool is_low, bool excluded) -> Status {
    if (!schema[name].exists()) return Done{};
    const auto number = schema[name].number();
    if (!number || !std::isfinite(*number))
      return fail(Code::InvalidArgument, cat("schema: ", name, " is a number"));
    double& edge = is_low ? low : high;
    bool& has = is_low ? has_low : has_high;
    bool& without = is_low ? low_excluded : high_excluded;
    const bool tighter = is_low ? *number > edge : *number < edge;
    if (!has || tighter) {
      edge = *number;
      without = excluded;
    } else if (*number == edge) {
      without = without || excluded;
    }
    has = true;
    return Done{};
  };
  EMB_DO(bound("minimum", true, false));
  EMB_DO(bound("maximum", false, false));
  EMB_DO(bound("exclusiveMinimum", true, true));
  return bound("exclusiveMaximum", false, true);
}

Result<std::uint32_t> read_count(json::View schema, std::string_view keyword, std::uint32_t usual,
                                 std::uint32_t most) {
  if (!schema[keyword].exists()) return usual;
  const auto number = schema[keyword].number();
  if (!number || *number < 0 || *number != std::floor(*number))
    return fail(Code::InvalidArgument, cat("schema: ", keyword, " is a whole number from 0"));
  return *number < most ? static_cast<std::uint32_t>(*number) : most;
}

}  // namespace embrace::transformers
