#pragma once
// embrace pipeline: a model at one of the Hub's tasks, once: inputs in, the API's JSON out. No
// server and no data folder are involved.

#include <string>

#include "app/model_place.h"
#include "base/result.h"

namespace embrace::app {

struct PipelineCommand {
  std::string task;  // "auto": what the model was made for
  ModelPlace place;
  // A text; "-" for standard input; "@path" for a file; JSON when it, or what was read, begins with
  // {, [ or ", where that is JSON ({: always). Tasks on sounds and images take "-", "@path" or a
  // path.
  std::string input;
  std::string parameters;  // a JSON object, or empty
  std::string precision = "auto";
  unsigned threads = 0;  // 0: as many as there are cores
};

// The answer goes to standard output, as one line.
Status run_pipeline(const PipelineCommand& command);

}  // namespace embrace::app
