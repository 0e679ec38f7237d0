// CLIP against the official package (vision_models.py).
#include "transformers/models/clip.h"

#include <gtest/gtest.h>

#include "transformers/models/vision_fixture.h"

namespace embrace::transformers {
namespace {

const auto kLoad = [](const Weights& weights, json::View config) {
  return Clip::load(weights, config);
};

EncoderBatch texts_of(json::View list) {
  EncoderBatch batch;
  for (const json::View text : list.items()) batch.add(ModelFixture::integers(text));
  return batch;
}

class ClipModel : public ::testing::Test {
 protected:
  ModelFixture fixture_{"clip"};
  Team team_{2};
};

TEST_F(ClipModel, SeesReadsAndComparesAsTheOfficialPackageDoes) {
  const auto model = Clip::load(fixture_.weights(), fixture_.config());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->width(), 16u);
  const json::View cases = fixture_.cases();
  Matrix hidden;
  Matrix pooled;
  ASSERT_TRUE((*model)->image_hidden(team_, pixels({32, 32}), hidden));
  expect_near(hidden.all(), cases["image_hidden"]);
  (*model)->pool_image(team_, hidden, pooled);
  expect_near(pooled.all(), cases["image_pooled"]);

  Matrix images(2, 16);
  for (std::uint64_t i = 0; i < 2; ++i) {
    Matrix one;
    ASSERT_TRUE((*model)->image_features(team_, pixels({32, 32}, i), one));
    std::ranges::copy(one.all(), images.row(i).begin());
  }
  expect_near(images.all(), cases["image_features"]);
  Matrix texts;
  ASSERT_TRUE((*model)->text_features(team_, texts_of(cases["texts"]), texts));
  ASSERT_EQ(texts.rows(), 3u);
  for (std::size_t i = 0; i < 3; ++i) expect_near(texts.row(i), cases["text_features"].items()[i]);
  Matrix logits;
  (*model)->compare(images, texts, logits);
  expect_near(logits.all(), cases["logits_per_image"]);
}

TEST_F(ClipModel, FindsTheEndOfTextsWhereOldFilesNameAnother) {
  std::string config = fixture_.config().render();
  const std::string end = R"("eos_token_id":899)";
  config.replace(config.find(end), end.size(), R"("eos_token_id":2)");
  const auto document = *json::Document::parse(config);
  const auto model = *Clip::load(fixture_.weights(), document.root());
  Matrix texts;
  ASSERT_TRUE(model->text_features(team_, texts_of(fixture_.cases()["texts"]), texts));
  for (std::size_t i = 0; i < 3; ++i)
    expect_near(texts.row(i), fixture_.cases()["text_features_of_unknown_end"].items()[i]);
}

TEST_F(ClipModel, RefusesTextsAndImagesThatDoNotFit) {
  const auto model = *Clip::load(fixture_.weights(), fixture_.config());
  Matrix out;
  const auto code = [&](std::vector<std::int32_t> ids) {
    EncoderBatch batch;
    batch.add(ids);
    const Status read = model->text_features(team_, batch, out);
    return read ? std::optional<Code>() : read.error().code();
  };
  EXPECT_EQ(code({}), Code::InvalidArgument);
  EXPECT_EQ(code({900}), Code::InvalidArgument);
  EXPECT_EQ(code({-1}), Code::InvalidArgument);
  EXPECT_EQ(code(std::vector<std::int32_t>(25, 5)), Code::InvalidArgument);
  EXPECT_FALSE(code(std::vector<std::int32_t>(24, 5)));
  EXPECT_EQ(model->image_features(team_, pixels({32, 40}), out).error().code(),
            Code::InvalidArgument);
}

TEST_F(ClipModel, ComplainsAboutEveryMissingTensor) {
  expect_every_tensor_needed(fixture_, kLoad,
                             [](const std::string& name) { return name.ends_with("bias"); });
}

TEST_F(ClipModel, RefusesConfigsThatDoNotFit) {
  const auto code = [&](const std::string& from, const std::string& to) {
    return code_of(fixture_, kLoad, from, to);
  };
  EXPECT_EQ(code(R"("model_type":"clip")", R"("model_type":"siglip")"), Code::NotBuilt);
  EXPECT_EQ(code(R"("vocab_size":900)", R"("vocab_size":901)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("eos_token_id":899)", R"("eos_token_id":-1)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("text_config":)", R"("text":)"), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
