// ViT against the official package (vision_models.py).
#include "transformers/models/vit.h"

#include <gtest/gtest.h>

#include "transformers/models/vision_fixture.h"

namespace embrace::transformers {
namespace {

const auto kLoad = [](const Weights& weights, json::View config) {
  return Vit::load(weights, config);
};

TEST(Vit, SeesWhatTheOfficialPackageSees) {
  const ModelFixture fixture("vit");
  const auto model = Vit::load(fixture.weights(), fixture.config());
  ASSERT_TRUE(model) << model.error().message();
  Team team(2);
  Matrix hidden;
  Matrix pooled;
  ASSERT_TRUE((*model)->forward(team, pixels({24, 24}), hidden));
  EXPECT_EQ(hidden.rows(), 17u);
  expect_near(hidden.all(), fixture.cases()["hidden"]);
  ASSERT_TRUE((*model)->has_pooler());
  ASSERT_TRUE((*model)->pool(team, hidden, pooled));
  expect_near(pooled.all(), fixture.cases()["pooled"]);
  EXPECT_EQ((*model)->labels(), 0u);
  EXPECT_EQ((*model)->classify(team, hidden, pooled).error().code(), Code::NotFound);
}

TEST(Vit, ClassifiesUnderNewAndOldNames) {
  const ModelFixture fixture("vit_labels");
  const auto old = renamed(fixture.tensors(), {{".layers.", ".encoder.layer."},
                                               {"attention.q_proj", "attention.attention.query"},
                                               {"attention.k_proj", "attention.attention.key"},
                                               {"attention.v_proj", "attention.attention.value"},
                                               {"attention.o_proj", "attention.output.dense"},
                                               {"mlp.fc1", "intermediate.dense"},
                                               {"mlp.fc2", "output.dense"}});
  Team team(2);
  for (const Weights& weights : {fixture.weights(), *Weights::from_tensors(old)}) {
    const auto model = Vit::load(weights, fixture.config());
    ASSERT_TRUE(model) << model.error().message();
    Matrix hidden;
    Matrix logits;
    ASSERT_TRUE((*model)->forward(team, pixels({24, 24}), hidden));
    expect_near(hidden.all(), fixture.cases()["hidden"]);
    EXPECT_EQ((*model)->labels(), 7u);
    ASSERT_TRUE((*model)->classify(team, hidden, logits));
    expect_near(logits.all(), fixture.cases()["logits"]);
    EXPECT_EQ((*model)->pool(team, hidden, logits).error().code(), Code::NotFound);
  }
}

TEST(Vit, ComplainsAboutEveryMissingTensor) {
  expect_every_tensor_needed(ModelFixture("vit_labels"), kLoad, [](const std::string& name) {
    return name.ends_with("bias") || name.starts_with("classifier");
  });
}

TEST(Vit, RefusesImagesOfOtherSides) {
  const ModelFixture fixture("vit");
  const auto model = *Vit::load(fixture.weights(), fixture.config());
  Team team(1);
  Matrix hidden;
  for (const Sides sides : {Sides{24, 30}, Sides{12, 48}, Sides{}}) {
    EXPECT_EQ(model->forward(team, pixels(sides), hidden).error().code(), Code::InvalidArgument);
  }
  PixelMap gray{{24, 24}, Matrix(24 * 24, 1), {24, 24}};
  EXPECT_FALSE(model->forward(team, gray, hidden));
}

TEST(Vit, RefusesConfigsThatDoNotFit) {
  const ModelFixture fixture("vit");
  const auto code = [&](const std::string& from, const std::string& to) {
    return code_of(fixture, kLoad, from, to);
  };
  const std::string sides = R"("image_size":24)";
  EXPECT_FALSE(code(sides, R"("image_size":[24,24])"));
  EXPECT_EQ(code(sides, R"("image_size":[24])"), Code::InvalidArgument);
  EXPECT_EQ(code(sides, R"("image_size":[24,-1])"), Code::InvalidArgument);
  EXPECT_EQ(code(sides, R"("image_size":30)"), Code::InvalidArgument);
  EXPECT_EQ(code(sides, R"("image_size":4)"), Code::InvalidArgument);
  EXPECT_EQ(code(sides, R"("image_size":16000)"), Code::TooLarge);
  EXPECT_EQ(code(R"("patch_size":6)", R"("patch_size":0)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("num_channels":3)", R"("num_channels":1)"), Code::NotBuilt);
  EXPECT_EQ(code(R"("num_attention_heads":4)", R"("num_attention_heads":5)"),
            Code::InvalidArgument);
  EXPECT_EQ(code(R"("hidden_act":"gelu")", R"("hidden_act":"maxout")"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("model_type":"vit")", R"("model_type":"swin")"), Code::NotBuilt);
}

}  // namespace
}  // namespace embrace::transformers
