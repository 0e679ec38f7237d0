#include "transformers/generation/generation_options.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "transformers/models/config.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kStopsMax = 64;
constexpr std::size_t kStopBytesMax = 4096;
constexpr std::size_t kTokensListedMax = std::size_t{1} << 18;  // in all lists of one file
constexpr std::size_t kLogprobsMax = 256;
constexpr std::size_t kReturnedMax = 128;

class OptionsReader {
 public:
  OptionsReader(json::View generation_config, json::View config)
      : config_(config),
        has_own_(generation_config.is_object()),
        read_(has_own_ ? generation_config : config,
              has_own_ ? "generation_config.json" : "config.json") {}

  Result<GenerationOptions> read() {
    EMB_DO(refuse_what_is_not_built());
    read_lengths();
    read_tokens();
    read_penalties();
    read_beams();
    read_sampling();
    EMB_DO(read_.status());
    EMB_DO(options_.check());
    return std::move(options_);
  }

 private:
  std::size_t count_or(std::string_view key, std::int64_t otherwise) {
    return static_cast<std::size_t>(read_.integer_or(key, otherwise, 0, ConfigReader::kSizeMax));
  }
  // The setting itself; of a config.json without a generation config, of its text model, too.
  json::View find(std::string_view key) const {
    if (read_.has(key)) return read_.object()[key];
    if (has_own_) return {};
    for (const std::string_view part : {"decoder", "generator", "text_config"}) {
      if (config_[part].is_object()) {
        const json::View value = config_[part][key];
        return value.is_null() ? json::View() : value;
      }
    }
    return {};
  }

  Status refuse_what_is_not_built() {
    for (const std::string_view key :
         {"constraints", "force_words_ids", "dola_layers", "watermarking_config", "max_time"}) {
      if (read_.has(key)) return not_built(key);
    }
    const auto differs = [&](std::string_view key, double from) {
      const json::View value = read_.object()[key];
      return read_.has(key) && value.number() != from;
    };
    if (differs("guidance_scale", 1)) return not_built("guidance_scale");
    if (differs("num_beam_groups", 1)) return not_built("num_beam_groups");
    if (differs("diversity_penalty", 0)) return not_built("diversity_penalty");
    const bool samples = read_.flag_or("do_sample", false);
    const bool searches = differs("num_beams", 1);
    if (!samples && !searches && differs("penalty_alpha", 0) && count_or("top_k", 50) > 1)
      return not_built("penalty_alpha");
    if (samples && searches) return not_built("do_sample with num_beams");
    if (read_.flag_or("token_healing", false)) return not_built("token_healing");
    return Done{};
  }
  static Status not_built(std::string_view key) {
    return fail(Code::NotBuilt, cat("generation_config.json: ", key));
  }

  void read_lengths() {
    if (read_.has("max_new_tokens")) options_.tokens_max = read_.size("max_new_tokens");
    if (read_.has("max_length")) options_.length_max = read_.size("max_length");
    options_.tokens_min = count_or("min_new_tokens", 0);
    if (!read_.has("min_new_tokens")) options_.length_min = count_or("min_length", 0);
    const json::View stops = find("stop_strings");
    if (stops.is_array()) {
      for (const json::View item : stops.items()) {
        if (!item.text()) read_.complain("stop_strings must be texts");
        options_.stop_strings.emplace_back(item.text().value_or(""));
      }
    } else if (stops.exists()) {
      options_.stop_strings.push_back(read_.text_or("stop_strings", ""));
    }
  }

  void read_tokens() {
    const json::View ends = find("eos_token_id");
    auto& end_tokens = options_.end_tokens;
    end_tokens = ids("eos_token_id", ends.exists() ? ends : config_["eos_token_id"]);
    std::ranges::sort(end_tokens);
    end_tokens.erase(std::ranges::unique(end_tokens).begin(), end_tokens.end());
    options_.forced_last = ids("forced_eos_token_id", find("forced_eos_token_id"));
    options_.forced_first = one_id("forced_bos_token_id");
    options_.first_token = one_id("decoder_start_token_id");
    if (!options_.first_token) options_.first_token = one_id("bos_token_id");
    options_.suppressed = ids("suppress_tokens", find("suppress_tokens"), true);
    options_.suppressed_first = ids("begin_suppress_tokens", find("begin_suppress_tokens"), true);
  }

  std::optional<std::int32_t> one_id(std::string_view key) {
    const json::View value = find(key);
    if (!value.exists()) return std::nullopt;
    const auto found = ids(key, value);
    if (found.size() != 1) read_.complain(cat(key, " must be a token's id"));
    return found.empty() ? std::nullopt : std::optional(found.front());
  }

  // One id or a list of them. Ids below 0 name nothing: some lists have them.
  std::vector<std::int32_t> ids(std::string_view key, json::View view, bool below_zero = false) {
    std::vector<std::int32_t> all;
    if (!view.exists() || view.is_null()) return all;
    const auto items = view.is_array() ? view.items() : std::vector{view};
    listed_ += items.size();
    if (listed_ > kTokensListedMax) {
      read_.complain(cat(key, " lists too many tokens"));
      return all;
    }
    for (const json::View item : items) {
      const auto id = item.integer();
      const bool fits = id && *id <= ConfigReader::kSizeMax && (*id >= 0 || below_zero);
      if (!fits) {
        read_.complain(cat(key, " must be a token's id or a list of them"));
      } else if (*id >= 0) {
        all.push_back(static_cast<std::int32_t>(*id));
      }
    }
    return all;
  }

  void read_penalties() {
    SamplingOptions& sampling = options_.sampling;
    sampling.repetition_penalty = read_.number_or("repetition_penalty", 1, 1e-3, 1e3);
    sampling.no_repeat_ngram = count_or("no_repeat_ngram_size", 0);
    options_.source_repetition_penalty =
        read_.number_or("encoder_repetition_penalty", 1, 1e-3, 1e3);
    options_.no_repeat_source_ngram = count_or("encoder_no_repeat_ngram_size", 0);
    for (const json::View words : find("bad_words_ids").items()) {
      auto tokens = ids("bad_words_ids", words);
      if (!words.is_array() || tokens.empty())
        read_.complain("bad_words_ids must be lists of tokens' ids");
      options_.bad_words.push_back(std::move(tokens));
    }
    const json::View biases = find("sequence_bias");
    if (biases.exists() && !biases.is_array())
      read_.complain("sequence_bias must be a list of lists of tokens' ids and a number");
    std::map<std::vector<std::int32_t>, float> biases_of;  // of the same tokens the last holds
    for (const json::View pair : biases.items()) {
      const auto parts = pair.items();
      const auto bias = parts.size() == 2 ? parts[1].number() : std::nullopt;
      auto tokens = ids("sequence_bias", parts.empty() ? json::View() : parts[0]);
      if (!bias || tokens.empty())
        read_.complain("sequence_bias must be a list of lists of tokens' ids and a number");
      biases_of[std::move(tokens)] = static_cast<float>(bias.value_or(0));
    }
    for (const auto& [tokens, bias] : biases_of) options_.biases.push_back({tokens, bias});
    if (const json::View decay = find("exponential_decay_length_penalty"); decay.exists()) {
      const auto parts = decay.items();
      const auto start = parts.size() == 2 ? parts[0].integer() : std::nullopt;
      const auto factor = parts.size() == 2 ? parts[1].number() : std::nullopt;
      if (start && factor && *start >= 0 && *start <= ConfigReader::kSizeMax) {
        options_.length_decay = {static_cast<std::size_t>(*start), *factor};
      } else {
        read_.complain("exponential_decay_length_penalty must be a start and a factor");
      }
    }
    options_.remove_invalid = read_.flag_or("remove_invalid_values", false);
    options_.renormalize = read_.flag_or("renormalize_logits", false);
  }

  void read_beams() {
    BeamOptions& beams = options_.beams;
    beams.count = read_.size_or("num_beams", 1);
    beams.length_penalty = read_.number_or("length_penalty", 1, -100, 100);
    if (const json::View early = find("early_stopping"); early.exists()) {
      if (early.text() == "never") {
        beams.early_stopping = EarlyStopping::Never;
      } else if (read_.flag_or("early_stopping", false)) {
        beams.early_stopping = EarlyStopping::Yes;
      }
    }
    options_.returned = read_.size_or("num_return_sequences", 1);
  }

  void read_sampling() {
    SamplingOptions& sampling = options_.sampling;
    options_.temperature_of_chance = read_.number_or("temperature", 1, 0, 100);
    if (read_.flag_or("do_sample", false)) sampling.temperature = options_.temperature_of_chance;
    sampling.top_h = read_.number_or("top_h", 0, 0, 1);
    sampling.top_k = count_or("top_k", 50);
    sampling.top_p = read_.number_or("top_p", 1, 0, 1);
    sampling.min_p = read_.number_or("min_p", 0, 0, 1);
    sampling.typical_p = read_.number_or("typical_p", 1, 0, 1);
    sampling.epsilon_cutoff = read_.number_or("epsilon_cutoff", 0, 0, 1);
    sampling.eta_cutoff = read_.number_or("eta_cutoff", 0, 0, 1);
  }

  json::View config_;
  bool has_own_;
  ConfigReader read_;
  GenerationOptions options_;
  std::size_t listed_ = 0;
};

}  // namespace

GenerationOptions GenerationOptions::beside_mask() const {
  GenerationOptions held = *this;
  held.tokens_min = held.length_min = 0;
  held.forced_last.clear();
  return held;
}

void GenerationOptions::sample(std::optional<double> temperature) {
  sampling.temperature = temperature.value_or(temperature_of_chance);
  if (sampling.temperature > 0) write_one();
}

void GenerationOptions::write_one() {
  beams.count = 1;
  returned = 1;
}

bool GenerationOptions::is_end(std::int32_t token) const {
  return std::ranges::find(end_tokens, token) != end_tokens.end();
}

Status GenerationOptions::check() const {
  EMB_DO(sampling.check());
  const auto refuse = [](std::string message) {
    return fail(Code::InvalidArgument, std::move(message));
  };
  if (tokens_max == 0u || length_max == 0u) return refuse("a text has at least one token");
  if (std::max(tokens_max.value_or(0), length_max.value_or(0)) > kTokensMax)
    return refuse(cat("a text has ", kTokensMax, " tokens at most"));
  if (stop_strings.size() > kStopsMax)
    return refuse(cat("there may be ", kStopsMax, " stop strings at most"));
  for (const std::string& stop : stop_strings) {
    if (stop.size() > kStopBytesMax)
      return refuse(cat("a stop string is longer than ", kStopBytesMax));
  }
  if (logprobs.value_or(0) > kLogprobsMax)
    return refuse(cat("there may be ", kLogprobsMax, " logprobs at most"));
  if (end_tokens.size() > kEndsMax)
    return refuse(cat("there may be ", kEndsMax, " end tokens (eos_token_id) at most"));
  if (beams.count == 0 || beams.count > BeamOptions::kBeamsMax)
    return refuse(cat("there may be from 1 to ", BeamOptions::kBeamsMax, " beams"));
  if (!(std::abs(beams.length_penalty) <= 100))
    return refuse("length_penalty must be from -100 to 100");
  if (returned == 0 || returned > kReturnedMax)
    return refuse(cat("from 1 to ", kReturnedMax, " texts are returned"));
  if (beams.count > 1 && returned > beams.count)
    return refuse("no more texts are returned than there are beams");
  if (beams.count == 1 && returned > 1 && sampling.temperature == 0)
    return refuse("several texts without beams or a temperature would be the same");
  // The official package lets it reach the first beam alone, which can't be meant.
  if (beams.count > 1 && source_repetition_penalty != 1)
    return fail(Code::NotBuilt, "encoder_repetition_penalty with num_beams");
  if (beams.count > 1 && sampling.temperature > 0)
    return fail(Code::NotBuilt, "beams at a temperature (do_sample with num_beams)");
  if (!(source_repetition_penalty >= 1e-3 && source_repetition_penalty <= 1e3))
    return refuse("encoder_repetition_penalty must be from 0.001 to 1000");
  if (length_decay && !(std::abs(length_decay->factor) <= 100))
    return refuse("the factor of exponential_decay_length_penalty must be from -100 to 100");
  if (length_decay && end_tokens.empty())
    return refuse("exponential_decay_length_penalty needs an end token");
  for (const SequenceBias& one : biases) {
    if (one.tokens.empty() || !std::isfinite(one.bias))
      return refuse("sequence_bias must name tokens and a number");
  }
  return Done{};
}

Status GenerationOptions::check(std::size_t vocabulary) const {
  EMB_DO(check());
  const auto lacks = [&](const std::vector<std::int32_t>& tokens) {
    return std::ranges::any_of(tokens, [&](std::int32_t token) {
      return token < 0 || static_cast<std::size_t>(token) >= vocabulary;
    });
  };
  const auto no_token = [](std::string_view what) {
    return fail(Code::InvalidArgument, cat(what, " names tokens that the model does not have"));
  };
  if (std::ranges::any_of(bad_words, lacks)) return no_token("bad_words_ids");
  if (std::ranges::any_of(biases, lacks, &SequenceBias::tokens)) return no_token("sequence_bias");
  if (forced_first && lacks({*forced_first})) return no_token("forced_bos_token_id");
  if (lacks(forced_last)) return no_token("forced_eos_token_id");
  return Done{};
}

Result<std::size_t> GenerationOptions::tokens_after(std::size_t prompt_tokens,
                                                    std::optional<std::size_t> room) const {
  std::size_t wanted = kTokensDefault;
  if (tokens_max) {
    wanted = *tokens_max;
  } else if (length_max) {
    if (*length_max <= prompt_tokens)
      return fail(Code::InvalidArgument,
                  cat("the prompt has ", prompt_tokens, " tokens, and max_length is ", *length_max,
                      ", prompt counted"));
    wanted = *length_max - prompt_tokens;
  }
  if (!room) return wanted;
  if (*room <= prompt_tokens)
    return fail(Code::InvalidArgument,
                cat("the prompt has ", prompt_tokens, " tokens, and the model has room for ", *room,
                    ", the text after it counted: shorten the prompt"));
  return std::min(wanted, *room - prompt_tokens);
}

Result<GenerationOptions> read_generation_options(json::View generation_config, json::View config) {
  return OptionsReader(generation_config, config).read();
}

}  // namespace embrace::transformers
