#pragma once
// The tree of a template: expressions and statements, made by parser.cc and walked by renderer.cc.
//
// Ownership: a tree owns everything below it, and is constant once made. `height` counts the
// levels below a node; parsing limits it, so that walks may recurse.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transformers/templates/value.h"

namespace embrace::transformers {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

// What stands between the parentheses of a call.
struct CallSyntax {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star;       // *items
  ExpressionPtr star_star;  // **dict
};

struct Expression {
  enum class Kind : std::uint8_t {
    Constant,
    Name,
    List,
    Tuple,
    Dict,       // parts: key, value, key, value, ...
    Attribute,  // parts[0].name
    Item,       // parts[0][parts[1]]
    Slice,      // parts[0][parts[1]:parts[2]:parts[3]], each may be null
    Call,       // parts[0](call)
    Filter,     // parts[0] | name(call); parts[0] is null where a block's text goes
    Test,       // parts[0] is name(call)
    Not,
    Negative,
    Positive,
    Binary,  // name is the operator
    And,
    Or,
    Compare,    // parts[0] names[0] parts[1] names[1] ...
    Concat,     // all parts as one text
    Condition,  // parts[0] if parts[1] else parts[2], which may be null
  };
  Kind kind = Kind::Constant;
  std::uint32_t line = 0;
  std::uint32_t height = 1;
  std::string name;
  Value constant;
  std::vector<ExpressionPtr> parts;
  std::vector<std::string> names;
  std::unique_ptr<CallSyntax> call;
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

// What a macro or a call block may be given.
struct Signature {
  std::vector<std::string> parameters;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

struct Statement {
  enum class Kind : std::uint8_t {
    Data,
    Output,       // expressions[0]
    For,          // for target in expressions[0] if expressions[1]: bodies[0], else bodies[1]
    If,           // expressions[i]: bodies[i]; one body more is the else
    Set,          // target = expressions[0]
    SetBlock,     // target = bodies[0], through the filters of expressions[0] if any
    With,         // targets[i] = expressions[i]: bodies[0]
    Macro,        // name(signature): bodies[0]
    CallBlock,    // expressions[0] is a Call; its caller is (signature): bodies[0]
    FilterBlock,  // expressions[0] of bodies[0]
    Block,        // name: bodies[0]
    Generation,   // bodies[0] is what the assistant says
    Break,
    Continue,
  };
  Kind kind = Kind::Data;
  std::uint32_t line = 0;
  std::string text;  // of Data; the name of a macro or block
  std::vector<ExpressionPtr> targets;
  std::vector<ExpressionPtr> expressions;
  std::vector<Body> bodies;
  Signature signature;
  bool recursive = false;
};

// Syntax errors name the line. `source` must be UTF-8.
Result<Body> parse_template(std::string_view source);

}  // namespace embrace::transformers
