#include "transformers/models/wav2vec2.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "transformers/audio/speech_fixture.h"
#include "transformers/models/ctc_tokenizer.h"
#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

Matrix column(const std::vector<float>& samples) {
  Matrix made(samples.size(), 1);
  std::ranges::copy(samples, made.all().begin());
  return made;
}

void expect_near(const Matrix& matrix, json::View list) {
  const auto expected = ModelFixture::floats(list);
  ASSERT_EQ(matrix.all().size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(matrix.all()[i], expected[i], 1e-4) << i;
}

Tokenizer letters_tokenizer() {
  std::ifstream file(std::string(EMB_TESTDATA) + "/ctc.json");
  std::stringstream text;
  text << file.rdbuf();
  return *Tokenizer::parse(text.str());
}

class Wav2Vec2Models : public ::testing::TestWithParam<const char*> {};

TEST_P(Wav2Vec2Models, HearWhatTheOfficialPackageHears) {
  const ModelFixture fixture(GetParam());
  auto model = Wav2Vec2::load(fixture.weights(), fixture.config());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->letters_known(), 32u);
  const Tokenizer tokenizer = letters_tokenizer();
  Team team(2);
  for (const json::View sound : fixture.cases()["sounds"].items()) {
    const auto count = static_cast<std::size_t>(*sound["samples"].integer());
    Matrix hidden;
    Matrix logits;
    ASSERT_TRUE((*model)->forward(team, column(signal("sound", count)), hidden));
    ASSERT_TRUE((*model)->letters(team, hidden, logits));
    ASSERT_EQ(hidden.rows(), static_cast<std::size_t>(*sound["rows"].integer()));
    EXPECT_EQ(hidden.columns(), (*model)->width());
    if (sound["hidden"].exists()) {
      expect_near(hidden, sound["hidden"]);
      expect_near(logits, sound["logits"]);
    }
    EXPECT_EQ(*read_letters(tokenizer, logits), sound["text"].text());
  }
}

TEST_P(Wav2Vec2Models, LoadFromAnyPrefixAndWithOldNames) {
  const ModelFixture fixture(GetParam());
  auto tensors = fixture.tensors();
  for (OwnedTensor& tensor : tensors) {
    const auto replace = [&](std::string_view what, std::string_view with) {
      if (const auto at = tensor.name.find(what); at != std::string::npos)
        tensor.name.replace(at, what.size(), with);
    };
    replace("wav2vec2.", "");
    replace("parametrizations.weight.original0", "weight_g");
    replace("parametrizations.weight.original1", "weight_v");
  }
  std::erase_if(tensors, [](const OwnedTensor& tensor) { return tensor.name.starts_with("lm_"); });
  const auto model = Wav2Vec2::load(*Weights::from_tensors(std::move(tensors)), fixture.config());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->letters_known(), 0u);
  Team team(1);
  Matrix hidden;
  Matrix logits;
  ASSERT_TRUE((*model)->forward(team, column(signal("sound", 600)), hidden));
  expect_near(hidden, fixture.cases()["sounds"].items().front()["hidden"]);
  EXPECT_EQ((*model)->letters(team, hidden, logits).error().code(), Code::NotFound);
}

TEST_P(Wav2Vec2Models, ComplainAboutEveryMissingTensor) {
  const ModelFixture fixture(GetParam());
  const auto tensors = fixture.tensors();
  for (const OwnedTensor& left_out : tensors) {
    // These have a meaning when they are not there.
    if (left_out.name.ends_with("bias") || left_out.name.starts_with("lm_head") ||
        left_out.name.ends_with("masked_spec_embed"))
      continue;
    std::vector<OwnedTensor> others;
    for (const OwnedTensor& tensor : tensors) {
      if (tensor.name != left_out.name) others.push_back(tensor);
    }
    const auto made = Wav2Vec2::load(*Weights::from_tensors(std::move(others)), fixture.config());
    EXPECT_FALSE(made) << left_out.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Wav2Vec2Models, ::testing::Values("wav2vec2", "wav2vec2_stable"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Wav2Vec2, RefusesSoundsThatAreTooShortOrTooLong) {
  const ModelFixture fixture("wav2vec2");
  const auto model = *Wav2Vec2::load(fixture.weights(), fixture.config());
  Team team(1);
  Matrix hidden;
  EXPECT_EQ(model->forward(team, Matrix(0, 1), hidden).error().code(), Code::InvalidArgument);
  EXPECT_EQ(model->forward(team, Matrix(29, 1), hidden).error().code(), Code::InvalidArgument);
  EXPECT_EQ(model->rows_out(29), 0u);
  EXPECT_EQ(model->rows_out(600), 29u);
  EXPECT_EQ(model->forward(team, Matrix(1 << 20, 1), hidden).error().code(), Code::TooLarge);
}

TEST(Wav2Vec2, RefusesConfigsThatDoNotFit) {
  const ModelFixture fixture("wav2vec2");
  const Weights weights = fixture.weights();
  const auto code = [&](const std::string& from, const std::string& to) {
    std::string config = fixture.config().render();
    const auto at = config.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    config.replace(at, from.size(), to);
    const auto document = *json::Document::parse(config);
    const auto made = Wav2Vec2::load(weights, document.root());
    return made ? std::optional<Code>() : made.error().code();
  };
  EXPECT_EQ(code(R"("conv_dim":[16,24,16])", R"("conv_dim":[16,24])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("conv_dim":[16,24,16])", R"("conv_dim":[16,24,17])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("conv_stride":[5,2,2])", R"("conv_stride":[5,2,0])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("conv_kernel":[10,3,2])", R"("conv_kernel":[])"), Code::InvalidArgument);
  EXPECT_EQ(code(R"("num_attention_heads":4)", R"("num_attention_heads":5)"),
            Code::InvalidArgument);
  EXPECT_EQ(code(R"("num_conv_pos_embedding_groups":4)", R"("num_conv_pos_embedding_groups":5)"),
            Code::InvalidArgument);
  EXPECT_EQ(code(R"("feat_extract_norm":"group")", R"("feat_extract_norm":"batch")"),
            Code::InvalidArgument);
  EXPECT_EQ(code(R"("add_adapter":false)", R"("add_adapter":true)"), Code::NotBuilt);
  EXPECT_EQ(code(R"("model_type":"wav2vec2")", R"("model_type":"wavlm")"), Code::NotBuilt);
}

TEST(CtcTokenizer, ReadsAndCutsLettersOfABareVocabulary) {
  const auto vocabulary =
      *json::Document::parse(R"({"[PAD]": 0, "[UNK]": 1, "_": 2, "A": 3, "L": 4, "\"": 5})");
  const auto config = *json::Document::parse(
      R"({"pad_token": "[PAD]", "unk_token": {"content": "[UNK]"}, "word_delimiter_token": "_"})");
  const auto tokenizer = make_ctc_tokenizer(vocabulary.root(), config.root());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  const std::vector<std::uint32_t> ids{0, 3, 3, 4, 0, 4, 2, 2, 0, 3, 5, 0};
  EXPECT_EQ(*tokenizer->decode(ids, false), "ALL A\"");
  EXPECT_EQ(tokenizer->encode("AL LAX")->ids, (std::vector<std::uint32_t>{3, 4, 2, 4, 3, 1}));
}

TEST(CtcTokenizer, RefusesOtherVocabularies) {
  const auto code = [](const std::string& vocabulary, const std::string& config = "{}") {
    const auto one = *json::Document::parse(vocabulary);
    const auto two = *json::Document::parse(config);
    const auto made = make_ctc_tokenizer(one.root(), two.root());
    return made ? std::optional<Code>() : made.error().code();
  };
  const std::string good = R"({"<pad>": 0, "|": 1, "<unk>": 2, "A": 3})";
  EXPECT_EQ(code(good), std::nullopt);
  EXPECT_EQ(code("[]"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"A": 0})"), Code::InvalidArgument);
  EXPECT_FALSE(make_ctc_tokenizer(json::Document::parse(R"({"<pad>": "A"})")->root(), {}));
  EXPECT_EQ(code(R"({"eng": {"A": 0}})"), Code::NotBuilt);
  EXPECT_EQ(code(good, R"({"do_lower_case": true})"), Code::NotBuilt);
  EXPECT_EQ(code(good, R"({"replace_word_delimiter_char": "+"})"), Code::NotBuilt);
}

TEST(Convolution, IsTheSumThatItStandsFor) {
  // Two groups of two channels each, three rows at a time, every second row.
  const ConvolutionShape shape{
      .inputs = 4, .outputs = 2, .kernel = 3, .stride = 2, .before = 2, .after = 1, .groups = 2};
  const auto weight = signal("weight", 12);
  const auto convolution = *Convolution::make(weight, {0.5f, -1.0f}, shape, Precision::F32);
  Matrix in(7, 4);
  std::ranges::copy(signal("in", 28), in.all().begin());
  Matrix out;
  Team team(2);
  convolution.apply(team, in, out);
  ASSERT_EQ(out.rows(), 4u);
  EXPECT_EQ(out.rows(), convolution.rows_out(7));
  for (std::size_t row = 0; row < out.rows(); ++row) {
    for (std::size_t output = 0; output < 2; ++output) {
      float sum = output == 0 ? 0.5f : -1.0f;
      for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t at = row * 2 + k;
        if (at < 2 || at - 2 >= in.rows()) continue;
        for (std::size_t input = 0; input < 2; ++input)
          sum += weight[output * 6 + input * 3 + k] * in.row(at - 2)[output * 2 + input];
      }
      EXPECT_NEAR(out.row(row)[output], sum, 1e-6);
    }
  }
  EXPECT_EQ(convolution.rows_out(0), 1u);
}

}  // namespace
}  // namespace embrace::transformers
