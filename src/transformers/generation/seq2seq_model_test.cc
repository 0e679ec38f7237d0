#include "transformers/generation/seq2seq_model.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testing/temp_folder.h"
#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

class Seq2SeqTexts : public ::testing::TestWithParam<const char*> {
 protected:
  Seq2SeqTexts() : fixture_(GetParam()) {
    model_ = *Seq2Seq::load(fixture_.weights(), fixture_.config());
    source_ = ModelFixture::integers(fixture_.cases()["input_ids"]);
    auto options = read_generation_options(fixture_.cases()["generation"], fixture_.config());
    EXPECT_TRUE(options) << options.error().message();
    options_ = *std::move(options);
  }

  ModelFixture fixture_;
  std::unique_ptr<Seq2Seq> model_;
  Tokens source_;
  GenerationOptions options_;
  Team team_{2};
};

TEST_P(Seq2SeqTexts, AreTheOfficialOnes) {
  options_.tokens_max = options_.tokens_min = 64;
  const auto text = write_about(*model_, team_, source_, options_);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(text->tokens, ModelFixture::integers(fixture_.cases()["greedy"]));
  EXPECT_EQ(text->finish, FinishReason::Length);
}

TEST_P(Seq2SeqTexts, EndWhereAnEndIsLikeliest) {
  const auto plain = ModelFixture::integers(fixture_.cases()["greedy"]);
  options_.tokens_max = 64;
  options_.end_tokens = {9999, plain[3]};  // the first is no token
  const auto text = write_about(*model_, team_, source_, options_);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->tokens.back(), plain[3]);
  EXPECT_LE(text->tokens.size(), 4u);
  EXPECT_EQ(text->finish, FinishReason::EndToken);
}

TEST_P(Seq2SeqTexts, ComeInStepsWithLogprobs) {
  options_.tokens_max = 6;
  options_.logprobs = 3;
  for (const std::size_t beams : {1, 3}) {
    options_.beams.count = beams;
    Tokens steps;
    const auto text =
        write_about(*model_, team_, source_, options_, nullptr, [&](const Step& step) {
          EXPECT_EQ(step.logprobs.size(), 4u);
          EXPECT_EQ(step.logprobs[0].token, step.token);
          steps.push_back(step.token);
          return true;
        });
    ASSERT_TRUE(text) << text.error().message();
    EXPECT_EQ(steps, text->tokens);
  }
  options_.beams.count = 1;
  options_.sampling.temperature = 1;
  options_.returned = 3;
  const auto texts = write_texts_about(*model_, team_, source_, options_);
  ASSERT_TRUE(texts) << texts.error().message();
  EXPECT_EQ(texts->size(), 3u);
}

TEST_P(Seq2SeqTexts, AreRefusedWhereTheModelHasNoRoom) {
  EXPECT_EQ(write_about(*model_, team_, {}, options_).error().code(), Code::InvalidArgument);
  options_.length_max = 1;
  EXPECT_EQ(write_about(*model_, team_, source_, options_).error().code(), Code::InvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(All, Seq2SeqTexts,
                         ::testing::Values("t5", "t5_gated", "bart", "mbart", "marian", "pegasus"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Seq2SeqModel, IsOpenedWithAllThatItHolds) {
  const ModelFixture fixture("t5");
  const ::testing::TempFolder temporary;
  const std::filesystem::path folder = temporary.path();
  write_weights(fixture, folder / "model.safetensors");
  std::ofstream(folder / "config.json") << fixture.config().render();
  std::ofstream(folder / "generation_config.json")
      << R"({"eos_token_id": 1, "num_beams": 2, "max_length": 9, "decoder_start_token_id": 3})";
  EXPECT_EQ(
      Seq2SeqModel::open(rt::Blocking::on_main_thread(), folder, Precision::F32).error().code(),
      Code::NotFound);
  // Words are ids, so that all of the small model's are there.
  std::string words;
  for (int i = 0; i < 61; ++i)
    words += (i > 0 ? ",\"w" : "\"w") + std::to_string(i) + "\":" + std::to_string(i);
  std::ofstream(folder / "tokenizer.json")
      << R"({"version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null,
             "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
             "model": {"type": "WordLevel", "unk_token": "w0", "vocab": {)"
      << words << "}}}";
  const auto model = Seq2SeqModel::open(rt::Blocking::on_main_thread(), folder, Precision::F32);
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ(model->defaults.beams.count, 2u);
  const auto source = model->encode("w5 w7 w9");
  ASSERT_TRUE(source);
  EXPECT_EQ(*source, (Tokens{5, 7, 9}));
  Team team(1);
  const auto text = model->write(team, *source, model->defaults);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_LE(text->tokens.size(), 8u);
  EXPECT_FALSE(text->text.empty());
  const auto again = write_about(*model->model, team, *source, model->defaults, &model->tokenizer);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->tokens, text->tokens);
}

}  // namespace
}  // namespace embrace::transformers
