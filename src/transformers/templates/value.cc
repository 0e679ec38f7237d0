#include "transformers/templates/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

void Object::weigh(const Value& value) {
  depth_ = std::max(depth_, value.depth() + 1);
  weight_ += value.weight();
  if (budget_ == nullptr) return;
  if (depth_ > Value::kDepthMax) budget_->too_deep = true;
  if (weight_ > Value::kWeightMax) budget_->too_heavy = true;
}

Value Value::boolean(bool flag) {
  Value value;
  value.kind_ = Kind::Bool;
  value.int_ = flag ? 1 : 0;
  return value;
}

Value Value::integer(std::int64_t number) {
  Value value;
  value.kind_ = Kind::Int;
  value.int_ = number;
  return value;
}

Value Value::floating(double number) {
  Value value;
  value.kind_ = Kind::Float;
  value.double_ = number;
  return value;
}

Value Value::text(std::string text, TemplateBudget* budget) {
  const std::size_t bytes = sizeof(StringObject) + text.capacity();
  auto object = std::make_shared<StringObject>(std::move(text));
  object->charge(budget, bytes);
  return Value::object(Kind::String, std::move(object));
}

Value Value::list(std::vector<Value> items, TemplateBudget* budget, Kind kind) {
  auto object = std::make_shared<ListObject>();
  object->charge(budget, sizeof(ListObject) + items.capacity() * sizeof(Value));
  for (const Value& item : items) object->weigh(item);
  object->items = std::move(items);
  return Value::object(kind, std::move(object));
}

Value Value::dict(std::shared_ptr<DictObject> object) {
  return Value::object(Kind::Dict, std::move(object));
}

Value Value::object(Kind kind, std::shared_ptr<Object> object) {
  Value value;
  value.kind_ = kind;
  value.object_ = std::move(object);
  return value;
}

namespace {

Result<Value> read_json(json::View view, std::uint32_t depth) {
  if (depth > Value::kDepthMax) return fail(Code::TooLarge, "JSON is nested too deeply");
  if (!view.exists() || view.is_null()) return Value();
  if (const auto flag = view.boolean()) return Value::boolean(*flag);
  if (const auto text = view.text()) {
    std::string repaired;
    return Value::text(std::string(utf8_or_repaired(*text, repaired)));
  }
  if (view.is_array()) {
    std::vector<Value> items;
    for (const json::View item : view.items()) {
      EMB_TRY(Value value, read_json(item, depth + 1));
      items.push_back(std::move(value));
    }
    return Value::list(std::move(items));
  }
  if (view.is_object()) {
    auto dict = std::make_shared<DictObject>();
    for (const auto& [key, member] : view.members()) {
      EMB_TRY(Value value, read_json(member, depth + 1));
      dict->set(key, std::move(value));
    }
    return Value::dict(std::move(dict));
  }
  // 3 and 3.0 are different to Python; the text tells.
  const std::string spelled = view.render();
  const bool whole = spelled.find_first_of(".eEnN") == spelled.npos;
  if (whole) {
    if (const auto number = view.integer()) return Value::integer(*number);
    return fail(Code::InvalidArgument, cat("the number ", spelled, " is too large"));
  }
  return Value::floating(view.number().value_or(0));
}

}  // namespace

Result<Value> Value::from_json(json::View view) { return read_json(view, 0); }

bool Value::is_items() const {
  switch (kind_) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::Generator:
    case Kind::Keys:
    case Kind::Values:
    case Kind::Items:
      return true;
    default:
      return false;
  }
}

double Value::as_double() const {
  return kind_ == Kind::Float ? double_ : static_cast<double>(int_);
}
const std::string& Value::as_text() const { return as<StringObject>()->text; }
const std::vector<Value>& Value::as_items() const { return as<ListObject>()->items; }
const DictObject& Value::as_dict() const { return *as<DictObject>(); }

template <class Key>
const Value* DictObject::find_key(const Key& key) const {
  if (entries_.size() > kScanned) {
    const auto found = places_.find(key);
    return found != places_.end() ? &entries_[found->second].second : nullptr;
  }
  for (const auto& [name, value] : entries_) {
    if (order_of_keys(name, key) == 0) return &value;
  }
  return nullptr;
}

const Value* DictObject::find(const Value& key) const { return find_key(key); }
const Value* DictObject::find(std::string_view key) const { return find_key(key); }

void DictObject::set(const Value& key, Value value) {
  if (!is_opaque) {
    weigh(key);
    weigh(value);
  }
  if (const Value* found = find(key)) {
    *const_cast<Value*>(found) = std::move(value);
    return;
  }
  entries_.emplace_back(key, std::move(value));
  charge(budget(), 3 * sizeof(entries_.front()));
  if (entries_.size() == kScanned + 1) {
    for (std::size_t i = 0; i < kScanned; ++i) places_.emplace(entries_[i].first, i);
  }
  if (entries_.size() > kScanned) places_.emplace(key, entries_.size() - 1);
}

void DictObject::clear() {
  entries_.clear();
  places_.clear();
}

bool equal(const Value& a, const Value& b, unsigned depth) {
  using Kind = Value::Kind;
  if (depth > Value::kDepthMax + 2) return false;
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return a.as_int() == b.as_int();
    if (a.is(Kind::Float) && b.is(Kind::Float)) return a.as_double() == b.as_double();
    // An int against a float: equal only when the float is whole and the same number.
    const double real = a.is(Kind::Float) ? a.as_double() : b.as_double();
    const std::int64_t whole = a.is(Kind::Float) ? b.as_int() : a.as_int();
    return real >= -0x1p63 && real < 0x1p63 && std::trunc(real) == real &&
           static_cast<std::int64_t>(real) == whole;
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::Undefined:
    case Kind::None:
      return true;
    case Kind::String:
      return a.as_text() == b.as_text();
    case Kind::List:
    case Kind::Tuple:
    case Kind::Keys:
    case Kind::Items: {
      if (a.shared() == b.shared()) return true;
      const auto& left = a.as_items();
      const auto& right = b.as_items();
      if (left.size() != right.size()) return false;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (!equal(left[i], right[i], depth + 1)) return false;
      }
      return true;
    }
    case Kind::Dict: {
      if (a.shared() == b.shared()) return true;
      if (a.as_dict().size() != b.as_dict().size()) return false;
      for (const auto& [key, value] : a.as_dict().entries()) {
        const Value* other = b.as_dict().find(key);
        if (other == nullptr || !equal(value, *other, depth + 1)) return false;
      }
      return true;
    }
    case Kind::Range: {
      const auto* left = a.as<RangeObject>();
      const auto* right = b.as<RangeObject>();
      return left->count == right->count &&
             (left->count == 0 ||
              (left->start == right->start && (left->count == 1 || left->step == right->step)));
    }
    default:
      return a.shared() == b.shared();
  }
}

bool is_hashable(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::List:
    case Value::Kind::Dict:
    case Value::Kind::Keys:
    case Value::Kind::Items:
      return false;
    case Value::Kind::Tuple:
      for (const Value& item : value.as_items()) {
        if (!is_hashable(item)) return false;
      }
      return true;
    default:
      return true;
  }
}

namespace {

// Numbers by what they are worth, whole or not; what is no number comes last.
std::strong_ordering order_of_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_int() <=> b.as_int();
  if (b.is_integral()) return 0 <=> order_of_numbers(b, a);
  const double real = b.as_double();
  if (std::isnan(real)) {
    const bool both = a.is(Value::Kind::Float) && std::isnan(a.as_double());
    return both ? std::strong_ordering::equal : std::strong_ordering::less;
  }
  if (a.is(Value::Kind::Float)) {
    const double other = a.as_double();
    if (other == real) return std::strong_ordering::equal;
    return other < real ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (real >= 0x1p63) return std::strong_ordering::less;
  if (real < -0x1p63) return std::strong_ordering::greater;
  const double whole = std::trunc(real);
  if (const auto order = a.as_int() <=> static_cast<std::int64_t>(whole); order != 0) return order;
  if (real == whole) return std::strong_ordering::equal;
  return real > whole ? std::strong_ordering::less : std::strong_ordering::greater;
}

std::strong_ordering order_of_texts(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return order <=> 0;
}

// Numbers are of one kind to a dict.
int rank_of(const Value& value) { return value.is_number() ? -1 : static_cast<int>(value.kind()); }

}  // namespace

std::strong_ordering order_of_keys(const Value& a, std::string_view b) {
  if (a.is_text()) return order_of_texts(a.as_text(), b);
  return rank_of(a) <=> static_cast<int>(Value::Kind::String);
}

std::strong_ordering order_of_keys(const Value& a, const Value& b) {
  if (const auto order = rank_of(a) <=> rank_of(b); order != 0) return order;
  if (a.is_number()) return order_of_numbers(a, b);
  switch (a.kind()) {
    case Value::Kind::None:
    case Value::Kind::Undefined:
      return std::strong_ordering::equal;
    case Value::Kind::String:
      return order_of_texts(a.as_text(), b.as_text());
    case Value::Kind::Tuple: {
      const auto& left = a.as_items();
      const auto& right = b.as_items();
      for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
        if (const auto order = order_of_keys(left[i], right[i]); order != 0) return order;
      }
      return left.size() <=> right.size();
    }
    case Value::Kind::Range: {
      const auto* left = a.as<RangeObject>();
      const auto* right = b.as<RangeObject>();
      if (left->count != right->count) return left->count <=> right->count;
      if (left->count == 0) return std::strong_ordering::equal;
      if (left->start != right->start || left->count == 1) return left->start <=> right->start;
      return left->step <=> right->step;
    }
    default:
      return std::compare_three_way()(a.shared().get(), b.shared().get());
  }
}

bool truth(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Undefined:
    case Value::Kind::None:
      return false;
    case Value::Kind::Bool:
    case Value::Kind::Int:
      return value.as_int() != 0;
    case Value::Kind::Float:
      return value.as_double() != 0;
    case Value::Kind::String:
      return !value.as_text().empty();
    case Value::Kind::List:
    case Value::Kind::Tuple:
    case Value::Kind::Keys:
    case Value::Kind::Values:
    case Value::Kind::Items:
      return !value.as_items().empty();
    case Value::Kind::Dict:
      return value.as_dict().size() != 0;
    case Value::Kind::Range:
      return value.as<RangeObject>()->count != 0;
    default:
      return true;
  }
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Undefined:
      return "Undefined";
    case Value::Kind::None:
      return "NoneType";
    case Value::Kind::Bool:
      return "bool";
    case Value::Kind::Int:
      return "int";
    case Value::Kind::Float:
      return "float";
    case Value::Kind::String:
      return "str";
    case Value::Kind::List:
      return "list";
    case Value::Kind::Tuple:
      return "tuple";
    case Value::Kind::Generator:
      return "generator";
    case Value::Kind::Keys:
      return "dict_keys";
    case Value::Kind::Values:
      return "dict_values";
    case Value::Kind::Items:
      return "dict_items";
    case Value::Kind::Dict:
      return "dict";
    case Value::Kind::Range:
      return "range";
    case Value::Kind::Namespace:
      return "Namespace";
    case Value::Kind::Other:
      return "function";
  }
  return "object";
}

namespace {

Status append_entries(std::string& out, const DictObject& dict, std::size_t bytes_max,
                      unsigned depth) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : dict.entries()) {
    if (!first) out += ", ";
    first = false;
    EMB_DO(append_repr(out, key, bytes_max, depth + 1));
    out += ": ";
    EMB_DO(append_repr(out, value, bytes_max, depth + 1));
  }
  out += '}';
  return Done{};
}

Status append_all(std::string& out, const std::vector<Value>& items, std::size_t bytes_max,
                  unsigned depth) {
  bool first = true;
  for (const Value& item : items) {
    if (!first) out += ", ";
    first = false;
    EMB_DO(append_repr(out, item, bytes_max, depth + 1));
  }
  return Done{};
}

}  // namespace

Status append_repr(std::string& out, const Value& value, std::size_t bytes_max, unsigned depth) {
  if (depth > Value::kDepthMax + 2) return fail(Code::TooLarge, "a value is nested too deeply");
  switch (value.kind()) {
    case Value::Kind::Undefined:
      out += "Undefined";
      break;
    case Value::Kind::None:
      out += "None";
      break;
    case Value::Kind::Bool:
      out += value.as_int() != 0 ? "True" : "False";
      break;
    case Value::Kind::Int:
      out += cat(value.as_int());
      break;
    case Value::Kind::Float:
      out += float_repr(value.as_double());
      break;
    case Value::Kind::String:
      // Its repr is no shorter than the text itself.
      if (value.as_text().size() > bytes_max)
        return fail(Code::TooLarge, "the text became too long");
      append_quoted_repr(out, value.as_text());
      break;
    case Value::Kind::List:
      out += '[';
      EMB_DO(append_all(out, value.as_items(), bytes_max, depth));
      out += ']';
      break;
    case Value::Kind::Tuple:
      out += '(';
      EMB_DO(append_all(out, value.as_items(), bytes_max, depth));
      out += value.as_items().size() == 1 ? ",)" : ")";
      break;
    case Value::Kind::Keys:
    case Value::Kind::Values:
    case Value::Kind::Items:
      out += type_name(value);
      out += "([";
      EMB_DO(append_all(out, value.as_items(), bytes_max, depth));
      out += "])";
      break;
    case Value::Kind::Dict:
      EMB_DO(append_entries(out, value.as_dict(), bytes_max, depth));
      break;
    case Value::Kind::Range: {
      const auto* range = value.as<RangeObject>();
      out += cat("range(", range->start, ", ", range->stop);
      if (range->step != 1) out += cat(", ", range->step);
      out += ')';
      break;
    }
    case Value::Kind::Namespace:
      out += "<Namespace ";
      EMB_DO(append_entries(out, value.as_dict(), bytes_max, depth));
      out += '>';
      break;
    case Value::Kind::Generator:
    case Value::Kind::Other:  // Python shows an address
      out += cat("<", type_name(value), " object>");
      break;
  }
  if (out.size() > bytes_max) return fail(Code::TooLarge, "the text became too long");
  return Done{};
}

Status append_str(std::string& out, const Value& value, std::size_t bytes_max) {
  if (value.is_undefined()) return Done{};
  if (!value.is_text()) return append_repr(out, value, bytes_max);
  if (value.as_text().size() > bytes_max || out.size() > bytes_max - value.as_text().size())
    return fail(Code::TooLarge, "the text became too long");
  out += value.as_text();
  return Done{};
}

}  // namespace embrace::transformers
