// The methods of lists, dicts and numbers, and all of them by name. Those that would change their
// subject are refused in evaluate.cc.
#include "transformers/templates/methods.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/renderer.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

using Called = Result<Value>;

Called index_items_method(Renderer& renderer, const Value& self, std::string_view name,
                          const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"value"}));
  if (!bound[0]) return type_error(cat(name, "() misses an argument"));
  std::int64_t count = 0;
  const auto& items = self.as_items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    EMB_TRY(const bool same, is_equal(renderer, items[i], *bound[0]));
    if (!same) continue;
    if (name == "index") return Value::integer(static_cast<std::int64_t>(i));
    ++count;
  }
  if (name == "index") return value_error("the value is not in the list");
  return Value::integer(count);
}

Called copy_method(Renderer& renderer, const Value& self, std::string_view name,
                   const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  EMB_DO(renderer.spend());
  return self;  // nothing can change either of them
}

Called views_method(Renderer& renderer, const Value& self, std::string_view name,
                    const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  std::vector<Value> items;
  for (const auto& [key, value] : self.as_dict().entries()) {
    EMB_DO(renderer.spend());
    items.push_back(name == "keys"     ? key
                    : name == "values" ? value
                                       : renderer.list({key, value}, Kind::Tuple));
  }
  return renderer.list(std::move(items), name == "keys"     ? Kind::Keys
                                         : name == "values" ? Kind::Values
                                                            : Kind::Items);
}

Called get_method(Renderer& renderer, const Value& self, std::string_view name,
                  const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {"key", "default"}));
  if (!bound[0]) return type_error("get expected at least 1 argument, got 0");
  EMB_DO(renderer.spend(1 + bound[0]->weight() / 8));
  if (!is_hashable(*bound[0]))
    return type_error(cat("unhashable type: '", type_name(*bound[0]), "'"));
  const Value* found = self.as_dict().find(*bound[0]);
  return found != nullptr ? *found : bound[1].value_or(Value());
}

Called number_method(Renderer&, const Value& self, std::string_view name,
                     const Arguments& arguments) {
  EMB_TRY(const auto bound, bind_arguments(name, arguments, {}));
  if (name == "is_integer") return Value::boolean(std::trunc(self.as_double()) == self.as_double());
  std::int64_t bits = 0;
  for (std::uint64_t size = self.as_int() < 0 ? 0 - static_cast<std::uint64_t>(self.as_int())
                                              : static_cast<std::uint64_t>(self.as_int());
       size != 0; size >>= 1)
    ++bits;
  return Value::integer(bits);
}

constexpr MethodEntry kListMethods[] = {
    {"index", index_items_method}, {"count", index_items_method}, {"copy", copy_method}};
constexpr MethodEntry kDictMethods[] = {{"items", views_method},
                                        {"keys", views_method},
                                        {"values", views_method},
                                        {"get", get_method},
                                        {"copy", copy_method}};
constexpr MethodEntry kFloatMethods[] = {{"is_integer", number_method}};
constexpr MethodEntry kIntMethods[] = {{"bit_length", number_method}};

const MethodEntry* find_in(std::span<const MethodEntry> entries, std::string_view name) {
  const auto found = std::ranges::find(entries, name, &MethodEntry::name);
  return found != entries.end() ? &*found : nullptr;
}

class BoundMethod : public Callable {
 public:
  const MethodEntry* entry = nullptr;
  Value self;
  Result<Value> call(Renderer& renderer, Arguments arguments) override {
    return entry->method(renderer, self, entry->name, arguments);
  }
};

}  // namespace

Result<std::string_view> text_argument(const std::optional<Value>& given, std::string_view method) {
  if (!given) return type_error(cat(method, "() misses an argument"));
  if (given->is_undefined()) return undefined_error(*given);
  if (!given->is_text())
    return type_error(cat(method, "() argument must be str, not ", type_name(*given)));
  return given->as_text();
}

std::optional<Value> find_method(Renderer& renderer, const Value& subject, std::string_view name) {
  const MethodEntry* entry = nullptr;
  switch (subject.kind()) {
    case Kind::String:
      entry = find_in(searching_methods(), name);
      if (entry == nullptr) entry = find_in(shaping_methods(), name);
      break;
    case Kind::List:
      entry = find_in(kListMethods, name);
      break;
    case Kind::Tuple:
      entry = name == "copy" ? nullptr : find_in(kListMethods, name);
      break;
    case Kind::Dict:
      entry = find_in(kDictMethods, name);
      break;
    case Kind::Float:
      entry = find_in(kFloatMethods, name);
      break;
    case Kind::Bool:
    case Kind::Int:
      entry = find_in(kIntMethods, name);
      break;
    default:
      break;
  }
  if (entry == nullptr) return std::nullopt;
  auto made = std::make_shared<BoundMethod>();
  made->charge(renderer.budget(), sizeof(BoundMethod));
  made->weigh(subject);
  made->entry = entry;
  made->self = subject;
  return Value::object(Kind::Other, std::move(made));
}

}  // namespace embrace::transformers
