#include "transformers/models/whisper.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

constexpr double kEpsilon = 1e-5;

// Each row of queries looks at the first `seen(row)` rows of `rows`, which hold keys and then
// values. `queries` has them in its first columns.
template <class Seen>
void look(Team& team, const Matrix& queries, std::span<const float> rows,
          const AttentionShape& shape, Seen seen, Matrix& out) {
  const std::size_t size = shape.head_size;
  const std::size_t width = shape.heads * size;
  out.resize(queries.rows(), width);
  team.run(queries.rows() * shape.heads, [&](std::size_t part) {
    const std::size_t row = part / shape.heads;
    const std::size_t head = part % shape.heads;
    const auto query = queries.row(row).subspan(head * size, size);
    std::vector<float> scores(seen(row));
    for (std::size_t i = 0; i < scores.size(); ++i)
      scores[i] = shape.scale * dot(query, rows.subspan(i * 2 * width + head * size, size));
    softmax(scores);
    const auto result = out.row(row).subspan(head * size, size);
    std::ranges::fill(result, 0.0f);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto value = rows.subspan(i * 2 * width + width + head * size, size);
      for (std::size_t j = 0; j < size; ++j) result[j] += scores[i] * value[j];
    }
  });
}

}  // namespace

Result<std::unique_ptr<Whisper>> Whisper::load(const Weights& weights, json::View config,
                                               Precision precision) {
  EMB_DO(check_loadable(weights, config));
  ConfigReader read(config);
  const std::string type = read.text_or("model_type", "");
  if (type != "whisper")
    return fail(Code::NotBuilt, cat("model_type \"", type, "\" is no Whisper"));
  auto made = std::make_unique<Whisper>();
  made->weights_ = weights;
  Shape& shape = made->shape_;
  shape.width = read.size("d_model");
  shape.vocabulary = read.size("vocab_size");
  shape.mels = read.size_or("num_mel_bins", 80);
  const std::size_t source = read.size_or("max_source_positions", 1500);
  shape.frames = 2 * source;
  shape.positions = read.size_or("max_target_positions", 448);
  const auto half = [&](const std::string& name) {
    Half one;
    one.layers = static_cast<std::size_t>(read.integer_or(name + "_layers", 4, 0, 1024));
    one.inner = read.size_or(name + "_ffn_dim", 1536);
    one.attention.heads = read.size_or(name + "_attention_heads", 6);
    if (shape.width % one.attention.heads != 0)
      read.complain(cat("", name, "_attention_heads do not divide d_model"));
    one.attention.head_size = std::max<std::size_t>(1, shape.width / one.attention.heads);
    one.attention.scale = 1 / std::sqrt(static_cast<float>(one.attention.head_size));
    return one;
  };
  made->encoder_half_ = half("encoder");
  made->decoder_half_ = half("decoder");
  const std::string activation = read.text_or("activation_function", "gelu");
  const bool tied = read.flag_or("tie_word_embeddings", true);
  EMB_DO(read.status());
  EMB_TRY(made->activation_, parse_activation(activation));

  EMB_TRY(const std::string prefix, find_prefix(weights, "encoder.conv1.weight"));
  const std::string encoder = prefix + "encoder.";
  const std::string decoder = prefix + "decoder.";
  ConvolutionShape step;
  step.inputs = shape.mels;
  step.outputs = shape.width;
  step.kernel = 3;
  step.before = 1;
  step.after = 1;
  EMB_TRY(made->first_, Convolution::load(weights, encoder + "conv1", step, precision));
  step.inputs = shape.width;
  step.stride = 2;
  EMB_TRY(made->second_, Convolution::load(weights, encoder + "conv2", step, precision));
  EMB_TRY(const Table places,
          Table::load(weights, encoder + "embed_positions.weight", source, shape.width));
  made->places_.resize(source, shape.width);
  for (std::size_t i = 0; i < source; ++i) places.copy_row(i, made->places_.row(i));
  EMB_DO(made->load_half(weights, encoder, made->encoder_half_, false, precision, made->encoder_));
  EMB_TRY(made->encoder_norm_, Norm::load(weights, encoder + "layer_norm", shape.width, kEpsilon));

  EMB_TRY(made->words_,
          Table::load(weights, decoder + "embed_tokens.weight", shape.vocabulary, shape.width));
  EMB_TRY(made->positions_,
          Table::load(weights, decoder + "embed_positions.weight", shape.positions, shape.width));
  EMB_DO(made->load_half(weights, decoder, made->decoder_half_, true, precision, made->decoder_));
  EMB_TRY(made->decoder_norm_, Norm::load(weights, decoder + "layer_norm", shape.width, kEpsilon));
  const bool own_head = !tied && weights.find("proj_out.weight") != nullptr;
  EMB_TRY(made->head_, Linear::load(weights, own_head ? "proj_out" : decoder + "embed_tokens",
                                    shape.width, shape.vocabulary, precision));
  return made;
}

Status Whisper::load_half(const Weights& weights, const std::string& prefix, const Half& half,
                          bool is_decoder, Precision precision, std::vector<Layer>& layers) const {
  const std::size_t width = shape_.width;
  for (std::size_t i = 0; i < half.layers; ++i) {
    const std::string at = cat(prefix, "layers.", i, ".");
    Layer layer;
    // Keys have no bias; the others do.
    const std::string own = at + "self_attn.";
    EMB_TRY(layer.own.in, load_joined(weights, {own + "q_proj", own + "k_proj", own + "v_proj"},
                                      width, width, precision));
    EMB_TRY(layer.own.out, Linear::load(weights, own + "out_proj", width, width, precision));
    EMB_TRY(layer.own.norm, Norm::load(weights, at + "self_attn_layer_norm", width, kEpsilon));
    if (is_decoder) {
      const std::string heard = at + "encoder_attn.";
      layer.heard.emplace();
      EMB_TRY(layer.heard->in, Linear::load(weights, heard + "q_proj", width, width, precision));
      EMB_TRY(layer.heard->heard,
              load_joined(weights, {heard + "k_proj", heard + "v_proj"}, width, width, precision));
      EMB_TRY(layer.heard->out, Linear::load(weights, heard + "out_proj", width, width, precision));
      EMB_TRY(layer.heard->norm,
              Norm::load(weights, at + "encoder_attn_layer_norm", width, kEpsilon));
    }
    EMB_TRY(layer.inner, Linear::load(weights, at + "fc1", width, half.inner, precision));
    EMB_TRY(layer.outer, Linear::load(weights, at + "fc2", half.inner, width, precision));
    EMB_TRY(layer.norm, Norm::load(weights, at + "final_layer_norm", width, kEpsilon));
    layers.push_back(std::move(layer));
  }
  return Done{};
}

void Whisper::run_network(Team& team, const Layer& layer, Matrix& hidden) const {
  Matrix normed;
  Matrix inner;
  layer.norm.apply(team, hidden, normed);
  layer.inner.apply(team, normed, inner);
  activate(team, activation_, inner);
  layer.outer.add_to(team, inner, hidden);
}

Status Whisper::encode(Team& team, const Matrix& features, Matrix& encoded) const {
  if (features.rows() != shape_.frames || features.columns() != shape_.mels) {
    return fail(Code::InvalidArgument,
                cat("features of ", features.rows(), " x ", features.columns(),
                    ", but the model hears ", shape_.frames, " x ", shape_.mels));
  }
  Matrix normed;
  Matrix wide;
  first_.apply(team, features, wide);
  activate(team, Activation::Gelu, wide);
  second_.apply(team, wide, encoded);
  activate(team, Activation::Gelu, encoded);
  add(team, encoded, places_);
  EncoderBatch batch;
  batch.starts = {0, encoded.rows()};
  Matrix attended;
  for (const Layer& layer : encoder_) {
    layer.own.norm.apply(team, encoded, normed);
    layer.own.in.apply(team, normed, wide);
    attend(team, batch, wide, encoder_half_.attention, {}, attended);
    layer.own.out.add_to(team, attended, encoded);
    run_network(team, layer, encoded);
  }
  encoder_norm_.apply(team, encoded, encoded);
  return Done{};
}

Result<Whisper::State> Whisper::listen(Team& team, const Matrix& encoded) const {
  if (encoded.columns() != shape_.width || encoded.rows() == 0)
    return fail(Code::InvalidArgument, "these are not the encoder's rows");
  State state;
  for (const Layer& layer : decoder_) {
    auto heard = std::make_shared<Matrix>();
    layer.heard->heard.apply(team, encoded, *heard);
    state.layers_.push_back({std::move(heard), {}});
  }
  return state;
}

Status Whisper::step(Team& team, State& state, std::span<const std::int32_t> tokens,
                     Matrix& logits) const {
  EMB_CHECK(state.layers_.size() == decoder_.size(), "the state was made by listen()");
  if (tokens.empty()) return fail(Code::InvalidArgument, "there are no tokens to add");
  if (tokens.size() > shape_.positions - state.length_) {
    return fail(Code::InvalidArgument,
                cat("a text has ", state.length_ + tokens.size(), " tokens, but the model writes ",
                    shape_.positions, " at most"));
  }
  for (const std::int32_t token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= shape_.vocabulary)
      return fail(Code::InvalidArgument, cat("the model has no token ", token));
  }
  Matrix hidden(tokens.size(), shape_.width);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    words_.copy_row(static_cast<std::size_t>(tokens[i]), hidden.row(i));
    positions_.add_row(state.length_ + i, hidden.row(i));
  }
  Matrix normed;
  Matrix wide;
  Matrix attended;
  const AttentionShape& attention = decoder_half_.attention;
  for (std::size_t i = 0; i < decoder_.size(); ++i) {
    const Layer& layer = decoder_[i];
    State::Layer& kept = state.layers_[i];
    layer.own.norm.apply(team, hidden, normed);
    layer.own.in.apply(team, normed, wide);
    for (std::size_t row = 0; row < wide.rows(); ++row) {
      const auto pair = wide.row(row).subspan(shape_.width);  // key and value
      kept.written.insert(kept.written.end(), pair.begin(), pair.end());
    }
    look(
        team, wide, kept.written, attention,
        [&](std::size_t row) { return state.length_ + row + 1; }, attended);
    layer.own.out.add_to(team, attended, hidden);

    layer.heard->norm.apply(team, hidden, normed);
    layer.heard->in.apply(team, normed, wide);
    look(
        team, wide, kept.heard->all(), attention, [&](std::size_t) { return kept.heard->rows(); },
        attended);
    layer.heard->out.add_to(team, attended, hidden);
    run_network(team, layer, hidden);
  }
  state.length_ += tokens.size();
  decoder_norm_.apply(team, hidden, hidden);
  head_.apply(team, hidden, logits);
  return Done{};
}

}  // namespace embrace::transformers
