// JSON schemas as grammars. A value has to satisfy all schemas that apply to it: they are taken
// apart (schema_parts.h), choices among schemas become choices of the grammar, and plain keywords
// are put together, the tighter one winning. What is written may be less than what the schema
// allows, but never more: objects have their properties in the order of the schema, and none that
// it does not name unless it says so; oneOf is taken where its schemas are plainly apart.

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/strings.h"
#include "transformers/grammar/grammar.h"
#include "transformers/grammar/json_rules.h"
#include "transformers/grammar/schema_parts.h"

namespace embrace::transformers {

namespace {

using Sequence = GrammarSequence;
using Made = Result<Sequence>;
using Kind = SchemaPart::Kind;
using Parts = std::vector<SchemaPart>;
using Schemas = std::vector<json::View>;  // all of which apply

constexpr unsigned kDepthMax = 64;
constexpr std::size_t kCombinationsMax = 4'000;  // of choices, in the whole schema
constexpr std::size_t kPairsMax = 20'000;        // of the schemas of oneOf
constexpr std::size_t kNameBytesMax = 200;

Sequence seq(std::vector<Sequence> parts) { return GrammarBuilder::join(std::move(parts)); }

class SchemaCompiler {
 public:
  explicit SchemaCompiler(json::View root) : root_(root), reader_(root), json_(builder_) {}

  Result<std::shared_ptr<const Grammar>> run() {
    EMB_TRY(const Sequence whole, compile({root_}));
    return builder_.finish(whole);
  }
  Result<std::shared_ptr<const Grammar>> run_any() { return builder_.finish(json_.value); }

 private:
  Sequence lit(std::string_view text) { return builder_.literal(text); }
  Sequence nothing() { return builder_.choice({}); }  // no text at all

  // One rule for each set of schemas, so that they may refer to each other, and so that what is
  // said once stands once.
  Made compile(const Schemas& schemas) {
    EMB_DO(reader_.spend(schemas.size()));
    std::set<std::uintptr_t> key;
    for (const json::View schema : schemas) {
      if (schema.boolean() != true) key.insert(identity_of(schema));
    }
    if (key.empty()) return json_.value;
    const auto [known, is_new] = rules_.try_emplace(std::move(key), 0);
    if (!is_new) return builder_.call(known->second);
    const std::uint32_t rule = known->second = builder_.new_rule();
    if (depth_ >= kDepthMax) return fail(Code::TooLarge, "the schema is nested too deeply");
    Parts parts;
    for (const json::View schema : schemas) EMB_DO(reader_.take_apart(schema, {}, parts));
    ++depth_;
    auto made = compile_parts(parts);
    --depth_;
    if (!made) return made;
    builder_.add_choice(rule, *std::move(made));
    EMB_DO(builder_.check_size());
    return builder_.call(rule);
  }

  Made compile_parts(const Parts& parts) {
    if (++combinations_ > kCombinationsMax)
      return fail(Code::TooLarge, "schema: its choices have too many combinations");
    if (std::any_of(parts.begin(), parts.end(),
                    [](const SchemaPart& part) { return part.kind == Kind::Never; }))
      return nothing();
    const auto choice = std::find_if(parts.begin(), parts.end(), [](const SchemaPart& part) {
      return part.kind == Kind::AnyOf || part.kind == Kind::OneOf;
    });
    if (choice == parts.end()) return compile_plain(parts);
    const Schemas branches = choice->choices();
    if (choice->kind == Kind::OneOf) EMB_DO(check_apart(branches));
    std::vector<Sequence> all;
    for (const json::View branch : branches) {
      Parts together;
      EMB_DO(reader_.take_apart(branch, choice->way, together));
      if (choice->kind == Kind::OneOf) {
        // That they are apart was found of what is written for each.
        EMB_TRY(const unsigned types, types_written(together));
        together.push_back({Kind::Plain, branch, {}, types});
      }
      for (const SchemaPart& part : parts) {
        if (&part != &*choice) together.push_back(part);
      }
      if (++depth_ > kDepthMax) return fail(Code::TooLarge, "the schema is nested too deeply");
      auto made = compile_parts(together);
      --depth_;
      if (!made) return made;
      all.push_back(*std::move(made));
      EMB_DO(builder_.check_size());
    }
    return builder_.choice(std::move(all));
  }

  Status check_apart(const Schemas& branches) {
    for (std::size_t i = 0; i < branches.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (++pairs_ > kPairsMax) return fail(Code::TooLarge, "schema: oneOf has too many schemas");
        EMB_TRY(const bool apart, reader_.are_apart(branches[i], branches[j]));
        if (!apart)
          return fail(Code::NotBuilt,
                      "schema: oneOf of schemas that one value may satisfy is not supported (anyOf "
                      "is)");
      }
    }
    return Done{};
  }

  Made compile_plain(const Parts& parts) {
    std::optional<Schemas> values;
    for (const SchemaPart& part : parts) {
      Schemas read;
      EMB_TRY(const bool has, reader_.values_of(part.schema, read));
      if (!has) continue;
      if (values) {  // of both
        std::set<std::string> known;
        for (const json::View value : read) {
          EMB_TRY(std::string key, reader_.key_of(value));
          known.insert(std::move(key));
        }
        Schemas both;
        for (const json::View value : *values) {
          EMB_TRY(const std::string key, reader_.key_of(value));
          if (known.contains(key)) both.push_back(value);
        }
        values = std::move(both);
      } else {
        values = std::move(read);
      }
    }
    if (values) return constants(*values, parts);
    EMB_TRY(const unsigned types, types_written(parts));
    if (types == json_types::kAll) return json_.value;
    std::vector<Sequence> all;
    if ((types & json_types::kObject) != 0) {
      EMB_TRY(Sequence made, object(parts));
      all.push_back(std::move(made));
    }
    if ((types & json_types::kArray) != 0) {
      EMB_TRY(Sequence made, array(parts));
      all.push_back(std::move(made));
    }
    if ((types & json_types::kString) != 0) {
      EMB_TRY(Sequence made, string(parts));
      all.push_back(std::move(made));
    }
    if ((types & json_types::kNumber) != 0) {
      EMB_TRY(Sequence made, number(parts, (types & json_types::kFraction) != 0));
      all.push_back(std::move(made));
    }
    if ((types & json_types::kBoolean) != 0)
      all.push_back(builder_.choice({lit("true"), lit("false")}));
    if ((types & json_types::kNull) != 0) all.push_back(lit("null"));
    return builder_.choice(std::move(all));
  }

  Made constants(const Schemas& values, const Parts& parts) {
    EMB_DO(reader_.spend(values.size() * parts.size()));
    // Part by part, so that each pattern is read once.
    std::vector<bool> fits(values.size(), true);
    for (const SchemaPart& part : parts) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (!fits[i]) continue;
        EMB_TRY(const bool is_allowed, satisfies(values[i], part.schema, matcher_));
        fits[i] = is_allowed && (type_of_value(values[i]) & part.types) != 0;
      }
    }
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (fits[i]) texts.push_back(values[i].render());
    }
    return builder_.one_of(std::move(texts));
  }

  // Beyond what can be repeated an upper bound is narrowed, for what is written may be less than
  // what is allowed; a lower one is refused.
  static Status read_lengths(json::View schema, std::string_view least, std::string_view most,
                             std::uint32_t& min, std::uint32_t& max) {
    EMB_TRY(const std::uint32_t low, read_count(schema, least, 0, Grammar::kRepeatMax + 1));
    if (low > Grammar::kRepeatMax)
      return fail(Code::TooLarge,
                  cat("schema: ", least, " beyond ", Grammar::kRepeatMax, " is not supported"));
    EMB_TRY(const std::uint32_t high,
            read_count(schema, most, GrammarBuilder::kUnbounded, Grammar::kRepeatMax));
    min = std::max(min, low);
    max = std::min(max, high);
    return Done{};
  }

  Made string(const Parts& parts) {
    std::uint32_t min = 0;
    std::uint32_t max = GrammarBuilder::kUnbounded;
    std::set<std::string_view> patterns;
    std::set<std::string_view> formats;
    for (const SchemaPart& part : parts) {
      const json::View schema = part.schema;
      EMB_DO(read_lengths(schema, "minLength", "maxLength", min, max));
      if (const auto pattern = schema["pattern"].text()) patterns.insert(*pattern);
      if (const auto format = schema["format"].text()) formats.insert(*format);
    }
    const bool sized = min > 0 || max != GrammarBuilder::kUnbounded;
    if (patterns.size() + formats.size() + (sized ? 1 : 0) > 1)
      return fail(Code::NotBuilt, "schema: pattern, format and lengths can't be combined");
    if (max < min) return nothing();
    Sequence inside;
    if (!patterns.empty()) {
      EMB_TRY(inside, parse_regex(builder_, *patterns.begin(), Spelling::Json, false));
    } else if (!formats.empty()) {
      const std::string_view pattern = pattern_of_format(*formats.begin());
      if (pattern.empty())
        return fail(Code::NotBuilt, cat("schema: the format '", formats.begin()->substr(0, 60),
                                        "' is not supported"));
      EMB_TRY(inside, parse_regex(builder_, pattern, Spelling::Json, true));
    } else if (sized) {
      EMB_TRY(inside,
              builder_.repeat(json_.character, min, max == GrammarBuilder::kUnbounded ? max : min));
      if (max != GrammarBuilder::kUnbounded) {
        EMB_TRY(const Sequence more, characters_up_to(max - min));
        inside = seq({inside, more});
      }
    } else {
      return json_.string;
    }
    return seq({lit("\""), inside, lit("\"")});
  }

  // Rules that the strings of all lengths share: up to n are up to n - 1 behind one more.
  Made characters_up_to(std::size_t count) {
    while (up_to_.size() <= count) {
      const Sequence fewer = up_to_.back();
      up_to_.push_back(builder_.choice({seq({json_.character, fewer}), {}}));
      EMB_DO(builder_.check_size());
    }
    return up_to_[count];
  }

  Made number(const Parts& parts, bool fractions) {
    NumberBounds bounds;
    for (const SchemaPart& part : parts) EMB_DO(bounds.read(part.schema));
    if (!bounds.any()) return fractions ? json_.number : json_.integer;
    if (fractions)
      return fail(Code::NotBuilt,
                  "schema: ranges of numbers that are not integers are not supported");
    // Integers of 17 digits are exact enough as doubles to be told apart from their bounds.
    constexpr double kLargest = 9e15;
    constexpr std::int64_t kAll = 999'999'999'999'999'999;
    if ((bounds.has_low && std::abs(bounds.low) > kLargest) ||
        (bounds.has_high && std::abs(bounds.high) > kLargest))
      return fail(Code::NotBuilt, "schema: bounds beyond 9e15 are not supported");
    std::int64_t from = -kAll;
    std::int64_t to = kAll;
    if (bounds.has_low) {
      from = static_cast<std::int64_t>(std::ceil(bounds.low));
      if (bounds.low_excluded && static_cast<double>(from) == bounds.low) ++from;
    }
    if (bounds.has_high) {
      to = static_cast<std::int64_t>(std::floor(bounds.high));
      if (bounds.high_excluded && static_cast<double>(to) == bounds.high) --to;
    }
    return json_.integer_between(from, to);
  }

  Made array(const Parts& parts) {
    std::uint32_t min = 0;
    std::uint32_t max = GrammarBuilder::kUnbounded;
    std::size_t size = 0;           // of items with a schema of their own
    std::vector<Schemas> prefixes;  // of each part
    for (const SchemaPart& part : parts) {
      EMB_DO(read_lengths(part.schema, "minItems", "maxItems", min, max));
      prefixes.push_back(part.schema["prefixItems"].items());
      EMB_DO(reader_.spend(prefixes.back().size()));
      size = std::max(size, prefixes.back().size());
    }
    // What applies to the item at `i`; from `size` on it is the same for all.
    const auto schemas_at = [&](std::size_t i) {
      Schemas all;
      for (std::size_t p = 0; p < parts.size(); ++p) {
        const Schemas& prefix = prefixes[p];
        const json::View own = i < prefix.size() ? prefix[i] : parts[p].schema["items"];
        if (own.exists()) all.push_back(own);
      }
      return all;
    };
    const Schemas others = schemas_at(size);
    const bool closed = std::any_of(others.begin(), others.end(),
                                    [](json::View schema) { return schema.boolean() == false; });
    if (closed) max = std::min(max, static_cast<std::uint32_t>(size));
    if (max < min) return nothing();
    size = std::min<std::size_t>(size, max);
    // From the end: the items behind those with a schema of their own, then those.
    const auto fixed = static_cast<std::uint32_t>(size);
    Sequence tail;
    if (max > fixed) {
      EMB_TRY(const Sequence item, compile(others));
      const std::uint32_t least = min > fixed ? min - fixed : 0;
      const std::uint32_t most = max == GrammarBuilder::kUnbounded ? max : max - fixed;
      // The first item of all has no comma before it.
      if (fixed > 0) {
        EMB_TRY(tail, builder_.repeat(seq({json_.comma(), item}), least, most));
      } else {
        const std::uint32_t rest = most == GrammarBuilder::kUnbounded ? most : most - 1;
        EMB_TRY(tail, builder_.repeat(seq({json_.comma(), item}), least > 0 ? least - 1 : 0, rest));
        tail = seq({item, tail});
        if (least == 0) tail = builder_.choice({std::move(tail), {}});
      }
    }
    const auto needed = std::min(fixed, min);
    for (std::uint32_t i = fixed; i-- > needed;) {
      EMB_DO(reader_.spend(parts.size()));
      EMB_TRY(const Sequence item, compile(schemas_at(i)));
      tail = builder_.choice({seq({i > 0 ? json_.comma() : Sequence{}, item, tail}), {}});
      EMB_DO(builder_.check_size());
    }
    Sequence all = seq({lit("["), json_.spaces});
    const auto add = [&](const Sequence& more) { all.insert(all.end(), more.begin(), more.end()); };
    for (std::uint32_t i = 0; i < needed; ++i) {
      EMB_DO(reader_.spend(parts.size()));
      EMB_TRY(const Sequence item, compile(schemas_at(i)));
      if (i > 0) add(json_.comma());
      add(item);
    }
    add(tail);
    add(json_.spaces);
    add(lit("]"));
    return all;
  }

  Made object(const Parts& parts) {
    std::vector<std::string> names;  // in order
    std::set<std::string, std::less<>> known;
    std::set<std::string, std::less<>> required;
    Schemas additional;
    bool open = true;
    const auto add = [&](std::string_view name) -> Status {
      if (name.size() > kNameBytesMax)
        return fail(Code::TooLarge, "schema: the name of a property is too long");
      if (known.emplace(name).second) names.emplace_back(name);
      return Done{};
    };
    for (const SchemaPart& part : parts) {
      const auto properties = part.schema["properties"].members();
      EMB_DO(reader_.spend(properties.size()));
      for (const auto& [name, view] : properties) EMB_DO(add(name));
      const json::View rest = part.schema["additionalProperties"];
      if (rest.exists()) additional.push_back(rest);
      // Nobody who names properties means any others, unless that is said.
      if (rest.exists() ? rest.boolean() == false : !properties.empty()) open = false;
    }
    for (const SchemaPart& part : parts) {
      const Schemas listed = part.schema["required"].items();
      EMB_DO(reader_.spend(listed.size()));
      for (const json::View one : listed) {
        EMB_DO(add(*one.text()));
        required.emplace(*one.text());
      }
    }
    // From the end: the members from one on, of which there is at least one (`some`), and what may
    // follow a member. Both are said once for all who come before.
    Sequence some = nothing();
    Sequence after;
    bool may_end = true;
    if (open) {
      EMB_TRY(const Sequence made, compile(additional));
      const Sequence member =
          seq({lit("\""), json_.other_key(names), lit("\""), json_.colon(), made});
      EMB_TRY(after, builder_.repeat(seq({json_.comma(), member}), 0, GrammarBuilder::kUnbounded));
      some = said_once(seq({member, after}));
    }
    for (std::size_t i = names.size(); i-- > 0;) {
      EMB_DO(reader_.spend(parts.size()));
      EMB_TRY(const Sequence value, compile(schemas_of_property(parts, names[i])));
      std::string key;
      append_json_quoted(key, names[i]);
      const Sequence with = seq({lit(key), json_.colon(), value, after});
      const bool needed = required.contains(names[i]);
      some = said_once(needed ? with : builder_.choice({with, some}));
      may_end = may_end && !needed;
      after = seq({json_.comma(), some});
      if (may_end) after = builder_.choice({std::move(after), {}});
      after = said_once(std::move(after));
      EMB_DO(builder_.check_size());
    }
    if (may_end) some = builder_.choice({std::move(some), {}});
    return seq({lit("{"), json_.spaces, some, json_.spaces, lit("}")});
  }

  static Schemas schemas_of_property(const Parts& parts, std::string_view name) {
    Schemas all;
    for (const SchemaPart& part : parts) {
      const json::View own = part.schema["properties"][name];
      const json::View rest = part.schema["additionalProperties"];
      if (own.exists()) {
        all.push_back(own);
      } else if (rest.exists()) {
        all.push_back(rest);
      }
    }
    return all;
  }

  Sequence said_once(Sequence sequence) {
    if (sequence.size() < 2) return sequence;
    const std::uint32_t rule = builder_.new_rule();
    builder_.add_choice(rule, std::move(sequence));
    return builder_.call(rule);
  }

  GrammarBuilder builder_;
  json::View root_;
  SchemaReader reader_;
  JsonRules json_;
  std::vector<Sequence> up_to_{Sequence{}};  // so many characters
  PatternMatcher matcher_;
  unsigned depth_ = 0;
  std::size_t combinations_ = 0;
  std::size_t pairs_ = 0;
  std::map<std::set<std::uintptr_t>, std::uint32_t> rules_;
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
