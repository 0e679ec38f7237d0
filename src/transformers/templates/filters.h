#pragma once
// The filters of Jinja, by families. Each file gives a table; filters.cc puts them together.
//
// Threads: constant.

#include <span>
#include <string_view>

#include "base/result.h"
#include "transformers/templates/renderer.h"

namespace embrace::transformers {

// `name` is the filter's own, for those that share a function.
using FilterFunction = Result<Value> (*)(Renderer&, std::string_view name, const Value& subject,
                                         Arguments&);
struct FilterEntry {
  std::string_view name;
  FilterFunction function;
};

std::span<const FilterEntry> text_filters();
std::span<const FilterEntry> list_filters();

// An attribute path as filters take it: "a.b.0", or a number. Absent parts give `otherwise` where
// there is one.
Result<Value> follow_path(Renderer& renderer, const Value& subject, const Value& path,
                          const std::optional<Value>& otherwise);

Result<std::int64_t> integer_argument(const std::optional<Value>& given, std::int64_t usual);

}  // namespace embrace::transformers
