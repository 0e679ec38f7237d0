#pragma once
// Value: what a chat template computes with, as Python has it: None, bool, int, float, str, list,
// tuple, dict, range, and what Jinja adds (undefined, namespaces, macros).
//
// Integers have 64 bits; what does not fit is an error, where Python goes on. Strings are UTF-8.
// Ownership: heap objects are shared, and constant but for namespaces and generators. A caller's
// values may be used by several renderings at once.

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

// What one rendering has used, and may use. Objects give their bytes back when they die.
struct TemplateBudget {
  std::size_t bytes_live = 0;
  std::size_t bytes_live_max = std::size_t{64} << 20;
  std::uint64_t steps_left = 4'000'000;
  bool too_deep = false;   // a value nested deeper than Value::kDepthMax was made
  bool too_heavy = false;  // or one whose walk would take too long

  // Takes steps from those that are left. Whoever can fail asks Renderer::spend() instead.
  void pay(std::uint64_t steps) { steps_left -= steps < steps_left ? steps : steps_left; }
  bool over() const { return bytes_live > bytes_live_max || too_deep || too_heavy; }
};

class Value;

// Base of everything on the heap.
class Object {
 public:
  virtual ~Object() {
    if (budget_ != nullptr) budget_->bytes_live -= bytes_;
  }
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  void charge(TemplateBudget* budget, std::size_t bytes) {
    budget_ = budget;
    bytes_ += bytes;
    if (budget != nullptr) budget->bytes_live += bytes;
  }
  TemplateBudget* budget() const { return budget_; }
  // This object holds `value`: counts what a walk through all of it costs, shared parts each time.
  void weigh(const Value& value);

  std::uint32_t depth() const { return depth_; }
  std::uint64_t weight() const { return weight_; }

 protected:
  std::uint32_t depth_ = 0;
  std::uint64_t weight_ = 1;

 private:
  TemplateBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

class DictObject;

class Value {
 public:
  enum class Kind : std::uint8_t {
    Undefined,
    None,
    Bool,
    Int,
    Float,
    String,
    List,
    Tuple,
    Generator,  // what map, select and the like give: can be walked once
    Keys,       // views of a dict
    Values,
    Items,
    Dict,
    Range,
    Namespace,
    Other,  // macros, methods, functions, loop
  };
  static constexpr std::uint32_t kDepthMax = 100;
  static constexpr std::uint64_t kWeightMax = std::uint64_t{16} << 20;

  Value() = default;  // None
  static Value boolean(bool flag);
  static Value integer(std::int64_t number);
  static Value floating(double number);
  static Value text(std::string text, TemplateBudget* budget = nullptr);
  static Value list(std::vector<Value> items, TemplateBudget* budget = nullptr,
                    Kind kind = Kind::List);
  static Value dict(std::shared_ptr<DictObject> object);
  static Value object(Kind kind, std::shared_ptr<Object> object);

  // Deeper nesting than kDepthMax is refused.
  static Result<Value> from_json(json::View view);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::Undefined; }
  bool is_none() const { return kind_ == Kind::None; }
  bool is_text() const { return kind_ == Kind::String; }
  // bool, int or float, which Python counts together.
  bool is_number() const {
    return kind_ == Kind::Bool || kind_ == Kind::Int || kind_ == Kind::Float;
  }
  bool is_integral() const { return kind_ == Kind::Bool || kind_ == Kind::Int; }
  bool is_items() const;  // has as_items()

  // Each is for its own kind only.
  std::int64_t as_int() const { return int_; }  // bool or int
  double as_double() const;                     // any number
  const std::string& as_text() const;
  const std::vector<Value>& as_items() const;  // list, tuple, generator, views
  const DictObject& as_dict() const;           // dict or namespace
  template <class T>
  T* as() const {
    return static_cast<T*>(object_.get());
  }
  const std::shared_ptr<Object>& shared() const { return object_; }
  std::uint32_t depth() const { return object_ ? object_->depth() : 0; }
  std::uint64_t weight() const { return object_ ? object_->weight() : 1; }

 private:
  Kind kind_ = Kind::None;
  union {
    std::int64_t int_ = 0;
    double double_;
  };
  std::shared_ptr<Object> object_;
};

class StringObject : public Object {
 public:
  explicit StringObject(std::string given) : text(std::move(given)) { weight_ += text.size() / 16; }
  const std::string text;
};

class ListObject : public Object {
 public:
  std::vector<Value> items;
  std::size_t at = 0;    // how far a generator was walked
  bool grouped = false;  // a tuple of groupby, whose parts have names
};

class RangeObject : public Object {
 public:
  std::int64_t start = 0, stop = 0, step = 1, count = 0;
};

class UndefinedObject : public Object {
 public:
  std::string message;  // what using it says
};

// An order of hashable values in which equal() ones are equal; what is not a number is equal to
// itself here, as one object of Python's is.
std::strong_ordering order_of_keys(const Value& a, const Value& b);
std::strong_ordering order_of_keys(const Value& a, std::string_view b);

// Insertion order; keys are compared as Python does, so 1, 1.0 and True are one key. Finding one
// among many takes the logarithm of their number, whatever they are.
class DictObject : public Object {
 public:
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(const Value& key, Value value);  // the key must be hashable
  void set(std::string_view key, Value value) {
    set(Value::text(std::string(key)), std::move(value));
  }
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  void clear();

  // A namespace, which may come to hold itself: it counts as a leaf of what holds it.
  bool is_opaque = false;

 private:
  struct KeyOrder {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      if constexpr (std::is_same_v<A, Value>) {
        return order_of_keys(a, b) < 0;
      } else {
        return order_of_keys(b, a) > 0;
      }
    }
  };
  template <class Key>
  const Value* find_key(const Key& key) const;

  static constexpr std::size_t kScanned = 8;  // smaller ones are looked through
  std::vector<std::pair<Value, Value>> entries_;
  std::map<Value, std::size_t, KeyOrder> places_;  // of all, once there are more
};

// Python's ==. Nested containers are as deep as their makers allowed; what is deeper (a namespace
// inside itself) is unequal.
bool equal(const Value& a, const Value& b, unsigned depth = 0);
bool is_hashable(const Value& value);

bool truth(const Value& value);
std::string_view type_name(const Value& value);  // as Python says it: "str", "dict", "NoneType"

// Python's str() and repr(); TooLarge beyond `bytes_max`, or when it would never end.
Status append_str(std::string& out, const Value& value, std::size_t bytes_max);
Status append_repr(std::string& out, const Value& value, std::size_t bytes_max, unsigned depth = 0);

}  // namespace embrace::transformers
