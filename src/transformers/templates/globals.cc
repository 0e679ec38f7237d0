// What templates find without being given it: range, dict, namespace, cycler, joiner, and
// transformers' own raise_exception and strftime_now.

#include <algorithm>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/renderer.h"

namespace embrace::transformers {

using Kind = Value::Kind;

namespace {

class Function : public Callable {
 public:
  std::function<Result<Value>(Renderer&, Arguments)> body;
  Result<Value> call(Renderer& renderer, Arguments arguments) override {
    return body(renderer, std::move(arguments));
  }
};

class Cycler : public Callable {
 public:
  std::vector<Value> items;
  std::size_t at = 0;
  std::weak_ptr<Object> weak;

  bool is_callable() const override { return false; }
  Result<Value> call(Renderer&, Arguments) override {
    return type_error("'Cycler' object is not callable");
  }
  std::optional<Value> attribute(Renderer& renderer, std::string_view name) override {
    if (name == "current") return items[at];
    if (name != "next" && name != "reset") return std::nullopt;
    const bool moves = name == "next";
    return make_function(renderer,
                         [self = weak.lock(), moves](Renderer&, Arguments) -> Result<Value> {
                           auto& cycler = static_cast<Cycler&>(*self);
                           if (!moves) {
                             cycler.at = 0;
                             return Value();
                           }
                           const std::size_t now = cycler.at;
                           cycler.at = (now + 1) % cycler.items.size();
                           return cycler.items[now];
                         });
  }
};

constexpr std::int64_t kRangeMax = 100'000;

Result<Value> make_range(Renderer& renderer, Arguments arguments) {
  const auto& given = arguments.positional;
  if (given.empty() || given.size() > 3 || !arguments.named.empty())
    return type_error(cat("range expected 1 to 3 arguments, got ", given.size()));
  for (const Value& one : given) {
    if (one.is_undefined()) return undefined_error(one);
    if (!one.is_integral())
      return type_error(cat("'", type_name(one), "' object cannot be interpreted as an integer"));
    if (one.as_int() > (std::int64_t{1} << 40) || one.as_int() < -(std::int64_t{1} << 40))
      return fail(Code::TooLarge, "range() has a number that is too large");
  }
  auto made = std::make_shared<RangeObject>();
  made->charge(renderer.budget(), sizeof(RangeObject));
  made->start = given.size() > 1 ? given[0].as_int() : 0;
  made->stop = given[given.size() > 1 ? 1 : 0].as_int();
  made->step = given.size() > 2 ? given[2].as_int() : 1;
  if (made->step == 0)
    return fail(Code::InvalidArgument, "ValueError: range() arg 3 must not be zero");
  const std::int64_t span = made->step > 0 ? made->stop - made->start : made->start - made->stop;
  const std::int64_t step = made->step > 0 ? made->step : -made->step;
  made->count = span > 0 ? (span + step - 1) / step : 0;
  if (made->count > kRangeMax)
    return fail(
        Code::TooLarge,
        cat("Range too big. The sandbox blocks ranges larger than MAX_RANGE (", kRangeMax, ")."));
  return Value::object(Kind::Range, std::move(made));
}

// dict(mapping or pairs, name=value, ...), which namespace() takes, too.
Result<std::shared_ptr<DictObject>> fill_dict(Renderer& renderer, const Arguments& arguments,
                                              std::shared_ptr<DictObject> dict) {
  if (arguments.positional.size() > 1)
    return type_error(cat("dict expected at most 1 argument, got ", arguments.positional.size()));
  for (const Value& given : arguments.positional) {
    if (given.is(Kind::Dict)) {
      for (const auto& [key, value] : given.as_dict().entries()) {
        EMB_DO(renderer.spend(1 + key.weight() / 8));
        dict->set(key, value);
      }
      continue;
    }
    EMB_TRY(const auto pairs, renderer.items_of(given));
    for (const Value& pair : pairs) {
      EMB_TRY(const auto parts, renderer.items_of(pair));
      if (parts.size() != 2)
        return fail(Code::InvalidArgument,
                    "ValueError: dictionary update sequence element has not length 2");
      EMB_DO(renderer.spend(1 + parts[0].weight() / 8));
      if (!is_hashable(parts[0]))
        return type_error(cat("unhashable type: '", type_name(parts[0]), "'"));
      dict->set(parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) {
    EMB_DO(renderer.spend());
    dict->set(renderer.text(name), value);
  }
  return dict;
}

Result<Value> make_dict(Renderer& renderer, Arguments arguments) {
  EMB_TRY(auto dict, fill_dict(renderer, arguments, renderer.new_dict()));
  return Value::dict(std::move(dict));
}

Result<Value> make_namespace(Renderer& renderer, Arguments arguments) {
  const auto made = renderer.new_dict();
  made->is_opaque = true;
  renderer.register_namespace(made);
  EMB_TRY(auto dict, fill_dict(renderer, arguments, made));
  return Value::object(Kind::Namespace, std::move(dict));
}

Result<Value> make_cycler(Renderer& renderer, Arguments arguments) {
  if (arguments.positional.empty())
    return fail(Code::InvalidArgument, "RuntimeError: no items for cycling given");
  auto made = std::make_shared<Cycler>();
  made->charge(renderer.budget(), sizeof(Cycler) + arguments.positional.size() * sizeof(Value));
  for (const Value& item : arguments.positional) made->weigh(item);
  made->items = std::move(arguments.positional);
  made->weak = made;
  return Value::object(Kind::Other, std::move(made));
}

Result<Value> make_joiner(Renderer& renderer, Arguments arguments) {
  EMB_TRY(auto bound, bind_arguments("joiner", arguments, {"sep"}));
  const Value separator = bound[0].value_or(renderer.text(", "));
  auto used = std::make_shared<bool>(false);
  Value joiner =
      make_function(renderer, [separator, used](Renderer& at, Arguments) -> Result<Value> {
        if (std::exchange(*used, true)) return separator;
        return at.text("");
      });
  joiner.shared()->weigh(separator);
  return joiner;
}

Result<Value> raise_exception(Renderer& renderer, Arguments arguments) {
  EMB_TRY(auto bound, bind_arguments("raise_exception", arguments, {"message"}));
  if (!bound[0]) return type_error("raise_exception() takes a message");
  EMB_TRY(std::string message, renderer.str(*bound[0]));
  renderer.note_raised(message);
  return fail(Code::InvalidArgument, std::move(message));
}

Result<Value> strftime_now(Renderer& renderer, Arguments arguments) {
  EMB_TRY(auto bound, bind_arguments("strftime_now", arguments, {"format"}));
  if (!bound[0] || !bound[0]->is_text()) return type_error("strftime_now() takes a text");
  const std::string& format = bound[0]->as_text();
  if (format.size() > 1000) return fail(Code::TooLarge, "a format of a date is too long");
  std::string out;
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    // One conversion at a time: with widths it could be as long as it likes.
    const std::size_t begin = at++;
    while (at < format.size() &&
           std::string_view("-_0^#").find(format[at]) != std::string_view::npos)
      ++at;
    if (at >= format.size()) {
      out += format.substr(begin);
      break;
    }
    const char kind = format[at++];
    if (kind == 'f') {
      out += "000000";
    } else if (std::string_view("aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyY%").find(kind) !=
               std::string_view::npos) {
      const std::string one = format.substr(begin, at - begin);
      char buffer[256];
      out.append(buffer, std::strftime(buffer, sizeof buffer, one.c_str(), &renderer.now()));
    } else if (kind != 'z' && kind != 'Z') {  // a time without a zone shows nothing there
      out += format.substr(begin, at - begin);
    }
  }
  return renderer.text(std::move(out));
}

}  // namespace

Value make_function(Renderer& renderer, std::function<Result<Value>(Renderer&, Arguments)> body) {
  auto made = std::make_shared<Function>();
  made->charge(renderer.budget(), sizeof(Function) + 64);
  made->body = std::move(body);
  return Value::object(Kind::Other, std::move(made));
}

Result<std::vector<std::optional<Value>>> bind_arguments(
    std::string_view function, const Arguments& arguments,
    std::initializer_list<std::string_view> parameters) {
  std::vector<std::optional<Value>> bound(parameters.size());
  if (arguments.positional.size() > parameters.size())
    return type_error(cat(function, "() takes at most ", parameters.size(), " arguments but ",
                          arguments.positional.size(), " were given"));
  std::copy(arguments.positional.begin(), arguments.positional.end(), bound.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(parameters.begin(), parameters.end(), name);
    if (found == parameters.end())
      return type_error(cat(function, "() got an unexpected keyword argument '", name, "'"));
    auto& place = bound[static_cast<std::size_t>(found - parameters.begin())];
    if (place) return type_error(cat(function, "() got multiple values for argument '", name, "'"));
    place = value;
  }
  return bound;
}

std::optional<Value> find_global(Renderer& renderer, std::string_view name) {
  using Global = Result<Value> (*)(Renderer&, Arguments);
  static constexpr std::pair<std::string_view, Global> kGlobals[] = {
      {"range", make_range},          {"dict", make_dict},     {"namespace", make_namespace},
      {"cycler", make_cycler},        {"joiner", make_joiner}, {"raise_exception", raise_exception},
      {"strftime_now", strftime_now},
  };
  for (const auto& [own, body] : kGlobals) {
    if (own == name) return make_function(renderer, body);
  }
  if (name != "lipsum") return std::nullopt;
  return make_function(renderer, [](Renderer&, Arguments) -> Result<Value> {
    return fail(Code::NotBuilt, "'lipsum' is not supported");
  });
}

}  // namespace embrace::transformers
