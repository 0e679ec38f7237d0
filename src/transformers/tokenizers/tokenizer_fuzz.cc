// Any bytes either are a tokenizer or are refused; what is one encodes any text, with offsets
// inside it, and decodes what it made.
//
// The input is a tokenizer.json, a zero byte, and a text. Without a zero byte it is a text for a
// tokenizer that has most of the parts.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "transformers/tokenizers/tokenizer.h"

namespace {

using embrace::transformers::Encoding;
using embrace::transformers::Tokenizer;

constexpr std::string_view kOwn = R"({
  "added_tokens": [{"id": 5, "content": "<m>", "lstrip": true, "rstrip": true, "special": true},
                   {"id": 6, "content": "É", "normalized": true, "single_word": true}],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}, {"type": "StripAccents"},
                 {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Strip", "strip_left": true, "strip_right": true}]},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                 {"type": "Split", "pattern": {"Regex": "\\p{L}+|\\d"}, "behavior": "MergedWithNext", "invert": false},
                 {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}, {"type": "UnicodeScripts"}]},
  "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁", -1.0], ["a", -2.0], ["▁ab", -1.5], ["日", -3.0]]},
  "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "▁"}]}
})";

void use(const Tokenizer& tokenizer, std::string_view text) {
  const auto encoding = tokenizer.encode(text);
  if (!encoding) return;
  for (const auto& at : encoding->offsets)
    EMB_CHECK_OR_DIE(at.begin <= at.end, "offsets run forward");
  EMB_CHECK_OR_DIE(encoding->ids.size() == encoding->offsets.size(), "every token has offsets");
  EMB_CHECK_OR_DIE(encoding->ids.size() == encoding->word_ids.size(), "every token has a word");
  (void)tokenizer.decode(encoding->ids, false).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = input.find('\0');
  if (zero == std::string_view::npos) {
    static const auto own = Tokenizer::parse(kOwn);
    EMB_CHECK_OR_DIE(own.has_value(), "the harness's own tokenizer parses");
    use(*own, input);
    return 0;
  }
  const auto tokenizer = Tokenizer::parse(input.substr(0, zero));
  if (tokenizer) use(*tokenizer, input.substr(zero + 1));
  return 0;
}
