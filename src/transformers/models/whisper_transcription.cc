#include "transformers/models/whisper_transcription.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/whisper_languages.h"

namespace embrace::transformers {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr std::size_t kForcedMax = 64;

// A token's id: of a vocabulary that starts at 0.
std::optional<std::int32_t> token_of(json::View value, std::size_t vocabulary) {
  const auto id = value.integer();
  if (!id || *id < 0 || static_cast<std::size_t>(*id) >= vocabulary) return std::nullopt;
  return static_cast<std::int32_t>(*id);
}

std::unexpected<Error> no_token(std::string_view key) {
  return fail(Code::InvalidArgument,
              cat("generation_config.json: ", key, " names tokens that the model does not have"));
}

bool is_there(json::View value) { return value.exists() && !value.is_null(); }

// What the generation config says, and config.json where that says nothing.
json::View either(json::View generation_config, json::View config, std::string_view key) {
  const json::View own = generation_config[key];
  return is_there(own) ? own : config[key];
}

Result<std::vector<std::int32_t>> read_tokens(json::View list, std::size_t vocabulary,
                                              std::string_view key) {
  std::vector<std::int32_t> all;
  for (const json::View item : list.items()) {
    const auto id = item.integer();
    // Files of all sizes name the same tokens, and small vocabularies lack some.
    if (!id || *id < 0 || *id > std::numeric_limits<std::int32_t>::max()) return no_token(key);
    if (static_cast<std::size_t>(*id) < vocabulary) all.push_back(static_cast<std::int32_t>(*id));
  }
  return all;
}

Result<std::map<std::string, std::int32_t, std::less<>>> read_names(json::View object,
                                                                    std::size_t vocabulary,
                                                                    std::string_view key) {
  std::map<std::string, std::int32_t, std::less<>> all;
  for (const auto& [name, value] : object.members()) {
    const auto token = token_of(value, vocabulary);
    if (!token) return no_token(key);
    all.emplace(name, *token);
  }
  return all;
}

void forbid(std::span<float> scores) { std::ranges::fill(scores, kNever); }

// log(sum of exp(scores)).
double log_sum(std::span<const float> scores) {
  const auto most = static_cast<double>(*std::ranges::max_element(scores));
  if (std::isinf(most)) return most;
  double sum = 0;
  for (const float score : scores) sum += std::exp(static_cast<double>(score) - most);
  return most + std::log(sum);
}

}  // namespace

Result<TranscriptionRules> TranscriptionRules::parse(json::View config,
                                                     json::View generation_config) {
  ConfigReader read(config);
  const std::size_t vocabulary = read.size("vocab_size");
  EMB_DO(read.status());
  TranscriptionRules rules;
  const auto start =
      token_of(either(generation_config, config, "decoder_start_token_id"), vocabulary);
  if (!start) return no_token("decoder_start_token_id");
  rules.start_ = *start;
  const auto end = token_of(either(generation_config, config, "eos_token_id"), vocabulary);
  if (!end) return no_token("eos_token_id");
  rules.end_ = *end;
  if (const json::View id = generation_config["no_timestamps_token_id"]; is_there(id)) {
    rules.no_timestamps_ = token_of(id, vocabulary);
    if (!rules.no_timestamps_ || static_cast<std::size_t>(*rules.no_timestamps_) + 1 >= vocabulary)
      return no_token("no_timestamps_token_id");
  }
  if (const json::View most = generation_config["max_initial_timestamp_index"]; is_there(most)) {
    rules.first_timestamp_max_ = token_of(most, ConfigReader::kSizeMax);
    if (!rules.first_timestamp_max_) return no_token("max_initial_timestamp_index");
  }
  // A generation config that does not name such tokens has none.
  const json::View suppressing = generation_config.exists() ? generation_config : config;
  EMB_TRY(rules.never_, read_tokens(suppressing["suppress_tokens"], vocabulary, "suppress_tokens"));
  EMB_TRY(rules.never_first_,
          read_tokens(suppressing["begin_suppress_tokens"], vocabulary, "begin_suppress_tokens"));
  EMB_TRY(rules.languages_, read_names(generation_config["lang_to_id"], vocabulary, "lang_to_id"));
  EMB_TRY(rules.tasks_, read_names(generation_config["task_to_id"], vocabulary, "task_to_id"));
  if (const json::View id = generation_config["prev_sot_token_id"]; is_there(id)) {
    rules.previous_ = token_of(id, vocabulary);
    if (!rules.previous_) return no_token("prev_sot_token_id");
  }
  EMB_DO(rules.read_habits(generation_config));
  // [[1, id], [2, id], ...]; the language, which comes first, may be null.
  const auto forced = either(generation_config, config, "forced_decoder_ids").items();
  if (forced.size() > kForcedMax) return no_token("forced_decoder_ids");
  for (std::size_t i = 0; i < forced.size(); ++i) {
    const auto pair = forced[i].items();
    if (pair.size() != 2 || pair[0].integer() != static_cast<std::int64_t>(i) + 1) {
      return fail(Code::InvalidArgument,
                  "generation_config.json: forced_decoder_ids must count from 1");
    }
    const auto token = token_of(pair[1], vocabulary);
    if (!token && !pair[1].is_null()) return no_token("forced_decoder_ids");
    rules.forced_.push_back(token);
  }
  return rules;
}

// What is not about tokens.
Status TranscriptionRules::read_habits(json::View generation_config) {
  // Windows that went wrong are not written anew at a higher temperature here.
  for (const std::string_view key :
       {"compression_ratio_threshold", "logprob_threshold", "no_speech_threshold"}) {
    if (is_there(generation_config[key]))
      return fail(Code::NotBuilt, cat("generation_config.json: ", key));
  }
  ConfigReader read(generation_config, "generation_config.json");
  multilingual_ = read.flag_or("is_multilingual", true);
  conditioned_ = read.flag_or("condition_on_prev_tokens", false);
  timestamps_ = read.flag_or("return_timestamps", false);
  if (timestamps_ && !no_timestamps_) read.complain("the model writes no timestamps");
  if (read.has("language")) language_ = read.text_or("language", "");
  if (read.has("task")) task_ = read.text_or("task", "");
  if (read.has("max_length")) length_max_ = read.size("max_length");
  if (read.has("max_new_tokens")) tokens_max_ = read.size("max_new_tokens");
  return read.status();
}

std::string_view TranscriptionRules::language_of(std::int32_t token) const {
  for (const auto& [name, id] : languages_) {
    if (id == token) return whisper_language_code(name).value_or(std::string_view(name));
  }
  return {};
}

std::size_t TranscriptionRules::tokens_max(std::size_t prompt_tokens, std::size_t positions) const {
  const std::size_t length = tokens_max_   ? prompt_tokens + *tokens_max_
                             : length_max_ ? *length_max_
                                           : positions;
  return std::min(length, positions) - std::min({prompt_tokens, length, positions});
}

Result<std::int32_t> TranscriptionRules::language_token(std::string_view name) const {
  auto found = languages_.find(name);
  if (found == languages_.end()) {
    const auto code = whisper_language_code(name);
    found = languages_.find(cat("<|", code.value_or(name), "|>"));
  }
  if (found == languages_.end()) {
    return fail(Code::InvalidArgument, cat("the model does not know the language \"", name, "\""));
  }
  return found->second;
}

std::optional<std::int32_t> TranscriptionRules::first_timestamp() const {
  if (!no_timestamps_) return std::nullopt;
  return *no_timestamps_ + 1;
}

Result<std::vector<std::int32_t>> TranscriptionRules::first_tokens(
    const TranscriptionRequest& request, const Detect& detect) const {
  if (request.timestamps && !no_timestamps_)
    return fail(Code::InvalidArgument, "the model writes no timestamps");
  if (!multilingual_ && (request.language || request.task))
    return fail(Code::InvalidArgument, "the model knows one language, and to write it down");
  const auto& wanted_language = request.language ? request.language : language_;
  const auto& wanted_task = request.task ? request.task : task_;
  std::vector<std::optional<std::int32_t>> first{start_};
  if (!wanted_task && !wanted_language) first.insert(first.end(), forced_.begin(), forced_.end());
  std::optional<std::int32_t> language;
  if (wanted_language) {
    EMB_TRY(language, language_token(*wanted_language));
  } else if (!languages_.empty() && (first.size() == 1 || !first[1])) {
    std::vector<std::int32_t> ids;
    for (const auto& [name, id] : languages_) ids.push_back(id);
    EMB_TRY(language, detect(ids));
  }
  if (language && first.size() > 1) first[1] = language;
  if (language && first.size() == 1) first.push_back(language);
  if (wanted_task) {
    const auto found = tasks_.find(*wanted_task);
    if (found == tasks_.end()) {
      return fail(Code::InvalidArgument,
                  cat("the model does not know the task \"", *wanted_task, "\""));
    }
    first.push_back(found->second);
  } else if (wanted_language) {
    if (const auto found = tasks_.find("transcribe"); found != tasks_.end())
      first.push_back(found->second);
  }
  std::vector<std::int32_t> tokens;
  for (const auto& token : first) {
    if (token) tokens.push_back(*token);
  }
  const bool says_none = no_timestamps_ && first.back() == no_timestamps_;
  if (no_timestamps_ && !request.timestamps && !says_none) tokens.push_back(*no_timestamps_);
  if (request.timestamps && says_none) tokens.pop_back();
  return tokens;
}

void TranscriptionRules::restrict(std::span<const std::int32_t> written, bool timestamps,
                                  std::span<float> scores) const {
  if (written.empty()) {
    for (const std::int32_t token : never_first_) scores[static_cast<std::size_t>(token)] = kNever;
  }
  for (const std::int32_t token : never_) scores[static_cast<std::size_t>(token)] = kNever;
  if (timestamps) restrict_timestamps(written, scores);
}

// Times come in pairs, the end of one stretch and the begin of the next, but for the first and the
// last; none is before those that were written; and when all times together are likelier than
// every other token, one of them is next.
void TranscriptionRules::restrict_timestamps(std::span<const std::int32_t> written,
                                             std::span<float> scores) const {
  const auto begin = static_cast<std::size_t>(*first_timestamp());
  const auto is_time = [&](std::int32_t token) { return token >= *first_timestamp(); };
  scores[begin - 1] = kNever;
  const bool last = !written.empty() && is_time(written.back());
  const bool before_last = written.size() < 2 || is_time(written[written.size() - 2]);
  if (last && before_last) forbid(scores.subspan(begin));
  if (last && !before_last) forbid(scores.first(static_cast<std::size_t>(end_)));
  for (std::size_t i = written.size(); i-- > 0;) {
    if (!is_time(written[i])) continue;
    // The end of a stretch may be said again, as the begin of the next.
    const bool again = last && !before_last;
    const auto least = static_cast<std::size_t>(written[i]) + (again ? 0 : 1);
    forbid(scores.subspan(begin, std::min(least, scores.size()) - begin));
    break;
  }
  if (written.empty()) {
    forbid(scores.first(begin));
    if (first_timestamp_max_) {
      const std::size_t behind = begin + static_cast<std::size_t>(*first_timestamp_max_) + 1;
      if (behind < scores.size()) forbid(scores.subspan(behind));
    }
  }
  const auto others = scores.first(begin);
  if (log_sum(scores.subspan(begin)) > static_cast<double>(*std::ranges::max_element(others)))
    forbid(others);
}

Result<std::vector<std::int32_t>> find_first_tokens(Team& team, const Whisper& model,
                                                    const TranscriptionRules& rules,
                                                    const TranscriptionRequest& request,
                                                    const Matrix& encoded) {
  const auto detect = [&](std::span<const std::int32_t> languages) -> Result<std::int32_t> {
    EMB_TRY(Whisper::State state, model.listen(team, encoded));
    const std::int32_t start = rules.start();
    Matrix logits;
    EMB_DO(model.step(team, state, {&start, 1}, logits));
    return *std::ranges::max_element(languages, {}, [&](std::int32_t language) {
      // Of two that are as likely, the one that comes first in the vocabulary.
      return std::pair(logits.row(0)[static_cast<std::size_t>(language)], -language);
    });
  };
  return rules.first_tokens(request, detect);
}

}  // namespace embrace::transformers
