// DETR against the official package (vision_models.py).
#include "transformers/models/detr.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "transformers/models/vision_fixture.h"

namespace embrace::transformers {
namespace {

const auto kLoad = [](const Weights& weights, json::View config) {
  return Detr::load(weights, config);
};

void expect_detections(const ModelFixture& fixture, const Weights& weights) {
  const auto model = Detr::load(weights, fixture.config());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->labels(), 5u);
  Team team(2);
  for (const json::View wanted : fixture.cases().items()) {
    const auto number = [&](std::size_t i) {
      return static_cast<std::size_t>(*wanted["sides"].items()[i].integer());
    };
    const PixelMap image = pixels({number(1), number(0)}, {number(3), number(2)});
    if (wanted["features"].exists()) {
      Matrix map;
      const Sides sides = (*model)->features(team, image, map);
      EXPECT_EQ(sides.height, static_cast<std::size_t>(*wanted["features_height"].integer()));
      EXPECT_EQ(sides.width, static_cast<std::size_t>(*wanted["features_width"].integer()));
      expect_near(map.all(), wanted["features"]);
    }
    DetrOutput out;
    ASSERT_TRUE((*model)->forward(team, image, out));
    expect_near(out.logits.all(), wanted["logits"]);
    expect_near(out.boxes.all(), wanted["boxes"]);
  }
}

class Detrs : public ::testing::TestWithParam<const char*> {};

TEST_P(Detrs, FindWhatTheOfficialPackageFinds) {
  const ModelFixture fixture(GetParam());
  expect_detections(fixture, fixture.weights());
}

// The released files have timm's backbones and the names of transformers 4.
TEST_P(Detrs, LoadUnderTheNamesOfReleasedFiles) {
  const ModelFixture fixture(GetParam());
  Renames renames{{"backbone.model.embedder.embedder.convolution", "backbone.model.conv1"},
                  {"backbone.model.embedder.embedder.normalization", "backbone.model.bn1"},
                  {".shortcut.convolution", ".downsample.0"},
                  {".shortcut.normalization", ".downsample.1"},
                  {"backbone.model.", "backbone.conv_encoder.model."},
                  {"o_proj", "out_proj"},
                  {"mlp.fc", "fc"}};
  for (const char* number : {"0", "1", "2", "3"}) {
    const std::string next(1, static_cast<char>(number[0] + 1));
    renames.push_back({cat("encoder.stages.", number, ".layers."), cat("layer", next, ".")});
    renames.push_back({cat("layer.", number, ".convolution"), "conv" + next});
    renames.push_back({cat("layer.", number, ".normalization"), "bn" + next});
  }
  expect_detections(fixture, *Weights::from_tensors(renamed(fixture.tensors(), renames)));
}

TEST_P(Detrs, ComplainAboutEveryMissingTensor) {
  expect_every_tensor_needed(ModelFixture(GetParam()), kLoad, [](const std::string& name) {
    // A layer that is not the first of its stage would only make the stage shorter.
    const bool later = name.find(".layers.1.layer.0.convolution") != std::string::npos;
    const bool bias = name.ends_with("bias") && name.find("normalization") == std::string::npos;
    return later || bias;
  });
}

INSTANTIATE_TEST_SUITE_P(All, Detrs, ::testing::Values("detr", "detr_basic", "detr_early_stride"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Detr, RefusesImagesThatAreNone) {
  const ModelFixture fixture("detr_basic");
  const auto model = *Detr::load(fixture.weights(), fixture.config());
  Team team(1);
  DetrOutput out;
  const auto code = [&](const PixelMap& image) {
    const Status found = model->forward(team, image, out);
    return found ? std::optional<Code>() : found.error().code();
  };
  EXPECT_EQ(code(pixels({0, 0})), Code::InvalidArgument);
  EXPECT_EQ(code(pixels({8, 8}, {0, 0})), Code::InvalidArgument);
  EXPECT_EQ(code(pixels({8, 8}, {9, 8})), Code::InvalidArgument);
  EXPECT_FALSE(code(pixels({1, 1})));
  EXPECT_FALSE(code(pixels({2, 300}, {1, 1})));
  EXPECT_EQ(code(PixelMap{{8, 8}, Matrix(64, 1), {8, 8}}), Code::InvalidArgument);
}

TEST(Detr, RefusesConfigsThatDoNotFit) {
  const ModelFixture fixture("detr");
  const auto code = [&](const std::string& from, const std::string& to) {
    return code_of(fixture, kLoad, from, to);
  };
  EXPECT_EQ(code(R"("model_type":"detr")", R"("model_type":"yolos")"), Code::NotBuilt);
  EXPECT_EQ(code(R"("dilation":false)", R"("dilation":true)"), Code::NotBuilt);
  EXPECT_EQ(code(R"("position_embedding_type":"sine")", R"("position_embedding_type":"learned")"),
            Code::NotBuilt);
  EXPECT_EQ(code(R"("auxiliary_loss":false)", R"("backbone":"swin_base")"), Code::NotBuilt);
  EXPECT_EQ(code(R"("num_queries":6)", R"("num_queries":7)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("encoder_attention_heads":4)", R"("encoder_attention_heads":3)"),
            Code::InvalidArgument);
  EXPECT_EQ(code(R"("downsample_in_bottleneck":false)", R"("downsample_in_bottleneck":3)"),
            Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
