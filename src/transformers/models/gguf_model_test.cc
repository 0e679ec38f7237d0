// Models and tokenizers in GGUF files against the fixtures that they were made of: testdata/gguf is
// made by tests/transformers/make_gguf.py.

#include "transformers/models/gguf_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "transformers/models/causal_lm.h"
#include "transformers/models/gguf_tokenizer.h"
#include "transformers/models/model_fixture.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {
namespace {

std::string path_of(std::string_view name) { return cat(EMB_TESTDATA, "/gguf/", name, ".gguf"); }

std::string bytes_of(std::string_view name) { return read_file(path_of(name), 1 << 20).value(); }

Result<GgufModel> read_copy(const std::string& text) {
  auto bytes = std::make_shared<std::vector<std::byte>>(text.size());
  std::memcpy(bytes->data(), text.data(), text.size());
  return read_gguf_model(*bytes, bytes);
}

class GgufModelOf : public ::testing::TestWithParam<const char*> {
 protected:
  const ModelFixture fixture_{cat("gguf_", GetParam())};
};

TEST_P(GgufModelOf, HasTheHubsTensors) {
  const auto model = open_gguf_model(rt::Blocking::on_main_thread(), path_of(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto tensors = fixture_.tensors();
  EXPECT_EQ(model->weights.all().size(), tensors.size());
  for (const OwnedTensor& expected : tensors) {
    const auto view = model->weights.get(expected.name, expected.shape);
    ASSERT_TRUE(view) << view.error().message();
    const auto ours = read_all(*view);
    const auto theirs = read_all({expected.dtype, expected.shape, expected.bytes});
    ASSERT_TRUE(ours && theirs);
    // One was added to Gemma's norms, which costs their last bits.
    for (std::size_t i = 0; i < ours->size(); ++i)
      ASSERT_NEAR((*ours)[i], (*theirs)[i], 2e-7) << expected.name << " " << i;
  }
}

TEST_P(GgufModelOf, HasTheHubsConfig) {
  const auto model = open_gguf_model(rt::Blocking::on_main_thread(), path_of(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto document = json::Document::parse(model->config_json);
  ASSERT_TRUE(document) << model->config_json;
  const json::View ours = document->root();
  const json::View theirs = fixture_.config();
  EXPECT_EQ(ours["model_type"].text(), theirs["model_type"].text());
  std::size_t compared = 0;
  for (const auto& [name, value] : theirs.members()) {
    // What the files of a family do not say is the family's own.
    if (!value.number() || !ours[name].exists() || name == "eos_token_id") continue;
    EXPECT_FLOAT_EQ(static_cast<float>(ours[name].number().value()),
                    static_cast<float>(*value.number()))
        << name;
    ++compared;
  }
  EXPECT_GE(compared, 8u) << model->config_json;
  EXPECT_EQ(ours["tie_word_embeddings"].boolean(), theirs["tie_word_embeddings"].boolean());
  EXPECT_EQ(ours["eos_token_id"].items().at(0).integer(), 2);
}

TEST_P(GgufModelOf, ComputesWhatTheOfficialPackageComputes) {
  const auto file = open_gguf_model(rt::Blocking::on_main_thread(), path_of(GetParam()));
  ASSERT_TRUE(file) << file.error().message();
  const auto config = json::Document::parse(file->config_json);
  const auto model = CausalLm::load(file->weights, config->root(), Precision::F32);
  ASSERT_TRUE(model) << model.error().message() << file->config_json;
  Team team{1};
  KvPool pool((*model)->kv_shape(KvStorage::F32), std::size_t{8} << 20);
  KvSequence sequence(pool);
  CausalLm::Workspace work;
  const auto prompt = ModelFixture::integers(fixture_.cases()["input_ids"]);
  const CausalLm::Stretch stretch{prompt, &sequence, CausalLm::Logits::Last};
  const auto done = (*model)->forward(team, {&stretch, 1}, work);
  ASSERT_TRUE(done) << done.error().message();
  const auto logits = ModelFixture::floats(fixture_.cases()["logits"]);
  ASSERT_EQ(work.logits.row(0).size(), logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i)
    ASSERT_NEAR(work.logits.row(0)[i], logits[i], 1e-4) << i;
}

TEST_P(GgufModelOf, SurvivesMistakesInTheFile) {
  const std::string whole = bytes_of(GetParam());
  std::mt19937 random(7);
  std::size_t read = 0;
  for (int round = 0; round < 300; ++round) {
    std::string broken = whole;
    for (int i = 0; i < 3; ++i)
      broken[random() % std::min<std::size_t>(broken.size(), 1500)] = static_cast<char>(random());
    if (read_copy(broken)) ++read;
  }
  EXPECT_LT(read, 300u);
}

INSTANTIATE_TEST_SUITE_P(Families, GgufModelOf,
                         ::testing::Values("llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"),
                         [](const auto& of) { return std::string(of.param); });

TEST(GgufModel, FactorsOfFrequenciesArePartOfTheConfig) {
  for (const char* name : {"llama", "phi3"}) {
    const auto model = read_copy(bytes_of(name));
    ASSERT_TRUE(model) << model.error().message();
    const auto document = json::Document::parse(model->config_json);
    const json::View scaling = document->root()["rope_scaling"];
    EXPECT_EQ(scaling["rope_type"].text(), "longrope") << model->config_json;
    EXPECT_EQ(scaling["long_factor"].items().size(), 4u) << name;
    EXPECT_EQ(scaling["short_factor"].items().size(), 4u) << name;
  }
}

// In place: names of the same length.
std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  EXPECT_EQ(what.size(), by.size());
  return text.replace(at, what.size(), by);
}

TEST(GgufModel, WhatIsNotBuiltIsSaid) {
  const std::string llama = bytes_of("llama");
  const std::pair<std::string, std::string_view> cases[] = {
      {replaced(llama, "architecture", "architecturf"), "architecture is missing"},
      {replaced(llama, "token_embd.weight", "token_emxd.weight"), "token_embd.weight is missing"},
      {replaced(llama, "blk.0.ffn_gate", "blk.0.ffn_gatx"), "blk.0.ffn_gatx"},
      {replaced(llama, "blk.0.ffn_gate", "blk.x.ffn_gate"), "blk.x.ffn_gate"},
      {replaced(llama, "llama.block_count", "llama.block_counx"), "block_count is missing"},
      {replaced(llama, "llama.embedding_length", "llama.embedding_lengtx"), "embedding_length"},
      {replaced(llama, "llama.vocab_size", "llama.expert_cou"), "none"},
      {replaced(bytes_of("phi3"), "rope_factors_short", "rope_factors_shorx"), "short"},
  };
  for (const auto& [file, reason] : cases) {
    const auto model = read_copy(file);
    const std::string said = model ? "none" : model.error().message();
    EXPECT_NE(said.find(reason), std::string::npos) << said << ", not " << reason;
  }
}

class GgufTokenizerOf : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufTokenizerOf, GivesTheSameIds) {
  const std::string file = bytes_of(cat("tokenizer_", GetParam()));
  const auto gguf = Gguf::parse(std::as_bytes(std::span(file)));
  ASSERT_TRUE(gguf) << gguf.error().message();
  const auto text = render_gguf_tokenizer(*gguf);
  ASSERT_TRUE(text) << text.error().message();
  const auto tokenizer = Tokenizer::parse(*text);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  const auto cases = read_file(cat(EMB_TESTDATA, "/", GetParam(), ".cases.jsonl"), 1 << 24);
  ASSERT_TRUE(cases);
  std::size_t compared = 0;
  for (const std::string_view line : split(*cases, '\n')) {
    if (line.empty()) continue;
    const auto document = json::Document::parse(line);
    ASSERT_TRUE(document);
    const auto items = document->root().items();
    if (!items.at(1).is_null()) continue;
    const std::string first = from_hex(items.at(0).text().value()).value();
    EncodeOptions options;
    options.add_special_tokens = items.at(2).boolean().value();
    const auto encoding = tokenizer->encode(first, options);
    ASSERT_TRUE(encoding) << encoding.error().message();
    std::vector<std::uint32_t> expected;
    for (const json::View id : items.at(3)["ids"].items())
      expected.push_back(static_cast<std::uint32_t>(*id.integer()));
    EXPECT_EQ(encoding->ids, expected) << first;
    ++compared;
  }
  EXPECT_GT(compared, 30u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, GgufTokenizerOf,
                         ::testing::Values("llama3", "qwen2", "gpt2", "sentencepiece_bpe", "gemma"),
                         [](const auto& of) { return std::string(of.param); });

TEST(GgufTokenizer, WhatIsNotBuiltIsSaid) {
  const std::pair<std::string, std::string_view> cases[] = {
      {replaced(bytes_of("tokenizer_llama3"), "llama-bpe", "llama-bpx"), "llama-bpx"},
      {replaced(bytes_of("tokenizer_llama3"), "ggml.tokens", "ggml.tokenx"), "tokens are missing"},
      {replaced(bytes_of("tokenizer_llama3"), "ggml.merges", "ggml.mergex"), "merges are missing"},
      {replaced(bytes_of("tokenizer_gemma"), "ggml.scores", "ggml.scorex"), "scores"},
  };
  for (const auto& [file, reason] : cases) {
    const auto gguf = Gguf::parse(std::as_bytes(std::span(file)));
    ASSERT_TRUE(gguf) << gguf.error().message();
    const auto text = render_gguf_tokenizer(*gguf);
    const std::string said = text ? "none" : text.error().message();
    EXPECT_NE(said.find(reason), std::string::npos) << said;
  }
  const std::string file = bytes_of("llama");
  const auto gguf = Gguf::parse(std::as_bytes(std::span(file)));
  EXPECT_EQ(*render_gguf_tokenizer(*gguf), "") << "a file without a tokenizer";
}

}  // namespace
}  // namespace embrace::transformers
