#pragma once
// What a Linear holds: made in linear.cc, multiplied by in linear_products.cc.

#include <cstddef>
#include <vector>

#include "transformers/kernels/linear.h"

namespace embrace::transformers {

struct Linear::Impl {
  // One weight, or several side by side, each with the format that it was stored in.
  struct Part {
    Panels panels;
    std::size_t first_output;
  };
  struct Product;

  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<Part> parts;
  std::vector<float> bias;  // empty, or outputs

  const float* bias_of(const Part& part) const {
    return bias.empty() ? nullptr : bias.data() + part.first_output;
  }
  std::size_t weight_bytes() const {
    std::size_t sum = 0;
    for (const Part& part : parts) sum += part.panels.memory_bytes();
    return sum;
  }
};

}  // namespace embrace::transformers
