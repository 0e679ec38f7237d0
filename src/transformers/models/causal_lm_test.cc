// Every family of decoders against what the official package computed with the same weights
// (tests/transformers/decoder_models.py).
#include "transformers/models/causal_lm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

using Tokens = std::vector<std::int32_t>;

float furthest(std::span<const float> got, const std::vector<float>& wanted) {
  EXPECT_EQ(got.size(), wanted.size());
  float most = 0;
  for (std::size_t i = 0; i < std::min(got.size(), wanted.size()); ++i) {
    const float distance = std::abs(got[i] - wanted[i]);
    most = distance <= most ? most : distance;  // what is no number counts
  }
  return most;
}

std::int32_t best(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
}

struct Bench {
  Team team{2};
  std::unique_ptr<CausalLm> model;
  std::unique_ptr<KvPool> pool;
  CausalLm::Workspace work;

  explicit Bench(const ModelFixture& fixture, KvStorage storage = KvStorage::F32) {
    auto loaded = CausalLm::load(fixture.weights(), fixture.config(), Precision::F32);
    EXPECT_TRUE(loaded) << loaded.error().message();
    model = *std::move(loaded);
    pool = std::make_unique<KvPool>(model->kv_shape(storage), std::size_t{64} << 20);
  }

  void read(KvSequence& sequence, const Tokens& tokens,
            CausalLm::Logits logits = CausalLm::Logits::Last) {
    const CausalLm::Stretch stretch{tokens, &sequence, logits};
    const auto done = model->forward(team, {&stretch, 1}, work);
    ASSERT_TRUE(done) << done.error().message();
  }

  Tokens greedy(Tokens text, std::size_t count) {
    KvSequence sequence(*pool);
    const std::size_t prompt = text.size();
    Tokens next = text;
    for (std::size_t i = 0; i < count; ++i) {
      if (text.size() == model->shape().recompute_from) {
        sequence.truncate(0);
        next = text;
      }
      read(sequence, next);
      next = {best(work.logits.row(work.logits.rows() - 1))};
      text.push_back(next[0]);
    }
    return {text.begin() + static_cast<std::ptrdiff_t>(prompt), text.end()};
  }
};

class CausalLmFamily : public testing::TestWithParam<const char*> {};

TEST_P(CausalLmFamily, ComputesWhatTheOfficialPackageComputes) {
  const ModelFixture fixture(GetParam());
  Bench bench(fixture);
  const Tokens prompt = ModelFixture::integers(fixture.cases()["input_ids"]);
  KvSequence sequence(*bench.pool);
  bench.read(sequence, prompt);
  EXPECT_LT(furthest(bench.work.hidden.all(), ModelFixture::floats(fixture.cases()["hidden"])),
            1e-4f);
  EXPECT_LT(furthest(bench.work.logits.row(0), ModelFixture::floats(fixture.cases()["logits"])),
            1e-4f);
  const Tokens wanted = ModelFixture::integers(fixture.cases()["greedy"]);
  EXPECT_EQ(bench.greedy(prompt, wanted.size()), wanted);
}

TEST_P(CausalLmFamily, ReadsAPromptInPiecesAsInOne) {
  const ModelFixture fixture(GetParam());
  Bench bench(fixture);
  // Up to a length where no kind of stretching has begun.
  const Tokens prompt = ModelFixture::integers(fixture.cases()["input_ids"]);
  KvSequence whole(*bench.pool);
  bench.read(whole, prompt, CausalLm::Logits::All);
  const std::vector<float> wanted(bench.work.logits.all().begin(), bench.work.logits.all().end());
  KvSequence pieces(*bench.pool);
  std::vector<float> got;
  for (std::size_t at = 0, step = 1; at < prompt.size(); at += step++) {
    const auto begin = prompt.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min(step, prompt.size() - at));
    bench.read(pieces, Tokens(begin, begin + count), CausalLm::Logits::All);
    const auto all = bench.work.logits.all();
    got.insert(got.end(), all.begin(), all.end());
  }
  // Not the same to the last bit: products of few rows add up in another order than those of many.
  EXPECT_LT(furthest(got, wanted), 1e-4f);
}

INSTANTIATE_TEST_SUITE_P(All, CausalLmFamily,
                         testing::Values("llama", "llama_rope_linear", "llama_rope_dynamic",
                                         "llama_rope_yarn", "llama_rope_llama3",
                                         "llama_rope_longrope", "mistral", "qwen2", "qwen3", "gpt2",
                                         "gpt2_scaled", "gemma", "gemma2", "gemma3", "phi3",
                                         "phi3_longrope", "qwen3_moe", "mixtral"),
                         [](const auto& info) { return std::string(info.param); });

// Few queries look at many tokens part by part.
TEST(CausalLm, ReadsTheLastTokensOfALongTextAsAllAtOnce) {
  for (const char* name : {"llama", "mistral", "gemma2", "qwen3"}) {
    const ModelFixture fixture(name);
    Bench bench(fixture);
    Tokens text;
    for (std::int32_t i = 0; i < 254; ++i) text.push_back(i * 37 % 100);
    KvSequence whole(*bench.pool);
    bench.read(whole, text, CausalLm::Logits::All);
    const auto all = bench.work.logits.all();
    const std::size_t width = bench.work.logits.columns();
    const std::vector<float> wanted(all.end() - static_cast<std::ptrdiff_t>(4 * width), all.end());
    KvSequence parts(*bench.pool);
    bench.read(parts, Tokens(text.begin(), text.end() - 4));
    std::vector<float> got;
    for (const Tokens& next : {Tokens(text.end() - 4, text.end() - 1), Tokens{text.back()}}) {
      bench.read(parts, next, CausalLm::Logits::All);
      got.insert(got.end(), bench.work.logits.all().begin(), bench.work.logits.all().end());
    }
    EXPECT_LT(furthest(got, wanted), 1e-4f) << name;
  }
}

TEST(CausalLm, ReadsPromptsAndSingleTokensOfManySequencesAtOnce) {
  const ModelFixture fixture("mistral");
  Bench bench(fixture);
  const Tokens texts[] = {{5, 9, 77}, {8}, Tokens(70, 11), {120, 3}};
  std::vector<std::vector<float>> alone;
  std::vector<KvSequence> sequences;
  for (const Tokens& text : texts) {
    KvSequence sequence(*bench.pool);
    bench.read(sequence, text);
    const auto row = bench.work.logits.row(0);
    alone.emplace_back(row.begin(), row.end());
    // The second time, all but the last token of some texts is there already.
    sequences.emplace_back(*bench.pool);
    if (text.size() > 2) bench.read(sequences.back(), Tokens(text.begin(), text.end() - 1));
  }
  std::vector<CausalLm::Stretch> stretches;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::span<const std::int32_t> text = texts[i];
    stretches.push_back({text.subspan(sequences[i].length()), &sequences[i],
                         i == 1 ? CausalLm::Logits::None : CausalLm::Logits::Last});
  }
  ASSERT_TRUE(bench.model->forward(bench.team, stretches, bench.work));
  ASSERT_EQ(bench.work.logits.rows(), 3u);
  EXPECT_LT(furthest(bench.work.logits.row(0), alone[0]), 1e-5f);
  EXPECT_LT(furthest(bench.work.logits.row(1), alone[2]), 1e-5f);
  EXPECT_LT(furthest(bench.work.logits.row(2), alone[3]), 1e-5f);
}

TEST(CausalLm, GivesTheSameLogitsFromASharedPrefix) {
  const ModelFixture fixture("qwen3");
  Bench bench(fixture);
  Tokens text(75);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::int32_t>(i * 7 % 199);
  std::vector<float> wanted;
  {
    KvSequence first(*bench.pool);
    bench.read(first, text);
    const auto row = bench.work.logits.row(0);
    wanted.assign(row.begin(), row.end());
  }
  KvSequence second(*bench.pool);
  ASSERT_EQ(second.adopt_prefix(text), 64u);
  bench.read(second, Tokens(text.begin() + 64, text.end()));
  EXPECT_LT(furthest(bench.work.logits.row(0), wanted), 1e-5f);

  // Two that go different ways from one: neither disturbs the other.
  KvSequence third = second.fork();
  bench.read(second, {1, 2, 3});
  bench.read(third, {4});
  KvSequence alone(*bench.pool);
  bench.read(alone, text);
  bench.read(alone, {4, 5});
  const auto row = bench.work.logits.row(0);
  wanted.assign(row.begin(), row.end());
  bench.read(third, {5});
  EXPECT_LT(furthest(bench.work.logits.row(0), wanted), 1e-5f);
}

TEST(CausalLm, StaysCloseWithKeysAndValuesInHalfTheMemory) {
  const ModelFixture fixture("llama");
  Bench bench(fixture, KvStorage::BF16);
  KvSequence sequence(*bench.pool);
  bench.read(sequence, ModelFixture::integers(fixture.cases()["input_ids"]));
  EXPECT_LT(furthest(bench.work.logits.row(0), ModelFixture::floats(fixture.cases()["logits"])),
            0.05f);
}

TEST(CausalLm, ReadsExpertsThatLieInTensorsOfTheirOwn) {
  for (const std::string name : {"qwen3_moe", "mixtral"}) {
    const ModelFixture fixture(name);
    std::vector<OwnedTensor> tensors;
    for (OwnedTensor& tensor : fixture.tensors()) {
      const auto at = tensor.name.find("mlp.experts.");
      const auto gate = tensor.name.find("mlp.gate.weight");
      if (name == "mixtral" && gate != std::string::npos)
        tensor.name = tensor.name.substr(0, gate) + "block_sparse_moe.gate.weight";
      if (at == std::string::npos) {
        tensors.push_back(std::move(tensor));
        continue;
      }
      const bool down = tensor.name.ends_with("down_proj");
      const std::string layer = tensor.name.substr(0, at);
      const auto experts = static_cast<std::size_t>(tensor.shape[0]);
      const std::size_t parts = down ? 1 : 2;
      const std::size_t bytes = tensor.bytes.size() / experts / parts;
      for (std::size_t i = 0; i < experts * parts; ++i) {
        const std::string expert = std::to_string(i / parts) + ".";
        const std::size_t which = down ? 2 : i % 2;
        const std::string own =
            name == "mixtral"
                ? "block_sparse_moe.experts." + expert + std::array{"w1", "w3", "w2"}[which]
                : "mlp.experts." + expert + std::array{"gate_proj", "up_proj", "down_proj"}[which];
        const auto first = tensor.bytes.begin() + static_cast<std::ptrdiff_t>(i * bytes);
        tensors.push_back({layer + own + ".weight",
                           DType::F32,
                           {tensor.shape[1] / static_cast<std::int64_t>(parts), tensor.shape[2]},
                           {first, first + static_cast<std::ptrdiff_t>(bytes)}});
      }
    }
    const auto weights = Weights::from_tensors(std::move(tensors));
    ASSERT_TRUE(weights);
    Bench bench(fixture);
    auto loaded = CausalLm::load(*weights, fixture.config(), Precision::F32);
    ASSERT_TRUE(loaded) << loaded.error().message();
    bench.model = *std::move(loaded);
    KvSequence sequence(*bench.pool);
    bench.read(sequence, ModelFixture::integers(fixture.cases()["input_ids"]));
    EXPECT_LT(furthest(bench.work.logits.row(0), ModelFixture::floats(fixture.cases()["logits"])),
              1e-4f);
  }
}

TEST(CausalLm, ReadsTheOlderSpellingOfConfigs) {
  const ModelFixture fixture("llama_rope_llama3");
  const auto config = json::Document::parse(R"({"model_type": "llama", "vocab_size": 199,
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 32, "rope_theta": 1000.0,
    "tie_word_embeddings": true, "attention_bias": true, "mlp_bias": true,
    "rope_scaling": {"type": "llama3", "factor": 8.0,
    "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 128}})");
  ASSERT_TRUE(config);
  Bench bench(fixture);
  auto loaded = CausalLm::load(fixture.weights(), config->root(), Precision::F32);
  ASSERT_TRUE(loaded) << loaded.error().message();
  bench.model = *std::move(loaded);
  KvSequence sequence(*bench.pool);
  bench.read(sequence, ModelFixture::integers(fixture.cases()["input_ids"]));
  EXPECT_LT(furthest(bench.work.logits.row(0), ModelFixture::floats(fixture.cases()["logits"])),
            1e-4f);
}

TEST(CausalLm, ReadsTheTextPartOfAModelThatAlsoSees) {
  const ModelFixture fixture("gemma3");
  for (const std::string prefix : {"language_model.model.", "model.language_model."}) {
    std::vector<OwnedTensor> tensors = fixture.tensors();
    for (OwnedTensor& tensor : tensors)
      tensor.name = prefix + tensor.name.substr(std::string_view("model.").size());
    const auto weights = Weights::from_tensors(std::move(tensors));
    const auto config = json::Document::parse(
        "{\"model_type\": \"gemma3\", \"text_config\": " + fixture.config().render() + "}");
    ASSERT_TRUE(weights && config);
    Bench bench(fixture);
    auto loaded = CausalLm::load(*weights, config->root(), Precision::F32);
    ASSERT_TRUE(loaded) << loaded.error().message();
    bench.model = *std::move(loaded);
    KvSequence sequence(*bench.pool);
    bench.read(sequence, ModelFixture::integers(fixture.cases()["input_ids"]));
    EXPECT_LT(furthest(bench.work.logits.row(0), ModelFixture::floats(fixture.cases()["logits"])),
              1e-4f);
  }
}

TEST(CausalLm, RefusesTokensAndTextsThatItCannotRead) {
  const ModelFixture fixture("gpt2");
  Bench bench(fixture);
  KvSequence sequence(*bench.pool);
  const auto read = [&](const Tokens& tokens) {
    const CausalLm::Stretch stretch{tokens, &sequence};
    return bench.model->forward(bench.team, {&stretch, 1}, bench.work);
  };
  EXPECT_EQ(read({199}).error().code(), Code::InvalidArgument);
  EXPECT_EQ(read({-1}).error().code(), Code::InvalidArgument);
  EXPECT_EQ(read({}).error().code(), Code::InvalidArgument);
  EXPECT_EQ(read(Tokens(129, 5)).error().code(), Code::InvalidArgument);
  EXPECT_EQ(sequence.length(), 0u);
  EXPECT_TRUE(read(Tokens(128, 5)));
  EXPECT_EQ(read({5}).error().code(), Code::InvalidArgument);
  EXPECT_EQ(sequence.length(), 128u);
}

TEST(CausalLm, LeavesAllSequencesAloneWhenThereIsNoRoomForOne) {
  const ModelFixture fixture("llama");
  Bench bench(fixture);
  KvPool small(bench.model->kv_shape(KvStorage::F32), 2 * bench.pool->page_bytes());
  KvSequence first(small), second(small);
  const Tokens tokens(33, 7);
  const CausalLm::Stretch stretches[] = {{tokens, &first}, {tokens, &second}};
  EXPECT_EQ(bench.model->forward(bench.team, stretches, bench.work).error().code(),
            Code::Unavailable);
  EXPECT_EQ(first.length(), 0u);
  EXPECT_EQ(small.pages_used(), 0u);
}

TEST(CausalLm, RefusesConfigsThatMakeNoSense) {
  const ModelFixture fixture("llama");
  const Weights weights = fixture.weights();
  const std::string config = fixture.config().render();
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = config;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto document = json::Document::parse(text);
    EXPECT_TRUE(document) << text;
    const auto loaded = CausalLm::load(weights, document->root(), Precision::F32);
    return loaded ? std::string("loaded") : loaded.error().message();
  };
  EXPECT_EQ(with("\"vocab_size\":199", "\"vocab_size\":200").find("model.embed_tokens"), 7u);
  EXPECT_NE(with("\"num_hidden_layers\":2", "\"num_hidden_layers\":4000").find("layers.2"),
            std::string::npos);
  for (const auto& [from, to] : {
           std::pair{"\"num_hidden_layers\":2", "\"num_hidden_layers\":-1"},
           {"\"num_key_value_heads\":2", "\"num_key_value_heads\":3"},
           {"\"num_key_value_heads\":2", "\"num_key_value_heads\":1"},
           {"\"head_dim\":16", "\"head_dim\":15"},
           {"\"hidden_size\":64", "\"hidden_size\":4194304"},
           {"\"intermediate_size\":96", "\"intermediate_size\":\"96\""},
           {"\"hidden_act\":\"silu\"", "\"hidden_act\":\"thinking\""},
           {"\"rope_theta\":10000.0", "\"rope_theta\":-1"},
           {"\"rope_type\":\"default\"", "\"rope_type\":\"linear\""},
           {"\"rope_type\":\"default\"", "\"rope_type\":\"longrope\",\"long_factor\":[1,0]"},
           {"\"rope_type\":\"default\"", "\"rope_type\":\"spiral\""},
           {"\"model_type\":\"llama\"", "\"model_type\":\"parrot\""},
           {"\"num_hidden_layers\":2", "\"num_hidden_layers\":4097"},
           {"\"head_dim\":16", "\"head_dim\":4098"},
           {"\"model_type\":\"llama\"", "\"model_type\":\"llama\",\"is_causal\":false"},
           {"\"model_type\":\"llama\"", "\"model_type\":\"llama\",\"partial_rotary_factor\":0.5"},
           {"\"model_type\":\"llama\"",
            "\"model_type\":\"llama\",\"quantization_config\":{\"quant_method\":\"fp8\"}"},
       }) {
    EXPECT_NE(with(from, to), "loaded") << to;
  }
}

TEST(CausalLm, LeavesOutBiasesThatTheConfigDenies) {
  for (const char* name :
       {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3", "qwen3_moe", "mixtral"}) {
    const ModelFixture fixture(name);
    std::vector<OwnedTensor> tensors = fixture.tensors();
    std::vector<OwnedTensor> more;
    for (const OwnedTensor& tensor : tensors) {
      const bool product = tensor.name.find("_proj.weight") != std::string::npos ||
                           tensor.name.find("gate.weight") != std::string::npos;
      const bool known = std::string(name) == "qwen2" &&
                         tensor.name.find("self_attn.o_proj") == std::string::npos &&
                         tensor.name.find("self_attn") != std::string::npos;
      if (!product || known) continue;
      const std::string bias = tensor.name.substr(0, tensor.name.size() - 6) + "bias";
      more.push_back(fixture_tensor(bias, {tensor.shape[0]}));
    }
    ASSERT_GT(more.size(), 5u) << name;
    for (OwnedTensor& tensor : more) tensors.push_back(std::move(tensor));
    Bench bench(fixture);
    auto loaded = CausalLm::load(*Weights::from_tensors(std::move(tensors)), fixture.config(),
                                 Precision::F32);
    ASSERT_TRUE(loaded) << loaded.error().message();
    bench.model = *std::move(loaded);
    KvSequence sequence(*bench.pool);
    bench.read(sequence, ModelFixture::integers(fixture.cases()["input_ids"]));
    EXPECT_LT(furthest(bench.work.logits.row(0), ModelFixture::floats(fixture.cases()["logits"])),
              1e-4f)
        << name;
  }
}

TEST(CausalLm, KnowsWhereLongTextsOfPhiBeginWhenTheFileDoesNotSay) {
  const ModelFixture fixture("phi3_longrope");
  std::string text = fixture.config().render();
  const std::string_view said = "\"original_max_position_embeddings\":40,";
  const auto outside = text.find(said);
  ASSERT_LT(outside, text.find("\"rope_parameters\"")) << "the one in rope_parameters stays";
  text.erase(outside, said.size());
  const auto config = json::Document::parse(text);
  ASSERT_TRUE(config);
  const auto loaded = CausalLm::load(fixture.weights(), config->root(), Precision::F32);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ((*loaded)->shape().recompute_from, 4097u);
}

TEST(CausalLm, RefusesWeightsWithScalesBesideThem) {
  const ModelFixture fixture("llama");
  auto tensors = fixture.tensors();
  tensors.push_back(fixture_tensor("model.layers.0.self_attn.q_proj.weight_scale_inv", {1}));
  const auto loaded =
      CausalLm::load(*Weights::from_tensors(std::move(tensors)), fixture.config(), Precision::F32);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Code::NotBuilt);
}

TEST(CausalLm, KeepsAHeadOfItsOwnWhereTheConfigSaysTied) {
  const ModelFixture fixture("llama_rope_llama3");  // tied
  const Tokens prompt = ModelFixture::integers(fixture.cases()["input_ids"]);
  const auto logits_with = [&](const char* head_like) {
    auto tensors = fixture.tensors();
    if (head_like != nullptr) {
      tensors.push_back(fixture_tensor(head_like, {199, 64}));
      tensors.back().name = "lm_head.weight";
    }
    Bench bench(fixture);
    bench.model = *CausalLm::load(*Weights::from_tensors(std::move(tensors)), fixture.config(),
                                  Precision::F32);
    KvSequence sequence(*bench.pool);
    bench.read(sequence, prompt);
    const auto row = bench.work.logits.row(0);
    return std::vector<float>(row.begin(), row.end());
  };
  const auto tied = logits_with(nullptr);
  EXPECT_EQ(furthest(logits_with("model.embed_tokens.weight"), tied), 0);
  EXPECT_GT(furthest(logits_with("lm_head.weight"), tied), 0.1f);
}

TEST(CausalLm, SharesNoPagesWhoseKeysDependOnTheLengthOfTheText) {
  const Tokens text(80, 7);
  for (const auto& [name, shared] :
       {std::pair{"llama_rope_dynamic", 0u}, {"phi3_longrope", 0u}, {"llama_rope_linear", 64u}}) {
    Bench bench{ModelFixture(name)};
    KvSequence first(*bench.pool), second(*bench.pool);
    bench.read(first, text);
    EXPECT_EQ(second.adopt_prefix(text), shared) << name;
  }
}

TEST(CausalLm, ForgetsTheTokensOfAPassThatEndedInAnException) {
  struct Tired final : CausalLm {
    explicit Tired() : CausalLm(*Weights::from_tensors({})) {
      shape_ = {
          .vocabulary = 10, .hidden = 4, .layers = 1, .heads = 1, .kv_heads = 1, .head_dim = 4};
    }
    Status run(Team&, Workspace&) const override { throw std::bad_alloc(); }
  };
  Tired model;
  KvPool pool(model.kv_shape(KvStorage::F32), 1 << 20);
  KvSequence sequence(pool);
  Team team(1);
  CausalLm::Workspace work;
  const Tokens text(40, 3);
  const CausalLm::Stretch stretch{text, &sequence};
  EXPECT_THROW((void)model.forward(team, {&stretch, 1}, work), std::bad_alloc);
  EXPECT_EQ(sequence.length(), 0u);
  EXPECT_EQ(pool.pages_used(), 0u);
}

}  // namespace
}  // namespace embrace::transformers
