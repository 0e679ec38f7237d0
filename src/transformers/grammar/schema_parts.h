#pragma once
// A JSON schema taken apart (JSON Schema 2020-12, and what older drafts share with it): references
// followed, allOf flattened, so that what is left is plain keywords and choices among schemas, all
// of which a value has to satisfy.
//
// Keywords that would narrow the values but are not understood are NotBuilt, not ignored.
// Ownership: borrows the schema's Document. Threads: one.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/grammar/schema_values.h"

namespace embrace::transformers {

struct SchemaPart {
  enum class Kind : std::uint8_t {
    Plain,  // all keywords of `schema` but references and combiners
    AnyOf,  // its anyOf, of which at least one is satisfied
    OneOf,  // its oneOf, exactly one
    Never,  // `false`
  };
  Kind kind = Kind::Plain;
  json::View schema;
  std::vector<std::uintptr_t> way;    // the references that led here
  unsigned types = json_types::kAll;  // what else the value's type is limited to (json_types)

  std::vector<json::View> choices() const {
    return schema[kind == Kind::AnyOf ? "anyOf" : "oneOf"].items();
  }
};

struct SchemaOutline;  // what objects of a schema have and can have (schema_parts.cc)

class SchemaReader {
 public:
  static constexpr std::size_t kPartsMax = 500;  // of one value
  // Names, values and schemas that are read, again and again; taking a schema apart is five.
  static constexpr std::size_t kWorkMax = 500'000;

  explicit SchemaReader(json::View root) : root_(root) {}

  // Whoever reads a list of the schema pays for its length: TooLarge beyond kWorkMax.
  Status spend(std::size_t work);
  std::size_t work() const { return work_; }

  // Appends the parts of `schema` to `into`. `way`: as in SchemaPart, of what is taken apart.
  Status take_apart(json::View schema, const std::vector<std::uintptr_t>& way,
                    std::vector<SchemaPart>& into);
  // As read_values and key_of_value, paid for.
  Result<bool> values_of(json::View schema, std::vector<json::View>& into);
  Result<std::string> key_of(json::View value);
  // True when no value that a grammar writes for one satisfies the other, as far as that is plain:
  // other types, other constants, or objects that differ in a required property.
  Result<bool> are_apart(json::View a, json::View b, unsigned depth = 0);

 private:
  Result<json::View> follow(std::string_view reference) const;
  // Made once for each schema.
  Result<std::shared_ptr<const SchemaOutline>> outline(json::View schema);

  json::View root_;
  std::size_t work_ = 0;
  std::set<std::uintptr_t> checked_;  // whose keywords are well-formed
  std::map<std::uintptr_t, std::shared_ptr<const SchemaOutline>> outlines_;
};

// Which value of its document a View shows: a View is a place and nothing else, so its bits say it.
std::uintptr_t identity_of(json::View view);

// The types that are written for these parts, were there no others: those that are named, or else
// those that the keywords are about.
Result<unsigned> types_written(const std::vector<SchemaPart>& parts);

}  // namespace embrace::transformers
