#pragma once
// PreNormLm: the walk that Llama, Phi-3 and mixtures of experts share. Each layer adds attention
// over what was normed, then a network over what was normed again (Xiong et al. 2020). Families
// differ in their networks, and in what files call their tensors.
//
// Threads: as CausalLm.

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "transformers/models/causal_lm.h"
#include "transformers/models/decoder_parts.h"
#include "transformers/models/rope.h"

namespace embrace::transformers {

class PreNormLm : public CausalLm {
 public:
  using CausalLm::CausalLm;

 protected:
  struct Layer {
    std::vector<float> attention_norm, network_norm;
    CausalAttention attention;
  };

  // All but attention and networks: shape_, words, norms, and layers_, whose attention knows its
  // shapes and has no weights yet.
  Status load_frame(const DecoderConfig& numbers, Rope rope, Precision precision);

  // Adds the share of layer `index`'s network for each row of `in`.
  virtual void add_network(Team& team, std::size_t index, const Matrix& in, Workspace& work,
                           Matrix& sum) const = 0;

  std::vector<Layer> layers_;

 private:
  Status run(Team& team, Workspace& work) const final;

  Rope rope_;
  float epsilon_ = 0;
  std::vector<float> last_norm_;
};

}  // namespace embrace::transformers
