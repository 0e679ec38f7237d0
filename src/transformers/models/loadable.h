#pragma once
// What files hold beyond the model that their config.json describes: what no family honours, and so
// refuses, since it would load and then answer wrongly; and biases, which are left out.

#include <cstddef>
#include <string>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/linear.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

// NotBuilt for weights that are quantized by somebody's own scheme (quantization_config, or scales
// beside the weights): only GGUF's blocks are read.
Status check_loadable(const Weights& weights, json::View config);

// `name`.weight of that shape, and `name`.bias if the config allows one and the file has it: what a
// file holds and its config denies is not the model's.
Result<Linear> load_linear(const Weights& weights, const std::string& name, std::size_t inputs,
                           std::size_t outputs, Precision precision, bool biased);

}  // namespace embrace::transformers
