// Encoder-decoders against what the official package computed (seq2seq_models.py).
#include "transformers/models/seq2seq.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

void expect_near(std::span<const float> got, const std::vector<float>& wanted, const char* what) {
  ASSERT_EQ(got.size(), wanted.size()) << what;
  float worst = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << what;
    worst = std::max(worst, std::abs(got[i] - wanted[i]));
  }
  EXPECT_LT(worst, 1e-4f) << what;
}

class Seq2SeqModels : public ::testing::TestWithParam<const char*> {};

TEST_P(Seq2SeqModels, GiveWhatTheOfficialPackageGives) {
  const ModelFixture fixture(GetParam());
  auto model = Seq2Seq::load(fixture.weights(), fixture.config());
  ASSERT_TRUE(model) << model.error().message();
  Team team(2);
  const auto source = ModelFixture::integers(fixture.cases()["input_ids"]);
  EncoderBatch batch;
  batch.add(source);
  Matrix hidden;
  ASSERT_TRUE((*model)->encode(team, batch, hidden));
  expect_near(hidden.all(), ModelFixture::floats(fixture.cases()["hidden"]), "hidden");

  auto state = (*model)->read(team, source);
  ASSERT_TRUE(state);
  const auto target = ModelFixture::integers(fixture.cases()["decoder_input_ids"]);
  ASSERT_EQ(target.front(), (*model)->first_token());
  Matrix logits;
  for (const std::int32_t token : target) {
    Seq2Seq::State* const states[] = {&*state};
    ASSERT_TRUE((*model)->step(team, states, std::span(&token, 1), logits));
  }
  expect_near(logits.row(0), ModelFixture::floats(fixture.cases()["logits"]), "logits");
}

TEST_P(Seq2SeqModels, RefuseFilesThatLackATensor) {
  const ModelFixture fixture(GetParam());
  const std::size_t count = fixture.tensors().size();
  for (std::size_t left_out = 0; left_out < count; ++left_out) {
    std::vector<OwnedTensor> rest = fixture.tensors();
    const std::string name = rest[left_out].name;
    rest[left_out].shape = {1, 1, 1};
    rest[left_out].bytes.resize(4);
    const auto made = Seq2Seq::load(*Weights::from_tensors(std::move(rest)), fixture.config());
    EXPECT_FALSE(made) << name;
  }
}

TEST_P(Seq2SeqModels, RefuseTokensAndLengthsThatTheyDoNotHave) {
  const ModelFixture fixture(GetParam());
  auto model = Seq2Seq::load(fixture.weights(), fixture.config());
  ASSERT_TRUE(model);
  Team team(1);
  const auto refuses = [&](std::vector<std::int32_t> source) {
    const auto state = (*model)->read(team, source);
    return !state && state.error().code() == Code::InvalidArgument;
  };
  EXPECT_TRUE(refuses({}));
  EXPECT_TRUE(refuses({-1}));
  EXPECT_TRUE(refuses({1 << 22}));
  EXPECT_TRUE(refuses(std::vector<std::int32_t>((*model)->shape().length_max + 1, 5)));
  auto state = (*model)->read(team, std::vector<std::int32_t>{5});
  ASSERT_TRUE(state);
  Seq2Seq::State* const states[] = {&*state};
  const std::int32_t wrong = 1 << 22;
  Matrix logits;
  EXPECT_FALSE((*model)->step(team, states, std::span(&wrong, 1), logits));
  EXPECT_EQ(state->length(), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, Seq2SeqModels,
                         ::testing::Values("t5", "t5_gated", "bart", "mbart", "marian", "pegasus"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace embrace::transformers
