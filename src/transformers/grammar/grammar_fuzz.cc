// Any bytes are a grammar, a pattern or a schema, or are refused; what is one can be walked, and a
// mask never allows what accept() refuses. The first byte says which it is.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "transformers/grammar/grammar.h"
#include "transformers/grammar/token_mask.h"

namespace {

using namespace embrace;
using namespace embrace::transformers;

Result<std::shared_ptr<const Grammar>> make(char kind, std::string_view source) {
  if (kind == 'e') return Grammar::from_ebnf(source);
  if (kind == 'r') return Grammar::from_regex(source);
  EMB_TRY(const json::Document document, json::Document::parse(source));
  return Grammar::from_json_schema(document.root());
}

std::shared_ptr<const TokenVocabulary> letters() {
  std::vector<std::string> bytes;
  for (int b = 0; b < 256; ++b) bytes.emplace_back(1, static_cast<char>(b));
  for (const char* piece : {"ab", "\":", "{\"", "12", "true", "é"}) bytes.emplace_back(piece);
  return std::make_shared<const TokenVocabulary>(std::move(bytes), std::vector<std::uint32_t>{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto grammar = make(input[0], input.substr(1));
  if (!grammar) return 0;
  static const auto vocabulary = letters();
  TokenMask mask(*grammar, vocabulary);
  std::uint32_t turn = 1;
  for (int step = 0; step < 30 && !mask.finished(); ++step) {
    std::vector<float> logits(vocabulary->size(), 1);
    if (!mask.apply(logits)) return 0;
    std::vector<std::uint32_t> allowed;
    for (std::uint32_t id = 0; id < logits.size(); ++id) {
      if (logits[id] == 1) allowed.push_back(id);
    }
    EMB_CHECK_OR_DIE(!allowed.empty(), "a mask leaves something");
    turn = turn * 1664525 + 1013904223;
    EMB_CHECK_OR_DIE(mask.accept(allowed[turn % allowed.size()]).has_value(),
                     "what is allowed is accepted");
  }
  return 0;
}
