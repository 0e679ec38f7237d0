// What stands between operators: names, literals, brackets, and what follows them: subscripts,
// calls, filters and tests.
#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"
#include "transformers/templates/expression_parser.h"

namespace embrace::transformers {

Result<ExpressionPtr> ExpressionParser::parse_primary(bool with_namespace) {
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

Result<ExpressionPtr> ExpressionParser::parse_sequence(Of kind, std::string_view close,
                                                       std::uint32_t line) {
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

Result<ExpressionPtr> ExpressionParser::parse_tuple(const TupleRules& rules) {
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

Result<ExpressionPtr> ExpressionParser::parse_postfix(ExpressionPtr node) {
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

Result<ExpressionPtr> ExpressionParser::parse_filters(ExpressionPtr node) {
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

Result<ExpressionPtr> ExpressionParser::parse_subscript(ExpressionPtr subject) {
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
Status ExpressionParser::parse_arguments(Expression& node) {
  EMB_DO(expect("("));
  node.call = std::make_unique<CallSyntax>();
  CallSyntax& call = *node.call;
  bool first = true;
  std::set<std::string, std::less<>> names;
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
      if (!names.insert(name).second) return wrong(cat("keyword argument repeated: ", name));
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

Result<ExpressionPtr> ExpressionParser::parse_call(ExpressionPtr callee) {
  ExpressionPtr node = make(Of::Call, now().line);
  add(*node, std::move(callee));
  EMB_DO(parse_arguments(*node));
  return checked(std::move(node));
}

// "| name(...)", as often as it comes when `subject` is null.
Result<ExpressionPtr> ExpressionParser::parse_filter(ExpressionPtr subject) {
  EMB_DO(expect("|"));
  return parse_filter_name(std::move(subject));
}

Result<ExpressionPtr> ExpressionParser::parse_filter_name(ExpressionPtr subject) {
  ExpressionPtr node = make(Of::Filter, now().line);
  add(*node, std::move(subject));
  EMB_TRY(node->name, parse_dotted_name());
  if (is("(")) EMB_DO(parse_arguments(*node));
  return checked(std::move(node));
}

Result<std::string> ExpressionParser::parse_dotted_name() {
  EMB_TRY(std::string name, expect_name());
  while (skip(".")) {
    EMB_TRY(const std::string more, expect_name());
    name += cat(".", more);
  }
  return name;
}

Result<ExpressionPtr> ExpressionParser::parse_test(ExpressionPtr subject) {
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

}  // namespace embrace::transformers
