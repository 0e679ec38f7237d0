#pragma once
// What no family honours, and so refuses: a model that would load and then answer wrongly.

#include "base/result.h"
#include "json/view.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

// NotBuilt for weights that are quantized by somebody's own scheme (quantization_config, or scales
// beside the weights): only GGUF's blocks are read.
Status check_loadable(const Weights& weights, json::View config);

}  // namespace embrace::transformers
