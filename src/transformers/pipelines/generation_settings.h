#pragma once
// GenerationSettings: the settings that a text is written with, from several places, each over
// those before it: what a pipeline begins with, generation_config.json (or the config.json of a
// model that has none), what config.json says for one task, and what comes with a call.
//
// That is the order which the official pipelines document. Their code lets its own num_beams and
// max_new_tokens go before the files' where those differ; here the files have their way.
//
// Threads: plain data.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/view.h"
#include "transformers/generation/generation_options.h"
#include "transformers/pipelines/parameters.h"

namespace embrace::transformers {

class GenerationSettings {
 public:
  // As the official pipelines of encoder-decoders begin: four beams and 256 tokens.
  static GenerationSettings of_seq2seq(json::View generation_config, json::View config);

  // generation_config.json, or config.json where there is none (an absent or empty object).
  void put_file(json::View generation_config, json::View config);
  // All members of an object, which may be absent; those that are no settings are harmless.
  void put(json::View object);
  // What a caller says: those of the names that are settings, which are then known to `read`.
  void put_parameters(Parameters& read);
  void set(std::string_view name, std::string json);

  // Errors as read_generation_options().
  Result<GenerationOptions> read(json::View config) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;  // JSON
};

}  // namespace embrace::transformers
