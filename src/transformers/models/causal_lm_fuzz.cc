// A config.json from anyone, beside the weights of a small Llama: whatever loads must also run.
#include <cstdint>
#include <string_view>
#include <vector>

#include "transformers/models/causal_lm.h"

using namespace embrace;
using namespace embrace::transformers;

namespace {

OwnedTensor zeros(std::string name, std::vector<std::int64_t> shape) {
  std::size_t bytes = sizeof(float);
  for (const std::int64_t side : shape) bytes *= static_cast<std::size_t>(side);
  return {std::move(name), DType::F32, std::move(shape), std::vector<std::byte>(bytes)};
}

Weights small_weights() {
  std::vector<OwnedTensor> tensors;
  tensors.push_back(zeros("model.embed_tokens.weight", {16, 8}));
  tensors.push_back(zeros("lm_head.weight", {16, 8}));
  tensors.push_back(zeros("model.norm.weight", {8}));
  const std::string layer = "model.layers.0.";
  for (const char* norm : {"input_layernorm", "post_attention_layernorm",
                           "pre_feedforward_layernorm", "post_feedforward_layernorm"})
    tensors.push_back(zeros(layer + norm + ".weight", {8}));
  for (const char* norm : {"q_norm", "k_norm"})
    tensors.push_back(zeros(layer + "self_attn." + norm + ".weight", {4}));
  for (const char* part : {"q_proj", "k_proj", "v_proj", "o_proj"})
    tensors.push_back(zeros(layer + "self_attn." + part + ".weight", {8, 8}));
  for (const char* part : {"gate_proj", "up_proj", "down_proj"})
    tensors.push_back(zeros(layer + "mlp." + part + ".weight", {8, 8}));
  tensors.push_back(zeros(layer + "mlp.gate.weight", {2, 8}));
  tensors.push_back(zeros(layer + "mlp.experts.gate_up_proj", {2, 8, 8}));
  tensors.push_back(zeros(layer + "mlp.experts.down_proj", {2, 8, 4}));
  return *Weights::from_tensors(std::move(tensors));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Weights weights = small_weights();
  static Team team(1);
  const auto config = json::Document::parse({reinterpret_cast<const char*>(data), size});
  if (!config) return 0;
  const auto model = CausalLm::load(weights, config->root(), Precision::F32);
  if (!model) return 0;
  KvPool pool((*model)->kv_shape(KvStorage::F32), std::size_t{1} << 20);
  KvSequence sequence(pool);
  CausalLm::Workspace work;
  const std::vector<std::int32_t> tokens{1, 2, 3};
  for (int i = 0; i < 2; ++i) {
    const CausalLm::Stretch stretch{.tokens = tokens, .sequence = &sequence};
    if (!(*model)->forward(team, {&stretch, 1}, work)) break;
  }
  return 0;
}
