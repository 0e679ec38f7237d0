#include "transformers/pipelines/generation_settings.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

// Those that read_generation_options() reads, or refuses with a reason.
constexpr std::string_view kNames[] = {
    "bad_words_ids",
    "begin_suppress_tokens",
    "constraints",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "encoder_repetition_penalty",
    "eos_token_id",
    "epsilon_cutoff",
    "eta_cutoff",
    "exponential_decay_length_penalty",
    "force_words_ids",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "guidance_scale",
    "length_penalty",
    "max_length",
    "max_new_tokens",
    "max_time",
    "min_length",
    "min_new_tokens",
    "min_p",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "penalty_alpha",
    "remove_invalid_values",
    "renormalize_logits",
    "repetition_penalty",
    "sequence_bias",
    "stop_strings",
    "suppress_tokens",
    "temperature",
    "top_h",
    "top_k",
    "top_p",
    "typical_p",
};

bool is_setting(std::string_view name) {
  return std::ranges::find(kNames, name) != std::ranges::end(kNames);
}

}  // namespace

GenerationSettings GenerationSettings::of_seq2seq(json::View generation_config, json::View config) {
  GenerationSettings settings;
  settings.set("num_beams", "4");
  settings.set("max_new_tokens", "256");
  settings.put_file(generation_config, config);
  return settings;
}

void GenerationSettings::put_file(json::View generation_config, json::View config) {
  const bool has_file = generation_config.is_object() && !generation_config.members().empty();
  const json::View file = has_file ? generation_config : config;
  const auto before = values_.find("max_new_tokens");
  const std::string tokens_before = before == values_.end() ? "" : before->second;
  put(file);
  // What the official package writes into every file where nobody chose a length.
  if (file["max_length"].integer() == 20 && file["max_new_tokens"].integer() == std::nullopt) {
    values_.erase("max_length");
    if (!tokens_before.empty()) set("max_new_tokens", tokens_before);
  }
}

void GenerationSettings::put(json::View object) {
  const auto said = [&](std::string_view name) {
    return object[name].exists() && !object[name].is_null();
  };
  // A length that somebody chose is not overruled by one that nobody did.
  if (said("max_length") && !said("max_new_tokens")) values_.erase("max_new_tokens");
  if (said("max_new_tokens") && !said("max_length")) values_.erase("max_length");
  for (const auto& [name, value] : object.members()) {
    if (is_setting(name) && !value.is_null()) set(name, value.render());
  }
}

void GenerationSettings::put_parameters(Parameters& read) {
  for (const std::string_view name : kNames) read.has(name);
  // What is computed twice or kept is the library's choice, and changes no text.
  read.flag("use_cache");
  put(read.all());
}

void GenerationSettings::set(std::string_view name, std::string json) {
  values_.insert_or_assign(std::string(name), std::move(json));
}

Result<GenerationOptions> GenerationSettings::read(json::View config) const {
  std::string text = "{";
  for (const auto& [name, value] : values_)
    text += cat(text.size() > 1 ? "," : "", "\"", name, "\":", value);
  EMB_TRY(const json::Document document, json::Document::parse(text + "}"));
  EMB_TRY(GenerationOptions options, read_generation_options(document.root(), config));
  EMB_DO(options.check());
  return options;
}

}  // namespace embrace::transformers
