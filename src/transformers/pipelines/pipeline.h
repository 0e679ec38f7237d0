#pragma once
// Pipeline: a model at one of the Hub's tasks, in the JSON of the Hub's inference API: what a
// client sends as "inputs" and "parameters" goes in, what the API answers comes out. Shapes are
// those of huggingface_hub (inference/_generated/types), numbers those of the official package's
// pipelines.
//
//   EMB_TRY(const Pipeline::Task task, Pipeline::find(blocking, "auto", folder));
//   EMB_TRY(auto pipeline, task.open(blocking, folder, Precision::AsStored));
//   EMB_TRY(std::string answer, pipeline->run(team, {inputs, {}}, parameters));
//
// Every parameter that those types list is honoured or refused by its name, and so is one that they
// do not list. Where a text may stand, a list of texts may, too; the answers are a list then.
//
// The tasks themselves are in the files *_tasks.cc; pipeline.cc lists them.
//
// Threads: run() from any, each caller with a Team of its own.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "rt/blocking.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"

namespace embrace::transformers {

struct PipelineInput {
  json::View json;              // "inputs"; absent where there are
  std::string_view file_bytes;  // the bytes of a sound or an image; in JSON they are base64
};

class Pipeline {
 public:
  static constexpr std::size_t kInputsMax = 1024;  // texts of one call

  struct Task {
    std::string_view name;   // "text-classification"
    std::string_view takes;  // one line for people: "a text, or {\"text\", \"text_pair\"}"
    bool takes_file = false;
    Result<std::unique_ptr<Pipeline>> (*open)(rt::Blocking, const std::filesystem::path& model,
                                              Precision);
  };
  // All that there are, by their names.
  static std::vector<Task> tasks();
  // The task of that name, or of the official package's other names for it ("ner"); for "auto" what
  // the model was made for, by its files. InvalidArgument, with the list of tasks, where there is
  // none.
  static Result<Task> find(rt::Blocking, std::string_view name, const std::filesystem::path& model);

  virtual ~Pipeline() = default;
  // The answer as JSON text. `parameters` may be absent. InvalidArgument for inputs and parameters
  // that the task does not take, NotBuilt for parameters that it does not honour.
  virtual Result<std::string> run(Team& team, const PipelineInput& input,
                                  json::View parameters) const = 0;
};

}  // namespace embrace::transformers
