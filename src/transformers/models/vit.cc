#include "transformers/models/vit.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

constexpr std::string_view kFirstToken = "embeddings.cls_token";

// Transformers 4 wrote the first names, and so are nearly all files.
const PreNormNames kOldNames{"encoder.layer",           "attention.attention.query",
                             "attention.attention.key", "attention.attention.value",
                             "attention.output.dense",  "layernorm_before",
                             "intermediate.dense",      "output.dense",
                             "layernorm_after"};
const PreNormNames kNames{"layers",           "attention.q_proj", "attention.k_proj",
                          "attention.v_proj", "attention.o_proj", "layernorm_before",
                          "mlp.fc1",          "mlp.fc2",          "layernorm_after"};

Matrix first_row(const Matrix& hidden) {
  Matrix row(1, hidden.columns());
  std::ranges::copy(hidden.row(0), row.all().begin());
  return row;
}

}  // namespace

Result<std::unique_ptr<Vit>> Vit::load(const Weights& weights, json::View config,
                                       Precision precision) {
  EMB_DO(check_loadable(weights, config));
  ConfigReader read(config);
  const std::string type = read.text_or("model_type", "");
  if (type != "vit")
    return fail(Code::NotBuilt, cat("no vision encoder is built for model_type \"", type, "\""));
  EMB_TRY(const std::string prefix, find_prefix(weights, kFirstToken));
  VisionNames names;
  names.first_token = prefix + std::string(kFirstToken);
  names.positions = prefix + "embeddings.position_embeddings";
  names.patches = prefix + "embeddings.patch_embeddings.projection";
  const bool old = weights.find(prefix + "layers.0.layernorm_before.weight") == nullptr;
  names.layers = old ? kOldNames : kNames;
  names.layers.layers = prefix + names.layers.layers;
  const PreNormConfig defaults{768, 3072, 12, 12, Activation::Gelu, 1e-12, false};
  auto made = std::make_unique<Vit>();
  EMB_TRY(made->tower_, VisionTower::load(weights, names, read, defaults, 16, precision));
  const std::size_t width = made->tower_.width();
  EMB_TRY(made->norm_,
          Norm::load(weights, prefix + "layernorm", width, made->tower_.config().epsilon));
  if (weights.find(prefix + "pooler.dense.weight") != nullptr) {
    const std::size_t size = read.size_or("pooler_output_size", width);
    const std::string activation = read.text_or("pooler_act", "tanh");
    EMB_DO(read.status());
    EMB_TRY(made->pooler_activation_, parse_activation(activation));
    EMB_TRY(made->pooler_, Linear::load(weights, prefix + "pooler.dense", width, size, precision));
  }
  if (const TensorView* head = weights.find("classifier.weight")) {
    if (head->shape.size() != 2)
      return fail(Code::InvalidArgument, "classifier.weight is no matrix");
    EMB_TRY(made->classifier_, Linear::load(weights, "classifier", width,
                                            static_cast<std::size_t>(head->rows()), precision));
  }
  return made;
}

Status Vit::forward(Team& team, const PixelMap& image, Matrix& hidden) const {
  EMB_DO(tower_.forward(team, image, hidden));
  norm_.apply(team, hidden, hidden);
  return Done{};
}

Status Vit::pool(Team& team, const Matrix& hidden, Matrix& pooled) const {
  if (!pooler_) return fail(Code::NotFound, "the model has no pooler");
  pooler_->apply(team, first_row(hidden), pooled);
  activate(pooler_activation_, pooled.all());
  return Done{};
}

Status Vit::classify(Team& team, const Matrix& hidden, Matrix& logits) const {
  if (!classifier_) return fail(Code::NotFound, "the model has no labels");
  classifier_->apply(team, first_row(hidden), logits);
  return Done{};
}

}  // namespace embrace::transformers
