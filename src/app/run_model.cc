#include "app/run_model.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "app/terminal_text.h"
#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"
#include "rt/blocking.h"
#include "transformers/generation/grammar_mask.h"
#include "transformers/generation/text_model.h"

namespace embrace::app {

namespace {

namespace tf = embrace::transformers;

// The files that TextModel::open reads.
const std::vector<std::string> kFilesOfAModel{"config.json",
                                              "generation_config.json",
                                              "tokenizer.json",
                                              "tokenizer_config.json",
                                              "chat_template.jinja",
                                              "model*.safetensors",
                                              "model.safetensors.index.json"};

Result<tf::TextModel> open_model(rt::Blocking blocking, const std::filesystem::path& path,
                                 tf::Precision precision, bool quiet) {
  ProgressLine line(quiet);
  const tf::LoadWatch watch(show_loading(line));
  return tf::TextModel::open(blocking, path, precision);
}

// A file's text, standard input's, or what was given itself.
Result<std::string> read_source(const std::string& given, bool is_text) {
  constexpr std::size_t kMost = tf::Grammar::kSourceBytesMax;
  if (is_text) return given;
  if (given != "-") return read_file(given, kMost);
  std::string all;
  char piece[4096];
  while (all.size() <= kMost) {
    const std::size_t count = std::fread(piece, 1, sizeof piece, stdin);
    if (count == 0) break;
    all.append(piece, count);
  }
  if (all.size() > kMost) return fail(Code::TooLarge, "standard input is too long");
  return all;
}

// What the text is held to; nullptr for nothing.
Result<std::shared_ptr<const tf::Grammar>> read_form(const RunCommand& command) {
  const int given = (command.json_schema.empty() ? 0 : 1) + (command.regex.empty() ? 0 : 1) +
                    (command.grammar.empty() ? 0 : 1);
  if (given == 0) return nullptr;
  if (given > 1)
    return fail(Code::InvalidArgument, "only one of --json-schema, --regex and --grammar");
  if (command.prompt.empty() && (command.json_schema == "-" || command.grammar == "-"))
    return fail(Code::InvalidArgument, "standard input can't be both the prompts and the form");
  if (!command.regex.empty()) return tf::Grammar::from_regex(command.regex);
  if (!command.grammar.empty()) {
    const bool is_text = command.grammar.find("::=") != std::string::npos;
    EMB_TRY(const std::string source, read_source(command.grammar, is_text));
    return tf::Grammar::from_ebnf(source);
  }
  EMB_TRY(const std::string source,
          read_source(command.json_schema, trim(command.json_schema).starts_with('{')));
  auto document = json::Document::parse(source);
  if (!document) return fail(std::move(document).error().while_doing("the JSON schema"));
  return tf::Grammar::from_json_schema(document->root());
}

void show_figures(std::size_t prompt_tokens, const tf::Generation& result) {
  const auto rate = [](double count, double seconds) { return seconds > 0 ? count / seconds : 0; };
  const std::size_t read = prompt_tokens - result.prompt_tokens_shared;
  const std::size_t said = result.tokens.size();
  std::fprintf(stderr,
               "\n[prompt: %zu tokens, %zu of them known, %.2f s, %.1f tokens/s; text: %zu tokens, "
               "%.2f s, %.1f tokens/s]\n",
               prompt_tokens, result.prompt_tokens_shared, result.prompt_seconds,
               rate(static_cast<double>(read), result.prompt_seconds), said, result.text_seconds,
               rate(static_cast<double>(said) - 1, result.text_seconds));
}

class Session {
 public:
  // `form` may be nullptr.
  static Result<std::unique_ptr<Session>> open(tf::TextModel model, const RunCommand& command,
                                               std::shared_ptr<const tf::Grammar> form) {
    auto session = std::make_unique<Session>(std::move(model), command);
    if (form == nullptr) return session;
    EMB_TRY(auto vocabulary,
            tf::read_token_vocabulary(session->model_.tokenizer, session->options_.end_tokens));
    session->mask_.emplace(std::move(form), std::move(vocabulary));
    session->options_.write_one();
    return session;
  }

  Session(tf::TextModel model, const RunCommand& command)
      : model_(std::move(model)),
        team_(command.threads),
        pool_(model_.lm->kv_shape(command.precision == "f32" ? tf::KvStorage::F32
                                                             : tf::KvStorage::BF16),
              command.memory_mib << 20),
        options_(model_.defaults),
        chats_(model_.chat && !command.plain) {
    if (chats_ && !command.system.empty()) say("system", command.system);
    if (command.tokens_max) options_.tokens_max = *command.tokens_max;
    tf::SamplingOptions& sampling = options_.sampling;
    if (command.top_p) sampling.top_p = *command.top_p;
    if (command.top_k) sampling.top_k = *command.top_k;
    // Who says how to choose by chance wants it.
    if (command.temperature || command.top_p || command.top_k) options_.sample(command.temperature);
    if (command.repetition_penalty) sampling.repetition_penalty = *command.repetition_penalty;
    sampling.seed = command.seed;
  }

  // The model's answer, or how the text goes on where it does not chat.
  Status answer(const std::string& prompt) {
    if (!is_valid_utf8(prompt)) return fail(Code::InvalidArgument, "the text is not UTF-8");
    if (!chats_) {
      EMB_TRY(const auto tokens, model_.encode(prompt, true));
      EMB_TRY(const tf::Generation result, write(tokens));
      show_figures(tokens.size(), result);
      return check_form(result);
    }
    // A message that got no answer is not part of the chat.
    const std::string before = messages_;
    say("user", prompt);
    const Status answered = answer_chat();
    if (!answered) messages_ = before;
    return answered;
  }

 private:
  Status answer_chat() {
    EMB_TRY(const auto document, json::Document::parse(cat("[", messages_, "]")));
    tf::ChatInput input;
    EMB_TRY(input.messages, tf::Value::from_json(document.root()));
    input.add_generation_prompt = true;
    const std::time_t now = std::time(nullptr);
    ::localtime_r(&now, &input.now);
    EMB_TRY(const auto tokens, model_.encode_chat(input));
    EMB_TRY(const tf::Generation result, write(tokens));
    show_figures(tokens.size(), result);
    EMB_DO(check_form(result));
    say("assistant", result.text);
    return Done{};
  }

  Result<tf::Generation> write(std::span<const std::int32_t> tokens) {
    if (mask_) EMB_DO(mask_->restart());
    return tf::generate(
        {*model_.lm, team_, pool_, work_}, tokens, options_, &model_.tokenizer,
        mask_ ? &*mask_ : nullptr, [shown = ::isatty(STDOUT_FILENO) == 1](const tf::Step& step) {
          const std::string text = shown ? for_terminal(step.text) : std::string(step.text);
          std::fwrite(text.data(), 1, text.size(), stdout);
          std::fflush(stdout);
          return std::ferror(stdout) == 0;
        });
  }

  // What was cut off is only the beginning of what was asked for.
  Status check_form(const tf::Generation& result) {
    if (!mask_) return Done{};
    EMB_TRY(const bool complete, mask_->complete());
    if (complete) return Done{};
    return fail(Code::Unusable,
                cat("the text was cut off after ", result.tokens.size(),
                    " tokens, before it had the form that was asked for (see --max-tokens)"));
  }

  void say(std::string_view role, std::string_view text) {
    messages_ += cat(messages_.empty() ? "" : ",", "{\"role\":\"", role, "\",\"content\":");
    append_json_quoted(messages_, text);
    messages_ += "}";
  }

  tf::TextModel model_;
  tf::Team team_;
  tf::KvPool pool_;
  tf::CausalLm::Workspace work_;
  tf::GenerationOptions options_;
  bool chats_;
  std::optional<tf::GrammarMask> mask_;
  std::string messages_;  // of the chat so far, as the items of a JSON list
};

}  // namespace

Status run_model(const RunCommand& command) {
  const auto blocking = rt::Blocking::on_main_thread();
  EMB_TRY(const tf::Precision precision, tf::parse_precision(command.precision));
  if (command.threads > 1024) return fail(Code::InvalidArgument, "--threads is 1024 at most");
  if (command.memory_mib == 0 || command.memory_mib > (std::size_t{1} << 30))
    return fail(Code::InvalidArgument, "--memory is a number of MiB");
  if (!is_valid_utf8(command.system)) return fail(Code::InvalidArgument, "--system is not UTF-8");
  EMB_TRY(auto form, read_form(command));
  EMB_TRY(const auto path, find_model(blocking, command.place, kFilesOfAModel));
  EMB_TRY(tf::TextModel model, open_model(blocking, path, precision, command.place.quiet));
  EMB_TRY(const auto session, Session::open(std::move(model), command, std::move(form)));
  if (!command.prompt.empty()) return session->answer(command.prompt);
  const bool asks = ::isatty(STDIN_FILENO) == 1;
  for (std::string line;;) {
    if (asks) std::fputs("> ", stderr);
    if (!std::getline(std::cin, line)) return Done{};
    if (line.empty()) continue;
    // The next line may fare better.
    if (const Status answered = session->answer(line); !answered)
      std::fprintf(stderr, "embrace: %s\n", for_terminal(answered.error().message()).c_str());
    std::putchar('\n');
    if (std::ferror(stdout) != 0) return fail(Code::Unavailable, "standard output takes no more");
  }
}

}  // namespace embrace::app
