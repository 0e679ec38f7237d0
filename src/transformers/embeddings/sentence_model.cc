#include "transformers/embeddings/sentence_model.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "json/view.h"
#include "transformers/embeddings/pooling.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/config.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/tokenizers/tokenizer.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

// Rows of one pass through the encoder: enough to keep the products busy, few enough that what
// flows between them stays in the caches.
constexpr std::size_t kBatchRows = 1024;

// What stands behind the pooling, each taking a row for each text.
struct Step {
  enum class Kind : std::uint8_t { Dense, Norm, Normalize } kind = Kind::Normalize;
  Linear linear;
  Activation activation = Activation::None;
  Norm norm;
};

std::string_view last_name(std::string_view dotted) {
  const auto dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

// "torch.nn.modules.activation.Tanh"
Result<Activation> parse_torch_activation(std::string_view name) {
  const std::string_view last = last_name(name);
  if (last == "Identity") return Activation::None;
  if (last == "Tanh" || last == "ReLU" || last == "GELU" || last == "SiLU" || last == "Sigmoid")
    return parse_activation(to_lower(last));
  return fail(Code::NotBuilt, cat("the activation ", name, " of a Dense module is not built"));
}

}  // namespace

void normalize_row(std::span<float> row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  const auto length = static_cast<float>(std::max(std::sqrt(squares), 1e-12));
  for (float& value : row) value /= length;
}

struct SentenceModel::Impl {
  std::optional<Tokenizer> tokenizer;
  std::unique_ptr<Encoder> encoder;
  Pooling pooling;
  std::vector<Step> steps;
  bool lower = false;
  std::size_t length_max = 0;
  std::size_t width = 0;
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt;
  std::string similarity = "cosine";

  Status load(const ModelFiles& files, Precision precision);
  Status load_transformer(const ModelFiles& files, const std::string& folder, Precision precision);
  Status load_step(const ModelFiles& files, const std::string& folder, std::string_view kind);
  Result<std::string> choose_prompt(const EmbedOptions& options) const;
  Status run(Team& team, std::span<const Encoding> encodings, std::span<const std::size_t> which,
             std::size_t skip, Matrix& out) const;
};

Status SentenceModel::Impl::load(const ModelFiles& files, Precision precision) {
  EMB_TRY(const json::Document settings, files.json_if_there("config_sentence_transformers.json"));
  prompts = {{"query", ""}, {"document", ""}};  // there in every model
  for (const auto& [name, words] : settings.root()["prompts"].members())
    prompts.insert_or_assign(std::string(name), std::string(words.text().value_or("")));
  if (const auto name = settings.root()["default_prompt_name"].text()) {
    if (!prompts.contains(std::string(*name)))
      return fail(Code::InvalidArgument, cat("default_prompt_name is no prompt: ", *name));
    default_prompt = std::string(*name);
  }
  similarity = settings.root().text_or("similarity_fn_name", "cosine");

  auto modules = files.json("modules.json");
  if (!modules && modules.error().code() == Code::NotFound) {
    EMB_DO(load_transformer(files, "", precision));
    width = encoder->shape().width;
    return Done{};
  }
  if (!modules) return fail(modules.error());
  bool pooled = false;
  for (const json::View module : modules->root().items()) {
    const std::string type = module.text_or("type", "");
    const std::string_view kind = last_name(type);
    EMB_TRY(const std::string folder, inner_path(module.text_or("path", "")));
    if ((encoder == nullptr) != (kind == "Transformer"))
      return fail(Code::NotBuilt, "modules.json does not begin with its one Transformer");
    if (kind == "Transformer") {
      EMB_DO(load_transformer(files, folder, precision));
    } else if (kind == "Pooling") {
      if (pooled) return fail(Code::NotBuilt, "a second Pooling is not built");
      EMB_TRY(const json::Document config, files.json(join_path(folder, "config.json")));
      EMB_TRY(pooling, Pooling::parse(config.root()));
      pooled = true;
      width = encoder->shape().width * pooling.modes().size();
    } else if (kind != "Dropout") {
      if (!pooled) return fail(Code::NotBuilt, cat("a ", kind, " before the Pooling is not built"));
      EMB_DO(load_step(files, folder, kind));
    }
  }
  if (!pooled) return fail(Code::NotBuilt, "modules.json has no Pooling");
  return Done{};
}

Status SentenceModel::Impl::load_transformer(const ModelFiles& files, const std::string& folder,
                                             Precision precision) {
  EMB_TRY(const json::Document config, files.json(join_path(folder, "config.json")));
  EMB_TRY(const Weights weights, files.weights(folder));
  EMB_TRY(encoder, load_encoder(weights, config.root(), precision));
  EMB_TRY(const std::string json, files.text(join_path(folder, "tokenizer.json")));
  EMB_TRY(tokenizer, Tokenizer::parse(json));

  // Each family had a file of its own name once.
  EMB_TRY(json::Document settings,
          files.json_if_there(join_path(folder, "sentence_bert_config.json")));
  for (const char* family : {"roberta", "distilbert", "camembert", "albert", "xlm-roberta"}) {
    if (settings.root().is_object() && !settings.root().members().empty()) break;
    EMB_TRY(settings,
            files.json_if_there(join_path(folder, cat("sentence_", family, "_config.json"))));
  }
  EMB_TRY(const json::Document words,
          files.json_if_there(join_path(folder, "tokenizer_config.json")));
  ConfigReader read(settings.root(), "sentence_bert_config.json");
  lower = read.flag_or("do_lower_case", false);
  length_max = encoder->shape().length_max;
  if (read.has("max_seq_length")) {
    length_max = std::min(length_max, read.size("max_seq_length"));
  } else if (const auto most = words.root()["model_max_length"].number(); most && *most >= 1) {
    if (*most < static_cast<double>(length_max)) length_max = static_cast<std::size_t>(*most);
  }
  EMB_DO(read.status());
  // The file's own limits are others: all-MiniLM-L6-v2 says 128 there, and reads 256.
  tokenizer->set_padding(std::nullopt);
  Truncation truncation;
  truncation.length_max = length_max;
  if (tokenizer->truncation()) truncation.side = tokenizer->truncation()->side;
  tokenizer->set_truncation(truncation);
  return Done{};
}

Status SentenceModel::Impl::load_step(const ModelFiles& files, const std::string& folder,
                                      std::string_view kind) {
  Step step;
  if (kind == "Normalize") {
    steps.push_back(std::move(step));
    return Done{};
  }
  if (kind != "Dense" && kind != "LayerNorm")
    return fail(Code::NotBuilt, cat("the module ", kind, " is not built"));
  EMB_TRY(const json::Document config, files.json(join_path(folder, "config.json")));
  EMB_TRY(const Weights weights, files.weights(folder));
  ConfigReader read(config.root(), join_path(folder, "config.json"));
  if (kind == "LayerNorm") {
    step.kind = Step::Kind::Norm;
    EMB_TRY(step.norm, Norm::load(weights, "norm", width, 1e-5));
  } else {
    step.kind = Step::Kind::Dense;
    const std::size_t outputs = read.size("out_features");
    EMB_TRY(step.activation, parse_torch_activation(read.text_or("activation_function", "Tanh")));
    if (read.text_or("module_input_name", "sentence_embedding") != "sentence_embedding" ||
        read.text_or("module_output_name", "sentence_embedding") != "sentence_embedding")
      return fail(Code::NotBuilt, "a Dense of anything but sentence_embedding is not built");
    if (read.flag_or("use_residual", false))
      return fail(Code::NotBuilt, "a Dense with use_residual is not built");
    EMB_DO(read.status());
    EMB_TRY(step.linear, Linear::load(weights, "linear", width, outputs, Precision::F32));
    width = outputs;
  }
  steps.push_back(std::move(step));
  return Done{};
}

Result<std::string> SentenceModel::Impl::choose_prompt(const EmbedOptions& options) const {
  if (options.prompt) return *options.prompt;
  const auto& name = options.prompt_name ? options.prompt_name : default_prompt;
  if (!name) return std::string();
  const auto found = prompts.find(*name);
  if (found == prompts.end())
    return fail(Code::InvalidArgument, cat("the model has no prompt named ", *name));
  return found->second;
}

// One batch: the encodings that `which` lists, into their rows of `out`.
Status SentenceModel::Impl::run(Team& team, std::span<const Encoding> encodings,
                                std::span<const std::size_t> which, std::size_t skip,
                                Matrix& out) const {
  EncoderBatch batch;
  for (const std::size_t i : which) {
    const std::vector<std::int32_t> ids(encodings[i].ids.begin(), encodings[i].ids.end());
    const std::vector<std::int32_t> types(encodings[i].type_ids.begin(),
                                          encodings[i].type_ids.end());
    batch.add(ids, types);
  }
  Matrix hidden;
  EMB_DO(encoder->forward(team, batch, hidden));
  Matrix rows(which.size(), hidden.columns() * pooling.modes().size());
  for (std::size_t i = 0; i < which.size(); ++i)
    pooling.apply(batch, hidden, i, std::min(skip, batch.length(i) - 1), rows.row(i));
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::Normalize) {
      for (std::size_t i = 0; i < rows.rows(); ++i) normalize_row(rows.row(i));
    } else if (step.kind == Step::Kind::Norm) {
      step.norm.apply(team, rows, rows);
    } else {
      Matrix made;
      step.linear.apply(team, rows, made);
      activate(step.activation, made.all());
      rows = std::move(made);
    }
  }
  for (std::size_t i = 0; i < which.size(); ++i)
    std::ranges::copy(rows.row(i).first(out.columns()), out.row(which[i]).begin());
  return Done{};
}

Result<SentenceModel> SentenceModel::load(const ModelFiles& files, Precision precision) {
  auto impl = std::make_unique<Impl>();
  EMB_DO(impl->load(files, precision));
  return SentenceModel(std::move(impl));
}

Result<Matrix> SentenceModel::embed(Team& team, std::span<const std::string_view> texts,
                                    const EmbedOptions& options) const {
  const std::size_t columns = options.width.value_or(width());
  if (columns == 0 || columns > width())
    return fail(Code::InvalidArgument, cat("the model's vectors have ", width(), " features"));
  EMB_TRY(const std::string prompt, impl_->choose_prompt(options));
  const Tokenizer& tokenizer = *impl_->tokenizer;
  EncodeOptions encoding;
  encoding.offsets = false;
  std::vector<std::string> whole;
  for (const std::string_view text : texts) {
    whole.push_back(cat(prompt, text));
    if (impl_->lower) whole.back() = lower_case(whole.back());
  }
  std::vector<TextPair> pairs;
  for (const std::string& text : whole) pairs.push_back({text, std::nullopt});
  EMB_TRY(std::vector<Encoding> encodings, tokenizer.encode_batch(pairs, encoding, team.size()));
  std::size_t skip = 0;
  if (!prompt.empty() && !impl_->pooling.include_prompt()) {
    // Its closing special token is not there when a text follows.
    EMB_TRY(const Encoding alone,
            tokenizer.encode(impl_->lower ? lower_case(prompt) : prompt, encoding));
    skip = alone.size();
    if (skip != 0 && alone.special_mask.back() != 0) --skip;
  }
  for (const Encoding& one : encodings) {
    if (one.size() == 0) return fail(Code::InvalidArgument, "a text has no tokens");
    if (!options.truncate && !one.overflowing.empty()) {
      return fail(Code::TooLarge,
                  cat("a text has more tokens than the ", impl_->length_max, " the model reads"));
    }
  }

  // Long texts first: what is left for the end is short, and no thread waits long for another.
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return encodings[a].size() > encodings[b].size();
  });
  std::vector<std::span<const std::size_t>> batches;
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t length = encodings[order[begin]].size();
    const std::size_t fit = std::max<std::size_t>(1, kBatchRows / length);
    const std::size_t count = std::min(fit, order.size() - begin);
    batches.push_back(std::span(order).subspan(begin, count));
    begin += count;
  }
  Matrix out(texts.size(), columns);
  Status status = Done{};
  if (team.size() > 1 && batches.size() >= team.size()) {
    std::mutex mutex;
    team.run(batches.size(), [&](std::size_t i) {
      Team alone(1);
      Status one = impl_->run(alone, encodings, batches[i], skip, out);
      if (one) return;
      std::lock_guard lock(mutex);
      status = std::move(one);
    });
  } else {
    for (const auto& batch : batches) EMB_DO(impl_->run(team, encodings, batch, skip, out));
  }
  if (!status) return fail(status.error());
  if (options.normalize) {
    for (std::size_t i = 0; i < out.rows(); ++i) normalize_row(out.row(i));
  }
  return out;
}

std::size_t SentenceModel::width() const { return impl_->width; }
std::size_t SentenceModel::length_max() const { return impl_->length_max; }
const std::map<std::string, std::string>& SentenceModel::prompts() const { return impl_->prompts; }
const std::string& SentenceModel::similarity() const { return impl_->similarity; }

SentenceModel::SentenceModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SentenceModel::SentenceModel(SentenceModel&&) noexcept = default;
SentenceModel& SentenceModel::operator=(SentenceModel&&) noexcept = default;
SentenceModel::~SentenceModel() = default;

}  // namespace embrace::transformers
