#include "transformers/models/whisper.h"

#include <gtest/gtest.h>

#include <cmath>

#include "transformers/audio/speech_fixture.h"
#include "transformers/models/model_fixture.h"
#include "transformers/models/whisper_transcription.h"

namespace embrace::transformers {
namespace {

class WhisperModel : public ::testing::Test {
 protected:
  WhisperModel() : fixture_("whisper"), team_(2), features_(60, 12) {
    model_ = *Whisper::load(fixture_.weights(), fixture_.config());
    std::ranges::copy(signal("features", 60 * 12), features_.all().begin());
  }

  ModelFixture fixture_;
  Team team_;
  Matrix features_;
  std::unique_ptr<Whisper> model_;
};

void expect_near(const Matrix& matrix, json::View list) {
  const auto expected = ModelFixture::floats(list);
  ASSERT_EQ(matrix.all().size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(matrix.all()[i], expected[i], 1e-4) << i;
}

TEST_F(WhisperModel, ComputesWhatTheOfficialPackageComputes) {
  Matrix encoded;
  ASSERT_TRUE(model_->encode(team_, features_, encoded));
  expect_near(encoded, fixture_.cases()["encoded"]);
  const auto prompt = ModelFixture::integers(fixture_.cases()["prompt"]);
  auto state = model_->listen(team_, encoded);
  ASSERT_TRUE(state);
  Matrix logits;
  ASSERT_TRUE(model_->step(team_, *state, prompt, logits));
  expect_near(logits, fixture_.cases()["logits"]);
  EXPECT_EQ(state->length(), prompt.size());
}

TEST_F(WhisperModel, GivesTheSameForTokensOneByOne) {
  Matrix encoded;
  ASSERT_TRUE(model_->encode(team_, features_, encoded));
  const auto prompt = ModelFixture::integers(fixture_.cases()["prompt"]);
  auto together = *model_->listen(team_, encoded);
  auto alone = *model_->listen(team_, encoded);
  Matrix expected;
  Matrix logits;
  ASSERT_TRUE(model_->step(team_, together, prompt, expected));
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    ASSERT_TRUE(model_->step(team_, alone, {&prompt[i], 1}, logits));
    for (std::size_t j = 0; j < logits.columns(); ++j)
      ASSERT_NEAR(logits.row(0)[j], expected.row(i)[j], 1e-5);
  }
}

TEST_F(WhisperModel, RefusesInputsThatDoNotFit) {
  Matrix encoded;
  EXPECT_EQ(model_->encode(team_, Matrix(59, 12), encoded).error().code(), Code::InvalidArgument);
  EXPECT_EQ(model_->encode(team_, Matrix(60, 13), encoded).error().code(), Code::InvalidArgument);
  EXPECT_EQ(model_->listen(team_, Matrix(30, 31)).error().code(), Code::InvalidArgument);
  ASSERT_TRUE(model_->encode(team_, features_, encoded));
  auto state = *model_->listen(team_, encoded);
  Matrix logits;
  for (const std::vector<std::int32_t>& tokens :
       {std::vector<std::int32_t>{}, {-1}, {64}, std::vector<std::int32_t>(41, 3)}) {
    EXPECT_EQ(model_->step(team_, state, tokens, logits).error().code(), Code::InvalidArgument);
    EXPECT_EQ(state.length(), 0u);
  }
  ASSERT_TRUE(model_->step(team_, state, std::vector<std::int32_t>(40, 3), logits));
  EXPECT_EQ(model_->step(team_, state, std::vector<std::int32_t>{3}, logits).error().code(),
            Code::InvalidArgument);
}

TEST_F(WhisperModel, ComplainsAboutEveryMissingTensor) {
  const auto tensors = fixture_.tensors();
  for (const OwnedTensor& left_out : tensors) {
    if (left_out.name.ends_with("bias")) continue;
    std::vector<OwnedTensor> others;
    for (const OwnedTensor& tensor : tensors) {
      if (tensor.name != left_out.name) others.push_back(tensor);
    }
    EXPECT_FALSE(Whisper::load(*Weights::from_tensors(std::move(others)), fixture_.config()))
        << left_out.name;
  }
}

TEST(TranscriptionRules, RefuseWhatTheModelDoesNotHave) {
  const auto config = *json::Document::parse(R"({"vocab_size": 50})");
  const auto code = [&](const std::string& more) {
    const auto settings =
        *json::Document::parse(R"({"decoder_start_token_id": 41, "eos_token_id": 40)" + more + "}");
    const auto rules = TranscriptionRules::parse(config.root(), settings.root());
    return rules ? std::optional<Code>() : rules.error().code();
  };
  EXPECT_EQ(code(""), std::nullopt);
  EXPECT_EQ(code(R"(, "suppress_tokens": [-1])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "suppress_tokens": ["a"])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "no_timestamps_token_id": 49)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "no_timestamps_token_id": -3)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "max_initial_timestamp_index": -1)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "lang_to_id": {"<|en|>": 50})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "task_to_id": {"transcribe": null})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "forced_decoder_ids": [[2, 1]])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "forced_decoder_ids": [[1, 99]])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "forced_decoder_ids": [1])"), Code::InvalidArgument);
  EXPECT_EQ(TranscriptionRules::parse(config.root(), json::View()).error().code(),
            Code::InvalidArgument);
}

TEST(TranscriptionRules, RefuseRequestsThatTheModelCannotMeet) {
  const auto config = *json::Document::parse(
      R"({"vocab_size": 50, "decoder_start_token_id": 41, "eos_token_id": 40})");
  const auto rules = *TranscriptionRules::parse(config.root(), json::View());
  const auto detect = [](std::span<const std::int32_t>) -> Result<std::int32_t> { return 1; };
  EXPECT_EQ(*rules.first_tokens({}, detect), std::vector<std::int32_t>{41});
  EXPECT_EQ(rules.first_tokens({.language = "en"}, detect).error().code(), Code::InvalidArgument);
  EXPECT_EQ(rules.first_tokens({.task = "translate"}, detect).error().code(),
            Code::InvalidArgument);
  EXPECT_EQ(rules.first_tokens({.timestamps = true}, detect).error().code(), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
