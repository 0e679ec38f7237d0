// What pipeline_test.cc does not ask of images: other files, other models, other inputs.
#include "transformers/pipelines/image_pipeline.h"

#include <gtest/gtest.h>

#include <map>

#include "transformers/images/image_fixture.h"
#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

Result<ImagePipeline> load(const std::string& fixture_name,
                           std::map<std::string, std::string> texts) {
  const ModelFixture fixture(fixture_name);
  texts.emplace("config.json", fixture.config().render());
  ModelFiles files;
  files.text = [&](const std::string& path) -> Result<std::string> {
    const auto found = texts.find(path);
    if (found == texts.end()) return fail(Code::NotFound, path);
    return found->second;
  };
  files.weights = [&](const std::string&) { return Weights::from_tensors(fixture.tensors()); };
  return ImagePipeline::load(files);
}

const std::string kProcessor = R"({"size": {"height": 24, "width": 24}})";

TEST(ImagePipeline, FindsItsProcessorInEitherFile) {
  Team team(1);
  const auto first = load("vit_labels", {{"preprocessor_config.json", kProcessor}});
  const auto second =
      load("vit_labels", {{"processor_config.json", R"({"image_processor": )" + kProcessor + "}"}});
  ASSERT_TRUE(first && second);
  const auto labels = first->classification(team, picture(30, 40));
  const auto same = second->classification(team, picture(30, 40));
  ASSERT_TRUE(labels && same);
  ASSERT_EQ(labels->size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ((*labels)[i].label, (*same)[i].label);
    EXPECT_EQ((*labels)[i].score, (*same)[i].score);
  }
  EXPECT_EQ(load("vit_labels", {}).error().code(), Code::NotFound);
  EXPECT_EQ(load("vit_labels", {{"processor_config.json", "{}"}}).error().code(), Code::NotFound);
  EXPECT_FALSE(load("vit_labels", {{"preprocessor_config.json", "{"}}));
  EXPECT_FALSE(load("vit_labels", {{"preprocessor_config.json", R"({"size": 0})"}}));
  EXPECT_EQ(load("bert", {}).error().code(), Code::NotBuilt);
  EXPECT_FALSE(load("clip", {{"preprocessor_config.json", "{}"}}));  // without a tokenizer
}

TEST(ImagePipeline, RefusesTasksThatTheModelWasNotMadeFor) {
  Team team(1);
  const Image image = picture(30, 40);
  const auto labels = load("vit_labels", {{"preprocessor_config.json", kProcessor}});
  ASSERT_TRUE(labels);
  const std::string candidates[] = {"a"};
  EXPECT_EQ(labels->zero_shot(team, image, candidates).error().code(), Code::InvalidArgument);
  EXPECT_EQ(labels->object_detection(team, image).error().code(), Code::InvalidArgument);
  EXPECT_EQ(labels->feature_extraction(team, image, true).error().code(), Code::InvalidArgument);
  EXPECT_TRUE(labels->feature_extraction(team, image));
  EXPECT_FALSE(labels->classification(team, Image()));
  const auto bare = load("vit", {{"preprocessor_config.json", kProcessor}});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->classification(team, image).error().code(), Code::InvalidArgument);
  // The processor and the model are of two sizes.
  const auto other = load("vit", {{"preprocessor_config.json", "{}"}});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->feature_extraction(team, image).error().code(), Code::InvalidArgument);
  const auto detr = load("detr_basic", {{"preprocessor_config.json", R"({"size": 64})"}});
  ASSERT_TRUE(detr) << detr.error().message();
  EXPECT_EQ(detr->feature_extraction(team, image).error().code(), Code::InvalidArgument);
  EXPECT_TRUE(detr->object_detection(team, image));
}

TEST(ImagePipeline, RefusesQuestionsWithoutLabelsOrPlaces) {
  Team team(1);
  const Image image = picture(30, 40);
  const auto clip = load("clip", {{"preprocessor_config.json", R"({"size": 32, "crop_size": 32})"},
                                  {"tokenizer.json", image_file("../clip.json")}});
  ASSERT_TRUE(clip) << clip.error().message();
  const std::vector<std::string> labels{"a cat", "a dog"};
  EXPECT_TRUE(clip->zero_shot(team, image, labels));
  EXPECT_EQ(clip->zero_shot(team, image, {}).error().code(), Code::InvalidArgument);
  EXPECT_EQ(clip->zero_shot(team, image, labels, "a photo").error().code(), Code::InvalidArgument);
  const std::vector<std::string> many(ImagePipeline::kCandidatesMax + 1, "a");
  EXPECT_EQ(clip->zero_shot(team, image, many).error().code(), Code::InvalidArgument);
  // More tokens than the model reads.
  const std::vector<std::string> long_label{std::string(200, 'z')};
  EXPECT_EQ(clip->zero_shot(team, image, long_label).error().code(), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
