// The families behind Seq2Seq::load(): where each keeps its tensors, and what its config.json says
// of it. T5 and mT5 first, then those that are built like BART.
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/loadable.h"
#include "transformers/models/seq2seq.h"

namespace embrace::transformers {

namespace {

// What one half's layers are called; source names are the decoder's second attention.
struct LayerNames {
  std::string_view query, key, value, out, norm;
  std::string_view source_query, source_key, source_value, source_out, source_norm;
  std::string_view inner, gate, outer, network_norm;
};

constexpr LayerNames kT5Encoder{"layer.0.SelfAttention.q",
                                "layer.0.SelfAttention.k",
                                "layer.0.SelfAttention.v",
                                "layer.0.SelfAttention.o",
                                "layer.0.layer_norm",
                                "",
                                "",
                                "",
                                "",
                                "",
                                "layer.1.DenseReluDense.wi",
                                "layer.1.DenseReluDense.wi_",
                                "layer.1.DenseReluDense.wo",
                                "layer.1.layer_norm"};
constexpr LayerNames kT5Decoder{
    "layer.0.SelfAttention.q",   "layer.0.SelfAttention.k",   "layer.0.SelfAttention.v",
    "layer.0.SelfAttention.o",   "layer.0.layer_norm",        "layer.1.EncDecAttention.q",
    "layer.1.EncDecAttention.k", "layer.1.EncDecAttention.v", "layer.1.EncDecAttention.o",
    "layer.1.layer_norm",        "layer.2.DenseReluDense.wi", "layer.2.DenseReluDense.wi_",
    "layer.2.DenseReluDense.wo", "layer.2.layer_norm"};
constexpr LayerNames kBart{"self_attn.q_proj",
                           "self_attn.k_proj",
                           "self_attn.v_proj",
                           "self_attn.out_proj",
                           "self_attn_layer_norm",
                           "encoder_attn.q_proj",
                           "encoder_attn.k_proj",
                           "encoder_attn.v_proj",
                           "encoder_attn.out_proj",
                           "encoder_attn_layer_norm",
                           "fc1",
                           "",
                           "fc2",
                           "final_layer_norm"};

// Bounds what decoding may keep of one text where no table of positions does.
constexpr std::size_t kLengthMax = 1 << 14;

std::string name(const std::string& at, std::string_view part) { return at + std::string(part); }

}  // namespace

class Seq2SeqLoader {
 public:
  Seq2SeqLoader(const Weights& weights, json::View config, Precision precision)
      : weights_(weights), read_(config), precision_(precision), made_(new Seq2Seq()) {
    made_->weights_ = weights;
  }

  Result<std::unique_ptr<Seq2Seq>> load() {
    const std::string type = read_.text_or("model_type", "");
    if (type == "t5" || type == "mt5") {
      EMB_DO(load_t5());
    } else if (type == "bart" || type == "mbart" || type == "marian" || type == "pegasus") {
      EMB_DO(load_bart(type));
    } else {
      return fail(Code::NotBuilt, cat("no encoder-decoder is built for model_type \"", type, "\""));
    }
    return std::move(made_);
  }

 private:
  Status load_t5() {
    Seq2Seq& made = *made_;
    width_ = read_.size("d_model");
    made.shape_ = {width_, read_.size("vocab_size"), kLengthMax, read_.size("num_heads"),
                   read_.size("d_kv")};
    inner_ = read_.size("d_ff");
    const std::size_t layers = read_.size("num_layers");
    const std::size_t decoder_layers = read_.size_or("num_decoder_layers", layers);
    epsilon_ = read_.number_or("layer_norm_epsilon", 1e-6, 0, 1);
    made.buckets_ = read_.size_or("relative_attention_num_buckets", 32);
    made.farthest_ = read_.size_or("relative_attention_max_distance", 128);
    made.first_token_ = static_cast<std::int32_t>(
        read_.integer_or("decoder_start_token_id", 0, 0, ConfigReader::kSizeMax));
    std::string network = read_.text_or("feed_forward_proj", "relu");
    made.gated_ = network.starts_with("gated-");
    if (made.gated_) network.erase(0, 6);
    if (made.gated_ && network == "gelu") network = "gelu_new";
    EMB_TRY(made.activation_, parse_activation(network));
    // Version 1.1 says that its words are not tied, and then the last rows are not scaled.
    const bool scaled =
        read_.flag_or("scale_decoder_outputs", read_.flag_or("tie_word_embeddings", true));
    if (scaled) made.head_scale_ = 1.0f / std::sqrt(static_cast<float>(width_));
    EMB_DO(read_.status());
    if (made.buckets_ < 4 || made.farthest_ <= made.buckets_ / 2)
      return fail(Code::InvalidArgument,
                  "config.json: the relative attention's numbers do not fit");
    made.rms_ = true;
    made.norm_first_ = true;
    EMB_TRY(const std::string at, find_prefix(weights_, "shared.weight"));
    EMB_DO(load_words(at));
    EMB_DO(load_layers(made.encoder_, at + "encoder.block.", kT5Encoder, layers, false));
    EMB_DO(load_layers(made.decoder_, at + "decoder.block.", kT5Decoder, decoder_layers, true));
    EMB_TRY(made.encoder_.last_norm, norm(at + "encoder.final_layer_norm"));
    EMB_TRY(made.decoder_.last_norm, norm(at + "decoder.final_layer_norm"));
    for (const auto& [half, side] :
         {std::pair(&made.encoder_, "encoder"), std::pair(&made.decoder_, "decoder")}) {
      EMB_TRY(const TensorView table, weights_.get(cat(at, side, ".block.0.layer.0.SelfAttention.",
                                                       "relative_attention_bias.weight"),
                                                   {static_cast<std::int64_t>(made.buckets_),
                                                    static_cast<std::int64_t>(made.shape_.heads)}));
      EMB_TRY(half->distances, read_all(table));
    }
    return load_head(at + "lm_head.weight", at + "shared.weight");
  }

  Status load_bart(const std::string& type) {
    Seq2Seq& made = *made_;
    width_ = read_.size("d_model");
    const std::size_t positions = read_.size("max_position_embeddings");
    made.shape_ = {width_, read_.size("vocab_size"), positions,
                   read_.size("encoder_attention_heads"), 0};
    const std::size_t decoder_heads = read_.size("decoder_attention_heads");
    inner_ = read_.size("encoder_ffn_dim");
    const std::size_t decoder_inner = read_.size("decoder_ffn_dim");
    const std::size_t layers = read_.size("encoder_layers");
    const std::size_t decoder_layers = read_.size("decoder_layers");
    epsilon_ = 1e-5;
    EMB_TRY(made.activation_, parse_activation(read_.text_or("activation_function", "gelu")));
    if (read_.flag_or("scale_embedding", false))
      made.word_scale_ = std::sqrt(static_cast<float>(width_));
    made.first_token_ = static_cast<std::int32_t>(
        read_.integer_or("decoder_start_token_id", 2, 0, ConfigReader::kSizeMax));
    EMB_DO(read_.status());
    if (width_ % made.shape_.heads != 0 || decoder_heads != made.shape_.heads)
      return fail(Code::InvalidArgument, "config.json: the heads do not fit the width");
    made.shape_.head_size = width_ / made.shape_.heads;
    made.attention_scale_ = 1.0f / std::sqrt(static_cast<float>(made.shape_.head_size));
    made.norm_first_ = type == "mbart" || type == "pegasus";
    const bool sines = type == "marian" || type == "pegasus";
    const std::string at = find_prefix(weights_, "model.shared.weight").value_or("") + "model.";
    const std::string words = at + "shared.weight";
    EMB_DO(load_words(at));
    EMB_DO(load_layers(made.encoder_, at + "encoder.layers.", kBart, layers, false));
    inner_ = decoder_inner;
    EMB_DO(load_layers(made.decoder_, at + "decoder.layers.", kBart, decoder_layers, true));
    for (const auto& [half, side] :
         {std::pair(&made.encoder_, at + "encoder."), std::pair(&made.decoder_, at + "decoder.")}) {
      const std::string table = side + "embed_positions.weight";
      if (sines && weights_.find(table) == nullptr) {
        made.sinusoids_ = true;
      } else {
        // BART's first two rows were for padding, which is not there any more.
        made.position_offset_ = sines ? 0 : 2;
        EMB_TRY(half->positions,
                Table::load(weights_, table, positions + made.position_offset_, width_));
      }
      if (!sines) {
        EMB_TRY(half->first_norm, norm(side + "layernorm_embedding"));
      }
      if (made.norm_first_) {
        EMB_TRY(half->last_norm, norm(side + "layer_norm"));
      }
    }
    const std::string outside = at.substr(0, at.size() - std::string_view("model.").size());
    if (weights_.find(outside + "final_logits_bias") != nullptr) {
      EMB_TRY(const TensorView bias,
              weights_.get(outside + "final_logits_bias",
                           {1, static_cast<std::int64_t>(made.shape_.vocabulary)}));
      EMB_TRY(made.head_bias_, read_all(bias));
    }
    return load_head(outside + "lm_head.weight", words);
  }

  // One table for both halves, unless the file has others for them.
  Status load_words(const std::string& at) {
    const std::size_t count = made_->shape_.vocabulary;
    EMB_TRY(const Table shared, Table::load(weights_, at + "shared.weight", count, width_));
    for (const auto& [half, side] : {std::pair(&made_->encoder_, at + "encoder."),
                                     std::pair(&made_->decoder_, at + "decoder.")}) {
      const std::string own = side + "embed_tokens.weight";
      half->words = shared;
      if (weights_.find(own) != nullptr) {
        EMB_TRY(half->words, Table::load(weights_, own, count, width_));
      }
    }
    return Done{};
  }

  Result<Norm> norm(const std::string& at) { return Norm::load(weights_, at, width_, epsilon_); }

  Status load_layers(Seq2Seq::Half& half, const std::string& prefix, const LayerNames& names,
                     std::size_t count, bool decoder) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string at = cat(prefix, i, ".");
      Seq2Seq::Layer layer;
      const std::size_t heads = made_->shape_.heads * made_->shape_.head_size;
      const auto load_attention = [&](Seq2Seq::Attention& into, std::string_view query,
                                      std::string_view key, std::string_view value,
                                      std::string_view out, std::string_view norm_name,
                                      bool own) -> Status {
        if (own) {
          EMB_TRY(into.qkv, load_joined(weights_, {name(at, query), name(at, key), name(at, value)},
                                        width_, heads, precision_));
        } else {
          EMB_TRY(into.qkv, Linear::load(weights_, name(at, query), width_, heads, precision_));
          EMB_TRY(into.kv, load_joined(weights_, {name(at, key), name(at, value)}, width_, heads,
                                       precision_));
        }
        EMB_TRY(into.out, Linear::load(weights_, name(at, out), heads, width_, precision_));
        EMB_TRY(into.norm, norm(name(at, norm_name)));
        return Done{};
      };
      EMB_DO(load_attention(layer.own, names.query, names.key, names.value, names.out, names.norm,
                            true));
      if (decoder) {
        layer.source.emplace();
        EMB_DO(load_attention(*layer.source, names.source_query, names.source_key,
                              names.source_value, names.source_out, names.source_norm, false));
      }
      if (made_->gated_) {
        EMB_TRY(layer.inner,
                load_joined(weights_, {name(at, names.gate) + "0", name(at, names.gate) + "1"},
                            width_, inner_, precision_));
      } else {
        EMB_TRY(layer.inner,
                Linear::load(weights_, name(at, names.inner), width_, inner_, precision_));
      }
      EMB_TRY(layer.outer,
              Linear::load(weights_, name(at, names.outer), inner_, width_, precision_));
      EMB_TRY(layer.norm, norm(name(at, names.network_norm)));
      half.layers.push_back(std::move(layer));
    }
    return Done{};
  }

  // The words' own table scores them where the file has no other.
  Status load_head(const std::string& own, const std::string& words) {
    const bool there = weights_.find(own) != nullptr;
    EMB_TRY(const TensorView weight,
            weights_.get(there ? own : words, {static_cast<std::int64_t>(made_->shape_.vocabulary),
                                               static_cast<std::int64_t>(width_)}));
    EMB_TRY(made_->head_, Linear::make(weight, nullptr, precision_));
    return Done{};
  }

  const Weights& weights_;
  ConfigReader read_;
  const Precision precision_;
  std::unique_ptr<Seq2Seq> made_;
  std::size_t width_ = 0;
  std::size_t inner_ = 0;
  double epsilon_ = 0;
};

Result<std::unique_ptr<Seq2Seq>> Seq2Seq::load(const Weights& weights, json::View config,
                                               Precision precision) {
  EMB_DO(check_loadable(weights, config));
  return Seq2SeqLoader(weights, config, precision).load();
}

}  // namespace embrace::transformers
