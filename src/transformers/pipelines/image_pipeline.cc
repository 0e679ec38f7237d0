#include "transformers/pipelines/image_pipeline.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "json/view.h"
#include "transformers/images/image_processor.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/clip.h"
#include "transformers/models/detr.h"
#include "transformers/models/encoder_head.h"
#include "transformers/models/vit.h"
#include "transformers/pipelines/stable_order.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kTextsTogether = 64;  // of zero-shot candidates

Error not_for(std::string_view task) {
  return {Code::InvalidArgument, cat("the model is not one for ", task)};
}

// Newer repositories keep all processors in one file.
Result<ImageProcessor> read_processor(const ModelFiles& files, std::string_view model_type) {
  auto document = files.json("preprocessor_config.json");
  if (document) return ImageProcessor::parse(document->root(), model_type);
  if (document.error().code() == Code::NotFound) {
    if (const auto all = files.json("processor_config.json");
        all && all->root()["image_processor"].is_object())
      return ImageProcessor::parse(all->root()["image_processor"], model_type);
  }
  return fail(std::move(document).error());
}

std::vector<LabelScore> likeliest_first(std::span<const std::string> labels,
                                        std::span<const float> scores) {
  std::vector<LabelScore> all;
  for (std::size_t i = 0; i < scores.size(); ++i) all.push_back({labels[i], scores[i]});
  sort_stably(all, [](const LabelScore& a, const LabelScore& b) { return a.score > b.score; });
  return all;
}

}  // namespace

struct ImagePipeline::Impl {
  explicit Impl(ImageProcessor image_processor) : processor(std::move(image_processor)) {}

  ImageProcessor processor;
  std::unique_ptr<Vit> vit;
  std::unique_ptr<Clip> clip;
  std::unique_ptr<Detr> detr;
  std::optional<Tokenizer> tokenizer;  // CLIP's
  std::vector<std::string> labels;
  ScoreFunction function = ScoreFunction::Softmax;

  // A row for each candidate in the common space.
  Result<Matrix> text_features(Team& team, std::span<const std::string> texts) const {
    Matrix all(texts.size(), clip->width());
    for (std::size_t first = 0; first < texts.size(); first += kTextsTogether) {
      EncoderBatch batch;
      for (const std::string& text :
           texts.subspan(first, std::min(kTextsTogether, texts.size() - first))) {
        EMB_TRY(const Encoding encoding, tokenizer->encode(text));
        batch.add(std::vector<std::int32_t>(encoding.ids.begin(), encoding.ids.end()));
      }
      Matrix some;
      EMB_DO(clip->text_features(team, batch, some));
      std::ranges::copy(some.all(), all.row(first).begin());
    }
    return all;
  }
};

Result<ImagePipeline> ImagePipeline::load(const ModelFiles& files, Precision precision) {
  EMB_TRY(const json::Document config, files.json("config.json"));
  const json::View root = config.root();
  const std::string type = root.text_or("model_type", "");
  if (type != "vit" && type != "clip" && type != "detr")
    return fail(Code::NotBuilt, cat("no vision model is built for model_type \"", type, "\""));
  EMB_TRY(ImageProcessor processor, read_processor(files, type));
  auto impl = std::make_unique<Impl>(std::move(processor));
  EMB_TRY(const Weights weights, files.weights(""));
  if (type == "vit") {
    EMB_TRY(impl->vit, Vit::load(weights, root, precision));
    impl->labels = labels_of(root, impl->vit->labels());
    const bool many = root.text_or("problem_type", "") == "multi_label_classification";
    if (many || impl->labels.size() == 1) impl->function = ScoreFunction::Sigmoid;
  } else if (type == "clip") {
    EMB_TRY(impl->clip, Clip::load(weights, root, precision));
    EMB_TRY(const std::string text, files.text("tokenizer.json"));
    EMB_TRY(impl->tokenizer, Tokenizer::parse(text));
  } else {
    EMB_TRY(impl->detr, Detr::load(weights, root, precision));
    impl->labels = labels_of(root, impl->detr->labels());
  }
  return ImagePipeline(std::move(impl));
}

Result<std::vector<LabelScore>> ImagePipeline::classification(Team& team, const Image& image,
                                                              ScoreFunction function) const {
  if (!impl_->vit || impl_->labels.empty()) return fail(not_for("image-classification"));
  EMB_TRY(const PixelMap pixels, impl_->processor.apply(team, image));
  Matrix hidden;
  Matrix logits;
  EMB_DO(impl_->vit->forward(team, pixels, hidden));
  EMB_DO(impl_->vit->classify(team, hidden, logits));
  if (function == ScoreFunction::Default) function = impl_->function;
  if (function == ScoreFunction::Softmax) softmax(logits.row(0));
  if (function == ScoreFunction::Sigmoid) activate(Activation::Sigmoid, logits.all());
  return likeliest_first(impl_->labels, logits.row(0));
}

Result<std::vector<LabelScore>> ImagePipeline::zero_shot(Team& team, const Image& image,
                                                         std::span<const std::string> candidates,
                                                         const std::string& hypothesis) const {
  if (!impl_->clip) return fail(not_for("zero-shot-image-classification"));
  if (candidates.empty() || candidates.size() > kCandidatesMax)
    return fail(Code::InvalidArgument, cat("a question has 1 to ", kCandidatesMax, " labels"));
  const auto place = hypothesis.find("{}");
  if (place == std::string::npos)
    return fail(Code::InvalidArgument, "the hypothesis has no {} for the label");
  std::vector<std::string> texts;
  for (const std::string& candidate : candidates) {
    texts.push_back(hypothesis);
    texts.back().replace(place, 2, candidate);
  }
  EMB_TRY(const Matrix words, impl_->text_features(team, texts));
  EMB_TRY(const PixelMap pixels, impl_->processor.apply(team, image));
  Matrix features;
  EMB_DO(impl_->clip->image_features(team, pixels, features));
  Matrix logits;
  impl_->clip->compare(features, words, logits);
  softmax(logits.row(0));
  return likeliest_first(candidates, logits.row(0));
}

Result<std::vector<DetectedObject>> ImagePipeline::object_detection(Team& team, const Image& image,
                                                                    double threshold) const {
  if (!impl_->detr) return fail(not_for("object-detection"));
  EMB_TRY(const PixelMap pixels, impl_->processor.apply(team, image));
  DetrOutput found;
  EMB_DO(impl_->detr->forward(team, pixels, found));
  std::vector<DetectedObject> objects;
  const auto width = static_cast<float>(image.width);
  const auto height = static_cast<float>(image.height);
  for (std::size_t i = 0; i < found.logits.rows(); ++i) {
    const auto scores = found.logits.row(i);
    softmax(scores);
    const auto best = std::max_element(scores.begin(), scores.end() - 1);  // the last is "none"
    if (!(static_cast<double>(*best) > threshold)) continue;
    const auto box = found.boxes.row(i);
    const auto pixel = [](float place) { return static_cast<std::int64_t>(place); };
    objects.push_back(
        {*best, impl_->labels[static_cast<std::size_t>(best - scores.begin())],
         pixel((box[0] - 0.5f * box[2]) * width), pixel((box[1] - 0.5f * box[3]) * height),
         pixel((box[0] + 0.5f * box[2]) * width), pixel((box[1] + 0.5f * box[3]) * height)});
  }
  return objects;
}

Result<Matrix> ImagePipeline::feature_extraction(Team& team, const Image& image, bool pool) const {
  if (!impl_->vit) return fail(not_for("image-feature-extraction"));
  if (pool && !impl_->vit->has_pooler())
    return fail(Code::InvalidArgument, "the model has no pooler");
  EMB_TRY(const PixelMap pixels, impl_->processor.apply(team, image));
  Matrix hidden;
  EMB_DO(impl_->vit->forward(team, pixels, hidden));
  if (!pool) return hidden;
  Matrix pooled;
  EMB_DO(impl_->vit->pool(team, hidden, pooled));
  return pooled;
}

ImagePipeline::ImagePipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImagePipeline::ImagePipeline(ImagePipeline&&) noexcept = default;
ImagePipeline& ImagePipeline::operator=(ImagePipeline&&) noexcept = default;
ImagePipeline::~ImagePipeline() = default;

}  // namespace embrace::transformers
