#pragma once
// The methods of Python's values that templates call, by families. Each file gives a table;
// methods.cc puts them together.
//
// Threads: constant.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/templates/renderer.h"

namespace embrace::transformers {

// `name` is the method's own, for those that share a function.
using Method = Result<Value> (*)(Renderer&, const Value& self, std::string_view name,
                                 const Arguments&);
struct MethodEntry {
  std::string_view name;
  Method method;
};

// Of str: those that look for something and take it apart, and those that change how it looks or
// tell what it is made of.
std::span<const MethodEntry> searching_methods();
std::span<const MethodEntry> shaping_methods();

// An argument that must be a text. Lives as long as what is given.
Result<std::string_view> text_argument(const std::optional<Value>& given, std::string_view method);

}  // namespace embrace::transformers
