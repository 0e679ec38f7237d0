// Every case of testdata/pipelines: the official package's answers to the same calls.
#include "transformers/pipelines/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "base/strings.h"
#include "json/writer.h"
#include "transformers/models/model_fixture.h"
#include "transformers/pipelines/tasks.h"

namespace embrace::transformers {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// A file in safetensors with the weights that follow from their names.
std::string safetensors_of(json::View tensors) {
  json::Writer head;
  std::string bytes;
  head.begin_object();
  for (const auto& [name, sides] : tensors.members()) {
    std::vector<std::int64_t> shape;
    for (const json::View side : sides.items()) shape.push_back(*side.integer());
    const OwnedTensor tensor = fixture_tensor(std::string(name), shape);
    head.key(name).begin_object().field("dtype", "F32").key("shape").begin_array();
    for (const std::int64_t side : shape) head.value(side);
    head.end_array().key("data_offsets").begin_array();
    head.value(bytes.size()).value(bytes.size() + tensor.bytes.size());
    head.end_array().end_object();
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  head.end_object();
  const std::string text = head.take();
  std::string file;
  for (int byte = 0; byte < 8; ++byte)
    file += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * byte) & 0xFF);
  return file + text + bytes;
}

void expect_same(json::View got, json::View wanted, const std::string& place) {
  SCOPED_TRACE(place);
  if (wanted.is_object()) {
    const auto members = wanted.members();
    EXPECT_EQ(got.members().size(), members.size()) << got.render();
    for (const auto& [name, value] : members) expect_same(got[name], value, cat(place, ".", name));
  } else if (wanted.is_array()) {
    const auto items = wanted.items();
    const auto gotten = got.items();
    ASSERT_EQ(gotten.size(), items.size()) << got.render() << "\n" << wanted.render();
    for (std::size_t i = 0; i < items.size(); ++i)
      expect_same(gotten[i], items[i], cat(place, "[", i, "]"));
  } else if (wanted.number() && wanted.render().find_first_of(".eE") != std::string::npos) {
    ASSERT_TRUE(got.number()) << got.render();
    EXPECT_NEAR(*got.number(), *wanted.number(), 1e-4);
  } else {
    EXPECT_EQ(got.render(), wanted.render());
  }
}

class PipelineCase : public ::testing::TestWithParam<std::string> {
 protected:
  PipelineCase()
      : case_(*json::Document::parse(
            read_text(fs::path(EMB_TESTDATA) / "pipelines" / (GetParam() + ".json")))),
        folder_(fs::path(::testing::TempDir()) / ("pipeline_" + GetParam())) {
    const json::View root = case_.root();
    for (const auto& [name, file] : root["files"].members())
      write_text(folder_ / name, file.text() ? std::string(*file.text()) : file.render());
    if (const auto tokenizer = root["tokenizer"].text())
      write_text(folder_ / "tokenizer.json", read_text(fs::path(EMB_TESTDATA) / *tokenizer));
    write_text(folder_ / "model.safetensors", safetensors_of(root["tensors"]));
  }
  ~PipelineCase() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<Pipeline>> open(std::string_view name) const {
    const auto blocking = rt::Blocking::on_main_thread();
    EMB_TRY(const Pipeline::Task task, Pipeline::find(blocking, name, folder_));
    return task.open(blocking, folder_, Precision::F32);
  }

  json::Document case_;
  fs::path folder_;
  Team team_{2};
};

TEST_P(PipelineCase, AnswersAsTheOfficialPackageDoes) {
  const json::View root = case_.root();
  const auto pipeline = open(*root["task"].text());
  ASSERT_TRUE(pipeline) << pipeline.error().message();
  std::size_t call = 0;
  for (const json::View one : root["calls"].items()) {
    const auto answer = (*pipeline)->run(team_, {one["inputs"], {}}, one["parameters"]);
    ASSERT_TRUE(answer) << answer.error().message();
    const auto got = json::Document::parse(*answer);
    ASSERT_TRUE(got) << *answer;
    expect_same(got->root(), one["answer"], cat("call ", call++));
  }
}

TEST_P(PipelineCase, RefusesWhatItDoesNotKnow) {
  const json::View root = case_.root();
  const auto pipeline = open(*root["task"].text());
  ASSERT_TRUE(pipeline) << pipeline.error().message();
  const json::View call = root["calls"].items()[0];
  const auto odd = *json::Document::parse(R"({"no_such_parameter": 1, "candidate_labels": ["a"]})");
  const auto refused = (*pipeline)->run(team_, {call["inputs"], {}}, odd.root());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::InvalidArgument);
  EXPECT_NE(refused.error().message().find("there is no parameter"), std::string::npos)
      << refused.error().message();
  // Inputs of every wrong kind.
  for (const char* text : {"null", "7", "[]", "[7]", "{}", R"({"text": 7})", R"([["a"]])", "true",
                           R"({"question": "a"})", R"({"query": "a", "texts": "b"})"}) {
    const auto wrong = *json::Document::parse(text);
    EXPECT_FALSE((*pipeline)->run(team_, {wrong.root(), {}}, call["parameters"])) << text;
  }
  const auto list = *json::Document::parse("[1]");
  EXPECT_FALSE((*pipeline)->run(team_, {call["inputs"], {}}, list.root()));
  EXPECT_FALSE((*pipeline)->run(team_, {}, call["parameters"]));
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(fs::path(EMB_TESTDATA) / "pipelines"))
    names.push_back(file.path().stem().string());
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, PipelineCase, ::testing::ValuesIn(cases()),
                         [](const auto& given) { return given.param; });

// The model of a case whose tensors may be changed, or left out, before it is opened.
class ChangedModel : public ::testing::Test {
 protected:
  ~ChangedModel() override { fs::remove_all(folder_); }
  Result<std::unique_ptr<Pipeline>> open(const std::string& name,
                                         const std::map<std::string, std::string>& shapes) {
    case_ =
        *json::Document::parse(read_text(fs::path(EMB_TESTDATA) / "pipelines" / (name + ".json")));
    const json::View root = case_->root();
    for (const auto& [file, text] : root["files"].members())
      write_text(folder_ / file, text.text() ? std::string(*text.text()) : text.render());
    if (const auto tokenizer = root["tokenizer"].text())
      write_text(folder_ / "tokenizer.json", read_text(fs::path(EMB_TESTDATA) / *tokenizer));
    json::Writer tensors;
    tensors.begin_object();
    for (const auto& [tensor, shape] : root["tensors"].members()) {
      const auto other = shapes.find(std::string(tensor));
      if (other != shapes.end() && other->second.empty()) continue;
      tensors.key(tensor).raw(other == shapes.end() ? shape.render() : other->second);
    }
    tensors.end_object();
    const auto changed = *json::Document::parse(tensors.take());
    write_text(folder_ / "model.safetensors", safetensors_of(changed.root()));
    const auto blocking = rt::Blocking::on_main_thread();
    EMB_TRY(const Pipeline::Task task, Pipeline::find(blocking, *root["task"].text(), folder_));
    return task.open(blocking, folder_, Precision::F32);
  }
  std::optional<json::Document> case_;
  fs::path folder_ = fs::path(::testing::TempDir()) / "pipeline_changed";
  Team team_{1};
};

TEST_F(ChangedModel, ThatHearsAndHasNoLabelsIsRefused) {
  const auto pipeline =
      open("audio_classification", {{"classifier.weight", "[0, 24]"}, {"classifier.bias", "[0]"}});
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().code(), Code::InvalidArgument);
}

TEST_F(ChangedModel, ThatLacksTheHeadIsToldWhatItIs) {
  const auto refused =
      open("automatic_speech_recognition_letters", {{"lm_head.weight", ""}, {"lm_head.bias", ""}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "automatic-speech-recognition needs a model of a class that ends in ForCTC; the "
            "architectures in config.json are Wav2Vec2ForCTC");
}

TEST_F(ChangedModel, SaysWhatATaskTakes) {
  const auto pipeline = open("question_answering_bert", {});
  ASSERT_TRUE(pipeline) << pipeline.error().message();
  const auto input = *json::Document::parse(R"({"question": "a", "context": 7})");
  const auto refused = (*pipeline)->run(team_, {input.root(), {}}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "question-answering takes {\"question\", \"context\"}: context must be a text");
}

TEST_F(ChangedModel, ThatHearsGivesFiveLabelsUnlessAskedForMore) {
  const auto pipeline =
      open("audio_classification", {{"classifier.weight", "[7, 24]"}, {"classifier.bias", "[7]"}});
  ASSERT_TRUE(pipeline) << pipeline.error().message();
  const json::View sound = case_->root()["calls"].items()[0]["inputs"];
  const auto labels = [&](const char* parameters) {
    const auto given = *json::Document::parse(parameters);
    const auto answer = (*pipeline)->run(team_, {sound, {}}, given.root());
    return answer ? json::Document::parse(*answer)->root().items().size() : 0;
  };
  EXPECT_EQ(labels("{}"), 5u);
  EXPECT_EQ(labels(R"({"top_k": 6})"), 6u);
  EXPECT_EQ(labels(R"({"top_k": 100})"), 7u);
}

TEST(AnswerEach, RefusesAnswersThatAreTooLong) {
  const auto inputs = *json::Document::parse("[1, 2, 3, 4, 5]");
  const std::string text(kAnswerBytesMax / 4, 'a');
  std::size_t asked = 0;
  const auto answers = answer_each({inputs.root(), {}}, [&](json::View, json::Writer& out) {
    ++asked;
    out.value(text);
    return Status(Done{});
  });
  ASSERT_FALSE(answers);
  EXPECT_EQ(answers.error().code(), Code::TooLarge);
  EXPECT_NE(answers.error().message().find("128 MiB"), std::string::npos);
  EXPECT_EQ(asked, 4u);
}

class PipelineTasks : public ::testing::Test {
 protected:
  ~PipelineTasks() override { fs::remove_all(folder_); }
  Result<Pipeline::Task> guess(std::string_view config) const {
    write_text(folder_ / "config.json", config);
    return Pipeline::find(rt::Blocking::on_main_thread(), "auto", folder_);
  }
  fs::path folder_ = fs::path(::testing::TempDir()) / "pipeline_tasks";
};

TEST_F(PipelineTasks, AreListedWhereAnUnknownOneIsAskedFor) {
  const auto found = Pipeline::find(rt::Blocking::on_main_thread(), "no-such-task", folder_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::InvalidArgument);
  for (const Pipeline::Task& task : Pipeline::tasks())
    EXPECT_NE(found.error().message().find(task.name), std::string::npos) << task.name;
}

TEST_F(PipelineTasks, HaveTheOfficialPackagesOtherNames) {
  const auto blocking = rt::Blocking::on_main_thread();
  EXPECT_EQ(Pipeline::find(blocking, "ner", folder_)->name, "token-classification");
  EXPECT_EQ(Pipeline::find(blocking, "sentiment-analysis", folder_)->name, "text-classification");
}

TEST_F(PipelineTasks, FollowFromTheModelsClass) {
  const auto name = [&](std::string_view config) -> std::string {
    const auto task = guess(config);
    return task ? std::string(task->name) : task.error().message();
  };
  EXPECT_EQ(name(R"({"architectures": ["BertForQuestionAnswering"]})"), "question-answering");
  EXPECT_EQ(name(R"({"architectures": ["XLMRobertaForSequenceClassification"]})"),
            "text-classification");
  EXPECT_EQ(name(R"({"architectures": ["ModernBertForMaskedLM"]})"), "fill-mask");
  EXPECT_EQ(name(R"({"architectures": ["DebertaV2ForTokenClassification"]})"),
            "token-classification");
  EXPECT_EQ(name(R"({"model_type": "bert", "architectures": ["BertModel"]})"),
            "feature-extraction");
  EXPECT_EQ(name(R"({"architectures": ["BertForSequenceClassification"],
                     "sentence_transformers": {}})"),
            "text-ranking");
  // Decoders whose class is called like those that rewrite texts, and Whisper's parts.
  EXPECT_EQ(name(R"({"model_type": "gemma3", "architectures":
                     ["Gemma3ForConditionalGeneration"]})"),
            "text-generation");
  EXPECT_EQ(name(R"({"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]})"),
            "text2text-generation");
  EXPECT_EQ(name(R"({"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]})"),
            "text-classification");
  EXPECT_EQ(name(R"({"model_type": "llama"})"), "text-generation");
  for (const char* text :
       {R"({"model_type": "whisper"})", R"({"model_type": "whisper", "architectures": []})",
        R"({"model_type": "whisper", "architectures": ["WhisperModel"]})",
        R"({"model_type": "whisper", "architectures": ["WhisperForCausalLM"]})",
        R"({"model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"]})"})
    EXPECT_EQ(name(text), "automatic-speech-recognition") << text;
  for (const char* text :
       {R"({"model_type": "bert", "architectures": ["BertForMultipleChoice"]})",
        R"({"model_type": "whisper", "architectures": ["WhisperForAudioClassification"]})",
        R"({"architectures": ["NobodyKnows"]})"}) {
    const auto task = guess(text);
    ASSERT_FALSE(task) << text;
    EXPECT_EQ(task.error().code(), Code::NotBuilt) << text;
    EXPECT_NE(task.error().message().find("is not built"), std::string::npos);
  }
  EXPECT_FALSE(guess("[]"));
  EXPECT_FALSE(guess("{"));
}

}  // namespace
}  // namespace embrace::transformers
