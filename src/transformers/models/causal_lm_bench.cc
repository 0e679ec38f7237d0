// Tokens per second of a Llama of 135 million weights (SmolLM2's shape) with weights by chance:
// prompts of 512 tokens, and single tokens after them. Items are tokens. The argument is the
// Precision.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "transformers/models/causal_lm.h"

namespace embrace::transformers {
namespace {

constexpr std::int64_t kHidden = 576;
constexpr std::int64_t kKept = 192;
constexpr std::int64_t kInner = 1536;
constexpr std::int64_t kWords = 49152;
constexpr int kLayers = 30;
constexpr std::size_t kPrompt = 512;

OwnedTensor by_chance(std::string name, std::vector<std::int64_t> shape) {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  std::vector<std::byte> bytes(count * 2);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    // BF16 of about 0.03, of either sign.
    const auto bits =
        static_cast<std::uint16_t>((state & 0x80000000u) >> 16 | 0x3CF0u | (state >> 8 & 0xFu));
    std::memcpy(bytes.data() + i * 2, &bits, 2);
  }
  return {std::move(name), DType::BF16, std::move(shape), std::move(bytes)};
}

std::unique_ptr<CausalLm> make_model(Precision precision) {
  std::vector<OwnedTensor> tensors;
  tensors.push_back(by_chance("model.embed_tokens.weight", {kWords, kHidden}));
  tensors.push_back(by_chance("model.norm.weight", {kHidden}));
  for (int i = 0; i < kLayers; ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    tensors.push_back(by_chance(at + "input_layernorm.weight", {kHidden}));
    tensors.push_back(by_chance(at + "post_attention_layernorm.weight", {kHidden}));
    tensors.push_back(by_chance(at + "self_attn.q_proj.weight", {kHidden, kHidden}));
    tensors.push_back(by_chance(at + "self_attn.k_proj.weight", {kKept, kHidden}));
    tensors.push_back(by_chance(at + "self_attn.v_proj.weight", {kKept, kHidden}));
    tensors.push_back(by_chance(at + "self_attn.o_proj.weight", {kHidden, kHidden}));
    tensors.push_back(by_chance(at + "mlp.gate_proj.weight", {kInner, kHidden}));
    tensors.push_back(by_chance(at + "mlp.up_proj.weight", {kInner, kHidden}));
    tensors.push_back(by_chance(at + "mlp.down_proj.weight", {kHidden, kInner}));
  }
  const auto weights = Weights::from_tensors(std::move(tensors));
  const auto config = json::Document::parse(R"({"model_type": "llama", "vocab_size": 49152,
      "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
      "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": true})");
  EMB_CHECK(weights && config, "the bench's own model is well-formed");
  auto model = CausalLm::load(*weights, config->root(), precision);
  EMB_CHECK(model, "the bench's own model loads");
  return *std::move(model);
}

void read(const CausalLm& model, Team& team, CausalLm::Workspace& work, KvSequence& sequence,
          std::span<const std::int32_t> tokens) {
  const CausalLm::Stretch stretch{.tokens = tokens, .sequence = &sequence};
  EMB_CHECK(model.forward(team, {&stretch, 1}, work), "there is room");
}

void prompts(benchmark::State& state) {
  const auto model = make_model(static_cast<Precision>(state.range(0)));
  Team team(static_cast<unsigned>(state.range(1)));
  KvPool pool(model->kv_shape(KvStorage::BF16), std::size_t{256} << 20);
  CausalLm::Workspace work;
  const std::vector<std::int32_t> tokens(kPrompt, 7);
  for (auto _ : state) {
    KvSequence sequence(pool);
    read(*model, team, work, sequence, tokens);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kPrompt));
}
BENCHMARK(prompts)
    ->ArgsProduct({{1, 2, 3, 4}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void single_tokens(benchmark::State& state) {
  const auto model = make_model(static_cast<Precision>(state.range(0)));
  Team team(static_cast<unsigned>(state.range(1)));
  KvPool pool(model->kv_shape(KvStorage::BF16), std::size_t{256} << 20);
  CausalLm::Workspace work;
  const std::vector<std::int32_t> tokens(kPrompt, 7);
  KvSequence sequence(pool);
  read(*model, team, work, sequence, tokens);
  for (auto _ : state) {
    if (sequence.length() > kPrompt + 64) sequence.truncate(kPrompt);
    read(*model, team, work, sequence, std::span(tokens).first(1));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(single_tokens)
    ->ArgsProduct({{1, 2, 3, 4}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace embrace::transformers
