#include "transformers/grammar/schema_keywords.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/strings.h"
#include "transformers/grammar/schema_values.h"

namespace embrace::transformers {

namespace {

// Keywords that say nothing about which values are allowed.
constexpr std::string_view kNotes[] = {
    "title",         "description",     "default",         "examples",    "$schema",
    "$id",           "$comment",        "$defs",           "definitions", "deprecated",
    "readOnly",      "writeOnly",       "strict",          "name",        "$anchor",
    "discriminator", "contentEncoding", "contentMediaType"};
// What stands behind a keyword. Messages say it in these words.
constexpr std::string_view kAny = "any value";
constexpr std::string_view kTypes = "a name or a list of different names";
constexpr std::string_view kValues = "a list of values";
constexpr std::string_view kText = "a text";
constexpr std::string_view kNames = "a list of names";
constexpr std::string_view kNumber = "a number";
constexpr std::string_view kCount = "a whole number from 0";
constexpr std::string_view kSchema = "a schema";
constexpr std::string_view kList = "a list of schemas";
constexpr std::string_view kObject = "an object of schemas";

constexpr std::pair<std::string_view, std::string_view> kUnderstood[] = {
    {"type", kTypes},
    {"enum", kValues},
    {"const", kAny},
    {"properties", kObject},
    {"required", kNames},
    {"additionalProperties", kSchema},
    {"items", kSchema},
    {"prefixItems", kList},
    {"minItems", kCount},
    {"maxItems", kCount},
    {"anyOf", kList},
    {"oneOf", kList},
    {"allOf", kList},
    {"$ref", kText},
    {"pattern", kText},
    {"format", kText},
    {"minLength", kCount},
    {"maxLength", kCount},
    {"minimum", kNumber},
    {"maximum", kNumber},
    {"exclusiveMinimum", kNumber},
    {"exclusiveMaximum", kNumber}};

bool is_schema(json::View value) { return value.is_object() || value.boolean().has_value(); }

bool is_list_of(json::View value, bool (*holds)(json::View)) {
  const auto items = value.items();
  return value.is_array() && std::all_of(items.begin(), items.end(), holds);
}

bool is_what(json::View value, std::string_view what) {
  const auto number = value.number();
  if (what == kText) return value.is_string();
  if (what == kNames) return is_list_of(value, [](json::View name) { return name.is_string(); });
  if (what == kNumber) return number && std::isfinite(*number);
  if (what == kCount) return number && *number >= 0 && *number == std::floor(*number);
  if (what == kSchema) return is_schema(value);
  if (what == kList) return is_list_of(value, is_schema);
  if (what == kObject) {
    const auto members = value.members();
    return value.is_object() && std::all_of(members.begin(), members.end(), [](const auto& member) {
             return is_schema(member.second);
           });
  }
  if (what == kValues) return value.is_array();
  if (what == kTypes) return value.is_string() || (value.is_array() && value.items().size() <= 7);
  return true;
}

}  // namespace

Status check_keywords(json::View schema) {
  for (const auto& [name, value] : schema.members()) {
    if (std::find(std::begin(kNotes), std::end(kNotes), name) != std::end(kNotes)) continue;
    const auto known = std::find_if(std::begin(kUnderstood), std::end(kUnderstood),
                                    [&](const auto& keyword) { return keyword.first == name; });
    if (known != std::end(kUnderstood)) {
      if (!is_what(value, known->second))
        return fail(Code::InvalidArgument, cat("schema: ", name, " is ", known->second));
      continue;
    }
    if (name == "uniqueItems" && value.boolean() == false) continue;
    return fail(Code::NotBuilt,
                cat("schema: the keyword '", name.substr(0, 60), "' is not supported"));
  }
  for (const std::string_view name : {"allOf", "anyOf", "oneOf"}) {
    if (schema[name].exists() && schema[name].items().empty())
      return fail(Code::InvalidArgument, cat("schema: ", name, " has no schemas"));
  }
  if (schema["enum"].exists() && schema["enum"].items().empty())
    return fail(Code::InvalidArgument, "schema: enum has no values");
  EMB_DO(types_of_schema(schema));
  return Done{};
}

}  // namespace embrace::transformers
