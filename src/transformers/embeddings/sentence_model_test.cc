// Sentence models against what the official package makes of the same files and texts
// (make_sentence_models.py).
#include "transformers/embeddings/sentence_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "json/view.h"
#include "transformers/embeddings/pooling.h"
#include "transformers/models/model_fixture.h"

namespace embrace::transformers {
namespace {

std::string read_testdata(const std::string& name) {
  std::ifstream file(std::string(EMB_TESTDATA) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SentenceModels : public ::testing::Test {
 protected:
  SentenceModels() : document_(*json::Document::parse(read_testdata("models/sentences.json"))) {
    for (const json::View text : document_.root()["texts"].items()) texts_.push_back(*text.text());
  }

  json::View cases() const { return document_.root()["cases"]; }

  // A case's files, which a test may change before it loads them.
  std::map<std::string, std::string> files_of(json::View one) const {
    std::map<std::string, std::string> files{{"tokenizer.json", read_testdata("bert.json")}};
    for (const auto& [path, text] : one["files"].members())
      files.emplace(path, std::string(*text.text()));
    return files;
  }

  Result<SentenceModel> load(json::View one,
                             const std::map<std::string, std::string>& texts) const {
    ModelFiles files;
    files.text = [&](const std::string& path) -> Result<std::string> {
      const auto found = texts.find(path);
      if (found == texts.end()) return fail(Code::NotFound, path);
      return found->second;
    };
    files.weights = [&](const std::string& folder) -> Result<Weights> {
      std::vector<OwnedTensor> tensors;
      for (const auto& [name, sides] : one["tensors"][folder].members()) {
        std::vector<std::int64_t> shape;
        for (const json::View side : sides.items()) shape.push_back(*side.integer());
        tensors.push_back(fixture_tensor(std::string(name), std::move(shape)));
      }
      return Weights::from_tensors(std::move(tensors));
    };
    return SentenceModel::load(files);
  }

  json::Document document_;
  std::vector<std::string_view> texts_;
};

void expect_rows(const Matrix& got, const std::vector<float>& wanted, const std::string& what) {
  ASSERT_EQ(got.all().size(), wanted.size()) << what;
  float worst = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got.all()[i])) << what;
    worst = std::max(worst, std::abs(got.all()[i] - wanted[i]));
  }
  EXPECT_LT(worst, 1e-5f) << what;
}

TEST_F(SentenceModels, GiveTheVectorsOfTheOfficialPackage) {
  ASSERT_EQ(cases().members().size(), 5u);
  for (const auto& [name, one] : cases().members()) {
    const auto model = load(one, files_of(one));
    ASSERT_TRUE(model) << name << ": " << model.error().message();
    EXPECT_EQ(model->length_max(), 32u);
    for (const unsigned threads : {1u, 3u}) {
      Team team(threads);
      EmbedOptions options;
      const auto expect = [&](const char* which) {
        const auto rows = model->embed(team, texts_, options);
        ASSERT_TRUE(rows) << name << ": " << rows.error().message();
        expect_rows(*rows, ModelFixture::floats(one[which]), std::string(name) + ", " + which);
      };
      expect("plain");
      options.prompt_name = "query";
      expect("query");
      options = {};
      options.prompt = "It was the ";
      expect("words");
    }
  }
}

TEST_F(SentenceModels, PutManyTextsIntoBatchesAndGiveThemBackInOrder) {
  const json::View one = cases()["mean"];
  const auto model = load(one, files_of(one));
  ASSERT_TRUE(model);
  std::vector<std::string_view> many;
  for (int i = 0; i < 300; ++i)
    many.push_back(texts_[static_cast<std::size_t>(i * 7) % texts_.size()]);
  Team team(3);
  const auto few = model->embed(team, texts_);
  const auto all = model->embed(team, many);
  ASSERT_TRUE(few && all);
  for (std::size_t i = 0; i < many.size(); ++i) {
    const auto wanted = few->row(i * 7 % texts_.size());
    for (std::size_t k = 0; k < wanted.size(); ++k)
      ASSERT_NEAR(all->row(i)[k], wanted[k], 1e-5f) << i;
  }
}

TEST_F(SentenceModels, CutAndNormalizeWhenAsked) {
  const json::View one = cases()["mean"];
  const auto model = load(one, files_of(one));
  ASSERT_TRUE(model);
  Team team(1);
  EmbedOptions options;
  options.width = 5;
  options.normalize = true;
  const auto rows = model->embed(team, texts_, options);
  ASSERT_TRUE(rows);
  const auto whole = ModelFixture::floats(one["plain"]);
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    std::vector<float> wanted(whole.begin() + static_cast<std::ptrdiff_t>(i * model->width()),
                              whole.begin() + static_cast<std::ptrdiff_t>(i * model->width() + 5));
    normalize_row(wanted);
    for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(rows->row(i)[k], wanted[k], 1e-5f);
  }
}

TEST_F(SentenceModels, RefuseWhatTheyCannotDo) {
  const json::View one = cases()["mean"];
  const auto model = load(one, files_of(one));
  ASSERT_TRUE(model);
  Team team(1);
  const auto code = [&](const EmbedOptions& options) {
    const auto rows = model->embed(team, texts_, options);
    return rows ? std::optional<Code>() : rows.error().code();
  };
  EmbedOptions options;
  options.width = 17;
  EXPECT_EQ(code(options), Code::InvalidArgument);
  options.width = 0;
  EXPECT_EQ(code(options), Code::InvalidArgument);
  options = {};
  options.prompt_name = "poem";
  EXPECT_EQ(code(options), Code::InvalidArgument);
  options = {};
  options.truncate = false;  // one of the texts is too long
  EXPECT_EQ(code(options), Code::TooLarge);
  EXPECT_EQ(code({}), std::nullopt);
  const auto none = model->embed(team, {});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->rows(), 0u);
}

TEST_F(SentenceModels, ReadFilesWithCare) {
  const json::View one = cases()["dense"];
  const auto code = [&](const std::string& path, const std::string& text) {
    auto files = files_of(one);
    files[path] = text;
    const auto model = load(one, files);
    return model ? std::optional<Code>() : model.error().code();
  };
  const std::string transformer = R"([{"path": "", "type": "a.Transformer"})";
  EXPECT_EQ(code("modules.json", transformer + "]"), Code::NotBuilt);
  EXPECT_EQ(code("modules.json", "[]"), Code::NotBuilt);
  EXPECT_EQ(code("modules.json", "["), Code::InvalidArgument);
  EXPECT_EQ(code("modules.json", transformer + R"(, {"path": "../1_Pooling", "type": "Pooling"}])"),
            Code::InvalidArgument);
  EXPECT_EQ(code("modules.json", transformer + R"(, {"path": "/etc", "type": "Pooling"}])"),
            Code::InvalidArgument);
  EXPECT_EQ(code("modules.json", transformer + R"(, {"path": "no", "type": "Pooling"}])"),
            Code::NotFound);
  EXPECT_EQ(code("modules.json", transformer + R"(, {"path": "1_Pooling", "type": "Pooling"},
                 {"path": "2_CNN", "type": "CNN"}])"),
            Code::NotBuilt);
  EXPECT_EQ(code("1_Pooling/config.json", R"({"pooling_mode": "median"})"), Code::NotBuilt);
  EXPECT_EQ(code("2_Dense/config.json", R"({"out_features": 9})"), Code::InvalidArgument);
  EXPECT_EQ(
      code("2_Dense/config.json", R"({"out_features": 8, "activation_function": "os.system"})"),
      Code::NotBuilt);
  EXPECT_EQ(code("sentence_bert_config.json", R"({"max_seq_length": 0})"), Code::InvalidArgument);
  EXPECT_EQ(code("config_sentence_transformers.json", R"({"default_prompt_name": "poem"})"),
            Code::InvalidArgument);
  EXPECT_EQ(code("sentence_bert_config.json", R"({"max_seq_length": 7, "do_lower_case": true})"),
            std::nullopt);
}

TEST(Pooling, ReadsFlagsOfOlderFiles) {
  const auto modes = [](std::string_view json) {
    const auto config = *json::Document::parse(json);
    return Pooling::parse(config.root())->modes();
  };
  EXPECT_EQ(modes(R"({"pooling_mode_max_tokens": true, "pooling_mode_cls_token": true,
                      "pooling_mode_mean_tokens": false})"),
            (std::vector{PoolingMode::Cls, PoolingMode::Max}));
  EXPECT_EQ(modes("{}"), std::vector{PoolingMode::Mean});
}

}  // namespace
}  // namespace embrace::transformers
