// Tasks whose answer is a text that a model writes.
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "transformers/generation/grammar_mask.h"
#include "transformers/generation/text_model.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/tasks.h"

namespace embrace::transformers {

namespace {

// Keys and values of one text.
constexpr std::size_t kMemoryMax = std::size_t{8} << 30;
constexpr std::int64_t kTokensMax = 1 << 20;
constexpr std::int64_t kTopTokensMax = 20;

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::EndToken:
    case FinishReason::Complete:
      return "eos_token";
    case FinishReason::StopString:
      return "stop_sequence";
    default:
      return "length";
  }
}

// What a text is held to; nullptr for nothing. A schema is an object or the text of one.
Result<std::shared_ptr<const Grammar>> read_grammar(json::View given) {
  if (!given.exists()) return nullptr;
  const json::View value = given["value"];
  const std::string type = given.text_or("type", "");
  if (type == "regex") {
    EMB_TRY(const std::string_view pattern, text_of(value, "the value of a grammar \"regex\""));
    return Grammar::from_regex(pattern);
  }
  if (type != "json" && type != "json_schema")
    return fail(Code::InvalidArgument, "a grammar's type is one of json, json_schema, regex");
  json::View schema = type == "json" ? value : value["schema"];
  std::optional<json::Document> parsed;
  if (const auto text = schema.text()) {
    EMB_TRY(parsed, json::Document::parse(*text));
    schema = parsed->root();
  }
  if (!schema.exists()) return fail(Code::InvalidArgument, "a grammar lacks its schema");
  return Grammar::from_json_schema(schema);
}

// A token as it was written, with the likeliest ones in its place.
struct WrittenToken {
  std::int32_t token = 0;
  std::vector<TokenLogprob> logprobs;  // its own first
};

class TextGeneration : public Pipeline {
 public:
  TextGeneration(TextModel model, KvStorage storage)
      : model_(std::move(model)), storage_(storage) {}

  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    EMB_TRY(const Request request, read_request(parameters));
    const auto items = input.json.items();
    // The messages of a chat are one input.
    const bool is_chat = !items.empty() && items[0]["role"].exists();
    if (!is_chat) {
      return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
        EMB_TRY(const std::string_view text, text_of(one, "an input"));
        EMB_TRY(const auto prompt, model_.encode(text, true));
        out.begin_array();
        EMB_DO(write(team, prompt, request, text, {}, out));
        out.end_array();
        return Done{};
      });
    }
    ChatInput chat;
    EMB_TRY(chat.messages, Value::from_json(input.json));
    // What the model has begun to say it goes on with.
    chat.continue_final_message = items.back()["role"].text() == "assistant";
    chat.add_generation_prompt = !chat.continue_final_message;
    const std::time_t now = std::time(nullptr);
    ::localtime_r(&now, &chat.now);
    EMB_TRY(const auto prompt, model_.encode_chat(chat));
    json::Writer out;
    out.begin_array();
    EMB_DO(write(team, prompt, request, "", items, out));
    out.end_array();
    return out.take();
  }

 private:
  struct Request {
    GenerationOptions options;
    bool full_text = true;
    bool details = false;
    std::optional<std::size_t> truncate;
    std::size_t top_tokens = 0;
    std::shared_ptr<const Grammar> form;
  };

  Result<Request> read_request(json::View parameters) const {
    Parameters read(parameters);
    Request request;
    request.options = model_.defaults;
    read_sampling(read, request.options);
    if (const auto most = read.integer("max_new_tokens", 1, kTokensMax))
      request.options.tokens_max = static_cast<std::size_t>(*most);
    if (auto stops = read.texts("stop")) request.options.stop_strings = *std::move(stops);
    request.full_text = read.flag_or("return_full_text", true);
    request.details = read.flag_or("details", false);
    request.top_tokens = read.integer_or("top_n_tokens", 0, 0, kTopTokensMax);
    if (request.details) request.options.logprobs = request.top_tokens;
    if (const auto most = read.integer("truncate", 1, kTokensMax))
      request.truncate = static_cast<std::size_t>(*most);
    read.integer("best_of", 1, 1);
    read.refuse("adapter_id", "adapters are merged when a model is opened");
    read.refuse("decoder_input_details", "prompts have no logprobs");
    read.refuse("watermark", "texts have none");
    const json::View form = read.object("grammar");
    EMB_DO(read.status());
    EMB_DO(request.options.check());
    auto grammar = read_grammar(form);
    if (!grammar) return fail(std::move(grammar).error().while_doing("grammar"));
    request.form = *std::move(grammar);
    if (request.form != nullptr) request.options.write_one();
    return request;
  }

  static void read_sampling(Parameters& read, GenerationOptions& options) {
    SamplingOptions& sampling = options.sampling;
    const auto sample = read.flag("do_sample");
    const auto temperature = read.number("temperature", 1e-4, 100);
    const auto top_k = read.integer("top_k", 1, kTokensMax);
    const auto top_p = read.number("top_p", 0, 1);
    const auto typical_p = read.number("typical_p", 0, 1);
    if (const auto seed = read.integer("seed", 0, INT64_MAX))
      sampling.seed = static_cast<std::uint64_t>(*seed);
    if (const auto penalty = read.number("repetition_penalty", 1e-4, 1e4))
      sampling.repetition_penalty = *penalty;
    if (const auto penalty = read.number("frequency_penalty", -100, 100))
      sampling.frequency_penalty = *penalty;
    if (top_k) sampling.top_k = static_cast<std::size_t>(*top_k);
    if (top_p) sampling.top_p = *top_p;
    if (typical_p) sampling.typical_p = *typical_p;
    // Who says how to choose by chance wants it.
    if (sample == false) {
      options.sample(0);
    } else if (temperature || sample == true || top_k || top_p || typical_p) {
      options.sample(temperature);
    }
  }

  // Writes one text behind a prompt, which is `text` or the messages of `chat`.
  Status write(Team& team, std::span<const std::int32_t> prompt, const Request& request,
               std::string_view text, std::span<const json::View> chat, json::Writer& out) const {
    if (request.truncate && prompt.size() > *request.truncate)
      prompt = prompt.last(*request.truncate);
    KvPool pool(model_.lm->kv_shape(storage_), kMemoryMax);
    CausalLm::Workspace work;
    std::vector<WrittenToken> tokens;
    const auto keep = [&](const Step& step) {
      if (request.details)
        tokens.push_back({step.token, {step.logprobs.begin(), step.logprobs.end()}});
      return true;
    };
    std::optional<GrammarMask> mask;
    if (request.form != nullptr) {
      EMB_TRY(auto tokens_known, vocabulary());
      mask.emplace(request.form, std::move(tokens_known));
    }
    EMB_TRY(const Generation made, generate({*model_.lm, team, pool, work}, prompt, request.options,
                                            &model_.tokenizer, mask ? &*mask : nullptr, keep));
    out.begin_object().key("generated_text");
    if (!request.full_text) {
      out.value(made.text);
    } else if (chat.empty()) {
      out.value(cat(text, made.text));
    } else {
      out.begin_array();
      std::string content = made.text;
      if (chat.back()["role"].text() == "assistant") {
        content.insert(0, chat.back()["content"].text().value_or(""));
        chat = chat.first(chat.size() - 1);
      }
      for (const json::View message : chat) out.raw(message.render());
      out.begin_object().field("role", "assistant").field("content", content).end_object();
      out.end_array();
    }
    if (request.details) {
      out.key("details").begin_object().field("finish_reason", name_of(made.finish));
      out.field("generated_tokens", made.tokens.size()).key("seed");
      const SamplingOptions& sampling = request.options.sampling;
      sampling.temperature == 0 ? out.null() : out.value(sampling.seed);
      out.key("prefill").begin_array().end_array();
      EMB_DO(write_tokens(tokens, request.top_tokens, out));
      out.end_object();
    }
    out.end_object();
    return Done{};
  }

  Status write_token(const TokenLogprob& one, json::Writer& out) const {
    const auto id = static_cast<std::uint32_t>(one.token);
    EMB_TRY(const std::string text, model_.tokenizer.decode({&id, 1}, false));
    EMB_TRY(const std::string shown, model_.tokenizer.decode({&id, 1}, true));
    out.begin_object().field("id", one.token).field("text", text);
    out.field("logprob", static_cast<double>(one.logprob));
    out.field("special", shown.empty() && !text.empty()).end_object();
    return Done{};
  }

  Status write_tokens(std::span<const WrittenToken> tokens, std::size_t top,
                      json::Writer& out) const {
    out.key("tokens").begin_array();
    for (const WrittenToken& one : tokens) {
      if (!one.logprobs.empty()) EMB_DO(write_token(one.logprobs[0], out));
    }
    out.end_array();
    if (top == 0) return Done{};
    out.key("top_tokens").begin_array();
    for (const WrittenToken& one : tokens) {
      out.begin_array();
      for (std::size_t i = 1; i < one.logprobs.size(); ++i)
        EMB_DO(write_token(one.logprobs[i], out));
      out.end_array();
    }
    out.end_array();
    return Done{};
  }

  // Made when the first grammar comes.
  Result<std::shared_ptr<const TokenVocabulary>> vocabulary() const {
    const std::scoped_lock one(vocabulary_making_);
    if (vocabulary_ == nullptr) {
      EMB_TRY(vocabulary_, read_token_vocabulary(model_.tokenizer, model_.defaults.end_tokens));
    }
    return vocabulary_;
  }

  TextModel model_;
  KvStorage storage_;
  mutable std::mutex vocabulary_making_;
  mutable std::shared_ptr<const TokenVocabulary> vocabulary_;  // guarded
};

Result<std::unique_ptr<Pipeline>> open_generation(rt::Blocking blocking,
                                                  const std::filesystem::path& path,
                                                  Precision precision) {
  EMB_TRY(TextModel model, TextModel::open(blocking, path, precision));
  return std::make_unique<TextGeneration>(
      std::move(model), precision == Precision::F32 ? KvStorage::F32 : KvStorage::BF16);
}

}  // namespace

std::span<const Pipeline::Task> writing_tasks() {
  static constexpr Pipeline::Task kTasks[] = {
      {"text-generation", "a text, or the messages of a chat", false, open_generation},
  };
  return kTasks;
}

}  // namespace embrace::transformers
