#include "transformers/generation/grammar_mask.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::uint32_t kTokensMax = 4'000'000;

// What tokens are decoded beside: one that is a letter wherever it stands.
Result<std::uint32_t> find_anchor(const Tokenizer& tokenizer) {
  for (const char* letter : {"a", "e", "0", "x", "A"}) {
    const auto id = tokenizer.id_of(letter);
    if (!id) continue;
    const std::uint32_t three[] = {*id, *id, *id};
    EMB_TRY(const std::string text, tokenizer.decode(three));
    if (text == std::string(3, *letter)) return *id;
  }
  return fail(Code::NotBuilt,
              "grammars are not built for tokenizers whose tokens depend on their neighbours");
}

// The bytes of a token that is a part of a character: spelled in the byte alphabet of byte-level
// BPE, or as <0xE5>.
std::optional<std::string> bytes_of_part(std::string_view token) {
  if (token.size() == 6 && token.starts_with("<0x") && token.ends_with('>'))
    return from_hex(token.substr(3, 2));
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const int byte = byte_of_code_point(next_code_point(token, at));
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace

Result<std::shared_ptr<const TokenVocabulary>> read_token_vocabulary(
    const Tokenizer& tokenizer, std::span<const std::int32_t> end_tokens) {
  const std::uint32_t count = tokenizer.id_end();
  if (count > kTokensMax) return fail(Code::TooLarge, "the tokenizer has too many tokens");
  EMB_TRY(const std::uint32_t anchor, find_anchor(tokenizer));
  const std::uint32_t anchor_ids[] = {anchor, anchor};
  EMB_TRY(const std::string two, tokenizer.decode(anchor_ids));
  const std::string_view letter = std::string_view(two).substr(1);

  std::vector<std::string> bytes(count);
  std::vector<std::string> first(count);
  bool differs = false;
  for (std::uint32_t id = 0; id < count; ++id) {
    const auto token = tokenizer.token_of(id);
    if (!token) continue;
    const std::uint32_t ids[] = {anchor, id, anchor};
    EMB_TRY(const std::string beside, tokenizer.decode(ids));
    EMB_TRY(const std::string begun, tokenizer.decode(std::span(ids).subspan(1)));
    // "a" + what it is + "a", and the same without the letter before it.
    if (!beside.starts_with(letter) || !begun.ends_with(letter)) continue;
    std::string_view middle = std::string_view(beside).substr(1);
    if (!middle.ends_with(letter)) continue;
    middle.remove_suffix(1);
    const std::string_view at_first = std::string_view(begun).substr(0, begun.size() - 1);
    if (middle.find(kReplacement) != middle.npos && token->find(kReplacement) == token->npos) {
      // Not a whole character: how many replacements stand for it is the decoder's choice.
      bytes[id] = first[id] = bytes_of_part(*token).value_or("");
      continue;
    }
    // As long as the letter behind it changes nothing.
    EMB_TRY(const std::string last, tokenizer.decode(std::span(ids).first(2)));
    if (!last.starts_with(letter) || std::string_view(last).substr(1) != middle) continue;
    bytes[id] = middle;
    first[id] = at_first;
    differs = differs || middle != at_first;
  }
  if (!differs) first.clear();
  std::vector<std::uint32_t> ends;
  for (const std::int32_t end : end_tokens) {
    if (end >= 0) ends.push_back(static_cast<std::uint32_t>(end));
  }
  return std::make_shared<const TokenVocabulary>(std::move(bytes), std::move(ends),
                                                 std::move(first));
}

}  // namespace embrace::transformers
