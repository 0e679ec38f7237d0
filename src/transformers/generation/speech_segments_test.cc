// One window of sound (audio_models.py); longer ones are speech_model_test.cc's.
#include "transformers/generation/speech_segments.h"

#include <gtest/gtest.h>

#include "transformers/audio/speech_fixture.h"
#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

class SpeechWindow : public ::testing::Test {
 protected:
  SpeechWindow() : fixture_("whisper"), team_(2) {
    model_ = *Whisper::load(fixture_.weights(), fixture_.config());
    Matrix features(60, 12);
    std::ranges::copy(signal("features", 60 * 12), features.all().begin());
    EXPECT_TRUE(model_->encode(team_, features, encoded_));
  }

  ModelFixture fixture_;
  Team team_;
  Matrix encoded_;
  std::unique_ptr<Whisper> model_;
};

TEST_F(SpeechWindow, WritesTheOfficialTokens) {
  const auto cases = fixture_.cases()["transcriptions"].items();
  EXPECT_EQ(cases.size(), 9u);
  for (const json::View one : cases) {
    const auto rules = TranscriptionRules::parse(fixture_.config(), one["generation_config"]);
    ASSERT_TRUE(rules) << rules.error().message();
    const json::View options = one["options"];
    TranscriptionRequest request;
    if (options["language"].exists()) request.language = options["language"].text();
    if (options["task"].exists()) request.task = options["task"].text();
    request.timestamps = options["return_timestamps"].boolean().value_or(false);
    request.tokens_max = 24;
    auto tokens = find_first_tokens(team_, *model_, *rules, request, encoded_);
    ASSERT_TRUE(tokens) << tokens.error().message();
    const auto written = write_window(team_, *model_, *rules, request, {}, *tokens, encoded_);
    ASSERT_TRUE(written) << written.error().message();
    tokens->insert(tokens->end(), written->begin(), written->end());
    EXPECT_EQ(*tokens, ModelFixture::integers(one["tokens"])) << options.render();
  }
}

TEST_F(SpeechWindow, StopsAtItsLastPosition) {
  const auto one = fixture_.cases()["transcriptions"].items().front();
  const auto rules = *TranscriptionRules::parse(fixture_.config(), one["generation_config"]);
  const Tokens prompt{41, 42, 45};
  const auto written = write_window(team_, *model_, rules, {}, {}, prompt, encoded_);
  ASSERT_TRUE(written) << written.error().message();
  if (written->back() != rules.end()) {
    EXPECT_EQ(prompt.size() + written->size(), model_->shape().positions);
  }
  const Tokens full(model_->shape().positions, 3);
  EXPECT_EQ(write_window(team_, *model_, rules, {}, {}, full, encoded_).error().code(),
            Code::InvalidArgument);
  EXPECT_EQ(write_window(team_, *model_, rules, {}, {.beams = {.count = 2}, .returned = 2}, prompt,
                         encoded_)
                .error()
                .code(),
            Code::NotBuilt);
}

}  // namespace
}  // namespace embrace::transformers
