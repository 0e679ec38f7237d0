// Pipelines against what the official ones gave for the same texts (pipeline_models.py).
#include "transformers/pipelines/text_pipeline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

class TextPipelines : public ::testing::Test {
 protected:
  Result<TextPipeline> load(json::View config) const {
    ModelFiles files;
    files.text = [&](const std::string& path) -> Result<std::string> {
      if (path == "config.json") return config.render();
      if (path == "tokenizer_config.json") {
        return std::string(
            R"({"mask_token": "[MASK]", "unk_token": {"content": "[UNK]"}, "model_max_length": 48})");
      }
      if (path != "tokenizer.json") return fail(Code::NotFound, path);
      std::ifstream file(std::string(EMB_TESTDATA) + "/bert.json");
      std::stringstream text;
      text << file.rdbuf();
      return text.str();
    };
    files.weights = [&](const std::string&) { return Weights::from_tensors(fixture_.tensors()); };
    return TextPipeline::load(files);
  }

  json::View task(std::string_view name) const { return fixture_.cases()[name]; }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const json::View text : fixture_.cases()["texts"].items()) all.emplace_back(*text.text());
    return all;
  }

  ModelFixture fixture_{"pipelines"};
  Team team_{2};
};

void expect_labels(const std::vector<LabelScore>& got, json::View wanted) {
  const auto items = wanted.items();
  ASSERT_EQ(got.size(), items.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].label, items[i]["label"].text());
    EXPECT_NEAR(got[i].score, *items[i]["score"].number(), 1e-5);
  }
}

TEST_F(TextPipelines, ClassifyTexts) {
  const json::View wanted = task("text-classification");
  const auto pipeline = load(wanted["config"]);
  ASSERT_TRUE(pipeline) << pipeline.error().message();
  const auto all = texts();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto plain = pipeline->text_classification(team_, all[i]);
    ASSERT_TRUE(plain);
    expect_labels(*plain, wanted["softmax"].items()[i]);
    const auto sigmoid =
        pipeline->text_classification(team_, all[i], std::nullopt, ScoreFunction::Sigmoid);
    ASSERT_TRUE(sigmoid);
    expect_labels(*sigmoid, wanted["sigmoid"].items()[i]);
  }
  const auto pair = pipeline->text_classification(team_, all[0], all[1]);
  ASSERT_TRUE(pair);
  expect_labels(*pair, wanted["pair"]);
}

TEST_F(TextPipelines, ClassifyByLabelsNeverSeen) {
  const json::View wanted = task("zero-shot-classification");
  const auto pipeline = load(wanted["config"]);
  ASSERT_TRUE(pipeline);
  std::vector<std::string> candidates;
  for (const json::View one : wanted["candidates"].items()) candidates.emplace_back(*one.text());
  const auto all = texts();
  for (const bool many : {false, true}) {
    ZeroShotOptions options;
    options.multi_label = many;
    if (many) options.hypothesis = "It is about {}!";
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto got = pipeline->zero_shot(team_, all[i], candidates, options);
      ASSERT_TRUE(got);
      const json::View one = wanted[many ? "many" : "one"].items()[i];
      ASSERT_EQ(got->size(), 3u);
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_EQ((*got)[k].label, one["labels"].items()[k].text());
        EXPECT_NEAR((*got)[k].score, *one["scores"].items()[k].number(), 1e-5);
      }
    }
  }
  EXPECT_FALSE(pipeline->zero_shot(team_, "a", {}));
  EXPECT_FALSE(pipeline->zero_shot(team_, "a", candidates, {"no place", false}));
}

TEST_F(TextPipelines, FillMasks) {
  const json::View wanted = task("fill-mask");
  const auto pipeline = load(wanted["config"]);
  ASSERT_TRUE(pipeline);
  const auto masked = wanted["texts"].items();
  for (std::size_t i = 0; i < masked.size(); ++i) {
    const auto got = pipeline->fill_mask(team_, *masked[i].text(), 4);
    ASSERT_TRUE(got) << got.error().message();
    const json::View filled = wanted["filled"].items()[i];
    const bool one = !filled.items()[0].is_array();
    ASSERT_EQ(got->size(), one ? 1u : filled.items().size());
    for (std::size_t place = 0; place < got->size(); ++place) {
      const auto choices = (one ? filled : filled.items()[place]).items();
      ASSERT_EQ((*got)[place].size(), choices.size());
      for (std::size_t k = 0; k < choices.size(); ++k) {
        const MaskChoice& choice = (*got)[place][k];
        EXPECT_EQ(choice.token, choices[k]["token"].integer());
        EXPECT_EQ(choice.token_text, choices[k]["token_str"].text());
        EXPECT_EQ(choice.sequence, choices[k]["sequence"].text());
        EXPECT_NEAR(choice.score, *choices[k]["score"].number(), 1e-6);
      }
    }
  }
  const auto none = pipeline->fill_mask(team_, "no mask");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::InvalidArgument);
  EXPECT_FALSE(pipeline->fill_mask(team_, "[MASK]", 0));
}

TEST_F(TextPipelines, FillNoMoreMasksThanAnAnswerHolds) {
  const auto pipeline = load(task("fill-mask")["config"]);
  ASSERT_TRUE(pipeline);
  std::string text;
  for (int i = 0; i < 44; ++i) text += "[MASK] ";
  EXPECT_TRUE(pipeline->fill_mask(team_, text, 2));
  // 44 * 800 texts, of 46 tokens each.
  const auto filled = pipeline->fill_mask(team_, text, 1000);
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().code(), Code::TooLarge);
  EXPECT_NE(filled.error().message().find("518 ways at most"), std::string::npos)
      << filled.error().message();
  EXPECT_NE(filled.error().message().find("top_k"), std::string::npos);
}

TEST_F(TextPipelines, FindEntities) {
  const json::View wanted = task("token-classification");
  const auto pipeline = load(wanted["config"]);
  ASSERT_TRUE(pipeline);
  constexpr std::pair<const char*, Aggregation> kStrategies[] = {
      {"none", Aggregation::None},   {"simple", Aggregation::Simple},
      {"first", Aggregation::First}, {"average", Aggregation::Average},
      {"max", Aggregation::Max},
  };
  const auto all = texts();
  for (const auto& [name, strategy] : kStrategies) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto got = pipeline->token_classification(team_, all[i], {.aggregation = strategy});
      ASSERT_TRUE(got);
      const auto items = wanted[name].items()[i].items();
      ASSERT_EQ(got->size(), items.size()) << name << " " << i;
      for (std::size_t k = 0; k < items.size(); ++k) {
        const Entity& entity = (*got)[k];
        const bool plain = strategy == Aggregation::None;
        EXPECT_EQ(entity.entity, items[k][plain ? "entity" : "entity_group"].text()) << name;
        EXPECT_EQ(entity.word, items[k]["word"].text()) << name << " " << i;
        EXPECT_EQ(entity.start, items[k]["start"].integer()) << name;
        EXPECT_EQ(entity.end, items[k]["end"].integer()) << name;
        EXPECT_NEAR(entity.score, *items[k]["score"].number(), 1e-5) << name;
        if (plain) {
          EXPECT_EQ(entity.index, static_cast<std::size_t>(*items[k]["index"].integer()));
        }
      }
    }
  }
}

TEST_F(TextPipelines, GiveFeatures) {
  const auto pipeline = load(task("token-classification")["config"]);
  ASSERT_TRUE(pipeline);
  const auto all = texts();
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto got = pipeline->feature_extraction(team_, all[i]);
    ASSERT_TRUE(got);
    const auto wanted = ModelFixture::floats(task("feature-extraction").items()[i - 1]);
    ASSERT_EQ(got->all().size(), wanted.size());
    for (std::size_t k = 0; k < wanted.size(); ++k) EXPECT_NEAR(got->all()[k], wanted[k], 1e-4f);
  }
}

TEST_F(TextPipelines, RefuseTasksThatTheModelWasNotMadeFor) {
  const auto pipeline = load(task("fill-mask")["config"]);
  ASSERT_TRUE(pipeline);
  const auto classified = pipeline->text_classification(team_, "a");
  ASSERT_FALSE(classified);
  EXPECT_EQ(classified.error().code(), Code::InvalidArgument);
  for (const char* part : {"text-classification needs", "ForSequenceClassification", "BertFor"})
    EXPECT_NE(classified.error().message().find(part), std::string::npos)
        << classified.error().message();
  EXPECT_FALSE(pipeline->token_classification(team_, "a", {.aggregation = Aggregation::Max}));
  EXPECT_FALSE(load(task("none")));
}

}  // namespace
}  // namespace embrace::transformers
