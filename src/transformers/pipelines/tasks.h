#pragma once
// The tasks, each list in the file of its name, and what they share in reading inputs and
// writing answers.
//
// Threads: any.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "json/view.h"
#include "json/writer.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/pipeline.h"
#include "transformers/pipelines/scores.h"

namespace embrace::transformers {

std::span<const Pipeline::Task> text_tasks();       // text_tasks.cc
std::span<const Pipeline::Task> embedding_tasks();  // embedding_tasks.cc
std::span<const Pipeline::Task> image_tasks();      // image_tasks.cc
std::span<const Pipeline::Task> writing_tasks();    // writing_tasks.cc
std::span<const Pipeline::Task> rewriting_tasks();  // rewriting_tasks.cc
std::span<const Pipeline::Task> sound_tasks();      // sound_tasks.cc

// A task that one model does whole; `Model` is what its constructor takes.
template <class M>
class ModelTask : public Pipeline {
 public:
  using Model = M;
  explicit ModelTask(Model model) : model_(std::move(model)) {}

 protected:
  const Model& model() const { return model_; }

 private:
  Model model_;
};
// Pipeline::Task::open for a ModelTask.
template <class OneTask>
Result<std::unique_ptr<Pipeline>> open_task(rt::Blocking blocking,
                                            const std::filesystem::path& folder,
                                            Precision precision) {
  EMB_TRY(auto model, OneTask::Model::load(ModelFiles::in_folder(blocking, folder), precision));
  return std::make_unique<OneTask>(std::move(model));
}

// The parameter "function_to_apply" of both classifications.
ScoreFunction score_function(Parameters& read);

// Writes one answer for an input, or for each of a list a list of them. InvalidArgument, saying
// what the task takes, for files and for lists that are too long; TooLarge for more than
// kAnswerBytesMax of JSON.
inline constexpr std::size_t kAnswerBytesMax = std::size_t{128} << 20;
using WriteAnswer = std::function<Status(json::View input, json::Writer& out)>;
Result<std::string> answer_each(const PipelineInput& input, const WriteAnswer& answer);
// The text that `view` is. InvalidArgument, with the `noun`, when it is none.
Result<std::string_view> text_of(json::View view, std::string_view noun);
// What is wrong with a model for `task`: config.json names no class with that `ending`.
std::string lacks_head(json::View config, std::string_view task, std::string_view ending);
// The bytes of a file, as they are or in base64. InvalidArgument when there are none.
Result<std::string> file_of(const PipelineInput& input, std::string_view noun);

// A list of numbers, each with the shortest digits that give the float back; null for what is none.
void write_row(std::span<const float> row, json::Writer& out);
// A list of the first `count` labels with their scores.
void write_labels(std::span<const LabelScore> labels, std::size_t count, json::Writer& out);

}  // namespace embrace::transformers
