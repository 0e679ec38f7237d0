#pragma once
// Python's operators on values. Threads: that of the Renderer.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/templates/renderer.h"

namespace embrace::transformers {

// + - * / // % **
Result<Value> apply_operator(Renderer& renderer, std::string_view name, const Value& a,
                             const Value& b);
// == != < <= > >= in "not in"
Result<bool> compare(Renderer& renderer, std::string_view name, const Value& a, const Value& b);
Result<bool> is_equal(Renderer& renderer, const Value& a, const Value& b);
Result<bool> is_less(Renderer& renderer, const Value& a, const Value& b);
Result<bool> contains(Renderer& renderer, const Value& container, const Value& item);
Result<Value> negated(const Value& value);
// What looking for `part` in `text` costs at worst.
Status spend_search(Renderer& renderer, std::string_view text, std::string_view part);

// "..." % values, and "...".format(values).
Result<std::string> format_percent(Renderer& renderer, std::string_view format,
                                   const Value& values);
Result<std::string> format_braces(Renderer& renderer, std::string_view format,
                                  const Arguments& arguments);

// json.dumps. `indent` is None, a number of spaces or a text.
struct JsonStyle {
  bool ascii = false;
  bool sorted = false;
  std::optional<std::string> indent;
  std::string comma = ", ";
  std::string colon = ": ";
};
Result<std::string> to_json(Renderer& renderer, const Value& value, const JsonStyle& style);

// Stable, by is_less; a wrong order in means a wrong order out, and no more.
Status sort_values(Renderer& renderer, std::vector<Value>& items, const std::vector<Value>& keys,
                   bool reverse);

}  // namespace embrace::transformers
