#include "transformers/tokenizers/split_scanner.h"

#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

const std::string_view kGpt2Expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const std::string_view kLlama3Expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const std::string_view kQwen2Expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::optional<KnownSplit> known_split(std::string_view expression) {
  if (expression == kGpt2Expression) return KnownSplit::Gpt2;
  if (expression == kLlama3Expression) return KnownSplit::Llama3;
  if (expression == kQwen2Expression) return KnownSplit::Qwen2;
  return std::nullopt;
}

namespace {

SplitClass class_at(std::string_view text, std::size_t& at) {
  return split_class(next_code_point(text, at));
}

SplitClass class_of(std::string_view text, std::size_t at) { return class_at(text, at); }

// Behind all code points of class `wanted` from `at` on, at most `most`.
std::size_t run(std::string_view text, std::size_t at, SplitClass wanted,
                unsigned most = 0xFFFFFFFF) {
  for (unsigned n = 0; at < text.size() && n < most; ++n) {
    std::size_t after = at;
    if (class_at(text, after) != wanted) break;
    at = after;
  }
  return at;
}

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

// Bytes of 's 't 'm 'd 're 've 'll at `at`, or 0. Without case the long s counts as an s.
std::size_t contraction(std::string_view text, std::size_t at, bool any_case) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const auto letter = [&](std::size_t i) {
    char c = i < text.size() ? text[i] : '\0';
    if (any_case && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return c;
  };
  const char first = letter(at + 1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  const char second = letter(at + 2);
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
      (first == 'l' && second == 'l')) {
    return 3;
  }
  if (any_case && text.substr(at + 1, 2) == "\xC5\xBF") return 3;
  return 0;
}

// \s+(?!\S)|\s+ : a run of white space leaves its last code point to what follows.
std::size_t space_end(std::string_view text, std::size_t at) {
  std::size_t last = at;
  std::size_t end = at;
  while (end < text.size()) {
    std::size_t after = end;
    if (class_at(text, after) != SplitClass::Space) break;
    last = end;
    end = after;
  }
  return end == text.size() || last == at ? end : last;
}

std::size_t gpt2_end(std::string_view text, std::size_t at) {
  if (const std::size_t bytes = contraction(text, at, false)) return at + bytes;
  std::size_t first = at;
  SplitClass kind = class_of(text, at);
  if (text[at] == ' ' && at + 1 < text.size()) {
    const SplitClass behind = class_of(text, at + 1);
    if (behind != SplitClass::Space) {
      first = at + 1;
      kind = behind;
    }
  }
  return kind == SplitClass::Space ? space_end(text, at) : run(text, first, kind);
}

std::size_t llama3_end(std::string_view text, std::size_t at, unsigned digits_max) {
  if (const std::size_t bytes = contraction(text, at, true)) return at + bytes;
  std::size_t behind = at;
  const SplitClass kind = class_at(text, behind);
  if (kind == SplitClass::Letter) return run(text, behind, SplitClass::Letter);
  if (kind == SplitClass::Number) return run(text, at, SplitClass::Number, digits_max);
  if (!is_line_end(text[at]) && behind < text.size() &&
      class_of(text, behind) == SplitClass::Letter) {
    return run(text, behind, SplitClass::Letter);
  }
  std::size_t first = at;
  if (text[at] == ' ' && behind < text.size() && class_of(text, behind) == SplitClass::Other) {
    first = behind;
  }
  if (kind == SplitClass::Other || first != at) {
    std::size_t end = run(text, first, SplitClass::Other);
    while (end < text.size() && is_line_end(text[end])) ++end;
    return end;
  }
  // \s*[\r\n]+ : up to the last line end of the run, if there is one.
  std::size_t line_end = 0;
  for (std::size_t end = at; end < text.size();) {
    std::size_t after = end;
    if (class_at(text, after) != SplitClass::Space) break;
    if (is_line_end(text[end])) line_end = after;
    end = after;
  }
  return line_end != 0 ? line_end : space_end(text, at);
}

}  // namespace

std::size_t next_piece_end(KnownSplit split, std::string_view text, std::size_t at) {
  switch (split) {
    case KnownSplit::Gpt2:
      return gpt2_end(text, at);
    case KnownSplit::Llama3:
      return llama3_end(text, at, 3);
    case KnownSplit::Qwen2:
      return llama3_end(text, at, 1);
  }
  return text.size();
}

}  // namespace embrace::transformers
