#include "transformers/grammar/schema_parts.h"

#include <algorithm>
#include <bit>

#include "base/strings.h"
#include "transformers/grammar/schema_keywords.h"

namespace embrace::transformers {

namespace {

using Kind = SchemaPart::Kind;

constexpr std::size_t kWayMax = 64;

}  // namespace

// Of all keywords and references of a schema together, but for choices.
struct SchemaOutline {
  unsigned types = json_types::kAll;    // of values that satisfy it
  unsigned written = json_types::kAll;  // of values that are written for it
  bool has_values = false;
  std::set<std::string> values;  // their keys
  std::set<std::string_view> required;
  std::map<std::string_view, json::View> properties;
  bool closed_by_schema = false;
  bool closed_by_grammar = false;

  bool can_have(std::string_view name) const {
    return !closed_by_grammar || properties.contains(name) || required.contains(name);
  }
};

Status SchemaReader::spend(std::size_t work) {
  work_ += work;
  if (work_ > kWorkMax) return fail(Code::TooLarge, "schema: too much work");
  return Done{};
}

Result<bool> SchemaReader::values_of(json::View schema, std::vector<json::View>& into) {
  EMB_DO(spend(schema["enum"].items().size()));
  return read_values(schema, into);
}

Result<std::string> SchemaReader::key_of(json::View value) {
  std::string key = key_of_value(value);
  EMB_DO(spend(1 + key.size() / 16));
  return key;
}

Result<std::shared_ptr<const SchemaOutline>> SchemaReader::outline(json::View schema) {
  if (const auto known = outlines_.find(identity_of(schema)); known != outlines_.end())
    return known->second;
  std::vector<SchemaPart> parts;
  EMB_DO(take_apart(schema, {}, parts));
  auto out = std::make_shared<SchemaOutline>();
  std::vector<json::View> values;
  bool any_open = false;
  for (const SchemaPart& part : parts) {
    if (part.kind == Kind::Never) out->types = 0;
    if (part.kind != Kind::Plain) continue;
    EMB_TRY(const unsigned types, types_of_schema(part.schema));
    out->types &= types;
    if (!out->has_values) {
      EMB_TRY(out->has_values, values_of(part.schema, values));
    }
    const json::View additional = part.schema["additionalProperties"];
    const auto properties = part.schema["properties"].members();
    const auto required = part.schema["required"].items();
    EMB_DO(spend(properties.size() + required.size()));
    for (const auto& [name, property] : properties) out->properties.emplace(name, property);
    for (const json::View name : required) out->required.insert(name.text().value_or(""));
    if (additional.boolean() == false) out->closed_by_schema = true;
    if (!properties.empty() && !additional.exists()) out->closed_by_grammar = true;
    any_open = any_open || (additional.exists() && additional.boolean() != false);
  }
  EMB_TRY(out->written, types_written(parts));
  out->closed_by_grammar = out->closed_by_schema || (out->closed_by_grammar && !any_open);
  if (out->has_values) {
    unsigned types = 0;
    for (const json::View value : values) {
      types |= type_of_value(value);
      EMB_TRY(std::string key, key_of(value));
      out->values.insert(std::move(key));
    }
    out->types &= types;
  }
  out->written &= out->types;
  outlines_.emplace(identity_of(schema), out);
  return out;
}

Result<json::View> SchemaReader::follow(std::string_view reference) const {
  const std::string shown(reference.substr(0, 60));
  if (reference != "#" && !reference.starts_with("#/"))
    return fail(Code::NotBuilt, cat("schema: no reference to '", shown, "' can be followed"));
  json::View target = root_;
  if (reference.size() > 1) {
    for (const std::string_view escaped : split(reference.substr(2), '/')) {
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
  }
  if (!target.exists())
    return fail(Code::InvalidArgument, cat("schema: nothing is at '", shown, "'"));
  return target;
}

Status SchemaReader::take_apart(json::View schema, const std::vector<std::uintptr_t>& way,
                                std::vector<SchemaPart>& into) {
  EMB_DO(spend(5));
  if (into.size() > kPartsMax || way.size() > kWayMax)
    return fail(Code::TooLarge, "schema: too many schemas for one value");
  if (const auto flag = schema.boolean()) {
    if (!*flag) into.push_back({Kind::Never, schema, way});
    return Done{};
  }
  if (!schema.is_object()) return fail(Code::InvalidArgument, "a schema is an object");
  if (std::find(way.begin(), way.end(), identity_of(schema)) != way.end())
    return fail(Code::InvalidArgument, "schema: a reference leads back to itself");
  if (!checked_.contains(identity_of(schema))) {
    EMB_DO(check_keywords(schema));
    checked_.insert(identity_of(schema));
  }
  std::vector<std::uintptr_t> longer = way;
  longer.push_back(identity_of(schema));
  if (const json::View reference = schema["$ref"]; reference.exists()) {
    EMB_TRY(const json::View target, follow(reference.text().value_or("")));
    EMB_DO(take_apart(target, longer, into));
  }
  for (const json::View one : schema["allOf"].items()) EMB_DO(take_apart(one, longer, into));
  into.push_back({Kind::Plain, schema, {}});
  if (schema["anyOf"].exists()) into.push_back({Kind::AnyOf, schema, longer});
  if (schema["oneOf"].exists()) into.push_back({Kind::OneOf, schema, longer});
  return Done{};
}

Result<bool> SchemaReader::are_apart(json::View a, json::View b, unsigned depth) {
  if (depth > 4) return false;
  EMB_TRY(const auto first, outline(a));
  EMB_TRY(const auto second, outline(b));
  const SchemaOutline& x = *first;
  const SchemaOutline& y = *second;
  EMB_DO(spend(1));
  const unsigned common = (x.written & y.types) | (y.written & x.types);
  if (common == 0) return true;
  if (x.has_values && y.has_values) {
    EMB_DO(spend(x.values.size()));
    return std::none_of(x.values.begin(), x.values.end(),
                        [&](const std::string& key) { return y.values.contains(key); });
  }
  if (common != json_types::kObject) return false;
  EMB_DO(spend(x.required.size() + y.required.size()));
  // A property that one of them must have tells them apart both ways.
  for (const SchemaOutline* one : {&x, &y}) {
    for (const std::string_view name : one->required) {
      if (one == &y && x.required.contains(name)) continue;
      const auto own = x.properties.find(name);
      const auto other = y.properties.find(name);
      if (own == x.properties.end() || other == y.properties.end()) continue;
      EMB_TRY(const bool apart, are_apart(own->second, other->second, depth + 1));
      if (apart) return true;
    }
  }
  // Otherwise what one writes must lack what the other requires, or have what it forbids.
  const auto never_is = [](const SchemaOutline& written, const SchemaOutline& read) {
    const auto lacks = [&](std::string_view name) { return !written.can_have(name); };
    const auto forbidden = [&](std::string_view name) {
      return read.closed_by_schema && !read.properties.contains(name);
    };
    return std::any_of(read.required.begin(), read.required.end(), lacks) ||
           std::any_of(written.required.begin(), written.required.end(), forbidden);
  };
  return never_is(x, y) && never_is(y, x);
}

std::uintptr_t identity_of(json::View view) { return std::bit_cast<std::uintptr_t>(view); }

Result<unsigned> types_written(const std::vector<SchemaPart>& parts) {
  unsigned types = json_types::kAll;
  unsigned hinted = 0;
  bool named = false;
  for (const SchemaPart& part : parts) {
    if (part.kind != Kind::Plain) continue;
    EMB_TRY(const unsigned own, types_of_schema(part.schema));
    types &= own & part.types;
    named = named || part.schema["type"].exists();
    const auto has = [&](std::initializer_list<std::string_view> names) {
      return std::any_of(names.begin(), names.end(),
                         [&](std::string_view name) { return part.schema[name].exists(); });
    };
    if (has({"properties", "additionalProperties", "required"})) hinted |= json_types::kObject;
    if (has({"items", "prefixItems", "minItems", "maxItems"})) hinted |= json_types::kArray;
    if (has({"pattern", "minLength", "maxLength", "format"})) hinted |= json_types::kString;
    if (has({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}))
      hinted |= json_types::kInteger;
  }
  return named || hinted == 0 ? types : types & hinted;
}

}  // namespace embrace::transformers
