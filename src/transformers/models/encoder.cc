#include "transformers/models/encoder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/models/encoder_families.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

using Load = Result<std::unique_ptr<Encoder>> (*)(const Weights&, json::View, Precision);

constexpr std::pair<std::string_view, Load> kFamilies[] = {
    {"bert", load_bert},      {"roberta", load_bert},       {"xlm-roberta", load_bert},
    {"camembert", load_bert}, {"electra", load_bert},       {"distilbert", load_bert},
    {"mpnet", load_bert},     {"deberta-v2", load_deberta}, {"modernbert", load_modernbert},
};

}  // namespace

void EncoderBatch::add(std::span<const std::int32_t> sequence,
                       std::span<const std::int32_t> sequence_types) {
  EMB_CHECK(sequence_types.empty() || sequence_types.size() == sequence.size(),
            "every token has a type");
  ids.insert(ids.end(), sequence.begin(), sequence.end());
  types.insert(types.end(), sequence_types.begin(), sequence_types.end());
  types.resize(ids.size());
  starts.push_back(ids.size());
}

std::size_t EncoderBatch::longest() const {
  std::size_t most = 0;
  for (std::size_t i = 0; i < sequences(); ++i) most = std::max(most, length(i));
  return most;
}

Encoder::Encoder(EncoderShape shape) : shape_(shape) {
  shape_.length_max = std::min(shape_.length_max, kLengthMax);
}

Status Encoder::forward(Team& team, const EncoderBatch& batch, Matrix& hidden) const {
  EMB_CHECK(batch.types.size() == batch.ids.size() && batch.rows() == batch.ids.size(),
            "the batch was filled by add()");
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    if (batch.length(i) == 0) return fail(Code::InvalidArgument, "a sequence has no tokens");
    if (batch.length(i) > shape_.length_max) {
      return fail(Code::InvalidArgument,
                  cat("a sequence has ", batch.length(i), " tokens, but the ", "model reads ",
                      shape_.length_max, " at most"));
    }
  }
  for (const std::int32_t id : batch.ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= shape_.vocabulary)
      return fail(Code::InvalidArgument, cat("the model has no token ", id));
  }
  for (const std::int32_t type : batch.types) {
    if (shape_.types != 0 && (type < 0 || static_cast<std::size_t>(type) >= shape_.types))
      return fail(Code::InvalidArgument, cat("the model has no token type ", type));
  }
  hidden.resize(batch.rows(), shape_.width);
  if (batch.rows() != 0) run(team, batch, hidden);
  return Done{};
}

Result<std::unique_ptr<Encoder>> load_encoder(const Weights& weights, json::View config,
                                              Precision precision) {
  EMB_DO(check_loadable(weights, config));
  for (const char* key : {"is_decoder", "add_cross_attention"}) {
    if (config[key].boolean().value_or(false))
      return fail(Code::NotBuilt, cat("encoders made to be decoders (", key, ") are not built"));
  }
  const std::string type = config.text_or("model_type", "");
  for (const auto& [name, load] : kFamilies) {
    if (name == type) return load(weights, config, precision);
  }
  return fail(Code::NotBuilt, cat("no encoder is built for model_type \"", type, "\""));
}

bool is_encoder(std::string_view model_type) {
  return std::ranges::any_of(kFamilies,
                             [&](const auto& family) { return family.first == model_type; });
}

}  // namespace embrace::transformers
