// Masks of one step: how many tokens of a vocabulary are judged in a second (items), and how long a
// step takes, for texts that are written under any JSON, under a schema, and under a pattern. Cold:
// each text is the first under its grammar. Warm: the mask has written other texts before.

#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "transformers/grammar/token_mask.h"

namespace embrace::transformers {
namespace {

// Bytes, words with and without a space before them, numbers, letters of other scripts, and
// the runs of punctuation that vocabularies learn from code; as long and as alike as theirs.
std::shared_ptr<const TokenVocabulary> make_vocabulary(std::size_t size) {
  std::mt19937 random(1);
  std::vector<std::string> bytes;
  for (int b = 0; b < 256; ++b) bytes.emplace_back(1, static_cast<char>(b));
  for (int n = 0; n < 1110; ++n) bytes.push_back(std::to_string(n));
  for (const char* piece : {"\":", "\": ", "\",", "\", \"", "\": \"", "{\"", "\"}", "},", "]", "],",
                            "[{\"", "\"]", "\\n", "\\\"", "\\u", "true", "false", "null", "  "})
    bytes.emplace_back(piece);
  constexpr std::string_view kSyllables[] = {"an", "ber", "con", "de", "er",  "in",   "ing", "la",
                                             "me", "na",  "on",  "re", "sta", "tion", "un",  "ver"};
  constexpr std::string_view kMarks = "\"'.,:;(){}[]<>/\\-_=+*&|!?#@%$ \n";
  while (bytes.size() < size) {
    std::string text;
    const unsigned kind = random() % 20;
    if (kind < 15) {
      if (kind < 9) text += ' ';
      for (unsigned i = 1 + random() % 4; i > 0; --i) text += kSyllables[random() % 16];
      if (random() % 4 == 0) text[text[0] == ' ' ? 1 : 0] &= '_';
    } else if (kind < 17) {
      for (unsigned i = 1 + random() % 3; i > 0; --i) {
        const unsigned c = 0x4E00 + random() % 0x2000;
        text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                 static_cast<char>(0x80 | (c & 63))};
      }
    } else {
      for (unsigned i = 2 + random() % 4; i > 0; --i) text += kMarks[random() % kMarks.size()];
    }
    bytes.push_back(std::move(text));
  }
  bytes.emplace_back();
  const auto end = static_cast<std::uint32_t>(size);
  return std::make_shared<const TokenVocabulary>(std::move(bytes), std::vector<std::uint32_t>{end});
}

const TokenVocabulary& vocabulary_of(std::size_t size,
                                     std::shared_ptr<const TokenVocabulary>& out) {
  static const auto small = make_vocabulary(32'000);
  static const auto large = make_vocabulary(150'000);
  out = size == 32'000 ? small : large;
  return *out;
}

std::shared_ptr<const Grammar> schema(std::string_view text) {
  const auto document = json::Document::parse(text);
  return Grammar::from_json_schema(document.value().root()).value();
}

// Tokens that spell the text, the longest first.
std::vector<std::uint32_t> spell_out(const TokenVocabulary& vocabulary, std::string_view text) {
  std::vector<std::uint32_t> out;
  while (!text.empty()) {
    std::uint32_t best = 0;
    std::size_t length = 0;
    const auto nodes = vocabulary.tree().nodes();
    for (std::uint32_t i = 0; i < nodes.size();) {
      const std::size_t depth = nodes[i].depth;
      if (depth > text.size() || nodes[i].byte != static_cast<unsigned char>(text[depth - 1])) {
        i = nodes[i].end;
        continue;
      }
      if (nodes[i].token != TokenTree::kNone && depth > length) {
        best = nodes[i].token;
        length = depth;
      }
      ++i;
    }
    out.push_back(best);
    text.remove_prefix(length);
  }
  return out;
}

constexpr std::string_view kText =
    R"({"name": "a tion of constaber", "tags": ["un", "deling \u00e9 \"x\"", ""], "n": -12, )"
    R"("of": {"x": [1, 2.5e3, null, true, {"deep": {"deeper": [[["a long string of words that goes )"
    R"(on and on, as texts in JSON do: ver in la re on", 5]]]}}]}})";
constexpr std::string_view kSchemaText =
    R"({"name": "a tion of constaber", "kind": "fish", "count": 345, "tags": ["un", "ver", "re on"]})";

void run(benchmark::State& state, const std::shared_ptr<const Grammar>& grammar,
         std::string_view text, bool warm) {
  std::shared_ptr<const TokenVocabulary> vocabulary;
  vocabulary_of(static_cast<std::size_t>(state.range(0)), vocabulary);
  const auto tokens = spell_out(*vocabulary, text);
  std::vector<float> logits(vocabulary->size(), 0);
  auto mask = std::make_unique<TokenMask>(grammar, vocabulary);
  const auto write = [&] {
    if (!mask->restart()) state.SkipWithError("the mask does not begin again");
    for (const std::uint32_t token : tokens) {
      if (!mask->apply(logits) || !mask->accept(token)) {
        state.SkipWithError("the text is outside of the grammar");
        return;
      }
    }
  };
  if (warm) write();
  for (auto _ : state) {
    if (!warm) {
      state.PauseTiming();
      mask = std::make_unique<TokenMask>(grammar, vocabulary);
      state.ResumeTiming();
    }
    write();
  }
  const auto steps = static_cast<std::int64_t>(state.iterations() * tokens.size());
  state.SetItemsProcessed(steps * state.range(0));
  state.counters["step"] = benchmark::Counter(
      static_cast<double>(steps), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

const char* const kSchema =
    R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 40},
        "kind": {"enum": ["cat", "dog", "fish"]}, "count": {"type": "integer", "minimum": 0, "maximum": 5000},
        "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["name", "kind", "count", "tags"]})";

void any_json(benchmark::State& state) {
  run(state, Grammar::any_json().value(), kText, state.range(1) != 0);
}
void json_schema(benchmark::State& state) {
  run(state, schema(kSchema), kSchemaText, state.range(1) != 0);
}
void pattern(benchmark::State& state) {
  run(state, Grammar::from_regex(R"(([a-z]+ ){3}\d{4}-\d\d-\d\d: .{1,60})").value(),
      "in la ver 2024-05-06: the rest of it, to the end", state.range(1) != 0);
}

#define EMB_SIZES ArgsProduct({{32'000, 150'000}, {0, 1}})->ArgNames({"tokens", "warm"})
BENCHMARK(any_json)->EMB_SIZES->Unit(benchmark::kMicrosecond);
BENCHMARK(json_schema)->EMB_SIZES->Unit(benchmark::kMicrosecond);
BENCHMARK(pattern)->EMB_SIZES->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace embrace::transformers
