// Encoders and their heads against what the official package computed (encoder_models.py).
#include "transformers/models/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "transformers/models/encoder_head.h"
#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

constexpr std::pair<std::string_view, HeadKind> kHeads[] = {
    {"pooled", HeadKind::Pooler},
    {"sequence", HeadKind::SequenceClassification},
    {"token", HeadKind::TokenClassification},
    {"answer", HeadKind::QuestionAnswering},
    {"masked", HeadKind::MaskedLm},
};

// Rows [first, first + count) are those of `wanted`.
void expect_near(const Matrix& got, std::size_t first, const std::vector<float>& wanted,
                 const std::string& what) {
  ASSERT_EQ(wanted.size() % got.columns(), 0u) << what;
  const std::size_t rows = wanted.size() / got.columns();
  ASSERT_LE(first + rows, got.rows()) << what;
  float worst = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const float value = got.row(first + i / got.columns())[i % got.columns()];
    ASSERT_TRUE(std::isfinite(value)) << what;
    worst = std::max(worst, std::abs(value - wanted[i]));
  }
  EXPECT_LT(worst, 1e-4f) << what;
}

EncoderBatch batch_of(json::View sequences) {
  EncoderBatch batch;
  for (const json::View sequence : sequences.items()) {
    batch.add(ModelFixture::integers(sequence["ids"]), ModelFixture::integers(sequence["types"]));
  }
  return batch;
}

class EncoderModels : public ::testing::TestWithParam<const char*> {};

TEST_P(EncoderModels, GiveWhatTheOfficialPackageGives) {
  const ModelFixture fixture(GetParam());
  const auto sequences = fixture.cases()["sequences"].items();
  ASSERT_GE(sequences.size(), 3u);
  auto encoder = load_encoder(fixture.weights(), fixture.config());
  ASSERT_TRUE(encoder) << encoder.error().message();
  Team team(2);
  const EncoderBatch batch = batch_of(fixture.cases()["sequences"]);
  Matrix hidden;
  const Status done = (*encoder)->forward(team, batch, hidden);
  ASSERT_TRUE(done) << done.error().message();
  for (std::size_t i = 0; i < sequences.size(); ++i)
    expect_near(hidden, batch.starts[i], ModelFixture::floats(sequences[i]["hidden"]), "hidden");

  std::size_t heads = 0;
  for (const auto& [name, kind] : kHeads) {
    if (!sequences[0][name].exists()) continue;
    ++heads;
    auto head = EncoderHead::load(kind, fixture.weights(), fixture.config());
    ASSERT_TRUE(head) << name << ": " << head.error().message();
    Matrix out;
    head->apply(team, batch, hidden, out);
    const bool by_sequence = kind == HeadKind::Pooler || kind == HeadKind::SequenceClassification;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      if (!sequences[i][name].exists()) continue;
      expect_near(out, by_sequence ? i : batch.starts[i], ModelFixture::floats(sequences[i][name]),
                  std::string(name));
    }
  }
  EXPECT_GE(heads, 3u);
}

TEST_P(EncoderModels, GiveTheSameAloneAndInABatch) {
  const ModelFixture fixture(GetParam());
  auto encoder = load_encoder(fixture.weights(), fixture.config(), Precision::F32);
  ASSERT_TRUE(encoder);
  Team team(1);
  const EncoderBatch batch = batch_of(fixture.cases()["sequences"]);
  Matrix together;
  ASSERT_TRUE((*encoder)->forward(team, batch, together));
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    EncoderBatch one;
    const auto cut = [&](const std::vector<std::int32_t>& all) {
      return std::span(all).subspan(batch.starts[i], batch.length(i));
    };
    one.add(cut(batch.ids), cut(batch.types));
    Matrix alone;
    ASSERT_TRUE((*encoder)->forward(team, one, alone));
    const auto all = alone.all();
    expect_near(together, batch.starts[i], {all.begin(), all.end()}, "alone");
  }
}

TEST_P(EncoderModels, LoadUnderAnyPrefix) {
  const ModelFixture fixture(GetParam());
  std::vector<OwnedTensor> renamed = fixture.tensors();
  for (OwnedTensor& tensor : renamed) tensor.name = "0.auto_model." + tensor.name;
  auto encoder = load_encoder(*Weights::from_tensors(std::move(renamed)), fixture.config());
  ASSERT_TRUE(encoder) << encoder.error().message();
  Team team(1);
  const EncoderBatch batch = batch_of(fixture.cases()["sequences"]);
  Matrix hidden;
  ASSERT_TRUE((*encoder)->forward(team, batch, hidden));
  expect_near(hidden, 0, ModelFixture::floats(fixture.cases()["sequences"].items()[0]["hidden"]),
              "hidden");
}

// Whichever tensor is missing or short, loading says so and does nothing worse.
TEST_P(EncoderModels, RefuseFilesThatLackATensor) {
  const ModelFixture fixture(GetParam());
  const auto tensors = fixture.tensors();
  for (std::size_t left_out = 0; left_out < tensors.size(); ++left_out) {
    std::vector<OwnedTensor> rest = fixture.tensors();
    rest[left_out].shape = {1, 1, 1};
    rest[left_out].bytes.resize(4);
    const Weights weights = *Weights::from_tensors(std::move(rest));
    const bool loads =
        load_encoder(weights, fixture.config()).has_value() &&
        EncoderHead::load(HeadKind::SequenceClassification, weights, fixture.config())
            .has_value() &&
        EncoderHead::load(HeadKind::TokenClassification, weights, fixture.config()).has_value() &&
        EncoderHead::load(HeadKind::QuestionAnswering, weights, fixture.config()).has_value() &&
        EncoderHead::load(HeadKind::MaskedLm, weights, fixture.config()).has_value();
    EXPECT_FALSE(loads) << tensors[left_out].name;
  }
}

TEST_P(EncoderModels, RefuseInputsThatTheyDoNotHave) {
  const ModelFixture fixture(GetParam());
  auto encoder = load_encoder(fixture.weights(), fixture.config());
  ASSERT_TRUE(encoder);
  Team team(1);
  Matrix hidden;
  const auto code = [&](std::vector<std::int32_t> ids) {
    EncoderBatch batch;
    batch.add(ids);
    const Status done = (*encoder)->forward(team, batch, hidden);
    return done ? std::optional<Code>() : done.error().code();
  };
  EXPECT_EQ(code({5}), std::nullopt);
  EXPECT_EQ(code({}), Code::InvalidArgument);
  EXPECT_EQ(code({-1}), Code::InvalidArgument);
  EXPECT_EQ(code({1 << 22}), Code::InvalidArgument);
  EXPECT_EQ(code(std::vector<std::int32_t>((*encoder)->shape().length_max + 1, 5)),
            Code::InvalidArgument);
  EXPECT_TRUE((*encoder)->forward(team, EncoderBatch(), hidden));
  EXPECT_EQ(hidden.rows(), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, EncoderModels,
                         ::testing::Values("bert", "roberta", "distilbert", "mpnet", "electra",
                                           "deberta_v2", "deberta_v3", "modernbert"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Encoder, AnswersNotBuiltForAModelThatIsNot) {
  const auto config = *json::Document::parse(R"({"model_type": "perceiver"})");
  const auto made = load_encoder(*Weights::from_tensors({}), config.root());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::NotBuilt);
}

TEST(Encoder, RefusesWhatItWouldComputeOtherwise) {
  for (const auto& [name, from, to] : {
           std::tuple{"bert", "\"is_decoder\":false", "\"is_decoder\":true"},
           std::tuple{"bert", "\"vocab_size\"", "\"quantization_config\":{},\"vocab_size\""},
           std::tuple{"modernbert", "\"vocab_size\"",
                      "\"rope_scaling\":{\"factor\":2},\"vocab_size\""},
       }) {
    const ModelFixture fixture(name);
    std::string text = fixture.config().render();
    const auto at = text.find(from);
    if (at == std::string::npos) {  // a file that leaves the default out
      text.insert(1, std::string(to) + ",");
    } else {
      text.replace(at, std::string_view(from).size(), to);
    }
    const auto config = json::Document::parse(text);
    ASSERT_TRUE(config) << text;
    EXPECT_FALSE(load_encoder(fixture.weights(), config->root())) << to;
  }
}

TEST(Encoder, LeavesOutBiasesThatTheConfigDenies) {
  const ModelFixture fixture("modernbert");
  std::vector<OwnedTensor> tensors = fixture.tensors();
  const std::size_t count = tensors.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = tensors[i].name;
    const bool has_none = name.find("layers.") != std::string::npos ||
                          name.find("norm") != std::string::npos ||
                          name.find("head.dense") != std::string::npos;
    if (!has_none || !name.ends_with(".weight")) continue;
    tensors.push_back(
        fixture_tensor(name.substr(0, name.size() - 6) + "bias", {tensors[i].shape[0]}));
  }
  ASSERT_GT(tensors.size(), count + 10);
  const Weights weights = *Weights::from_tensors(std::move(tensors));
  auto encoder = load_encoder(weights, fixture.config(), Precision::F32);
  ASSERT_TRUE(encoder) << encoder.error().message();
  auto head = EncoderHead::load(HeadKind::MaskedLm, weights, fixture.config());
  ASSERT_TRUE(head) << head.error().message();
  Team team(1);
  const EncoderBatch batch = batch_of(fixture.cases()["sequences"]);
  Matrix hidden;
  ASSERT_TRUE((*encoder)->forward(team, batch, hidden));
  const json::View one = fixture.cases()["sequences"].items()[0];
  expect_near(hidden, batch.starts[0], ModelFixture::floats(one["hidden"]), "hidden");
  Matrix words;
  head->apply(team, batch, hidden, words);
  for (const auto& [name, kind] : kHeads) {
    if (kind == HeadKind::MaskedLm)
      expect_near(words, batch.starts[0], ModelFixture::floats(one[name]), "words");
  }
}

TEST(Encoder, ReadsNoTextThatIsLongBeyondReason) {
  struct Endless final : Encoder {
    Endless() : Encoder({.width = 1, .vocabulary = 10, .length_max = 1 << 22}) {}
    void run(Team&, const EncoderBatch&, Matrix&) const override {}
  };
  EncoderBatch batch;
  batch.add(std::vector<std::int32_t>(Encoder::kLengthMax + 1, 3));
  Team team(1);
  Matrix hidden;
  EXPECT_FALSE(Endless().forward(team, batch, hidden));
}

TEST(EncoderHead, ReadsLabelsAndKindFromTheConfig) {
  const auto config = *json::Document::parse(
      R"({"architectures": ["BertForTokenClassification"], "id2label": {"0": "O", "1": "B-PER"}})");
  EXPECT_EQ(EncoderHead::kind_of(config.root()), HeadKind::TokenClassification);
  EXPECT_EQ(labels_of(config.root(), 3), (std::vector<std::string>{"O", "B-PER", "LABEL_2"}));
}

}  // namespace
}  // namespace embrace::transformers
