#pragma once
// embrace run: a decoder writes text in the terminal, from a folder, a GGUF file or a repository of
// a Hub, held to a JSON schema, a pattern or a grammar if one is given. No server and no data
// folder are involved.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "app/model_place.h"
#include "base/result.h"

namespace embrace::app {

struct RunCommand {
  ModelPlace place;
  std::string prompt;  // empty: lines of standard input; each is an answer's question
  std::string system;  // what a chat begins with
  bool plain = false;  // texts go on as they are, though the model can chat
  // At most one of them. A schema or grammar is a file, "-" for standard input, or the text itself
  // (a schema that begins with a brace, a grammar with a rule in it).
  std::string json_schema;
  std::string regex;
  std::string grammar;
  std::string precision = "auto";
  unsigned threads = 0;  // 0: as many as there are cores
  // What is not given is as the model's makers say.
  std::optional<std::size_t> tokens_max;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::size_t> top_k;
  std::optional<double> repetition_penalty;
  std::uint64_t seed = 0;
  std::size_t memory_mib = 2048;  // for keys and values
};

// Text goes to standard output as it comes, figures to standard error. Text that has to have a form
// and was cut off before it had it is an error (Unusable).
Status run_model(const RunCommand& command);

}  // namespace embrace::app
