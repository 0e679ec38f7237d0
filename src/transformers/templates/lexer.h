#pragma once
// Lexer: a template's text as tokens, with Jinja's rules about white space around tags as
// transformers sets them (trim_blocks, lstrip_blocks, no trailing newline).
//
// The rules are those of the Jinja documentation, "Whitespace Control". Tokens borrow nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace embrace::transformers {

struct TemplateToken {
  enum class Kind : std::uint8_t {
    Data,  // text between tags
    OutputBegin,
    OutputEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Integer,
    Float,
    String,  // escapes are resolved
    Operator,
    End,
  };
  Kind kind = Kind::End;
  std::string text;
  std::uint32_t line = 1;
  std::int64_t integer = 0;
  double number = 0;
};

constexpr std::size_t kTemplateBytesMax = std::size_t{1} << 20;
constexpr std::size_t kNameBytesMax = 1000;  // names are compared at every use

// `source` must be UTF-8. Errors name the line.
Result<std::vector<TemplateToken>> read_template_tokens(std::string_view source);

}  // namespace embrace::transformers
