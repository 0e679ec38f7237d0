// The statements of a template: tags, and the bodies between them. Expressions are
// ExpressionParser's.
#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/strings.h"
#include "transformers/templates/expression_parser.h"
#include "transformers/templates/lexer.h"
#include "transformers/templates/syntax.h"

namespace embrace::transformers {

namespace {

class StatementParser final : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Result<Body> run() {
    EMB_TRY(Body body, parse_body({}));
    return body;
  }

 private:
  using Words = std::vector<std::string_view>;

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
    using Make = Status (StatementParser::*)(Body&);
    static constexpr std::pair<std::string_view, Make> kTags[] = {
        {"for", &StatementParser::parse_for},
        {"if", &StatementParser::parse_if},
        {"set", &StatementParser::parse_set},
        {"with", &StatementParser::parse_with},
        {"macro", &StatementParser::parse_macro},
        {"call", &StatementParser::parse_call_block},
        {"filter", &StatementParser::parse_filter_block},
        {"block", &StatementParser::parse_named_block},
        {"print", &StatementParser::parse_print},
        {"generation", &StatementParser::parse_generation},
        {"autoescape", &StatementParser::parse_autoescape},
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
  void note_use(std::string_view name) override {
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
    if (!blocks_.insert(made->text).second)
      return wrong(cat("block '", made->text, "' defined twice"));
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

  unsigned loops_ = 0;              // that "break" may leave
  std::vector<Signature*> macros_;  // whose body is being parsed
  std::set<std::string, std::less<>> blocks_;
};

}  // namespace

Result<Body> parse_template(std::string_view source) {
  EMB_TRY(std::vector<TemplateToken> tokens, read_template_tokens(source));
  return StatementParser(std::move(tokens)).run();
}

}  // namespace embrace::transformers
