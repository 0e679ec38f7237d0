// Parser: tokens to the tree of syntax.h, by recursive descent. Precedence, from loose to tight:
// if-else, or, and, not, comparisons, + -, ~, * / // %, **, signs, then filters and tests; that
// `~` binds tighter than `+`, and `**` goes left to right, is Jinja's way.

#include <algorithm>

#include "base/strings.h"
#include "transformers/templates/lexer.h"
#include "transformers/templates/syntax.h"

namespace embrace::transformers {

namespace {

using Kind = TemplateToken::Kind;
using Of = Expression::Kind;

constexpr std::uint32_t kHeightMax = 300;  // of one expression's tree
constexpr unsigned kNestingMax = 60;       // of brackets and blocks while parsing

class Parser {
 public:
  explicit Parser(std::vector<TemplateToken> tokens) : tokens_(std::move(tokens)) {}

  Result<Body> run() {
    EMB_TRY(Body body, parse_body({}));
    return body;
  }

 private:
  using Parsed = Result<ExpressionPtr>;
  using Words = std::vector<std::string_view>;

  const TemplateToken& now() const { return tokens_[at_]; }
  const TemplateToken& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void pass() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool is(std::string_view symbol) const {
    return now().kind == Kind::Operator && now().text == symbol;
  }
  bool is_word(std::string_view word) const {
    return now().kind == Kind::Name && now().text == word;
  }
  bool skip(std::string_view symbol) {
    if (!is(symbol)) return false;
    pass();
    return true;
  }
  bool skip_word(std::string_view word) {
    if (!is_word(word)) return false;
    pass();
    return true;
  }
  std::unexpected<Error> wrong(std::string_view what) const { return wrong_at(now().line, what); }
  static std::unexpected<Error> wrong_at(std::uint32_t line, std::string_view what) {
    return fail(Code::InvalidArgument, cat("line ", line, ": ", what));
  }
  std::unexpected<Error> unexpected(std::string_view wanted) const {
    return wrong(cat("expected ", wanted, ", got '", now().text.substr(0, 60), "'"));
  }
  Status expect(std::string_view symbol) {
    if (!skip(symbol)) return unexpected(cat("'", symbol, "'"));
    return Done{};
  }
  Status expect_word(std::string_view word) {
    if (!skip_word(word)) return unexpected(cat("'", word, "'"));
    return Done{};
  }
  Status expect(Kind kind, std::string_view name) {
    if (now().kind != kind) return unexpected(name);
    pass();
    return Done{};
  }
  Result<std::string> expect_name() {
    if (now().kind != Kind::Name) return unexpected("a name");
    std::string name = now().text;
    pass();
    return name;
  }

  // Counts levels of nesting for as long as it lives.
  struct Level {
    explicit Level(unsigned& depth) : depth_(++depth) {}
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    unsigned& depth_;
  };
  Status check_level() const {
    if (depth_ > kNestingMax)
      return fail(Code::TooLarge, cat("line ", now().line, ": nested too deeply"));
    return Done{};
  }

  ExpressionPtr make(Of kind, std::uint32_t line) const {
    auto made = std::make_unique<Expression>();
    made->kind = kind;
    made->line = line;
    return made;
  }
  static void add(Expression& node, ExpressionPtr part) {
    if (part) node.height = std::max(node.height, part->height + 1);
    node.parts.push_back(std::move(part));
  }
  Parsed checked(ExpressionPtr node) const {
    if (node->height > kHeightMax)
      return fail(Code::TooLarge, cat("line ", node->line, ": an expression is too long"));
    return node;
  }
  Parsed binary(Of kind, std::string_view name, ExpressionPtr left, ExpressionPtr right,
                std::uint32_t line) const {
    ExpressionPtr node = make(kind, line);
    node->name = name;
    add(*node, std::move(left));
    add(*node, std::move(right));
    return checked(std::move(node));
  }
  ExpressionPtr constant(Value value, std::uint32_t line) const {
    ExpressionPtr node = make(Of::Constant, line);
    node->constant = std::move(value);
    return node;
  }

  // Expressions.

  Parsed parse_expression(bool with_condition = true) {
    const Level level(depth_);
    EMB_DO(check_level());
    return with_condition ? parse_condition() : parse_or();
  }

  Parsed parse_condition() {
    const Level level(depth_);  // "a if b else c if d else ..." nests to the right
    EMB_DO(check_level());
    std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr node, parse_or());
    while (skip_word("if")) {
      ExpressionPtr whole = make(Of::Condition, line);
      add(*whole, std::move(node));
      EMB_TRY(ExpressionPtr test, parse_or());
      add(*whole, std::move(test));
      ExpressionPtr otherwise;
      if (skip_word("else")) {
        EMB_TRY(otherwise, parse_condition());
      }
      add(*whole, std::move(otherwise));
      EMB_TRY(node, checked(std::move(whole)));
      line = now().line;
    }
    return node;
  }

  Parsed parse_or() {
    std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr node, parse_and());
    while (skip_word("or")) {
      EMB_TRY(ExpressionPtr right, parse_and());
      EMB_TRY(node, binary(Of::Or, "or", std::move(node), std::move(right), line));
      line = now().line;
    }
    return node;
  }

  Parsed parse_and() {
    std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr node, parse_not());
    while (skip_word("and")) {
      EMB_TRY(ExpressionPtr right, parse_not());
      EMB_TRY(node, binary(Of::And, "and", std::move(node), std::move(right), line));
      line = now().line;
    }
    return node;
  }

  Parsed parse_not() {
    if (!is_word("not")) return parse_compare();
    const Level level(depth_);
    EMB_DO(check_level());
    ExpressionPtr node = make(Of::Not, now().line);
    pass();
    EMB_TRY(ExpressionPtr part, parse_not());
    add(*node, std::move(part));
    return checked(std::move(node));
  }

  Parsed parse_compare() {
    const std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr first, parse_sum());
    ExpressionPtr node;
    while (true) {
      std::string name;
      if (now().kind == Kind::Operator) {
        for (const std::string_view one : {"==", "!=", "<", "<=", ">", ">="}) {
          if (now().text == one) name = one;
        }
      }
      if (!name.empty()) {
        pass();
      } else if (skip_word("in")) {
        name = "in";
      } else if (is_word("not") && next().kind == Kind::Name && next().text == "in") {
        pass();
        pass();
        name = "not in";
      } else {
        break;
      }
      if (!node) {
        node = make(Of::Compare, line);
        add(*node, std::move(first));
      }
      EMB_TRY(ExpressionPtr part, parse_sum());
      add(*node, std::move(part));
      node->names.push_back(std::move(name));
    }
    if (!node) return first;
    return checked(std::move(node));
  }

  Parsed parse_sum() {
    std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr node, parse_concat());
    while (is("+") || is("-")) {
      const std::string name = now().text;
      pass();
      EMB_TRY(ExpressionPtr right, parse_concat());
      EMB_TRY(node, binary(Of::Binary, name, std::move(node), std::move(right), line));
      line = now().line;
    }
    return node;
  }

  Parsed parse_concat() {
    const std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr first, parse_product());
    if (!is("~")) return first;
    ExpressionPtr node = make(Of::Concat, line);
    add(*node, std::move(first));
    while (skip("~")) {
      EMB_TRY(ExpressionPtr part, parse_product());
      add(*node, std::move(part));
    }
    return checked(std::move(node));
  }

  Parsed parse_product() {
    std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr node, parse_power());
    while (is("*") || is("/") || is("//") || is("%")) {
      const std::string name = now().text;
      pass();
      EMB_TRY(ExpressionPtr right, parse_power());
      EMB_TRY(node, binary(Of::Binary, name, std::move(node), std::move(right), line));
      line = now().line;
    }
    return node;
  }

  Parsed parse_power() {
    std::uint32_t line = now().line;
    EMB_TRY(ExpressionPtr node, parse_unary(true));
    while (skip("**")) {
      EMB_TRY(ExpressionPtr right, parse_unary(true));
      EMB_TRY(node, binary(Of::Binary, "**", std::move(node), std::move(right), line));
      line = now().line;
    }
    return node;
  }

  Parsed parse_unary(bool with_filter) {
    const Level level(depth_);
    EMB_DO(check_level());
    ExpressionPtr node;
    if (is("-") || is("+")) {
      node = make(is("-") ? Of::Negative : Of::Positive, now().line);
      pass();
      EMB_TRY(ExpressionPtr part, parse_unary(false));
      add(*node, std::move(part));
    } else {
      EMB_TRY(node, parse_primary());
    }
    EMB_TRY(node, parse_postfix(std::move(node)));
    if (with_filter) return parse_filters(std::move(node));
    return node;
  }

  Parsed parse_primary(bool with_namespace = false) {
    const TemplateToken token = now();
    switch (token.kind) {
      case Kind::Name: {
        pass();
        if (token.text == "true" || token.text == "True")
          return constant(Value::boolean(true), token.line);
        if (token.text == "false" || token.text == "False")
          return constant(Value::boolean(false), token.line);
        if (token.text == "none" || token.text == "None") return constant(Value(), token.line);
        ExpressionPtr node = make(Of::Name, token.line);
        node->name = token.text;
        if (with_namespace && skip(".")) {
          ExpressionPtr attribute = make(Of::Attribute, token.line);
          add(*attribute, std::move(node));
          EMB_TRY(attribute->name, expect_name());
          return attribute;
        }
        note_use(token.text);
        return node;
      }
      case Kind::String: {
        std::string text;
        while (now().kind == Kind::String) {
          text += now().text;
          pass();
        }
        return constant(Value::text(std::move(text)), token.line);
      }
      case Kind::Integer:
        pass();
        return constant(Value::integer(token.integer), token.line);
      case Kind::Float:
        pass();
        return constant(Value::floating(token.number), token.line);
      default:
        break;
    }
    if (skip("(")) {
      EMB_TRY(ExpressionPtr node, parse_tuple({.in_parentheses = true}));
      EMB_DO(expect(")"));
      return node;
    }
    if (skip("[")) return parse_sequence(Of::List, "]", token.line);
    if (skip("{")) return parse_sequence(Of::Dict, "}", token.line);
    return wrong(cat("unexpected '", token.text.substr(0, 60), "'"));
  }

  Parsed parse_sequence(Of kind, std::string_view close, std::uint32_t line) {
    ExpressionPtr node = make(kind, line);
    while (!is(close)) {
      if (!node->parts.empty()) {
        EMB_DO(expect(","));
        if (is(close)) break;
      }
      EMB_TRY(ExpressionPtr item, parse_expression());
      add(*node, std::move(item));
      if (kind != Of::Dict) continue;
      EMB_DO(expect(":"));
      EMB_TRY(ExpressionPtr value, parse_expression());
      add(*node, std::move(value));
    }
    EMB_DO(expect(close));
    return checked(std::move(node));
  }

  struct TupleRules {
    bool simple = false;  // names and literals only: a target
    bool with_condition = true;
    bool in_parentheses = false;  // may be empty
    bool with_namespace = false;  // "ns.name" may be a part
  };

  Parsed parse_tuple(const TupleRules& rules) {
    const std::uint32_t line = now().line;
    std::vector<ExpressionPtr> parts;
    bool is_tuple = false;
    while (true) {
      if (!parts.empty()) EMB_DO(expect(","));
      if (now().kind == Kind::OutputEnd || now().kind == Kind::BlockEnd || is(")")) break;
      ExpressionPtr part;
      if (rules.simple) {
        const Level level(depth_);
        EMB_DO(check_level());
        EMB_TRY(part, parse_primary(rules.with_namespace));
      } else {
        EMB_TRY(part, parse_expression(rules.with_condition));
      }
      parts.push_back(std::move(part));
      if (!is(",")) break;
      is_tuple = true;
    }
    if (!is_tuple) {
      if (!parts.empty()) return std::move(parts.front());
      if (!rules.in_parentheses) return unexpected("an expression");
    }
    ExpressionPtr node = make(Of::Tuple, line);
    for (ExpressionPtr& part : parts) add(*node, std::move(part));
    return checked(std::move(node));
  }

  Parsed parse_postfix(ExpressionPtr node) {
    while (true) {
      if (is(".") || is("[")) {
        EMB_TRY(node, parse_subscript(std::move(node)));
      } else if (is("(")) {
        EMB_TRY(node, parse_call(std::move(node)));
      } else {
        return node;
      }
    }
  }

  Parsed parse_filters(ExpressionPtr node) {
    while (true) {
      if (is("|")) {
        EMB_TRY(node, parse_filter(std::move(node)));
      } else if (is_word("is")) {
        EMB_TRY(node, parse_test(std::move(node)));
      } else if (is("(")) {
        EMB_TRY(node, parse_call(std::move(node)));
      } else {
        return node;
      }
    }
  }

  Parsed parse_subscript(ExpressionPtr subject) {
    const std::uint32_t line = now().line;
    if (skip(".")) {
      if (now().kind == Kind::Name) {
        ExpressionPtr node = make(Of::Attribute, line);
        add(*node, std::move(subject));
        EMB_TRY(node->name, expect_name());
        return checked(std::move(node));
      }
      if (now().kind != Kind::Integer) return unexpected("a name or a number");
      ExpressionPtr index = constant(Value::integer(now().integer), line);
      pass();
      return binary(Of::Item, "", std::move(subject), std::move(index), line);
    }
    EMB_DO(expect("["));
    ExpressionPtr tuple = make(Of::Tuple, line);
    ExpressionPtr slice;
    while (!is("]")) {
      if (!tuple->parts.empty() || slice) EMB_DO(expect(","));
      if (slice) return wrong("a slice in a tuple of subscripts");
      ExpressionPtr part;
      if (!is(":")) {
        EMB_TRY(part, parse_expression());
      }
      if (!is(":")) {
        add(*tuple, std::move(part));
        continue;
      }
      if (!tuple->parts.empty()) return wrong("a slice in a tuple of subscripts");
      slice = make(Of::Slice, line);
      add(*slice, nullptr);
      add(*slice, std::move(part));
      for (int i = 0; i < 2; ++i) {
        ExpressionPtr bound;
        const bool given = skip(":") && !is(":") && !is("]") && !is(",");
        if (given) {
          EMB_TRY(bound, parse_expression());
        }
        add(*slice, std::move(bound));
      }
    }
    EMB_DO(expect("]"));
    if (slice) {
      slice->height = std::max(slice->height, subject->height + 1);
      slice->parts[0] = std::move(subject);
      return checked(std::move(slice));
    }
    ExpressionPtr index =
        tuple->parts.size() == 1 ? std::move(tuple->parts.front()) : std::move(tuple);
    return binary(Of::Item, "", std::move(subject), std::move(index), line);
  }

  // The parentheses of a call, and into `node` as deep as they are.
  Status parse_arguments(Expression& node) {
    EMB_DO(expect("("));
    node.call = std::make_unique<CallSyntax>();
    CallSyntax& call = *node.call;
    bool first = true;
    const auto keep = [&](ExpressionPtr part) {
      node.height = std::max(node.height, part->height + 1);
      return part;
    };
    while (!is(")")) {
      if (!first) {
        EMB_DO(expect(","));
        if (is(")")) break;
      }
      first = false;
      bool in_order = true;
      if (skip("*")) {
        in_order = !call.star && !call.star_star;
        EMB_TRY(ExpressionPtr part, parse_expression());
        call.star = keep(std::move(part));
      } else if (skip("**")) {
        in_order = !call.star_star;
        EMB_TRY(ExpressionPtr part, parse_expression());
        call.star_star = keep(std::move(part));
      } else if (now().kind == Kind::Name && next().kind == Kind::Operator && next().text == "=") {
        in_order = !call.star_star;
        std::string name = now().text;
        pass();
        pass();
        for (const auto& [other, part] : call.named) {
          if (other == name) return wrong(cat("keyword argument repeated: ", name));
        }
        EMB_TRY(ExpressionPtr part, parse_expression());
        call.named.emplace_back(std::move(name), keep(std::move(part)));
      } else {
        in_order = !call.star && !call.star_star && call.named.empty();
        EMB_TRY(ExpressionPtr part, parse_expression());
        call.positional.push_back(keep(std::move(part)));
      }
      if (!in_order) return wrong("invalid syntax for function call expression");
    }
    return expect(")");
  }

  Parsed parse_call(ExpressionPtr callee) {
    ExpressionPtr node = make(Of::Call, now().line);
    add(*node, std::move(callee));
    EMB_DO(parse_arguments(*node));
    return checked(std::move(node));
  }

  // "| name(...)", as often as it comes when `subject` is null.
  Parsed parse_filter(ExpressionPtr subject) {
    EMB_DO(expect("|"));
    return parse_filter_name(std::move(subject));
  }
  Parsed parse_filter_name(ExpressionPtr subject) {
    ExpressionPtr node = make(Of::Filter, now().line);
    add(*node, std::move(subject));
    EMB_TRY(node->name, parse_dotted_name());
    if (is("(")) EMB_DO(parse_arguments(*node));
    return checked(std::move(node));
  }

  Result<std::string> parse_dotted_name() {
    EMB_TRY(std::string name, expect_name());
    while (skip(".")) {
      EMB_TRY(const std::string more, expect_name());
      name += cat(".", more);
    }
    return name;
  }

  Parsed parse_test(ExpressionPtr subject) {
    const std::uint32_t line = now().line;
    pass();
    const bool negated = skip_word("not");
    ExpressionPtr node = make(Of::Test, line);
    add(*node, std::move(subject));
    EMB_TRY(node->name, parse_dotted_name());
    const bool ends = is_word("else") || is_word("or") || is_word("and");
    const Kind kind = now().kind;
    if (is("(")) {
      EMB_DO(parse_arguments(*node));
    } else if (!ends && (kind == Kind::Name || kind == Kind::String || kind == Kind::Integer ||
                         kind == Kind::Float || is("[") || is("{"))) {
      if (is_word("is")) return wrong("You cannot chain multiple tests with is");
      EMB_TRY(ExpressionPtr argument, parse_primary());
      EMB_TRY(argument, parse_postfix(std::move(argument)));
      node->height = std::max(node->height, argument->height + 1);
      node->call = std::make_unique<CallSyntax>();
      node->call->positional.push_back(std::move(argument));
    }
    if (!negated) return checked(std::move(node));
    ExpressionPtr inverse = make(Of::Not, line);
    add(*inverse, std::move(node));
    return checked(std::move(inverse));
  }

  // Statements.

  // Up to a tag that begins with one of `ends`; that word is left to be read.
  Result<Body> parse_body(const Words& ends) {
    const Level level(depth_);
    EMB_DO(check_level());
    Body body;
    while (true) {
      const TemplateToken& token = now();
      if (token.kind == Kind::End) {
        if (ends.empty()) return body;
        return wrong(cat("unexpected end of template; expected '", ends.front(), "'"));
      }
      if (token.kind == Kind::Data) {
        body.push_back(statement(Statement::Kind::Data));
        body.back()->text = token.text;
        pass();
      } else if (token.kind == Kind::OutputBegin) {
        body.push_back(statement(Statement::Kind::Output));
        pass();
        EMB_TRY(ExpressionPtr shown, parse_tuple({}));
        body.back()->expressions.push_back(std::move(shown));
        EMB_DO(expect(Kind::OutputEnd, "'}}'"));
      } else {
        EMB_DO(expect(Kind::BlockBegin, "a tag"));
        if (now().kind == Kind::Name &&
            std::find(ends.begin(), ends.end(), now().text) != ends.end())
          return body;
        EMB_DO(parse_statement(body));
        EMB_DO(expect(Kind::BlockEnd, "'%}'"));
      }
    }
  }

  // The rest of a tag, and what follows up to one of `ends`, which is passed over and returned.
  Result<std::string> parse_block(Statement& owner, const Words& ends) {
    skip(":");
    EMB_DO(expect(Kind::BlockEnd, "'%}'"));
    EMB_TRY(Body body, parse_body(ends));
    owner.bodies.push_back(std::move(body));
    std::string word = now().text;
    pass();
    return word;
  }

  std::unique_ptr<Statement> statement(Statement::Kind kind) const {
    auto made = std::make_unique<Statement>();
    made->kind = kind;
    made->line = now().line;
    return made;
  }

  Status parse_statement(Body& body) {
    if (now().kind != Kind::Name) return wrong("tag name expected");
    const std::string word = now().text;
    using Make = Status (Parser::*)(Body&);
    static constexpr std::pair<std::string_view, Make> kTags[] = {
        {"for", &Parser::parse_for},
        {"if", &Parser::parse_if},
        {"set", &Parser::parse_set},
        {"with", &Parser::parse_with},
        {"macro", &Parser::parse_macro},
        {"call", &Parser::parse_call_block},
        {"filter", &Parser::parse_filter_block},
        {"block", &Parser::parse_named_block},
        {"print", &Parser::parse_print},
        {"generation", &Parser::parse_generation},
        {"autoescape", &Parser::parse_autoescape},
    };
    for (const auto& [name, make_it] : kTags) {
      if (name == word) return (this->*make_it)(body);
    }
    if (word == "break" || word == "continue") {
      body.push_back(
          statement(word == "break" ? Statement::Kind::Break : Statement::Kind::Continue));
      if (loops_ == 0) return wrong(cat("'", word, "' outside of a loop"));
      pass();
      return Done{};
    }
    if (word == "include" || word == "import" || word == "from" || word == "extends")
      return fail(Code::NotBuilt, cat("line ", now().line, ": a chat template is one file; '", word,
                                      "' is not supported"));
    return wrong(cat("Encountered unknown tag '", word.substr(0, 60), "'."));
  }

  Parsed parse_target(bool with_namespace) {
    EMB_TRY(ExpressionPtr target, parse_tuple({.simple = true, .with_namespace = with_namespace}));
    EMB_DO(check_target(*target));
    return target;
  }
  static bool names_loop(const Expression& target) {
    if (target.kind == Of::Name) return target.name == "loop";
    return std::any_of(target.parts.begin(), target.parts.end(),
                       [](const ExpressionPtr& part) { return names_loop(*part); });
  }
  Status check_target(const Expression& target) const {
    if (target.kind == Of::Name ||
        (target.kind == Of::Attribute && target.parts[0]->kind == Of::Name))
      return Done{};
    if (target.kind != Of::Tuple && target.kind != Of::List)
      return wrong_at(target.line, "can't assign to this");
    for (const ExpressionPtr& part : target.parts) EMB_DO(check_target(*part));
    return Done{};
  }

  Status parse_for(Body& body) {
    auto made = statement(Statement::Kind::For);
    pass();
    EMB_TRY(ExpressionPtr target, parse_target(false));
    if (names_loop(*target))
      return wrong("Can't assign to special loop variable in for-loop target");
    made->targets.push_back(std::move(target));
    EMB_DO(expect_word("in"));
    EMB_TRY(ExpressionPtr items, parse_tuple({.with_condition = false}));
    made->expressions.push_back(std::move(items));
    ExpressionPtr test;
    if (skip_word("if")) {
      EMB_TRY(test, parse_expression());
    }
    made->expressions.push_back(std::move(test));
    made->recursive = skip_word("recursive");
    ++loops_;
    EMB_TRY(const std::string word, parse_block(*made, {"endfor", "else"}));
    --loops_;
    if (word == "else") EMB_DO(parse_block(*made, {"endfor"}));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_if(Body& body) {
    auto made = statement(Statement::Kind::If);
    pass();
    std::string word = "elif";
    while (word == "elif") {
      EMB_TRY(ExpressionPtr test, parse_tuple({.with_condition = false}));
      made->expressions.push_back(std::move(test));
      EMB_TRY(word, parse_block(*made, {"elif", "else", "endif"}));
    }
    if (word == "else") EMB_DO(parse_block(*made, {"endif"}));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_set(Body& body) {
    auto made = statement(Statement::Kind::Set);
    pass();
    EMB_TRY(ExpressionPtr target, parse_target(true));
    made->targets.push_back(std::move(target));
    ExpressionPtr value;
    if (skip("=")) {
      EMB_TRY(value, parse_tuple({}));
      made->expressions.push_back(std::move(value));
    } else {
      made->kind = Statement::Kind::SetBlock;
      while (is("|")) {
        EMB_TRY(value, parse_filter(std::move(value)));
      }
      made->expressions.push_back(std::move(value));
      EMB_DO(parse_block(*made, {"endset"}));
    }
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_with(Body& body) {
    auto made = statement(Statement::Kind::With);
    pass();
    while (now().kind != Kind::BlockEnd) {
      if (!made->targets.empty()) EMB_DO(expect(","));
      EMB_TRY(ExpressionPtr target, parse_target(false));
      made->targets.push_back(std::move(target));
      EMB_DO(expect("="));
      EMB_TRY(ExpressionPtr value, parse_expression());
      made->expressions.push_back(std::move(value));
    }
    EMB_DO(parse_block(*made, {"endwith"}));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_signature(Signature& signature) {
    EMB_DO(expect("("));
    while (!is(")")) {
      if (!signature.parameters.empty()) EMB_DO(expect(","));
      EMB_TRY(std::string name, expect_name());
      signature.parameters.push_back(std::move(name));
      if (skip("=")) {
        EMB_TRY(ExpressionPtr value, parse_expression());
        signature.defaults.push_back(std::move(value));
      } else if (!signature.defaults.empty()) {
        return wrong("non-default argument follows default argument");
      }
    }
    return expect(")");
  }

  // A body that is called: it notes which of the special names it uses.
  Status parse_called_block(Statement& owner, std::string_view end) {
    macros_.push_back(&owner.signature);
    const unsigned loops = std::exchange(loops_, 0);
    const auto ended = parse_block(owner, {end});
    loops_ = loops;
    macros_.pop_back();
    EMB_DO(ended);
    return Done{};
  }
  void note_use(std::string_view name) {
    for (Signature* signature : macros_) {
      if (name == "varargs") signature->uses_varargs = true;
      if (name == "kwargs") signature->uses_kwargs = true;
      if (name == "caller") signature->uses_caller = true;
    }
  }

  Status parse_macro(Body& body) {
    auto made = statement(Statement::Kind::Macro);
    pass();
    EMB_TRY(made->text, expect_name());
    EMB_DO(parse_signature(made->signature));
    EMB_DO(parse_called_block(*made, "endmacro"));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_call_block(Body& body) {
    auto made = statement(Statement::Kind::CallBlock);
    pass();
    if (is("(")) EMB_DO(parse_signature(made->signature));
    EMB_TRY(ExpressionPtr call, parse_expression());
    if (call->kind != Of::Call) return wrong("expected call");
    made->expressions.push_back(std::move(call));
    EMB_DO(parse_called_block(*made, "endcall"));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_filter_block(Body& body) {
    auto made = statement(Statement::Kind::FilterBlock);
    pass();
    EMB_TRY(ExpressionPtr filter, parse_filter_name(nullptr));
    while (is("|")) {
      EMB_TRY(filter, parse_filter(std::move(filter)));
    }
    made->expressions.push_back(std::move(filter));
    EMB_DO(parse_block(*made, {"endfilter"}));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_named_block(Body& body) {
    auto made = statement(Statement::Kind::Block);
    pass();
    EMB_TRY(made->text, expect_name());
    made->recursive = skip_word("scoped");
    skip_word("required");
    if (std::find(blocks_.begin(), blocks_.end(), made->text) != blocks_.end())
      return wrong(cat("block '", made->text, "' defined twice"));
    blocks_.push_back(made->text);
    const unsigned loops = std::exchange(loops_, 0);
    const auto ended = parse_block(*made, {"endblock"});
    loops_ = loops;
    EMB_DO(ended);
    skip_word(made->text);
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_print(Body& body) {
    pass();
    do {
      body.push_back(statement(Statement::Kind::Output));
      EMB_TRY(ExpressionPtr shown, parse_expression());
      body.back()->expressions.push_back(std::move(shown));
    } while (skip(","));
    return Done{};
  }

  Status parse_generation(Body& body) {
    auto made = statement(Statement::Kind::Generation);
    pass();
    EMB_DO(parse_called_block(*made, "endgeneration"));
    body.push_back(std::move(made));
    return Done{};
  }

  Status parse_autoescape(Body&) {
    return fail(Code::NotBuilt, cat("line ", now().line, ": 'autoescape' is not supported"));
  }

  std::vector<TemplateToken> tokens_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  unsigned loops_ = 0;              // that "break" may leave
  std::vector<Signature*> macros_;  // whose body is being parsed
  std::vector<std::string> blocks_;
};

}  // namespace

Result<Body> parse_template(std::string_view source) {
  EMB_TRY(std::vector<TemplateToken> tokens, read_template_tokens(source));
  return Parser(std::move(tokens)).run();
}

}  // namespace embrace::transformers
