#pragma once
// TokenCursor: where the parser stands among a template's tokens: looking at the next ones, passing
// over them, and saying what is wrong with them.
//
// Threads: one.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "transformers/templates/lexer.h"

namespace embrace::transformers {

class TokenCursor {
 public:
  explicit TokenCursor(std::vector<TemplateToken> tokens) : tokens_(std::move(tokens)) {}

 protected:
  using Kind = TemplateToken::Kind;

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

  unsigned depth_ = 0;  // levels of nesting at work

 private:
  static constexpr unsigned kNestingMax = 60;  // of brackets and blocks

  std::vector<TemplateToken> tokens_;
  std::size_t at_ = 0;
};

}  // namespace embrace::transformers
