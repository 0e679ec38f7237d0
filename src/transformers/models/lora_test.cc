#include "transformers/models/lora.h"

#include <gtest/gtest.h>

#include <bit>
#include <fstream>

#include "testing/temp_folder.h"
#include "transformers/models/causal_lm.h"
#include "transformers/models/model_fixture.h"
#include "transformers/tensor/safetensors.h"

namespace embrace::transformers {
namespace {

std::vector<OwnedTensor> adapter_tensors(json::View adapter) {
  std::vector<OwnedTensor> all;
  for (const auto& [name, sides] : adapter["tensors"].members()) {
    std::vector<std::int64_t> shape;
    for (const json::View side : sides.items()) shape.push_back(*side.integer());
    all.push_back(fixture_tensor(std::string(name), std::move(shape)));
  }
  return all;
}

class Lora : public ::testing::TestWithParam<const char*> {};

TEST_P(Lora, MergedIsWhatPeftComputes) {
  const ModelFixture fixture(GetParam());
  Team team(2);
  const auto ids = ModelFixture::integers(fixture.cases()["ids"]);
  const auto adapters = fixture.cases()["adapters"].items();
  ASSERT_FALSE(adapters.empty());
  for (const json::View one : adapters) {
    const auto adapter =
        LoraAdapter::parse(one["adapter_config"], *Weights::from_tensors(adapter_tensors(one)));
    ASSERT_TRUE(adapter) << adapter.error().message();
    const auto merged = adapter->merge(team, fixture.weights(), Precision::AsStored);
    ASSERT_TRUE(merged) << merged.error().message();
    const auto model = CausalLm::load(*merged, fixture.config(), Precision::AsStored);
    ASSERT_TRUE(model) << model.error().message();
    KvPool pool((*model)->kv_shape(KvStorage::F32), 1 << 20);
    KvSequence sequence(pool);
    CausalLm::Workspace work;
    const CausalLm::Stretch all{ids, &sequence, CausalLm::Logits::All};
    ASSERT_TRUE((*model)->forward(team, {&all, 1}, work));
    const auto expected = ModelFixture::floats(one["logits"]);
    ASSERT_EQ(work.logits.all().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(work.logits.all()[i], expected[i], 1e-4) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Lora, ::testing::Values("lora_llama", "lora_gpt2"),
                         [](const auto& info) { return std::string(info.param); });

// A base of one weight of ones, 3 outputs and 2 inputs.
constexpr std::string_view kWeight = "model.layers.0.mlp.up.weight";

OwnedTensor filled(std::string name, std::vector<std::int64_t> shape, float value,
                   DType dtype = DType::F32) {
  OwnedTensor tensor{std::move(name), dtype, std::move(shape), {}};
  std::size_t count = 1;
  for (const std::int64_t side : tensor.shape) count *= static_cast<std::size_t>(side);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t byte = dtype == DType::BF16 ? 2 : 0; byte < 4; ++byte)
      tensor.bytes.push_back(static_cast<std::byte>(bits >> (8 * byte)));
  }
  return tensor;
}

Weights weights_of(OwnedTensor one) {
  std::vector<OwnedTensor> all;
  all.push_back(std::move(one));
  return *Weights::from_tensors(std::move(all));
}

Weights factors(const std::string& module = "model.layers.0.mlp.up", std::int64_t rank = 4) {
  std::vector<OwnedTensor> all;
  all.push_back(filled("base_model.model." + module + ".lora_A.weight", {rank, 2}, 1));
  all.push_back(filled("base_model.model." + module + ".lora_B.weight", {3, rank}, 0.5));
  return *Weights::from_tensors(std::move(all));
}

Result<LoraAdapter> parse(const std::string& more, const Weights& tensors = factors()) {
  const auto config =
      json::Document::parse(R"({"peft_type": "LORA", "r": 4, "lora_alpha": 2)" + more + "}");
  return LoraAdapter::parse(config->root(), tensors);
}

// The one number that all of the merged weight is.
float merged_value(const LoraAdapter& adapter, const Weights& base, Precision precision,
                   DType dtype) {
  Team team(1);
  const auto merged = adapter.merge(team, base, precision);
  EXPECT_TRUE(merged) << merged.error().message();
  if (!merged) return 0;
  EXPECT_EQ(merged->all().size(), 1u);
  const TensorView& view = merged->all().begin()->second;
  EXPECT_EQ(view.dtype, dtype);
  const auto values = *read_all(view);
  for (const float value : values) EXPECT_EQ(value, values.front());
  return values.front();
}

TEST(LoraAdapter, RefusesToChangeOneTensorTwice) {
  std::vector<OwnedTensor> all;
  for (const std::string module : {"model.layers.0.mlp.up", "other.model.layers.0.mlp.up"}) {
    all.push_back(filled("base_model.model." + module + ".lora_A.weight", {4, 2}, 1));
    all.push_back(filled("base_model.model." + module + ".lora_B.weight", {3, 4}, 0.5));
  }
  const auto adapter = parse("", *Weights::from_tensors(std::move(all)));
  ASSERT_TRUE(adapter) << adapter.error().message();
  Team team(1);
  const auto merged = adapter->merge(team, weights_of(filled(std::string(kWeight), {3, 2}, 1)),
                                     Precision::AsStored);
  ASSERT_FALSE(merged);
  EXPECT_NE(merged.error().message().find("twice"), std::string::npos);
}

TEST(LoraAdapter, ScalesByRankOrItsRootAndByPatterns) {
  const Weights base = weights_of(filled(std::string(kWeight), {3, 2}, 1));
  const auto value = [&](const std::string& more) {
    const auto adapter = parse(more);
    EXPECT_TRUE(adapter) << adapter.error().message();
    return merged_value(*adapter, base, Precision::AsStored, DType::F32);
  };
  // B A is 4 * 0.5 * 1 = 2 everywhere.
  EXPECT_EQ(value(""), 1 + 2 * 2.0f / 4);
  EXPECT_EQ(value(R"(, "use_rslora": true)"), 1 + 2 * 2.0f / 2);
  EXPECT_EQ(value(R"(, "alpha_pattern": {"up": 6})"), 1 + 2 * 6.0f / 4);
  EXPECT_EQ(value(R"(, "alpha_pattern": {"p": 6, "mlp.up": 8})"), 1 + 2 * 8.0f / 4);
  EXPECT_EQ(value(R"(, "alpha_pattern": {"^mlp.up": 8})"), 1 + 2 * 2.0f / 4);
  EXPECT_EQ(value(R"(, "alpha_pattern": {"^model.layers.0.mlp.up": 8})"), 1 + 2 * 8.0f / 4);
}

TEST(LoraAdapter, RoundsOnceAndOnlyWhereTheBaseIsRounded) {
  const Weights base = weights_of(filled(std::string(kWeight), {3, 2}, 1, DType::BF16));
  // 1 + 2 * 0.01 / 4 = 1.005, between the bfloats 1 and 1.0078125.
  const auto adapter = parse(R"(, "alpha_pattern": {"up": 0.01})");
  EXPECT_EQ(merged_value(*adapter, base, Precision::AsStored, DType::BF16), 1.0078125f);
  EXPECT_NEAR(merged_value(*adapter, base, Precision::F32, DType::F32), 1.005f, 1e-6);
}

TEST(LoraAdapter, FindsTensorsOfAnotherDepth) {
  for (const char* name : {"layers.0.mlp.up.weight", "encoder.model.layers.0.mlp.up.weight"}) {
    const Weights base = weights_of(filled(name, {3, 2}, 1));
    EXPECT_EQ(merged_value(*parse(""), base, Precision::AsStored, DType::F32), 2);
  }
  Team team(1);
  const auto code = [&](const Weights& base) {
    return parse("")->merge(team, base, Precision::AsStored).error().code();
  };
  EXPECT_EQ(code(weights_of(filled("model.layers.1.mlp.up.weight", {3, 2}, 1))),
            Code::InvalidArgument);
  EXPECT_EQ(code(weights_of(filled("up.weight", {3, 2}, 1))), Code::InvalidArgument);
  EXPECT_EQ(code(weights_of(filled(std::string(kWeight), {2, 3}, 1))), Code::InvalidArgument);
}

TEST(LoraAdapter, RefusesWhatItWouldGetWrong) {
  const auto code = [](const std::string& more) {
    const auto made = parse(more);
    return made ? std::optional<Code>() : made.error().code();
  };
  EXPECT_EQ(code(R"(, "use_dora": false, "layer_replication": null, "loftq_config": {})"),
            std::nullopt);
  EXPECT_EQ(code(R"(, "init_lora_weights": "gaussian")"), std::nullopt);
  EXPECT_EQ(code(R"(, "use_dora": true)"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "lora_bias": true)"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "bias": "all")"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "layer_replication": [[0, 1]])"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "trainable_token_indices": [1])"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "init_lora_weights": "pissa_niter_4")"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "rank_pattern": {".*up": 4})"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "rank_pattern": {"up": 3})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "rank_pattern": {"up": -4})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "alpha_pattern": {"up": "2"})"), Code::InvalidArgument);
  const auto prompts = *json::Document::parse(R"({"peft_type": "PROMPT_TUNING"})");
  EXPECT_EQ(LoraAdapter::parse(prompts.root(), factors()).error().code(), Code::NotBuilt);
}

TEST(LoraAdapter, RefusesTensorsThatDoNotFit) {
  const auto code = [](OwnedTensor tensor) {
    return parse("", weights_of(std::move(tensor))).error().code();
  };
  EXPECT_EQ(code(filled("model.x.lora_A.weight", {4, 2}, 1)), Code::InvalidArgument);
  EXPECT_EQ(code(filled("base_model.model.x.lora_A.weight", {4, 2}, 1)), Code::InvalidArgument);
  EXPECT_EQ(code(filled("base_model.model.x.lora_B.weight", {2, 4}, 1)), Code::InvalidArgument);
  EXPECT_EQ(code(filled("base_model.model.x.lora_magnitude_vector", {4}, 1)), Code::NotBuilt);
  EXPECT_EQ(parse("", *Weights::from_tensors({})).error().code(), Code::InvalidArgument);
  EXPECT_EQ(parse("", factors("x", 8)).error().code(), Code::InvalidArgument);
  EXPECT_EQ(parse("", factors("x", 0)).error().code(), Code::InvalidArgument);
}

TEST(LoraAdapter, OpensAFolder) {
  const auto blocking = rt::Blocking::on_main_thread();
  const ::testing::TempFolder folder;
  EXPECT_EQ(LoraAdapter::open(blocking, folder.path()).error().code(), Code::NotFound);
  std::ofstream(folder / "adapter_config.json") << R"({"peft_type": "LORA", "r": 4})";
  EXPECT_EQ(LoraAdapter::open(blocking, folder.path()).error().code(), Code::NotFound);
  std::vector<OwnedTensor> tensors;
  tensors.push_back(filled("base_model.model.a.b.lora_A.weight", {4, 2}, 1));
  tensors.push_back(filled("base_model.model.a.b.lora_B.weight", {3, 4}, 0.5));
  ASSERT_TRUE(write_safetensors(blocking, folder / "adapter_model.safetensors", tensors, {}));
  const auto adapter = LoraAdapter::open(blocking, folder.path());
  ASSERT_TRUE(adapter) << adapter.error().message();
  const Weights base = weights_of(filled("a.b.weight", {3, 2}, 1));
  EXPECT_EQ(merged_value(*adapter, base, Precision::F32, DType::F32), 5);  // 1 + 2 * 8 / 4
  std::ofstream(folder / "adapter_config.json") << "{";
  EXPECT_EQ(LoraAdapter::open(blocking, folder.path()).error().code(), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
