#pragma once
// ImagePipeline: a vision model with its image processor at the Hub's tasks on images. What comes
// out is what the official package's pipeline of that task gives, with its processors on Pillow.
//
// Models: ViT (image-classification, image-feature-extraction), CLIP (zero-shot-image-
// classification), DETR (object-detection).
//
// Threads: the tasks from any, each caller with a Team of its own.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/images/image.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/pipelines/text_pipeline.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

// Where an object is, in pixels of the image that was given; it may reach out of it.
struct DetectedObject {
  double score = 0;
  std::string label;
  std::int64_t x_min = 0;
  std::int64_t y_min = 0;
  std::int64_t x_max = 0;
  std::int64_t y_max = 0;
};

class ImagePipeline {
 public:
  static constexpr std::size_t kCandidatesMax = 1024;  // labels of one question

  // config.json, preprocessor_config.json (or the image_processor of processor_config.json), for
  // CLIP tokenizer.json, and the weights; blocks.
  static Result<ImagePipeline> load(const ModelFiles& files,
                                    Precision precision = Precision::AsStored);

  // Each answers InvalidArgument when the model is none for it.

  // All labels, the likeliest first.
  Result<std::vector<LabelScore>> classification(
      Team& team, const Image& image, ScoreFunction function = ScoreFunction::Default) const;
  // The candidates, the likeliest first. {} in the hypothesis is where the label stands.
  Result<std::vector<LabelScore>> zero_shot(
      Team& team, const Image& image, std::span<const std::string> candidates,
      const std::string& hypothesis = "This is a photo of {}.") const;
  // What is surer than the threshold, in the order of the model's questions.
  Result<std::vector<DetectedObject>> object_detection(Team& team, const Image& image,
                                                       double threshold = 0.5) const;
  // A row for the first token and for each patch; or one row, by the model's pooler.
  Result<Matrix> feature_extraction(Team& team, const Image& image, bool pool = false) const;

  ImagePipeline(ImagePipeline&&) noexcept;
  ImagePipeline& operator=(ImagePipeline&&) noexcept;
  ~ImagePipeline();

 private:
  struct Impl;
  explicit ImagePipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::transformers
