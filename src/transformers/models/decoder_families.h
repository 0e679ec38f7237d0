#pragma once
// The loaders behind CausalLm::load, one for each family's file.

#include <memory>
#include <string_view>

#include "transformers/models/causal_lm.h"

namespace embrace::transformers {

using LoadedLm = Result<std::unique_ptr<CausalLm>>;

// Whether CausalLm::load has a family for config.json's model_type.
bool is_causal_lm(std::string_view model_type);

LoadedLm load_llama(const Weights& weights, json::View config, Precision precision);
LoadedLm load_gpt2(const Weights& weights, json::View config, Precision precision);
LoadedLm load_gemma(const Weights& weights, json::View config, Precision precision);
LoadedLm load_phi3(const Weights& weights, json::View config, Precision precision);
LoadedLm load_mixture(const Weights& weights, json::View config, Precision precision);

}  // namespace embrace::transformers
