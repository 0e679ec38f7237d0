#include "transformers/models/gguf_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "json/writer.h"
#include "transformers/models/gguf_tokenizer.h"
#include "transformers/tensor/mapped_file.h"

namespace embrace::transformers {

namespace {

struct Family {
  std::string_view architecture;  // GGUF's name
  std::string_view model_type;    // config.json's
  std::string_view class_name;
};

constexpr Family kFamilies[] = {
    {"llama", "llama", "LlamaForCausalLM"},    {"qwen2", "qwen2", "Qwen2ForCausalLM"},
    {"qwen3", "qwen3", "Qwen3ForCausalLM"},    {"gemma", "gemma", "GemmaForCausalLM"},
    {"gemma2", "gemma2", "Gemma2ForCausalLM"}, {"gemma3", "gemma3_text", "Gemma3ForCausalLM"},
    {"phi3", "phi3", "Phi3ForCausalLM"},
};

// Names of tensors without "blk.N." and "model.layers.N.", and without .weight or .bias.
constexpr std::pair<std::string_view, std::string_view> kOfLayers[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_qkv", "self_attn.qkv_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_norm", "post_attention_layernorm"},  // of those without a norm behind the attention
    {"post_ffw_norm", "post_feedforward_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};
constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

// Factors of rotary frequencies, which are part of config.json.
constexpr std::string_view kFactors = "rope_freqs.weight";
constexpr std::string_view kShortFactors = "rope_factors_short.weight";
constexpr std::string_view kLongFactors = "rope_factors_long.weight";

constexpr std::int64_t kFactorsMax = 1 << 12;

class Reader {
 public:
  explicit Reader(const Gguf& gguf) : gguf_(gguf) {}

  Status find_family() {
    const auto architecture = gguf_.text("general.architecture");
    if (!architecture) return fail(Code::Corrupt, "GGUF: general.architecture is missing");
    for (const Family& family : kFamilies) {
      if (family.architecture == *architecture) family_ = &family;
    }
    if (family_ == nullptr) {
      return fail(Code::NotBuilt,
                  cat("GGUF: models of the architecture ", *architecture, " are not built"));
    }
    if (gguf_.integer("split.count").value_or(1) > 1) {
      return fail(Code::NotBuilt,
                  "GGUF: this is one part of a model in many; join them with llama-gguf-split");
    }
    if (integer("expert_count").value_or(0) > 0)
      return fail(Code::NotBuilt, "GGUF: mixtures of experts are not built");
    for (const auto& [name, view] : gguf_.tensors()) views_.emplace(name, view);
    return Done{};
  }

  Result<std::string> render_config();
  Result<Weights> take_weights(std::shared_ptr<const void> keeper);

 private:
  bool is(std::string_view architecture) const { return family_->architecture == architecture; }
  bool is_gemma() const { return family_->architecture.starts_with("gemma"); }
  std::string key(std::string_view name) const { return cat(family_->architecture, ".", name); }
  std::optional<std::int64_t> integer(std::string_view name) const {
    return gguf_.integer(key(name));
  }
  std::optional<double> number(std::string_view name) const { return gguf_.number(key(name)); }

  // A width or a count. Some files give one for each layer; all must be the same.
  Result<std::int64_t> size(std::string_view name,
                            std::optional<std::int64_t> otherwise = {}) const;
  Status write_rope(json::Writer& config, std::int64_t head_dim) const;
  Status write_factors(json::Writer& config, std::string_view name, std::string_view tensor) const;
  void write_stop(json::Writer& config) const;

  std::optional<std::string> hub_name(std::string_view name) const;
  bool has_norm_behind_attention() const { return is("gemma2") || is("gemma3"); }
  Result<OwnedTensor> unpermuted(const TensorView& view, std::int64_t heads) const;
  Result<OwnedTensor> less_one(const TensorView& view) const;

  const Gguf& gguf_;
  const Family* family_ = nullptr;
  std::map<std::string_view, TensorView> views_;
};

Result<std::int64_t> Reader::size(std::string_view name,
                                  std::optional<std::int64_t> otherwise) const {
  constexpr std::int64_t kMax = std::int64_t{1} << 31;
  std::optional<std::int64_t> value = integer(name);
  if (const GgufArray* each = gguf_.array(key(name)); each != nullptr) {
    const auto numbers = each->numbers();
    if (!numbers || numbers->empty() || !(numbers->front() >= 1 && numbers->front() < kMax))
      return fail(Code::Corrupt, cat("GGUF: ", key(name), " must be whole numbers"));
    if (std::ranges::any_of(*numbers, [&](double other) { return other != numbers->front(); }))
      return fail(Code::NotBuilt, cat("GGUF: layers that differ in ", key(name), " are not built"));
    value = static_cast<std::int64_t>(numbers->front());
  }
  if (!value) value = otherwise;
  if (!value) return fail(Code::Corrupt, cat("GGUF: ", key(name), " is missing"));
  if (*value < 1 || *value > kMax)
    return fail(Code::Corrupt, cat("GGUF: ", key(name), " is ", *value));
  return *value;
}

Status Reader::write_factors(json::Writer& config, std::string_view name,
                             std::string_view tensor) const {
  const auto found = views_.find(tensor);
  if (found == views_.end() || found->second.elements() > kFactorsMax)
    return fail(Code::Corrupt, cat("GGUF: ", tensor, " is missing or too long"));
  EMB_TRY(const auto factors, read_all(found->second));
  config.key(name).begin_array();
  for (const float factor : factors) config.value(static_cast<double>(factor));
  config.end_array();
  return Done{};
}

// Rotary embeddings, in the older of config.json's two spellings.
Status Reader::write_rope(json::Writer& config, std::int64_t head_dim) const {
  config.field("rope_theta", number("rope.freq_base").value_or(10000.0));
  const auto turned = integer("rope.dimension_count").value_or(head_dim);
  if (turned < 1 || turned > head_dim)
    return fail(Code::Corrupt, cat("GGUF: ", turned, " of ", head_dim, " features are turned"));
  if (turned != head_dim) {
    config.field("partial_rotary_factor",
                 static_cast<double>(turned) / static_cast<double>(head_dim));
  }
  if (is("gemma3"))
    config.field("rope_local_base_freq", number("rope.freq_base_swa").value_or(10000.0));
  const auto original = integer("rope.scaling.original_context_length");
  // Old files have a factor and no type.
  const auto old_factor = number("rope.scale_linear");
  const auto factor = old_factor ? old_factor : number("rope.scaling.factor");
  const std::string type(gguf_.text(key("rope.scaling.type"))
                             .value_or(factor.value_or(1.0) == 1.0 ? "none" : "linear"));
  const bool by_length = views_.contains(kLongFactors);
  if (by_length || views_.contains(kFactors)) {
    // Factors for long texts and for others (Phi-3), or one for each frequency (Llama 3), which is
    // the same kind with equal lists and nothing else.
    EMB_TRY(const auto positions, size("context_length"));
    config.field("original_max_position_embeddings", original.value_or(positions));
    config.key("rope_scaling").begin_object().field("rope_type", "longrope");
    EMB_DO(write_factors(config, "short_factor", by_length ? kShortFactors : kFactors));
    EMB_DO(write_factors(config, "long_factor", by_length ? kLongFactors : kFactors));
    if (!by_length) config.field("attention_factor", 1.0);
    if (const auto scale = number("rope.scaling.attn_factor"); by_length && scale)
      config.field("attention_factor", *scale);
    config.end_object();
    return Done{};
  }
  if (type == "none") return Done{};
  if (type != "linear" && type != "yarn")
    return fail(Code::NotBuilt, cat("GGUF: rotary embeddings of kind ", type, " are not built"));
  if (!factor || !(*factor > 0))
    return fail(Code::Corrupt, "GGUF: rope.scaling.factor is missing or not above zero");
  config.key("rope_scaling").begin_object().field("rope_type", type).field("factor", *factor);
  if (original) config.field("original_max_position_embeddings", *original);
  for (const auto& [ours, theirs] : {std::pair{"beta_fast", "rope.scaling.yarn_beta_fast"},
                                     std::pair{"beta_slow", "rope.scaling.yarn_beta_slow"}}) {
    if (const auto value = number(theirs)) config.field(ours, *value);
  }
  // Here a factor beside yarn's own, on the Hub the whole of it.
  if (const auto more = number("rope.scaling.attn_factor"); more && type == "yarn")
    config.field("attention_factor", *more * (1 + 0.1 * std::log(std::max(*factor, 1.0))));
  config.end_object();
  return Done{};
}

// Where a text ends, and where a turn of a chat does.
void Reader::write_stop(json::Writer& config) const {
  if (const auto begin = gguf_.integer("tokenizer.ggml.bos_token_id"))
    config.field("bos_token_id", *begin);
  const auto end = gguf_.integer("tokenizer.ggml.eos_token_id");
  if (!end) return;
  config.key("eos_token_id").begin_array().value(*end);
  for (const auto* name : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    if (const auto other = gguf_.integer(name); other && *other != *end) config.value(*other);
  }
  config.end_array();
}

Result<std::string> Reader::render_config() {
  const auto embedding = views_.find("token_embd.weight");
  if (embedding == views_.end()) return fail(Code::Corrupt, "GGUF: token_embd.weight is missing");
  EMB_TRY(const auto hidden, size("embedding_length"));
  EMB_TRY(const auto heads, size("attention.head_count"));
  EMB_TRY(const auto kv_heads, size("attention.head_count_kv", heads));
  EMB_TRY(const auto head_dim,
          size("attention.key_length", std::max(hidden / heads, std::int64_t{1})));
  EMB_TRY(const auto value_dim, size("attention.value_length", head_dim));
  EMB_TRY(const auto layers, size("block_count"));
  EMB_TRY(const auto network, size("feed_forward_length"));
  EMB_TRY(const auto positions, size("context_length"));
  const auto epsilon = number("attention.layer_norm_rms_epsilon");
  if (!epsilon) return fail(Code::Corrupt, "GGUF: the epsilon of norms is missing");
  if (value_dim != head_dim)
    return fail(Code::NotBuilt, "GGUF: heads whose values have another width are not built");

  json::Writer config;
  config.begin_object().field("model_type", family_->model_type);
  config.key("architectures").begin_array().value(family_->class_name).end_array();
  config.field("hidden_size", hidden).field("intermediate_size", network);
  config.field("num_hidden_layers", layers).field("num_attention_heads", heads);
  config.field("num_key_value_heads", kv_heads).field("head_dim", head_dim);
  config.field("max_position_embeddings", positions).field("rms_norm_eps", *epsilon);
  config.field("vocab_size", embedding->second.rows());
  config.field("tie_word_embeddings", !views_.contains("output.weight"));
  config.field("attention_bias", views_.contains("blk.0.attn_q.bias"));
  config.field("hidden_act", is_gemma() ? "gelu_pytorch_tanh" : "silu");
  EMB_DO(write_rope(config, head_dim));
  write_stop(config);
  if (is_gemma()) config.field("hidden_activation", "gelu_pytorch_tanh");
  if (has_norm_behind_attention()) {
    // The files do not say what scores are divided by; the largest of either family differs.
    const bool by_width = layers == (is("gemma2") ? 46 : 62);
    config.field("query_pre_attn_scalar", by_width ? hidden / heads : head_dim);
    config.field("sliding_window_pattern", is("gemma2") ? 2 : 6);
    for (const auto* name : {"attn_logit_softcapping", "final_logit_softcapping"}) {
      if (const auto cap = number(name))
        config.field(name, *cap);
      else if (!is("gemma2"))  // whose own caps hold when a file does not say
        config.key(name).null();
    }
  }
  if (const auto window = integer("attention.sliding_window"); window && *window > 0)
    config.field("sliding_window", *window);
  return config.end_object().take();
}

std::optional<std::string> Reader::hub_name(std::string_view name) const {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view end = name.substr(dot);  // ".weight"
  std::string_view stem = name.substr(0, dot);
  for (const auto& [theirs, ours] : kOthers) {
    if (stem == theirs) return cat(ours, end);
  }
  if (!stem.starts_with("blk.")) return std::nullopt;
  stem.remove_prefix(4);
  const auto layer = parse_uint(stem.substr(0, stem.find('.')));
  if (!layer || stem.find('.') == std::string_view::npos) return std::nullopt;
  stem.remove_prefix(stem.find('.') + 1);
  for (const auto& [theirs, ours] : kOfLayers) {
    if (stem != theirs) continue;
    std::string_view part = ours;
    if (is("phi3") && stem == "ffn_up") part = "mlp.gate_up_proj";
    if (has_norm_behind_attention() && stem == "ffn_norm") part = "pre_feedforward_layernorm";
    return cat("model.layers.", *layer, ".", part, end);
  }
  return std::nullopt;
}

// In a head of 2n rows, the file's rows 2i and 2i + 1 are rows i and n + i of the Hub's.
Result<OwnedTensor> Reader::unpermuted(const TensorView& view, std::int64_t heads) const {
  const std::int64_t rows = view.shape.empty() ? 0 : view.shape.front();
  if (rows == 0 || rows % (2 * heads) != 0 || view.shape.size() > 2)
    return fail(Code::Corrupt, cat("GGUF: ", rows, " rows are not ", heads, " heads"));
  if (view.shape.size() == 1 && block_elements(view.dtype) != 1)
    return fail(Code::NotBuilt, "GGUF: biases in blocks are not built");
  const std::size_t row_bytes = view.bytes.size() / static_cast<std::size_t>(rows);
  const std::int64_t half = rows / heads / 2;
  OwnedTensor made{{}, view.dtype, view.shape, std::vector<std::byte>(view.bytes.size())};
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t in_head = row % (2 * half);
    const std::int64_t from = row - in_head + in_head % half * 2 + in_head / half;
    std::memcpy(made.bytes.data() + static_cast<std::size_t>(row) * row_bytes,
                view.bytes.data() + static_cast<std::size_t>(from) * row_bytes, row_bytes);
  }
  return made;
}

Result<OwnedTensor> Reader::less_one(const TensorView& view) const {
  EMB_TRY(auto values, read_all(view));
  for (float& value : values) value -= 1;
  const auto bytes = std::as_bytes(std::span(values));
  return OwnedTensor{{}, DType::F32, view.shape, {bytes.begin(), bytes.end()}};
}

Result<Weights> Reader::take_weights(std::shared_ptr<const void> keeper) {
  struct Kept {
    std::shared_ptr<const void> file;
    std::vector<OwnedTensor> made;
  };
  auto kept = std::make_shared<Kept>();
  kept->file = std::move(keeper);
  kept->made.reserve(views_.size());  // views point into it
  EMB_TRY(const auto heads, size("attention.head_count"));
  EMB_TRY(const auto kv_heads, size("attention.head_count_kv", heads));

  std::map<std::string, TensorView, std::less<>> views;
  for (const auto& [name, view] : views_) {
    if (name == kFactors || name == kShortFactors || name == kLongFactors) continue;
    const auto ours = hub_name(name);
    if (!ours) {
      return fail(Code::NotBuilt, cat("GGUF: a ", family_->architecture, " model with a tensor ",
                                      name, " is not built"));
    }
    TensorView taken = view;
    const bool query = name.find(".attn_q.") != std::string_view::npos;
    const bool key = name.find(".attn_k.") != std::string_view::npos;
    std::optional<OwnedTensor> made;
    if (is("llama") && (query || key)) {
      EMB_TRY(made, unpermuted(view, query ? heads : kv_heads));
    } else if (is_gemma() && name.ends_with("norm.weight")) {
      EMB_TRY(made, less_one(view));
    }
    if (made) {
      kept->made.push_back(*std::move(made));
      const OwnedTensor& tensor = kept->made.back();
      taken = {tensor.dtype, tensor.shape, tensor.bytes};
    }
    if (!views.emplace(*ours, std::move(taken)).second)
      return fail(Code::Corrupt, cat("GGUF: two tensors are ", *ours));
  }
  return Weights::from_views(std::move(views), std::move(kept));
}

}  // namespace

Result<GgufModel> read_gguf_model(std::span<const std::byte> file,
                                  std::shared_ptr<const void> keeper) {
  EMB_TRY(const Gguf gguf, Gguf::parse(file));
  Reader reader(gguf);
  EMB_DO(reader.find_family());
  GgufModel model;
  EMB_TRY(model.config_json, reader.render_config());
  EMB_TRY(model.weights, reader.take_weights(std::move(keeper)));
  EMB_TRY(model.tokenizer_json, render_gguf_tokenizer(gguf));
  model.chat_template = gguf.text("tokenizer.chat_template").value_or("");
  return model;
}

Result<GgufModel> open_gguf_model(rt::Blocking blocking, const std::filesystem::path& path) {
  EMB_TRY(auto mapped, MappedFile::open(blocking, path));
  auto keeper = std::make_shared<const MappedFile>(std::move(mapped));
  const auto bytes = keeper->bytes();
  auto model = read_gguf_model(bytes, std::move(keeper));
  if (!model) return fail(std::move(model).error().while_doing(path.string()));
  return model;
}

}  // namespace embrace::transformers
