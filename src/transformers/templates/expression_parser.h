#pragma once
// ExpressionParser: the expressions of a template, by recursive descent. Precedence, from loose to
// tight: if-else, or, and, not, comparisons, + -, ~, * / // %, **, signs, then filters and tests;
// that `~` binds tighter than `+`, and `**` goes left to right, is Jinja's way.
//
// Operators are in expression_parser.cc, what they stand between in operand_parser.cc.
// Threads: one.

#include <string>
#include <string_view>

#include "base/result.h"
#include "transformers/templates/syntax.h"
#include "transformers/templates/token_cursor.h"

namespace embrace::transformers {

class ExpressionParser : public TokenCursor {
 public:
  using TokenCursor::TokenCursor;

 protected:
  using Of = Expression::Kind;
  using Parsed = Result<ExpressionPtr>;

  // Reads one expression each; what a name stands for is told to note_use().
  Parsed parse_expression(bool with_condition = true);
  struct TupleRules {
    bool simple = false;  // names and literals only: a target
    bool with_condition = true;
    bool in_parentheses = false;  // may be empty
    bool with_namespace = false;  // "ns.name" may be a part
  };
  Parsed parse_tuple(const TupleRules& rules);
  Parsed parse_primary(bool with_namespace = false);
  Parsed parse_call(ExpressionPtr callee);
  // "| name(...)", as often as it comes when `subject` is null.
  Parsed parse_filter(ExpressionPtr subject);
  Parsed parse_filter_name(ExpressionPtr subject);
  // What is assigned to: names, attributes of namespaces, and tuples of them.
  Parsed parse_target(bool with_namespace);
  static bool names_loop(const Expression& target);
  virtual void note_use(std::string_view name) = 0;
  ~ExpressionParser() = default;

 private:
  static constexpr std::uint32_t kHeightMax = 300;  // of one expression's tree

  ExpressionPtr make(Of kind, std::uint32_t line) const;
  static void add(Expression& node, ExpressionPtr part);
  Parsed checked(ExpressionPtr node) const;
  Parsed binary(Of kind, std::string_view name, ExpressionPtr left, ExpressionPtr right,
                std::uint32_t line) const;
  ExpressionPtr constant(Value value, std::uint32_t line) const;

  Status check_target(const Expression& target) const;
  Parsed parse_condition();
  Parsed parse_or();
  Parsed parse_and();
  Parsed parse_not();
  Parsed parse_compare();
  Parsed parse_sum();
  Parsed parse_concat();
  Parsed parse_product();
  Parsed parse_power();
  Parsed parse_unary(bool with_filter);
  Parsed parse_sequence(Of kind, std::string_view close, std::uint32_t line);
  Parsed parse_postfix(ExpressionPtr node);
  Parsed parse_filters(ExpressionPtr node);
  Parsed parse_subscript(ExpressionPtr subject);
  // The parentheses of a call, and into `node` as deep as they are.
  Status parse_arguments(Expression& node);
  Result<std::string> parse_dotted_name();
  Parsed parse_test(ExpressionPtr subject);
};

}  // namespace embrace::transformers
