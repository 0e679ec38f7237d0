// What a model of a folder writes under grammars, as lines of JSON for tests in Python.
//
//   generate FOLDER             each line of standard input is {"prompt": "...", "tokens_max": N}
//                               with one of "schema" (a JSON schema), "regex" or "grammar" and, if
//                               wanted, "seed" and "temperature"; each answer is a line:
//                               {"text", "finish", "complete"}, or {"error", "not_built"}
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "json/view.h"
#include "rt/blocking.h"
#include "transformers/generation/grammar_mask.h"
#include "transformers/generation/text_model.h"

namespace {

using namespace embrace;
using namespace embrace::transformers;

Result<std::shared_ptr<const Grammar>> read_grammar(json::View question) {
  if (const auto pattern = question["regex"].text()) return Grammar::from_regex(*pattern);
  if (const auto source = question["grammar"].text()) return Grammar::from_ebnf(*source);
  return Grammar::from_json_schema(question["schema"]);
}

class Writer {
 public:
  static Result<Writer> open(const char* folder) {
    EMB_TRY(TextModel model,
            TextModel::open(rt::Blocking::on_main_thread(), folder, Precision::F32));
    EMB_TRY(auto vocabulary, read_token_vocabulary(model.tokenizer, model.defaults.end_tokens));
    return Writer(std::move(model), std::move(vocabulary));
  }

  Result<std::string> answer(std::string_view line) {
    EMB_TRY(const json::Document document, json::Document::parse(line, 200));
    const json::View question = document.root();
    EMB_TRY(auto grammar, read_grammar(question));
    GrammarMask mask(std::move(grammar), vocabulary_);
    GenerationOptions options = model_.defaults;
    options.tokens_max = static_cast<std::size_t>(question["tokens_max"].integer().value_or(256));
    options.sampling.temperature = question["temperature"].number().value_or(0);
    options.sampling.seed = static_cast<std::uint64_t>(question["seed"].integer().value_or(0));
    EMB_TRY(const auto prompt, model_.encode(question.text_or("prompt", "a"), true));
    EMB_TRY(const Generation made, generate({*model_.lm, *team_, *pool_, work_}, prompt, options,
                                            &model_.tokenizer, &mask));
    EMB_TRY(const bool complete, mask.complete());
    std::string out = "{\"text\":";
    append_json_quoted(out, made.text);
    return cat(out, ",\"finish\":", static_cast<int>(made.finish),
               ",\"complete\":", complete ? "true" : "false", "}");
  }

 private:
  Writer(TextModel model, std::shared_ptr<const TokenVocabulary> vocabulary)
      : model_(std::move(model)),
        vocabulary_(std::move(vocabulary)),
        team_(std::make_unique<Team>(1)),
        pool_(
            std::make_unique<KvPool>(model_.lm->kv_shape(KvStorage::F32), std::size_t{64} << 20)) {}

  TextModel model_;
  std::shared_ptr<const TokenVocabulary> vocabulary_;
  std::unique_ptr<Team> team_;
  std::unique_ptr<KvPool> pool_;
  CausalLm::Workspace work_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: generate FOLDER\n", stderr);
    return 2;
  }
  auto writer = Writer::open(arguments[1]);
  if (!writer) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], writer.error().message().c_str());
    return 1;
  }
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    auto answer = writer->answer(line);
    if (!answer) {
      std::string error = "{\"error\":";
      append_json_quoted(error, answer.error().message());
      answer =
          cat(error, ",\"not_built\":", answer.error().code() == Code::NotBuilt ? "true" : "false",
              "}");
    }
    std::cout << *answer << '\n' << std::flush;
  }
  return 0;
}
