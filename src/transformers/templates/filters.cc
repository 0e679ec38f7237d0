// Filters and tests by name, and the tests ("x is y") themselves.

#include "transformers/templates/filters.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

// Jinja has them; chat templates do not use them.
constexpr std::string_view kNotBuilt[] = {"pprint", "random",   "striptags",
                                          "urlize", "wordwrap", "xmlattr"};

const FilterEntry* find_filter(std::string_view name) {
  for (const auto entries : {text_filters(), list_filters()}) {
    for (const FilterEntry& entry : entries) {
      if (entry.name == name) return &entry;
    }
  }
  return nullptr;
}

using Answer = Result<bool>;
using Test = Answer (*)(Renderer&, const Value& subject, const Arguments&);

Result<Value> only_argument(std::string_view test, const Arguments& arguments) {
  if (arguments.positional.size() != 1 || !arguments.named.empty())
    return type_error(cat("the test '", test, "' takes one argument"));
  return arguments.positional[0];
}

Answer test_odd_or_even(Renderer& renderer, const Value& subject, std::string_view wanted) {
  EMB_TRY(const Value rest, apply_operator(renderer, "%", subject, Value::integer(2)));
  return equal(rest, Value::integer(wanted == "odd" ? 1 : 0));
}

// Comparisons by their names.
template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(const char (&given)[N]) { std::copy(given, given + N, text); }
};
template <Name kOperator>
Answer test_compare(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  EMB_TRY(const Value other, only_argument(kOperator.text, arguments));
  return compare(renderer, kOperator.text, subject, other);
}

bool is_same_object(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::Float)) return false;  // two floats are two objects
  if (a.is_number() || a.is_none()) return equal(a, b);
  return a.shared() == b.shared();
}

bool is_iterable(const Value& value) {
  return value.is_items() || value.is_text() || value.is(Kind::Dict) || value.is(Kind::Range) ||
         value.is_undefined();
}

bool is_callable(const Value& value) {
  return value.is_undefined() || (value.is(Kind::Other) && value.as<Callable>()->is_callable());
}

Answer test_letters(Renderer& renderer, const Value& subject, bool upper_ones) {
  EMB_TRY(const std::string text, renderer.str(subject));
  EMB_TRY(const Value method,
          renderer.attribute(renderer.text(text), upper_ones ? "isupper" : "islower"));
  EMB_TRY(const Value answer, renderer.call(method, {}));
  return truth(answer);
}

struct TestEntry {
  std::string_view name;
  Test test;
};

constexpr TestEntry kTests[] = {
    {"defined",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return !v.is_undefined(); }},
    {"undefined",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is_undefined(); }},
    {"none", [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is_none(); }},
    {"boolean",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is(Kind::Bool); }},
    {"true",
     [](Renderer&, const Value& v, const Arguments&) -> Answer {
       return v.is(Kind::Bool) && truth(v);
     }},
    {"false",
     [](Renderer&, const Value& v, const Arguments&) -> Answer {
       return v.is(Kind::Bool) && !truth(v);
     }},
    {"integer",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is(Kind::Int); }},
    {"float",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is(Kind::Float); }},
    {"number", [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is_number(); }},
    {"string", [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is_text(); }},
    {"mapping",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return v.is(Kind::Dict); }},
    {"sequence",
     [](Renderer&, const Value& v, const Arguments&) -> Answer {
       return v.is_text() || v.is(Kind::List) || v.is(Kind::Tuple) || v.is(Kind::Dict) ||
              v.is(Kind::Range) || v.is_undefined();
     }},
    {"iterable",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return is_iterable(v); }},
    {"callable",
     [](Renderer&, const Value& v, const Arguments&) -> Answer { return is_callable(v); }},
    {"escaped", [](Renderer&, const Value&, const Arguments&) -> Answer { return false; }},
    {"odd",
     [](Renderer& r, const Value& v, const Arguments&) -> Answer {
       return test_odd_or_even(r, v, "odd");
     }},
    {"even",
     [](Renderer& r, const Value& v, const Arguments&) -> Answer {
       return test_odd_or_even(r, v, "even");
     }},
    {"divisibleby",
     [](Renderer& r, const Value& v, const Arguments& given) -> Answer {
       EMB_TRY(const Value by, only_argument("divisibleby", given));
       EMB_TRY(const Value rest, apply_operator(r, "%", v, by));
       return equal(rest, Value::integer(0));
     }},
    {"lower",
     [](Renderer& r, const Value& v, const Arguments&) -> Answer {
       return test_letters(r, v, false);
     }},
    {"upper",
     [](Renderer& r, const Value& v, const Arguments&) -> Answer {
       return test_letters(r, v, true);
     }},
    {"sameas",
     [](Renderer&, const Value& v, const Arguments& given) -> Answer {
       EMB_TRY(const Value other, only_argument("sameas", given));
       return is_same_object(v, other);
     }},
    {"in", test_compare<"in">},
    {"filter",
     [](Renderer&, const Value& v, const Arguments&) -> Answer {
       return v.is_text() && has_filter(v.as_text());
     }},
    {"test",
     [](Renderer&, const Value& v, const Arguments&) -> Answer {
       return v.is_text() && has_test(v.as_text());
     }},
    {"eq", test_compare<"==">},
    {"==", test_compare<"==">},
    {"equalto", test_compare<"==">},
    {"ne", test_compare<"!=">},
    {"!=", test_compare<"!=">},
    {"lt", test_compare<"<">},
    {"<", test_compare<"<">},
    {"lessthan", test_compare<"<">},
    {"le", test_compare<"<=">},
    {"<=", test_compare<"<=">},
    {"gt", test_compare<">">},
    {">", test_compare<">">},
    {"greaterthan", test_compare<">">},
    {"ge", test_compare<">=">},
    {">=", test_compare<">=">},
};

}  // namespace

bool has_filter(std::string_view name) {
  return find_filter(name) != nullptr ||
         std::find(std::begin(kNotBuilt), std::end(kNotBuilt), name) != std::end(kNotBuilt);
}

bool has_test(std::string_view name) {
  return std::any_of(std::begin(kTests), std::end(kTests),
                     [&](const TestEntry& entry) { return entry.name == name; });
}

Result<Value> Renderer::filter(std::string_view name, const Value& subject, Arguments arguments) {
  EMB_DO(spend(1 + subject.weight() / 32 + arguments.positional.size() + arguments.named.size()));
  const Deeper deeper(*this);
  EMB_DO(deeper.check());
  if (const FilterEntry* entry = find_filter(name))
    return entry->function(*this, entry->name, subject, arguments);
  if (has_filter(name))
    return fail(Code::NotBuilt, cat("the filter '", name, "' is not supported"));
  return fail(Code::InvalidArgument, cat("No filter named '", name, "'."));
}

Result<bool> Renderer::test(std::string_view name, const Value& subject, Arguments arguments) {
  EMB_DO(spend(1 + arguments.positional.size() + arguments.named.size()));
  const Deeper deeper(*this);
  EMB_DO(deeper.check());
  for (const TestEntry& entry : kTests) {
    if (entry.name == name) return entry.test(*this, subject, arguments);
  }
  return fail(Code::InvalidArgument, cat("No test named '", name, "'."));
}

Result<Value> follow_path(Renderer& renderer, const Value& subject, const Value& path,
                          const std::optional<Value>& otherwise) {
  std::vector<Value> parts;
  if (path.is_text()) {
    EMB_DO(renderer.spend(path.as_text().size() / 8));
    for (const std::string_view part : split(path.as_text(), '.')) {
      const auto number = parse_uint(part);
      parts.push_back(number ? Value::integer(static_cast<std::int64_t>(*number))
                             : renderer.text(std::string(part)));
    }
  } else if (!path.is_none()) {
    parts.push_back(path);
  }
  Value value = subject;
  for (const Value& part : parts) {
    EMB_TRY(value, renderer.item(value, part));
    if (value.is_undefined() && otherwise && !otherwise->is_none()) value = *otherwise;
  }
  return value;
}

Result<std::int64_t> integer_argument(const std::optional<Value>& given, std::int64_t usual) {
  if (!given) return usual;
  if (given->is_undefined()) return undefined_error(*given);
  if (!given->is_integral())
    return type_error(cat("'", type_name(*given), "' object cannot be interpreted as an integer"));
  return given->as_int();
}

}  // namespace embrace::transformers
