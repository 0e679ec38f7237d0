#pragma once
// What vision transformers and CLIP's towers share: layers with a norm before each part, so that
// what flows through is only ever added to (Xiong et al. 2020). The files of the families know
// names and settings.
//
// Threads: as an Encoder.

#include <string>
#include <vector>

#include "base/result.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_parts.h"

namespace embrace::transformers {

struct PreNormConfig {
  std::size_t width = 0;
  std::size_t inner = 0;  // features between the two products behind attention
  std::size_t layers = 0;
  std::size_t heads = 0;
  Activation activation = Activation::Gelu;
  double epsilon = 1e-5;
  bool causal = false;  // tokens see none behind them
};

// Names behind "`layers`.0."; all parts of one layer.
struct PreNormNames {
  std::string layers;
  std::string query;
  std::string key;
  std::string value;
  std::string attention_out;
  std::string attention_norm;
  std::string inner;
  std::string outer;
  std::string inner_norm;
};

class PreNormLayers {
 public:
  // InvalidArgument also where the heads do not divide the width.
  static Result<PreNormLayers> load(const Weights& weights, const PreNormNames& names,
                                    const PreNormConfig& config, Precision precision);
  // All layers, in place. Of the batch the starts count.
  void run(Team& team, const EncoderBatch& batch, Matrix& hidden) const;

 private:
  struct Layer {
    Norm attention_norm;
    Linear qkv;
    Linear attention_out;
    Norm inner_norm;
    Linear inner;
    Linear outer;
  };
  std::vector<Layer> layers_;
  AttentionShape attention_;
  Activation activation_ = Activation::Gelu;
  bool causal_ = false;
};

}  // namespace embrace::transformers
