#include "transformers/generation/text_model.h"

#include <utility>

#include "base/strings.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/models/config.h"
#include "transformers/models/gguf_model.h"

namespace embrace::transformers {

namespace {

// A file that models may do without.
Result<std::string> optional_text(const ModelFiles& files, const std::string& path) {
  auto text = files.text(path);
  if (!text && text.error().code() == Code::NotFound) return std::string();
  return text;
}

Result<json::Document> parse_file(std::string_view text, std::string_view name) {
  auto document = json::Document::parse(text.empty() ? "{}" : text);
  if (!document) return fail(std::move(document).error().while_doing(name));
  return document;
}

Result<TextModel> put_together(const Weights& weights, std::string_view config_text,
                               std::string_view generation_text, std::string_view tokenizer_text,
                               Precision precision) {
  EMB_TRY(const json::Document config, parse_file(config_text, "config.json"));
  EMB_TRY(const json::Document generation,
          parse_file(generation_text.empty() ? "null" : generation_text, "generation_config.json"));
  if (tokenizer_text.empty()) return fail(Code::NotFound, "the model has no tokenizer.json");
  EMB_TRY(Tokenizer tokenizer, Tokenizer::parse(tokenizer_text));
  EMB_TRY(GenerationOptions defaults, read_generation_options(generation.root(), config.root()));
  EMB_TRY(auto lm, CausalLm::load(weights, config.root(), precision));
  return TextModel{std::move(lm), std::move(tokenizer), std::move(defaults), {}};
}

Result<std::optional<ChatTemplate>> find_template(std::string_view tokenizer_config,
                                                  std::string_view chat_template) {
  ChatTemplate::Files files{.tokenizer_config = tokenizer_config};
  if (!chat_template.empty()) files.chat_template = chat_template;
  auto found = ChatTemplate::load(files);
  if (!found && found.error().code() == Code::NotFound) return std::nullopt;
  if (!found) return fail(std::move(found).error().while_doing("the chat template"));
  return *std::move(found);
}

// GGUF files have no tokenizer_config.json: the words that templates ask for, from their ids.
Result<std::string> special_words(std::string_view config_text, const Tokenizer& tokenizer) {
  EMB_TRY(const json::Document config, parse_file(config_text, "config.json"));
  std::string words = "{";
  for (const std::string_view kind : {"bos_token", "eos_token"}) {
    const auto id = config.root()[cat(kind, "_id")].integer();
    if (!id || *id < 0 || *id > ConfigReader::kSizeMax) continue;
    const auto word = tokenizer.token_of(static_cast<std::uint32_t>(*id));
    if (!word) continue;
    words += cat(words.size() > 1 ? "," : "", "\"", kind, "\":");
    append_json_quoted(words, *word);
  }
  return words + "}";
}

}  // namespace

Result<TextModel> TextModel::open(rt::Blocking blocking, const std::filesystem::path& path,
                                  Precision precision) {
  if (path.extension() == ".gguf") {
    EMB_TRY(GgufModel file, open_gguf_model(blocking, path));
    EMB_TRY(TextModel model,
            put_together(file.weights, file.config_json, {}, file.tokenizer_json, precision));
    EMB_TRY(const std::string words, special_words(file.config_json, model.tokenizer));
    EMB_TRY(model.chat, find_template(words, file.chat_template));
    return model;
  }
  const ModelFiles files = ModelFiles::in_folder(blocking, path);
  EMB_TRY(const std::string config, files.text("config.json"));
  EMB_TRY(const std::string generation, optional_text(files, "generation_config.json"));
  EMB_TRY(const std::string tokenizer, files.text("tokenizer.json"));
  EMB_TRY(const Weights weights, files.weights(""));
  EMB_TRY(TextModel model, put_together(weights, config, generation, tokenizer, precision));
  EMB_TRY(const std::string words, optional_text(files, "tokenizer_config.json"));
  EMB_TRY(const std::string chat, optional_text(files, "chat_template.jinja"));
  EMB_TRY(model.chat, find_template(words, chat));
  return model;
}

Result<std::vector<std::int32_t>> TextModel::encode(std::string_view text,
                                                    bool add_special_tokens) const {
  EMB_TRY(const Encoding encoding,
          tokenizer.encode(text, {.add_special_tokens = add_special_tokens, .offsets = false}));
  return std::vector<std::int32_t>(encoding.ids.begin(), encoding.ids.end());
}

Result<std::vector<std::int32_t>> TextModel::encode_chat(const ChatInput& input) const {
  if (!chat) return fail(Code::NotBuilt, "the model has no chat template");
  EMB_TRY(const RenderedChat rendered, chat->render(input));
  return encode(rendered.text, false);
}

Result<Precision> parse_precision(std::string_view name) {
  static constexpr std::pair<std::string_view, Precision> kNames[] = {
      {"auto", Precision::AsStored}, {"f32", Precision::F32},   {"bf16", Precision::BF16},
      {"q8_0", Precision::Q8_0},     {"q4_0", Precision::Q4_0},
  };
  for (const auto& [known, precision] : kNames) {
    if (known == name) return precision;
  }
  return fail(Code::InvalidArgument,
              cat("no precision is called ", name, "; there are auto, f32, bf16, q8_0 and q4_0"));
}

}  // namespace embrace::transformers
