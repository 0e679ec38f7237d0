#pragma once
// Renderer: one rendering of a template. It walks the tree, keeps the scopes, and is what filters,
// tests and methods ask for everything they need.
//
// Templates come from strangers, so all that one rendering may do is counted: steps (spend), bytes
// of living values (TemplateBudget), bytes of output, and depth. Passing a limit is TooLarge. A
// step stands for a few hundred nanoseconds: whoever walks over something whose size the template
// chooses spends in proportion to it.
// Threads: one.

#include <cstdint>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transformers/templates/syntax.h"
#include "transformers/templates/value.h"

namespace embrace::transformers {

class Loop;
class Renderer;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Something that a template can call. Value::Kind::Other is always one.
class Callable : public Object {
 public:
  virtual Result<Value> call(Renderer& renderer, Arguments arguments) = 0;
  virtual std::optional<Value> attribute(Renderer&, std::string_view) { return std::nullopt; }
  virtual bool is_callable() const { return true; }
};

// Names of one block, loop turn or macro call. What is not here is in the parent's. A template may
// set as many as it likes: finding one takes the logarithm of their number.
class Scope : public Object {
 public:
  std::shared_ptr<Scope> parent;

  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);  // a view of the tree's text
  void clear();

 private:
  static constexpr std::size_t kScanned = 8;  // fewer are looked through
  std::vector<std::pair<std::string_view, Value>> names_;
  std::map<std::string_view, std::size_t> places_;  // of all, once there are more
};

class Renderer {
 public:
  static constexpr std::size_t kOutputBytesMax = std::size_t{16} << 20;
  static constexpr unsigned kDepthMax = 400;  // about half a megabyte of stack

  // Bytes of the output that {% generation %} marked.
  struct Marked {
    std::size_t begin;
    std::size_t end;
  };

  // Borrows `variables` until it dies. `now` is what strftime_now shows.
  Renderer(const DictObject& variables, std::tm now);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  Result<std::string> run(const Body& body);
  const std::vector<Marked>& marked() const { return marked_; }
  // What raise_exception said, when that is why run() failed.
  const std::optional<std::string>& raised() const { return raised_; }

  // For filters, tests, methods and operators.

  TemplateBudget* budget() { return &budget_; }
  Status spend(std::uint64_t steps = 1);
  Status reserve(std::size_t bytes);  // would this many more fit?
  // What making them costs is paid here; the next spend() says when that was too much.
  Value text(std::string text) {
    budget_.pay(text.size() / 256);
    return Value::text(std::move(text), &budget_);
  }
  Value list(std::vector<Value> items, Value::Kind kind = Value::Kind::List) {
    budget_.pay(items.size() / 16);
    return Value::list(std::move(items), &budget_, kind);
  }
  // Adds to a text that will be a value or output, which is limited as they are.
  Status append(std::string& text, std::string_view more);
  std::shared_ptr<DictObject> new_dict();
  Value undefined(std::string message);
  const std::tm& now() const { return now_; }
  void note_raised(std::string message) { raised_ = std::move(message); }
  void register_namespace(std::shared_ptr<DictObject> made) {
    namespaces_.push_back(std::move(made));
  }

  Result<std::string> str(const Value& value);
  // What a loop over `value` gives. A generator is used up by it.
  Result<std::vector<Value>> items_of(const Value& value);
  Result<Value> attribute(const Value& subject, std::string_view name);  // subject.name
  Result<Value> item(const Value& subject, const Value& key);            // subject[key]
  Result<Value> slice(const Value& subject, const Value& begin, const Value& end,
                      const Value& step);
  Result<Value> call(const Value& callee, Arguments arguments);
  Result<Value> filter(std::string_view name, const Value& subject, Arguments arguments);
  Result<bool> test(std::string_view name, const Value& subject, Arguments arguments);

 private:
  friend class Macro;
  friend class Loop;
  enum class Flow : std::uint8_t { Normal, Break, Continue };
  class Inside;   // a scope for as long as it lives
  class Capture;  // where output goes for as long as it lives

  // A level of depth_ for as long as it lives.
  class Deeper {
   public:
    explicit Deeper(Renderer& renderer) : renderer_(renderer) { ++renderer_.depth_; }
    ~Deeper() { --renderer_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Status check() const {
      if (renderer_.depth_ > kDepthMax) return fail(Code::TooLarge, "the recursion is too deep");
      return Done{};
    }

   private:
    Renderer& renderer_;
  };

  Result<Value> evaluate(const Expression& node);
  Result<Value> evaluate_node(const Expression& node);
  Result<Value> evaluate_compare(const Expression& node);
  Result<Value> evaluate_filter(const Expression& node);
  Result<Arguments> evaluate_arguments(const CallSyntax* call);
  Result<Value> lookup(std::string_view name);

  Result<Flow> execute(const Body& body);
  Result<Flow> execute(const Statement& node);
  Result<Flow> execute_for(const Statement& node);
  Result<Flow> execute_if(const Statement& node);
  Status execute_with(const Statement& node);
  Status execute_call(const Statement& node);
  Status execute_generation(const Statement& node);
  Result<std::string> run_loop(const Statement& node, const Value& iterable,
                               const std::shared_ptr<Scope>& outer, std::uint32_t depth);
  Result<Flow> turn_loop(const Statement& node, const Value& iterable, std::uint32_t depth);
  Result<std::string> capture(const Body& body);
  Result<std::string> call_macro(const Signature& signature, const Body& body,
                                 std::string_view name, const std::shared_ptr<Scope>& closure,
                                 Arguments arguments);
  Status assign(const Expression& target, Value value);
  Status write(const Value& value);
  Status write_text(std::string_view text);
  Value make_macro(const Signature& signature, const Body& body, std::string_view name);

  TemplateBudget budget_;  // first: what it counts dies before it
  const DictObject& variables_;
  std::tm now_;
  std::string output_;
  std::string* out_ = &output_;
  std::shared_ptr<Scope> root_;
  std::shared_ptr<Scope> scope_;
  unsigned depth_ = 0;
  std::uint32_t error_line_ = 0;
  std::optional<std::string> raised_;
  std::vector<Marked> marked_;
  std::optional<std::string> filtered_;  // the text of the filter block at work
  // What can hold itself: emptied at the end.
  std::vector<std::shared_ptr<DictObject>> namespaces_;
  std::vector<std::shared_ptr<Scope>> captured_;
  std::vector<std::shared_ptr<Loop>> compared_;  // whose changed() was asked
};

// The values of a call by the names of its parameters; absent ones are nullopt.
Result<std::vector<std::optional<Value>>> bind_arguments(
    std::string_view function, const Arguments& arguments,
    std::initializer_list<std::string_view> parameters);

// What templates find without being given it: range, namespace, raise_exception, ...
std::optional<Value> find_global(Renderer& renderer, std::string_view name);

// A function of the host as a value.
Value make_function(Renderer& renderer,
                    std::function<Result<Value>(Renderer&, Arguments)> function);

// The method `name` of a str, list, dict or the like, bound to it.
std::optional<Value> find_method(Renderer& renderer, const Value& subject, std::string_view name);

bool has_filter(std::string_view name);
bool has_test(std::string_view name);

std::unexpected<Error> type_error(std::string message);
std::unexpected<Error> value_error(std::string_view what);
// Undefined values say what was missing when they are used.
std::unexpected<Error> undefined_error(const Value& undefined);

}  // namespace embrace::transformers
