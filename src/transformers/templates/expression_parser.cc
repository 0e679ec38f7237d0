// The nodes of expressions, the operators between them, and what can be assigned to.
#include "transformers/templates/expression_parser.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

ExpressionPtr ExpressionParser::make(Of kind, std::uint32_t line) const {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->line = line;
  return made;
}

void ExpressionParser::add(Expression& node, ExpressionPtr part) {
  if (part) node.height = std::max(node.height, part->height + 1);
  node.parts.push_back(std::move(part));
}

Result<ExpressionPtr> ExpressionParser::checked(ExpressionPtr node) const {
  if (node->height > kHeightMax)
    return fail(Code::TooLarge, cat("line ", node->line, ": an expression is too long"));
  return node;
}

Result<ExpressionPtr> ExpressionParser::binary(Of kind, std::string_view name, ExpressionPtr left,
                                               ExpressionPtr right, std::uint32_t line) const {
  ExpressionPtr node = make(kind, line);
  node->name = name;
  add(*node, std::move(left));
  add(*node, std::move(right));
  return checked(std::move(node));
}

ExpressionPtr ExpressionParser::constant(Value value, std::uint32_t line) const {
  ExpressionPtr node = make(Of::Constant, line);
  node->constant = std::move(value);
  return node;
}

Result<ExpressionPtr> ExpressionParser::parse_expression(bool with_condition) {
  const Level level(depth_);
  EMB_DO(check_level());
  return with_condition ? parse_condition() : parse_or();
}

Result<ExpressionPtr> ExpressionParser::parse_condition() {
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

Result<ExpressionPtr> ExpressionParser::parse_or() {
  std::uint32_t line = now().line;
  EMB_TRY(ExpressionPtr node, parse_and());
  while (skip_word("or")) {
    EMB_TRY(ExpressionPtr right, parse_and());
    EMB_TRY(node, binary(Of::Or, "or", std::move(node), std::move(right), line));
    line = now().line;
  }
  return node;
}

Result<ExpressionPtr> ExpressionParser::parse_and() {
  std::uint32_t line = now().line;
  EMB_TRY(ExpressionPtr node, parse_not());
  while (skip_word("and")) {
    EMB_TRY(ExpressionPtr right, parse_not());
    EMB_TRY(node, binary(Of::And, "and", std::move(node), std::move(right), line));
    line = now().line;
  }
  return node;
}

Result<ExpressionPtr> ExpressionParser::parse_not() {
  if (!is_word("not")) return parse_compare();
  const Level level(depth_);
  EMB_DO(check_level());
  ExpressionPtr node = make(Of::Not, now().line);
  pass();
  EMB_TRY(ExpressionPtr part, parse_not());
  add(*node, std::move(part));
  return checked(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::parse_compare() {
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

Result<ExpressionPtr> ExpressionParser::parse_sum() {
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

Result<ExpressionPtr> ExpressionParser::parse_concat() {
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

Result<ExpressionPtr> ExpressionParser::parse_product() {
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

Result<ExpressionPtr> ExpressionParser::parse_power() {
  std::uint32_t line = now().line;
  EMB_TRY(ExpressionPtr node, parse_unary(true));
  while (skip("**")) {
    EMB_TRY(ExpressionPtr right, parse_unary(true));
    EMB_TRY(node, binary(Of::Binary, "**", std::move(node), std::move(right), line));
    line = now().line;
  }
  return node;
}

Result<ExpressionPtr> ExpressionParser::parse_unary(bool with_filter) {
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

Result<ExpressionPtr> ExpressionParser::parse_target(bool with_namespace) {
  EMB_TRY(ExpressionPtr target, parse_tuple({.simple = true, .with_namespace = with_namespace}));
  EMB_DO(check_target(*target));
  return target;
}

bool ExpressionParser::names_loop(const Expression& target) {
  if (target.kind == Of::Name) return target.name == "loop";
  return std::any_of(target.parts.begin(), target.parts.end(),
                     [](const ExpressionPtr& part) { return names_loop(*part); });
}

Status ExpressionParser::check_target(const Expression& target) const {
  if (target.kind == Of::Name ||
      (target.kind == Of::Attribute && target.parts[0]->kind == Of::Name))
    return Done{};
  if (target.kind != Of::Tuple && target.kind != Of::List)
    return wrong_at(target.line, "can't assign to this");
  for (const ExpressionPtr& part : target.parts) EMB_DO(check_target(*part));
  return Done{};
}

}  // namespace embrace::transformers
