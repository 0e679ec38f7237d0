#include "transformers/templates/operators.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

using Kind = Value::Kind;

std::unexpected<Error> unsupported(std::string_view name, const Value& a, const Value& b) {
  return type_error(cat("unsupported operand type(s) for ", name, ": '", type_name(a), "' and '",
                        type_name(b), "'"));
}
std::unexpected<Error> too_large() {
  return fail(Code::InvalidArgument, "OverflowError: a number is too large");
}

Result<Value> integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return too_large();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return too_large();
  }
  return Value::integer(result);
}

Result<Value> power(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral() && b.as_int() >= 0)
    return integer_power(a.as_int(), b.as_int());
  const double base = a.as_double();
  const double exponent = b.as_double();
  if (base == 0 && exponent < 0)
    return fail(Code::InvalidArgument,
                "ZeroDivisionError: 0.0 cannot be raised to a negative power");
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) &&
      std::trunc(exponent) != exponent)
    return fail(Code::InvalidArgument, "a power would be a complex number");
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) return too_large();
  return Value::floating(result);
}

// Rounds toward minus infinity, as Python's // and % do together.
Result<Value> divide(bool whole, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    const std::int64_t x = a.as_int();
    const std::int64_t y = b.as_int();
    if (y == 0)
      return fail(Code::InvalidArgument, "ZeroDivisionError: integer division or modulo by zero");
    if (y == -1) {
      if (whole && x == INT64_MIN) return too_large();
      return Value::integer(whole ? -x : 0);
    }
    std::int64_t quotient = x / y;
    std::int64_t rest = x % y;
    if (rest != 0 && (rest < 0) != (y < 0)) {
      --quotient;
      rest += y;
    }
    return Value::integer(whole ? quotient : rest);
  }
  const double x = a.as_double();
  const double y = b.as_double();
  if (y == 0) return fail(Code::InvalidArgument, "ZeroDivisionError: float division by zero");
  double rest = std::fmod(x, y);
  double quotient = (x - rest) / y;
  if (rest != 0) {
    if ((y < 0) != (rest < 0)) {
      rest += y;
      quotient -= 1;
    }
  } else {
    rest = std::copysign(0.0, y);
  }
  if (!whole) return Value::floating(rest);
  if (quotient == 0) return Value::floating(std::copysign(0.0, x / y));
  const double floor = std::floor(quotient);
  return Value::floating(quotient - floor > 0.5 ? floor + 1 : floor);
}

Result<Value> arithmetic(std::string_view name, const Value& a, const Value& b) {
  if (name == "**") return power(a, b);
  if (name == "//" || name == "%") return divide(name == "//", a, b);
  if (name == "/") {
    if (b.as_double() == 0)
      return fail(Code::InvalidArgument, "ZeroDivisionError: division by zero");
    return Value::floating(a.as_double() / b.as_double());
  }
  if (a.is_integral() && b.is_integral()) {
    std::int64_t result = 0;
    const std::int64_t x = a.as_int();
    const std::int64_t y = b.as_int();
    const bool over = name == "+"   ? __builtin_add_overflow(x, y, &result)
                      : name == "-" ? __builtin_sub_overflow(x, y, &result)
                                    : __builtin_mul_overflow(x, y, &result);
    if (over) return too_large();
    return Value::integer(result);
  }
  const double x = a.as_double();
  const double y = b.as_double();
  return Value::floating(name == "+" ? x + y : name == "-" ? x - y : x * y);
}

Result<Value> repeat(Renderer& renderer, const Value& value, std::int64_t count) {
  const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  if (value.is_text()) {
    const std::string& text = value.as_text();
    if (!text.empty() && times > (std::size_t{1} << 40) / text.size()) return too_large();
    EMB_DO(renderer.reserve(text.size() * times));
    std::string out;
    for (std::size_t i = 0; i < times && !text.empty(); ++i) out += text;
    return renderer.text(std::move(out));
  }
  const auto& items = value.as_items();
  if (!items.empty() && times > (std::size_t{1} << 32) / items.size()) return too_large();
  EMB_DO(renderer.reserve(items.size() * times * sizeof(Value)));
  std::vector<Value> out;
  for (std::size_t i = 0; i < times && !items.empty(); ++i)
    out.insert(out.end(), items.begin(), items.end());
  return renderer.list(std::move(out), value.kind());
}

bool is_sequence(const Value& value) {
  return value.is_text() || value.is(Kind::List) || value.is(Kind::Tuple);
}

Result<Value> add_sequences(Renderer& renderer, const Value& a, const Value& b) {
  if (a.is_text()) {
    EMB_DO(renderer.reserve(a.as_text().size() + b.as_text().size()));
    return renderer.text(cat(a.as_text(), b.as_text()));
  }
  EMB_DO(renderer.reserve((a.as_items().size() + b.as_items().size()) * sizeof(Value)));
  std::vector<Value> out = a.as_items();
  out.insert(out.end(), b.as_items().begin(), b.as_items().end());
  return renderer.list(std::move(out), a.kind());
}

}  // namespace

Result<Value> apply_operator(Renderer& renderer, std::string_view name, const Value& a,
                             const Value& b) {
  if (name == "%" && a.is_text()) {
    EMB_TRY(std::string out, format_percent(renderer, a.as_text(), b));
    return renderer.text(std::move(out));
  }
  if (a.is_undefined()) return undefined_error(a);
  if (b.is_undefined()) return undefined_error(b);
  if (a.is_number() && b.is_number()) return arithmetic(name, a, b);
  if (name == "*" && is_sequence(a) && b.is_integral()) return repeat(renderer, a, b.as_int());
  if (name == "*" && is_sequence(b) && a.is_integral()) return repeat(renderer, b, a.as_int());
  if (name == "+" && is_sequence(a)) {
    if (a.kind() == b.kind()) return add_sequences(renderer, a, b);
    return type_error(cat("can only concatenate ", type_name(a), " (not \"", type_name(b),
                          "\") to ", type_name(a)));
  }
  return unsupported(name == "**" ? "** or pow()" : name, a, b);
}

Result<Value> negated(const Value& value) {
  if (value.is_undefined()) return undefined_error(value);
  if (value.is_integral()) {
    if (value.as_int() == INT64_MIN) return too_large();
    return Value::integer(-value.as_int());
  }
  if (value.is(Kind::Float)) return Value::floating(-value.as_double());
  return type_error(cat("bad operand type for unary -: '", type_name(value), "'"));
}

Status spend_search(Renderer& renderer, std::string_view text, std::string_view part) {
  // std::string::find may compare the whole of `part` at every place.
  return renderer.spend(1 + text.size() / 64 +
                        text.size() * std::min(part.size(), text.size()) / 4096);
}

Result<bool> is_equal(Renderer& renderer, const Value& a, const Value& b) {
  EMB_DO(renderer.spend(1 + std::min(a.weight(), b.weight()) / 8));
  return equal(a, b);
}

Result<bool> is_less(Renderer& renderer, const Value& a, const Value& b) {
  EMB_DO(renderer.spend(1 + std::min(a.weight(), b.weight()) / 8));
  if (a.is_undefined()) return undefined_error(a);
  if (b.is_undefined()) return undefined_error(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return a.as_int() < b.as_int();
    return a.as_double() < b.as_double();
  }
  if (a.is_text() && b.is_text()) return a.as_text() < b.as_text();  // UTF-8 keeps the order
  if (a.kind() == b.kind() && (a.is(Kind::List) || a.is(Kind::Tuple))) {
    const auto& left = a.as_items();
    const auto& right = b.as_items();
    for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
      if (!equal(left[i], right[i])) return is_less(renderer, left[i], right[i]);
    }
    return left.size() < right.size();
  }
  return type_error(
      cat("'<' not supported between instances of '", type_name(a), "' and '", type_name(b), "'"));
}

Result<bool> contains(Renderer& renderer, const Value& container, const Value& item) {
  if (container.is_text()) {
    if (!item.is_text())
      return type_error(
          cat("'in <string>' requires string as left operand, not ", type_name(item)));
    EMB_DO(spend_search(renderer, container.as_text(), item.as_text()));
    return container.as_text().find(item.as_text()) != std::string::npos;
  }
  if (container.is(Kind::Dict)) {
    EMB_DO(renderer.spend(1 + item.weight() / 8));
    if (!is_hashable(item)) return type_error(cat("unhashable type: '", type_name(item), "'"));
    return container.as_dict().find(item) != nullptr;
  }
  if (container.is(Kind::Range)) {
    const auto* range = container.as<RangeObject>();
    if (!item.is_number()) return false;
    const double number = item.as_double();
    if (std::trunc(number) != number || std::abs(number) > 1e15) return false;
    const auto whole = static_cast<std::int64_t>(number);
    if (range->count == 0) return false;
    const std::int64_t last = range->start + (range->count - 1) * range->step;
    return whole >= std::min(range->start, last) && whole <= std::max(range->start, last) &&
           (range->count == 1 || (whole - range->start) % range->step == 0);
  }
  if (container.is_undefined()) return false;
  if (!container.is_items())
    return type_error(cat("argument of type '", type_name(container), "' is not iterable"));
  EMB_TRY(const auto items, renderer.items_of(container));
  for (const Value& one : items) {
    EMB_TRY(const bool same, is_equal(renderer, one, item));
    if (same) return true;
  }
  return false;
}

Result<bool> compare(Renderer& renderer, std::string_view name, const Value& a, const Value& b) {
  if (name == "in") return contains(renderer, b, a);
  if (name == "not in") {
    EMB_TRY(const bool inside, contains(renderer, b, a));
    return !inside;
  }
  if (name == "==") return is_equal(renderer, a, b);
  if (name == "!=") {
    EMB_TRY(const bool same, is_equal(renderer, a, b));
    return !same;
  }
  if (a.is_undefined()) return undefined_error(a);
  if (b.is_undefined()) return undefined_error(b);
  const bool ordered =
      (a.is_number() && b.is_number()) ||
      (a.kind() == b.kind() && (a.is_text() || a.is(Kind::List) || a.is(Kind::Tuple)));
  if (!ordered)
    return type_error(cat("'", name, "' not supported between instances of '", type_name(a),
                          "' and '", type_name(b), "'"));
  const bool nan = (a.is(Kind::Float) && std::isnan(a.as_double())) ||
                   (b.is(Kind::Float) && std::isnan(b.as_double()));
  if (nan) return false;
  if (name == "<") return is_less(renderer, a, b);
  if (name == ">") return is_less(renderer, b, a);
  EMB_TRY(const bool other, name == "<=" ? is_less(renderer, b, a) : is_less(renderer, a, b));
  return !other;
}

Status sort_values(Renderer& renderer, std::vector<Value>& items, const std::vector<Value>& keys,
                   bool reverse) {
  // Bottom-up merging of indexes: stable, and safe whatever is_less says.
  const std::size_t count = items.size();
  EMB_DO(renderer.reserve(count * (2 * sizeof(std::size_t) + sizeof(Value))));
  std::vector<std::size_t> order(count);
  std::vector<std::size_t> merged(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t width = 1; width < count; width *= 2) {
    for (std::size_t begin = 0; begin < count; begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, count);
      const std::size_t end = std::min(begin + 2 * width, count);
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t to = begin; to < end; ++to) {
        bool takes_right = left == middle;
        if (left < middle && right < end) {
          // Reversed, equal ones stay in order, too.
          const Value& a = keys[reverse ? order[left] : order[right]];
          const Value& b = keys[reverse ? order[right] : order[left]];
          EMB_TRY(takes_right, is_less(renderer, a, b));
        }
        merged[to] = takes_right ? order[right++] : order[left++];
      }
    }
    order.swap(merged);
  }
  std::vector<Value> sorted;
  sorted.reserve(count);
  for (const std::size_t index : order) sorted.push_back(items[index]);
  items = std::move(sorted);
  return Done{};
}

}  // namespace embrace::transformers
