// Renderer: expressions, and what it means to ask a value for an attribute, an item, a slice or
// its parts. The order of asking is that of Jinja's sandbox: x.name looks for an attribute first,
// x["name"] for a key.

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "transformers/templates/lexer.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"
#include "transformers/templates/renderer.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

using Kind = Value::Kind;

std::unexpected<Error> type_error(std::string message) {
  return fail(Code::InvalidArgument, "TypeError: " + std::move(message));
}

std::unexpected<Error> value_error(std::string_view what) {
  return fail(Code::InvalidArgument, cat("ValueError: ", what));
}

std::unexpected<Error> undefined_error(const Value& undefined) {
  return fail(Code::InvalidArgument, undefined.as<UndefinedObject>()->message);
}

namespace {

std::string object_name(const Value& value) {
  if (value.is_none()) return "None";
  if (value.is(Kind::Namespace)) return "jinja2.utils.Namespace object";
  return cat(type_name(value), " object");
}

std::string key_repr(const Value& key) {
  std::string out;
  const Status done = append_repr(out, key, 1000);
  return done ? out : "...";
}

bool is_special(std::string_view name) {
  return name.starts_with("__") && name.ends_with("__") && name.size() > 4;
}

// Methods that change what they belong to: a template may not call them.
bool changes_subject(const Value& subject, std::string_view name) {
  const auto among = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (subject.is(Kind::List))
    return among({"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"});
  return subject.is(Kind::Dict) && among({"clear", "pop", "popitem", "setdefault", "update"});
}

// A Python index: negative ones count from the end.
std::optional<std::size_t> place_of(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

Value range_item(const RangeObject& range, std::size_t place) {
  return Value::integer(range.start + static_cast<std::int64_t>(place) * range.step);
}

}  // namespace

Result<Value> Renderer::evaluate(const Expression& node) {
  const Deeper level(*this);
  EMB_DO(level.check());
  EMB_DO(spend());
  auto value = evaluate_node(node);
  if (!value && error_line_ == 0) error_line_ = node.line;
  return value;
}

Result<Value> Renderer::evaluate_node(const Expression& node) {
  using Of = Expression::Kind;
  switch (node.kind) {
    case Of::Constant:
      return node.constant;
    case Of::Name:
      return lookup(node.name);
    case Of::List:
    case Of::Tuple: {
      std::vector<Value> items;
      for (const auto& part : node.parts) {
        EMB_TRY(Value item, evaluate(*part));
        items.push_back(std::move(item));
      }
      return list(std::move(items), node.kind == Of::List ? Kind::List : Kind::Tuple);
    }
    case Of::Dict: {
      const auto dict = new_dict();
      for (std::size_t i = 0; i < node.parts.size(); i += 2) {
        EMB_TRY(const Value key, evaluate(*node.parts[i]));
        EMB_DO(spend(1 + key.weight() / 8));
        if (!is_hashable(key)) return type_error(cat("unhashable type: '", type_name(key), "'"));
        EMB_TRY(Value value, evaluate(*node.parts[i + 1]));
        dict->set(key, std::move(value));
      }
      return Value::dict(dict);
    }
    case Of::Attribute: {
      EMB_TRY(const Value subject, evaluate(*node.parts[0]));
      return attribute(subject, node.name);
    }
    case Of::Item: {
      EMB_TRY(const Value subject, evaluate(*node.parts[0]));
      EMB_TRY(const Value key, evaluate(*node.parts[1]));
      return item(subject, key);
    }
    case Of::Slice: {
      Value parts[4];
      for (std::size_t i = 0; i < 4; ++i) {
        if (!node.parts[i]) continue;
        EMB_TRY(parts[i], evaluate(*node.parts[i]));
      }
      return slice(parts[0], parts[1], parts[2], parts[3]);
    }
    case Of::Call: {
      EMB_TRY(const Value callee, evaluate(*node.parts[0]));
      EMB_TRY(Arguments arguments, evaluate_arguments(node.call.get()));
      return call(callee, std::move(arguments));
    }
    case Of::Filter:
      return evaluate_filter(node);
    case Of::Test: {
      EMB_TRY(const Value subject, evaluate(*node.parts[0]));
      EMB_TRY(Arguments arguments, evaluate_arguments(node.call.get()));
      EMB_TRY(const bool answer, test(node.name, subject, std::move(arguments)));
      return Value::boolean(answer);
    }
    case Of::Not: {
      EMB_TRY(const Value value, evaluate(*node.parts[0]));
      return Value::boolean(!truth(value));
    }
    case Of::Negative: {
      EMB_TRY(const Value value, evaluate(*node.parts[0]));
      return negated(value);
    }
    case Of::Positive: {
      EMB_TRY(const Value value, evaluate(*node.parts[0]));
      if (value.is_undefined()) return undefined_error(value);
      if (!value.is_number())
        return type_error(cat("bad operand type for unary +: '", type_name(value), "'"));
      return value.is(Kind::Bool) ? Value::integer(value.as_int()) : value;
    }
    case Of::Binary: {
      EMB_TRY(const Value left, evaluate(*node.parts[0]));
      EMB_TRY(const Value right, evaluate(*node.parts[1]));
      return apply_operator(*this, node.name, left, right);
    }
    case Of::And:
    case Of::Or: {
      EMB_TRY(Value left, evaluate(*node.parts[0]));
      if (truth(left) == (node.kind == Of::Or)) return left;
      return evaluate(*node.parts[1]);
    }
    case Of::Compare:
      return evaluate_compare(node);
    case Of::Concat: {
      std::string out;
      for (const auto& part : node.parts) {
        EMB_TRY(const Value value, evaluate(*part));
        EMB_TRY(const std::string piece, str(value));
        EMB_DO(append(out, piece));
      }
      return text(std::move(out));
    }
    case Of::Condition: {
      EMB_TRY(const Value test_value, evaluate(*node.parts[1]));
      if (truth(test_value)) return evaluate(*node.parts[0]);
      if (node.parts[2]) return evaluate(*node.parts[2]);
      return undefined(cat("the inline if-expression on line ", node.line,
                           " evaluated to false and no else section was defined."));
    }
  }
  return Value();
}

Result<Value> Renderer::evaluate_compare(const Expression& node) {
  EMB_TRY(Value left, evaluate(*node.parts[0]));
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    EMB_TRY(Value right, evaluate(*node.parts[i + 1]));
    EMB_TRY(const bool holds, compare(*this, node.names[i], left, right));
    if (!holds) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Result<Value> Renderer::evaluate_filter(const Expression& node) {
  Value subject;
  if (node.parts[0]) {
    EMB_TRY(subject, evaluate(*node.parts[0]));
  } else {
    subject = text(std::exchange(filtered_, std::nullopt).value_or(""));
  }
  EMB_TRY(Arguments arguments, evaluate_arguments(node.call.get()));
  return filter(node.name, subject, std::move(arguments));
}

Result<Arguments> Renderer::evaluate_arguments(const CallSyntax* syntax) {
  Arguments arguments;
  if (syntax == nullptr) return arguments;
  for (const auto& part : syntax->positional) {
    EMB_TRY(Value value, evaluate(*part));
    arguments.positional.push_back(std::move(value));
  }
  for (const auto& [name, part] : syntax->named) {
    EMB_TRY(Value value, evaluate(*part));
    arguments.named.emplace_back(name, std::move(value));
  }
  if (syntax->star) {
    EMB_TRY(const Value value, evaluate(*syntax->star));
    EMB_TRY(std::vector<Value> items, items_of(value));
    for (Value& one : items) arguments.positional.push_back(std::move(one));
  }
  if (syntax->star_star) {
    EMB_TRY(const Value value, evaluate(*syntax->star_star));
    if (!value.is(Kind::Dict))
      return type_error(cat("argument after ** must be a mapping, not ", type_name(value)));
    std::set<std::string_view> spelled;  // a dict's own keys are different already
    for (const auto& [name, part] : syntax->named) spelled.insert(name);
    for (const auto& [key, one] : value.as_dict().entries()) {
      if (!key.is_text()) return type_error("keywords must be strings");
      const std::string& name = key.as_text();
      if (name.size() > kNameBytesMax)
        return fail(Code::TooLarge, "the name of a keyword argument is too long");
      if (spelled.contains(name))
        return type_error(cat("got multiple values for keyword argument '", name, "'"));
      EMB_DO(spend());
      arguments.named.emplace_back(name, one);
    }
  }
  return arguments;
}

Result<Value> Renderer::lookup(std::string_view name) {
  for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->parent.get()) {
    if (const Value* found = scope->find(name)) return *found;
    EMB_DO(spend());
  }
  if (const Value* found = variables_.find(name)) return *found;
  if (auto global = find_global(*this, name)) return std::move(*global);
  return undefined(cat("'", name, "' is undefined"));
}

Result<std::vector<Value>> Renderer::items_of(const Value& value) {
  EMB_DO(spend());
  std::vector<Value> items;
  switch (value.kind()) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::Keys:
    case Kind::Values:
    case Kind::Items:
      EMB_DO(reserve(value.as_items().size() * sizeof(Value)));
      return value.as_items();
    case Kind::Generator: {
      auto* generator = value.as<ListObject>();
      EMB_DO(reserve((generator->items.size() - generator->at) * sizeof(Value)));
      for (; generator->at < generator->items.size(); ++generator->at)
        items.push_back(generator->items[generator->at]);
      return items;
    }
    case Kind::Dict:
      EMB_DO(reserve(value.as_dict().size() * sizeof(Value)));
      for (const auto& [key, member] : value.as_dict().entries()) items.push_back(key);
      return items;
    case Kind::String: {
      const std::string& all = value.as_text();
      EMB_DO(reserve(all.size() * (sizeof(Value) + sizeof(StringObject))));
      for (std::size_t at = 0; at < all.size();) {
        const std::size_t begin = at;
        at += utf8_length_from_lead(static_cast<unsigned char>(all[at]));
        items.push_back(text(all.substr(begin, at - begin)));
      }
      return items;
    }
    case Kind::Range: {
      const auto* range = value.as<RangeObject>();
      const auto count = static_cast<std::size_t>(range->count);
      EMB_DO(reserve(count * sizeof(Value)));
      for (std::size_t i = 0; i < count; ++i) items.push_back(range_item(*range, i));
      return items;
    }
    case Kind::Undefined:
      return items;
    default:
      return type_error(cat("'", type_name(value), "' object is not iterable"));
  }
}

namespace {

// subject[key] where Python would find something.
std::optional<Value> find_item(Renderer& renderer, const Value& subject, const Value& key) {
  if (subject.is(Kind::Dict)) {
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = subject.as_dict().find(key);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (!key.is_integral()) return std::nullopt;
  if (subject.is(Kind::List) || subject.is(Kind::Tuple)) {
    const auto place = place_of(key.as_int(), subject.as_items().size());
    return place ? std::optional(subject.as_items()[*place]) : std::nullopt;
  }
  if (subject.is(Kind::Range)) {
    const auto* range = subject.as<RangeObject>();
    const auto place = place_of(key.as_int(), static_cast<std::size_t>(range->count));
    return place ? std::optional(range_item(*range, *place)) : std::nullopt;
  }
  if (!subject.is_text()) return std::nullopt;
  const std::string& text = subject.as_text();
  const auto place = place_of(key.as_int(), count_code_points(text));
  if (!place) return std::nullopt;
  const std::size_t at = byte_of_code_point(text, *place);
  return renderer.text(
      text.substr(at, utf8_length_from_lead(static_cast<unsigned char>(text[at]))));
}

// What Python's getattr finds; undefined and marked as such where the sandbox forbids it.
std::optional<Value> find_attribute(Renderer& renderer, const Value& subject,
                                    std::string_view name) {
  if (is_special(name) || changes_subject(subject, name))
    return renderer.undefined(
        cat("access to attribute '", name, "' of '", type_name(subject), "' object is unsafe."));
  if (subject.is(Kind::Namespace)) {
    const Value* found = subject.as_dict().find(name);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (subject.is(Kind::Other)) return subject.as<Callable>()->attribute(renderer, name);
  if (subject.is(Kind::Tuple) && subject.as<ListObject>()->grouped) {
    if (name == "grouper") return subject.as_items()[0];
    if (name == "list") return subject.as_items()[1];
  }
  return find_method(renderer, subject, name);
}

}  // namespace

Result<Value> Renderer::attribute(const Value& subject, std::string_view name) {
  EMB_DO(spend(1 + name.size() / 64));
  if (subject.is_undefined()) return undefined_error(subject);
  if (auto found = find_attribute(*this, subject, name)) {
    // A key may be called like something that is forbidden.
    if (!found->is_undefined() || !subject.is(Kind::Dict) || !is_special(name))
      return std::move(*found);
  }
  if (subject.is(Kind::Dict)) {
    if (const Value* found = subject.as_dict().find(name)) return *found;
  }
  if (is_special(name)) return std::move(*find_attribute(*this, subject, name));
  return undefined(cat("'", object_name(subject), "' has no attribute '", name, "'"));
}

Result<Value> Renderer::item(const Value& subject, const Value& key) {
  EMB_DO(spend(1 + (subject.is_text() ? subject.as_text().size() / 64 : 0) + key.weight() / 8));
  if (subject.is_undefined()) return undefined_error(subject);
  if (auto found = find_item(*this, subject, key)) return std::move(*found);
  if (!key.is_text())
    return undefined(cat(object_name(subject), " has no element ", key_repr(key)));
  if (auto found = find_attribute(*this, subject, key.as_text())) return std::move(*found);
  return undefined(cat("'", object_name(subject), "' has no attribute '", key.as_text(), "'"));
}

Result<Value> Renderer::slice(const Value& subject, const Value& begin, const Value& end,
                              const Value& step) {
  if (subject.is_undefined()) return undefined_error(subject);
  for (const Value* bound : {&begin, &end, &step}) {
    if (!bound->is_none() && !bound->is_integral())
      return type_error("slice indices must be integers or None or have an __index__ method");
  }
  std::vector<Value> all;
  const bool of_range = subject.is(Kind::Range);
  if (of_range) {
    EMB_TRY(all, items_of(subject));
  } else if (!subject.is_text() && !subject.is(Kind::List) && !subject.is(Kind::Tuple)) {
    return type_error(cat("'", type_name(subject), "' object is not subscriptable"));
  }
  const auto count =
      static_cast<std::int64_t>(subject.is_text() ? count_code_points(subject.as_text())
                                : of_range        ? all.size()
                                                  : subject.as_items().size());
  if (!step.is_none() && step.as_int() == 0)
    return fail(Code::InvalidArgument, "ValueError: slice step cannot be zero");
  const std::int64_t stride = step.is_none() ? 1 : std::clamp(step.as_int(), -count - 1, count + 1);
  EMB_DO(spend(1 + static_cast<std::uint64_t>(count) / 8));
  EMB_DO(reserve(static_cast<std::size_t>(count) * (subject.is_text() ? 4 : sizeof(Value))));
  const auto bound = [&](const Value& given, std::int64_t usual) {
    if (given.is_none()) return usual;
    std::int64_t place = given.as_int();
    const std::int64_t low = stride < 0 ? -1 : 0;
    const std::int64_t high = stride < 0 ? count - 1 : count;
    if (place < 0) place = place < -count ? low : place + count;
    return std::clamp(place, low, std::max(low, high));
  };
  const std::int64_t from = bound(begin, stride < 0 ? count - 1 : 0);
  const std::int64_t to = bound(end, stride < 0 ? -1 : count);
  if (subject.is_text() && stride == 1) {
    const std::string& whole = subject.as_text();
    if (from >= to) return text("");
    const std::size_t first = byte_of_code_point(whole, static_cast<std::size_t>(from));
    const std::string_view rest = std::string_view(whole).substr(first);
    return text(
        std::string(rest.substr(0, byte_of_code_point(rest, static_cast<std::size_t>(to - from)))));
  }
  // Every place from one bound to the other; strides are no longer than the whole.
  const auto each_place = [&](auto&& take) {
    for (std::int64_t at = from; stride > 0 ? at < to : at > to; at += stride)
      take(static_cast<std::size_t>(at));
  };
  if (subject.is_text()) {
    const std::string_view whole = subject.as_text();
    std::vector<std::uint32_t> begins;  // of code points; texts are far below 4 GiB
    begins.reserve(static_cast<std::size_t>(count));
    for (std::size_t at = 0; at < whole.size();
         at += utf8_length_from_lead(static_cast<unsigned char>(whole[at])))
      begins.push_back(static_cast<std::uint32_t>(at));
    std::string out;
    each_place([&](std::size_t place) {
      const std::size_t end = place + 1 < begins.size() ? begins[place + 1] : whole.size();
      out += whole.substr(begins[place], end - begins[place]);
    });
    return text(std::move(out));
  }
  const std::vector<Value>& items = of_range ? all : subject.as_items();
  std::vector<Value> out;
  each_place([&](std::size_t place) { out.push_back(items[place]); });
  if (!of_range) return list(std::move(out), subject.kind());
  const auto* range = subject.as<RangeObject>();
  auto part = std::make_shared<RangeObject>();
  part->charge(&budget_, sizeof(RangeObject));
  std::int64_t begun = 0;
  std::int64_t ended = 0;
  if (__builtin_mul_overflow(from, range->step, &begun) ||
      __builtin_add_overflow(range->start, begun, &part->start) ||
      __builtin_mul_overflow(range->step, stride, &part->step) ||
      __builtin_mul_overflow(to, range->step, &ended) ||
      __builtin_add_overflow(range->start, ended, &part->stop)) {
    return fail(Code::TooLarge, "the range is too large");
  }
  part->count = static_cast<std::int64_t>(out.size());
  return Value::object(Kind::Range, std::move(part));
}

Result<Value> Renderer::call(const Value& callee, Arguments arguments) {
  EMB_DO(spend(1 + arguments.positional.size() + arguments.named.size()));
  const Deeper deeper(*this);
  EMB_DO(deeper.check());
  if (callee.is_undefined()) return undefined_error(callee);
  if (!callee.is(Kind::Other))
    return type_error(cat("'", type_name(callee), "' object is not callable"));
  return callee.as<Callable>()->call(*this, std::move(arguments));
}

}  // namespace embrace::transformers
