// Renderer: statements, scopes, loops and macros. Expressions are in evaluate.cc.

#include "transformers/templates/renderer.h"

#include <algorithm>

#include "base/strings.h"
#include "transformers/templates/operators.h"
#include "transformers/templates/python_text.h"

namespace embrace::transformers {

using Kind = Value::Kind;

const Value* Scope::find(std::string_view name) const {
  if (names_.size() > kScanned) {
    const auto found = places_.find(name);
    return found != places_.end() ? &names_[found->second].second : nullptr;
  }
  for (const auto& [own, value] : names_) {
    if (own == name) return &value;
  }
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  if (const Value* found = find(name)) {
    *const_cast<Value*>(found) = std::move(value);
    return;
  }
  names_.emplace_back(name, std::move(value));
  charge(budget(), 3 * sizeof(names_.front()));
  if (names_.size() == kScanned + 1) {
    for (std::size_t i = 0; i < kScanned; ++i) places_.emplace(names_[i].first, i);
  }
  if (names_.size() > kScanned) places_.emplace(name, names_.size() - 1);
}

void Scope::clear() {
  names_.clear();
  places_.clear();
  parent.reset();
}

class Renderer::Inside {
 public:
  Inside(Renderer& renderer, std::shared_ptr<Scope> parent)
      : renderer_(renderer), before_(std::move(renderer.scope_)) {
    renderer.scope_ = std::make_shared<Scope>();
    renderer.scope_->charge(&renderer.budget_, sizeof(Scope));
    renderer.scope_->parent = std::move(parent);
  }
  ~Inside() { renderer_.scope_ = std::move(before_); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Renderer& renderer_;
  std::shared_ptr<Scope> before_;
};

// What is captured counts as a living value meanwhile: captures nest.
class Renderer::Capture {
 public:
  explicit Capture(Renderer& renderer)
      : renderer_(renderer), before_(std::exchange(renderer.out_, &text_)) {}
  ~Capture() {
    renderer_.out_ = before_;
    renderer_.budget_.bytes_live -= text_.size();
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string take() {
    renderer_.budget_.bytes_live -= text_.size();
    return std::exchange(text_, {});
  }

 private:
  Renderer& renderer_;
  std::string text_;
  std::string* const before_;
};

// A macro, or the body of a call block.
class Macro : public Callable {
 public:
  const Signature* signature = nullptr;
  const Body* body = nullptr;
  std::string_view name;
  std::shared_ptr<Scope> closure;

  Result<Value> call(Renderer& renderer, Arguments arguments) override {
    EMB_TRY(std::string out,
            renderer.call_macro(*signature, *body, name, closure, std::move(arguments)));
    return renderer.text(std::move(out));
  }
  std::optional<Value> attribute(Renderer& renderer, std::string_view wanted) override {
    if (wanted == "name") return renderer.text(std::string(name));
    if (wanted == "catch_kwargs") return Value::boolean(signature->uses_kwargs);
    if (wanted == "catch_varargs") return Value::boolean(signature->uses_varargs);
    if (wanted == "caller") return Value::boolean(signature->uses_caller);
    if (wanted != "arguments") return std::nullopt;
    renderer.budget()->pay(signature->parameters.size());
    std::vector<Value> names;
    for (const std::string& parameter : signature->parameters)
      names.push_back(renderer.text(parameter));
    return renderer.list(std::move(names), Kind::Tuple);
  }
};

// The variable `loop`.
class Loop : public Callable {
 public:
  const Statement* node = nullptr;
  std::shared_ptr<Scope> outer;  // of the loop's own scopes; of a recursive one only
  std::shared_ptr<const std::vector<Value>> items;
  std::size_t index = 0;
  std::uint32_t level = 0;
  std::optional<Value> changed_from;

  bool is_callable() const override { return true; }

  Result<Value> call(Renderer& renderer, Arguments arguments) override {
    if (!node->recursive)
      return type_error("The loop must have the 'recursive' marker to be called recursively.");
    if (arguments.positional.size() != 1) return type_error("loop() takes what it goes through");
    EMB_TRY(std::string out, renderer.run_loop(*node, arguments.positional[0], outer, level + 1));
    return renderer.text(std::move(out));
  }

  std::optional<Value> attribute(Renderer& renderer, std::string_view name) override {
    const auto number = [](std::size_t value) {
      return Value::integer(static_cast<std::int64_t>(value));
    };
    if (name == "index") return number(index + 1);
    if (name == "index0") return number(index);
    if (name == "revindex") return number(items->size() - index);
    if (name == "revindex0") return number(items->size() - index - 1);
    if (name == "first") return Value::boolean(index == 0);
    if (name == "last") return Value::boolean(index + 1 == items->size());
    if (name == "length") return number(items->size());
    if (name == "depth") return number(level + 1);
    if (name == "depth0") return number(level);
    if (name == "previtem")
      return index > 0 ? (*items)[index - 1] : renderer.undefined("there is no previous item");
    if (name == "nextitem")
      return index + 1 < items->size() ? (*items)[index + 1]
                                       : renderer.undefined("there is no next item");
    if (name == "cycle") {
      return make_function(renderer, [at = index](Renderer&, Arguments arguments) -> Result<Value> {
        if (arguments.positional.empty()) return type_error("no items for cycling given");
        return arguments.positional[at % arguments.positional.size()];
      });
    }
    if (name == "changed") {
      // The loop lives at least as long as its turn; what is called later compares with nothing.
      std::weak_ptr<Object> self = weak;
      return make_function(renderer, [self](Renderer& at, Arguments arguments) -> Result<Value> {
        const auto alive = std::static_pointer_cast<Loop>(self.lock());
        if (!alive) return Value::boolean(true);
        Value given = at.list(std::move(arguments.positional), Kind::Tuple);
        if (alive->changed_from) {
          EMB_TRY(const bool same, is_equal(at, *alive->changed_from, given));
          if (same) return Value::boolean(false);
        }
        if (!alive->changed_from) at.compared_.push_back(alive);
        alive->changed_from = std::move(given);
        return Value::boolean(true);
      });
    }
    return std::nullopt;
  }

  std::weak_ptr<Object> weak;
};

Renderer::Renderer(const DictObject& variables, std::tm now) : variables_(variables), now_(now) {
  root_ = std::make_shared<Scope>();
  root_->charge(&budget_, sizeof(Scope));
  scope_ = root_;
}

Renderer::~Renderer() {
  // All are taken out before the first of them dies: each may hold the loop that holds the next.
  std::vector<Value> compared;
  for (const auto& loop : compared_) compared.push_back(std::move(*loop->changed_from));
  for (const auto& loop : compared_) loop->changed_from.reset();
  compared.clear();
  for (const auto& one : namespaces_) one->clear();
  for (const auto& scope : captured_) scope->clear();
}

Result<std::string> Renderer::run(const Body& body) {
  const auto done = execute(body);
  if (done) return std::move(output_);
  Error error = done.error();
  // What the template itself says needs no line.
  if (raised_ || error_line_ == 0) return fail(std::move(error));
  return fail(std::move(error).while_doing(cat("line ", error_line_)));
}

Status Renderer::spend(std::uint64_t steps) {
  if (steps > budget_.steps_left) {
    budget_.steps_left = 0;
    return fail(Code::TooLarge, "the template takes too many steps");
  }
  budget_.steps_left -= steps;
  if (!budget_.over()) return Done{};
  if (budget_.too_deep) return fail(Code::TooLarge, "a value is nested too deeply");
  if (budget_.too_heavy) return fail(Code::TooLarge, "a value is too large");
  return fail(Code::TooLarge, "the template takes too much memory");
}

Status Renderer::reserve(std::size_t bytes) {
  if (bytes > budget_.bytes_live_max || budget_.bytes_live > budget_.bytes_live_max - bytes)
    return fail(Code::TooLarge, "the template takes too much memory");
  return spend(bytes / 256);
}

std::shared_ptr<DictObject> Renderer::new_dict() {
  auto made = std::make_shared<DictObject>();
  made->charge(&budget_, sizeof(DictObject));
  return made;
}

Value Renderer::undefined(std::string message) {
  auto made = std::make_shared<UndefinedObject>();
  made->charge(&budget_, sizeof(UndefinedObject) + message.size());
  made->message = std::move(message);
  return Value::object(Kind::Undefined, std::move(made));
}

Result<std::string> Renderer::str(const Value& value) {
  EMB_DO(spend(1 + value.weight() / 16));
  std::string out;
  EMB_DO(append_str(out, value, kOutputBytesMax));
  // What is opaque weighs little and may show much.
  EMB_DO(spend(out.size() / 256));
  return out;
}

Status Renderer::append(std::string& text, std::string_view more) {
  if (more.size() > kOutputBytesMax || text.size() > kOutputBytesMax - more.size())
    return fail(Code::TooLarge, "a text became too long");
  text += more;
  return spend(more.size() / 256);
}

Status Renderer::write(const Value& value) {
  EMB_TRY(const std::string text, str(value));
  return write_text(text);
}

Status Renderer::write_text(std::string_view text) {
  if (text.size() > kOutputBytesMax || out_->size() > kOutputBytesMax - text.size())
    return fail(Code::TooLarge, "the output is too long");
  *out_ += text;
  if (out_ != &output_) budget_.bytes_live += text.size();
  return spend(text.size() / 256);
}

Result<Renderer::Flow> Renderer::execute(const Body& body) {
  for (const auto& statement : body) {
    const auto flow = execute(*statement);
    if (!flow) {
      if (error_line_ == 0) error_line_ = statement->line;
      return flow;
    }
    if (*flow != Flow::Normal) return flow;
  }
  return Flow::Normal;
}

Result<Renderer::Flow> Renderer::execute(const Statement& node) {
  const Deeper level(*this);
  EMB_DO(level.check());
  EMB_DO(spend());
  switch (node.kind) {
    case Statement::Kind::Data:
      EMB_DO(write_text(node.text));
      return Flow::Normal;
    case Statement::Kind::Output: {
      EMB_TRY(const Value value, evaluate(*node.expressions[0]));
      EMB_DO(write(value));
      return Flow::Normal;
    }
    case Statement::Kind::If:
      return execute_if(node);
    case Statement::Kind::For:
      return execute_for(node);
    case Statement::Kind::Set: {
      EMB_TRY(Value value, evaluate(*node.expressions[0]));
      EMB_DO(assign(*node.targets[0], std::move(value)));
      return Flow::Normal;
    }
    case Statement::Kind::SetBlock: {
      std::string text;
      {
        const Inside scope(*this, scope_);
        EMB_TRY(text, capture(node.bodies[0]));
        if (node.expressions[0]) {
          filtered_ = std::move(text);
          EMB_TRY(const Value filtered_value, evaluate(*node.expressions[0]));
          EMB_TRY(text, str(filtered_value));
        }
      }
      EMB_DO(assign(*node.targets[0], this->text(std::move(text))));
      return Flow::Normal;
    }
    case Statement::Kind::With:
      EMB_DO(execute_with(node));
      return Flow::Normal;
    case Statement::Kind::Macro:
      scope_->set(node.text, make_macro(node.signature, node.bodies[0], node.text));
      return Flow::Normal;
    case Statement::Kind::CallBlock:
      EMB_DO(execute_call(node));
      return Flow::Normal;
    case Statement::Kind::FilterBlock: {
      const Inside scope(*this, scope_);
      EMB_TRY(std::string text, capture(node.bodies[0]));
      filtered_ = std::move(text);
      EMB_TRY(const Value value, evaluate(*node.expressions[0]));
      EMB_DO(write(value));
      return Flow::Normal;
    }
    case Statement::Kind::Block: {
      const Inside scope(*this,
                         node.recursive ? scope_ : root_);  // "scoped" sees what is around it
      return execute(node.bodies[0]);
    }
    case Statement::Kind::Generation:
      EMB_DO(execute_generation(node));
      return Flow::Normal;
    case Statement::Kind::Break:
      return Flow::Break;
    case Statement::Kind::Continue:
      return Flow::Continue;
  }
  return Flow::Normal;
}

Result<Renderer::Flow> Renderer::execute_if(const Statement& node) {
  for (std::size_t i = 0; i < node.expressions.size(); ++i) {
    EMB_TRY(const Value value, evaluate(*node.expressions[i]));
    if (truth(value)) return execute(node.bodies[i]);
  }
  if (node.bodies.size() > node.expressions.size()) return execute(node.bodies.back());
  return Flow::Normal;
}

Status Renderer::execute_with(const Statement& node) {
  std::vector<Value> values;
  for (const auto& expression : node.expressions) {
    EMB_TRY(Value value, evaluate(*expression));
    values.push_back(std::move(value));
  }
  const Inside scope(*this, scope_);
  for (std::size_t i = 0; i < values.size(); ++i)
    EMB_DO(assign(*node.targets[i], std::move(values[i])));
  EMB_DO(execute(node.bodies[0]));
  return Done{};
}

Result<Renderer::Flow> Renderer::execute_for(const Statement& node) {
  EMB_TRY(const Value iterable, evaluate(*node.expressions[0]));
  return turn_loop(node, iterable, 0);
}

Result<std::string> Renderer::run_loop(const Statement& node, const Value& iterable,
                                       const std::shared_ptr<Scope>& outer, std::uint32_t depth) {
  const Deeper level(*this);
  EMB_DO(level.check());
  Capture captured(*this);
  const std::shared_ptr<Scope> scope = std::exchange(scope_, outer);
  const auto flow = turn_loop(node, iterable, depth);
  scope_ = scope;
  if (!flow) return std::unexpected(flow.error());
  return captured.take();
}

Result<Renderer::Flow> Renderer::turn_loop(const Statement& node, const Value& iterable,
                                           std::uint32_t depth) {
  const std::shared_ptr<Scope> outer = scope_;
  EMB_TRY(std::vector<Value> items, items_of(iterable));
  if (node.expressions[1]) {
    std::vector<Value> kept;
    for (Value& item : items) {
      const Inside scope(*this, outer);
      EMB_DO(assign(*node.targets[0], item));
      EMB_TRY(const Value passes, evaluate(*node.expressions[1]));
      if (truth(passes)) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  const bool empty = items.empty();
  auto loop = std::make_shared<Loop>();
  loop->charge(&budget_, sizeof(Loop) + items.size() * sizeof(Value));
  loop->node = &node;
  for (const Value& item : items) loop->weigh(item);
  if (node.recursive) {
    loop->outer = outer;
    if (captured_.empty() || captured_.back() != outer) captured_.push_back(outer);
  }
  loop->items = std::make_shared<const std::vector<Value>>(std::move(items));
  loop->level = depth;
  loop->weak = loop;
  const Value loop_value = Value::object(Kind::Other, loop);
  for (std::size_t i = 0; i < loop->items->size(); ++i) {
    EMB_DO(spend());
    loop->index = i;
    const Inside scope(*this, outer);
    scope_->set("loop", loop_value);
    EMB_DO(assign(*node.targets[0], (*loop->items)[i]));
    EMB_TRY(const Flow flow, execute(node.bodies[0]));
    if (flow == Flow::Break) break;
  }
  if (empty && node.bodies.size() > 1) {
    const Inside scope(*this, outer);
    return execute(node.bodies[1]);
  }
  return Flow::Normal;
}

Result<std::string> Renderer::capture(const Body& body) {
  Capture captured(*this);
  const auto flow = execute(body);
  if (!flow) return std::unexpected(flow.error());
  return captured.take();
}

Value Renderer::make_macro(const Signature& signature, const Body& body, std::string_view name) {
  auto made = std::make_shared<Macro>();
  made->charge(&budget_, sizeof(Macro));
  made->signature = &signature;
  made->body = &body;
  made->name = name;
  made->closure = scope_;
  // The scope will hold the macro that holds the scope.
  if (captured_.empty() || captured_.back() != scope_) captured_.push_back(scope_);
  return Value::object(Kind::Other, std::move(made));
}

Result<std::string> Renderer::call_macro(const Signature& signature, const Body& body,
                                         std::string_view name,
                                         const std::shared_ptr<Scope>& closure,
                                         Arguments arguments) {
  const Deeper level(*this);
  EMB_DO(level.check());
  EMB_DO(spend());
  const Inside scope(*this, closure);
  std::map<std::string_view, Value*> named;
  for (auto& [key, value] : arguments.named) named.emplace(key, &value);
  const auto take = [&](std::string_view wanted) -> std::optional<Value> {
    const auto found = named.find(wanted);
    if (found == named.end()) return std::nullopt;
    Value value = std::move(*found->second);
    named.erase(found);
    return value;
  };
  const std::size_t count = signature.parameters.size();
  bool has_caller = false;
  EMB_DO(spend(count));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& parameter = signature.parameters[i];
    has_caller = has_caller || parameter == "caller";
    std::optional<Value> value;
    if (i < arguments.positional.size())
      value = arguments.positional[i];
    else
      value = take(parameter);
    if (!value) {
      const std::size_t first_default = count - signature.defaults.size();
      if (i >= first_default) {
        EMB_TRY(value, evaluate(*signature.defaults[i - first_default]));
      } else {
        value = undefined(cat("parameter '", parameter, "' was not provided"));
      }
    }
    scope_->set(parameter, std::move(*value));
  }
  if (signature.uses_caller && !has_caller) {
    std::optional<Value> caller = take("caller");
    scope_->set("caller", caller ? std::move(*caller) : undefined("No caller defined"));
  }
  if (signature.uses_kwargs) {
    const auto rest = new_dict();
    for (auto& [key, value] : arguments.named) {
      if (named.contains(key)) rest->set(text(key), std::move(value));
    }
    scope_->set("kwargs", Value::dict(rest));
  } else if (!named.empty()) {
    const auto first = std::find_if(arguments.named.begin(), arguments.named.end(),
                                    [&](const auto& one) { return named.contains(one.first); });
    return type_error(cat("macro '", name, "' takes no keyword argument '", first->first, "'"));
  }
  if (signature.uses_varargs) {
    std::vector<Value> rest;
    for (std::size_t i = count; i < arguments.positional.size(); ++i)
      rest.push_back(arguments.positional[i]);
    scope_->set("varargs", list(std::move(rest), Kind::Tuple));
  } else if (arguments.positional.size() > count) {
    return type_error(cat("macro '", name, "' takes not more than ", count, " argument(s)"));
  }
  return capture(body);
}

Status Renderer::execute_call(const Statement& node) {
  const Expression& call_node = *node.expressions[0];
  EMB_TRY(const Value callee, evaluate(*call_node.parts[0]));
  EMB_TRY(Arguments arguments, evaluate_arguments(call_node.call.get()));
  arguments.named.emplace_back("caller", make_macro(node.signature, node.bodies[0], "caller"));
  EMB_TRY(const Value value, call(callee, std::move(arguments)));
  return write(value);
}

Status Renderer::execute_generation(const Statement& node) {
  const Inside scope(*this, scope_);
  EMB_TRY(const std::string text, capture(node.bodies[0]));
  const std::size_t begin = out_->size();
  EMB_DO(write(this->text(text)));
  if (out_ == &output_ && marked_.size() < 100'000) marked_.push_back({begin, begin + text.size()});
  return Done{};
}

Status Renderer::assign(const Expression& target, Value value) {
  switch (target.kind) {
    case Expression::Kind::Name:
      scope_->set(target.name, std::move(value));
      return Done{};
    case Expression::Kind::Attribute: {
      EMB_TRY(const Value owner, lookup(target.parts[0]->name));
      if (!owner.is(Kind::Namespace))
        return fail(Code::InvalidArgument, "cannot assign attribute on non-namespace object");
      owner.as<DictObject>()->set(text(target.name), std::move(value));
      return Done{};
    }
    default: {
      EMB_TRY(const std::vector<Value> items, items_of(value));
      const std::size_t wanted = target.parts.size();
      if (items.size() < wanted)
        return fail(Code::InvalidArgument, cat("ValueError: not enough values to unpack (expected ",
                                               wanted, ", got ", items.size(), ")"));
      if (items.size() > wanted)
        return fail(Code::InvalidArgument,
                    cat("ValueError: too many values to unpack (expected ", wanted, ")"));
      for (std::size_t i = 0; i < wanted; ++i) EMB_DO(assign(*target.parts[i], items[i]));
      return Done{};
    }
  }
}

}  // namespace embrace::transformers
