// The tasks of an ImagePipeline in the Hub's JSON. Each takes one image: a file, or its base64.
#include <limits>
#include <utility>

#include "transformers/images/image.h"
#include "transformers/pipelines/image_pipeline.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/tasks.h"

namespace embrace::transformers {

namespace {

using ImageTask = ModelTask<ImagePipeline>;

Result<Image> image_of(const PipelineInput& input) {
  EMB_TRY(const std::string bytes, file_of(input, "an image"));
  return read_image(std::as_bytes(std::span(bytes)));
}

class ImageClassification : public ImageTask {
 public:
  using ImageTask::ImageTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const std::size_t count = read.integer_or("top_k", 5, 1, INT64_MAX);
    const ScoreFunction function = score_function(read);
    EMB_DO(read.status());
    EMB_TRY(const Image image, image_of(input));
    EMB_TRY(const auto labels, model().classification(team, image, function));
    json::Writer out;
    write_labels(labels, count, out);
    return out.take();
  }
};

class ZeroShotImageClassification : public ImageTask {
 public:
  using ImageTask::ImageTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const auto candidates = read.texts("candidate_labels");
    const auto hypothesis = read.text("hypothesis_template");
    EMB_DO(read.status());
    if (!candidates)
      return fail(Code::InvalidArgument, "the task takes the parameter candidate_labels");
    EMB_TRY(const Image image, image_of(input));
    EMB_TRY(const auto labels, model().zero_shot(team, image, *candidates,
                                                 hypothesis.value_or("This is a photo of {}.")));
    json::Writer out;
    write_labels(labels, SIZE_MAX, out);
    return out.take();
  }
};

class ObjectDetection : public ImageTask {
 public:
  using ImageTask::ImageTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const double threshold = read.number("threshold", 0, 1).value_or(0.5);
    EMB_DO(read.status());
    EMB_TRY(const Image image, image_of(input));
    EMB_TRY(const auto objects, model().object_detection(team, image, threshold));
    json::Writer out;
    out.begin_array();
    for (const DetectedObject& object : objects) {
      out.begin_object().field("score", object.score).field("label", object.label);
      out.key("box").begin_object();
      out.field("xmin", object.x_min).field("ymin", object.y_min);
      out.field("xmax", object.x_max).field("ymax", object.y_max);
      out.end_object().end_object();
    }
    out.end_array();
    return out.take();
  }
};

// A row for each token within a list of one image, as the official package gives it.
class ImageFeatureExtraction : public ImageTask {
 public:
  using ImageTask::ImageTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const bool pool = read.flag_or("pool", false);
    EMB_DO(read.status());
    EMB_TRY(const Image image, image_of(input));
    EMB_TRY(const Matrix rows, model().feature_extraction(team, image, pool));
    json::Writer out;
    out.begin_array();
    if (!pool) out.begin_array();
    for (std::size_t i = 0; i < rows.rows(); ++i) write_row(rows.row(i), out);
    if (!pool) out.end_array();
    out.end_array();
    return out.take();
  }
};

}  // namespace

std::span<const Pipeline::Task> image_tasks() {
  static constexpr Pipeline::Task kTasks[] = {
      {"image-classification", "an image", true, open_task<ImageClassification>},
      {"image-feature-extraction", "an image", true, open_task<ImageFeatureExtraction>},
      {"object-detection", "an image", true, open_task<ObjectDetection>},
      {"zero-shot-image-classification", "an image, and the parameter candidate_labels", true,
       open_task<ZeroShotImageClassification>},
  };
  return kTasks;
}

}  // namespace embrace::transformers
