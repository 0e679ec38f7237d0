#include "transformers/generation/speech_model.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testing/temp_folder.h"
#include "transformers/audio/speech_fixture.h"
#include "transformers/generation/generation_fixture.h"
#include "transformers/generation/speech_segments.h"
#include "transformers/models/whisper_languages.h"

namespace embrace::transformers {
namespace {

TranscribeOptions read_options(json::View view) {
  TranscribeOptions options;
  if (view["language"].text()) options.language = std::string(*view["language"].text());
  if (view["task"].text()) options.task = std::string(*view["task"].text());
  options.timestamps = view["return_timestamps"].boolean().value_or(false);
  options.conditioned = view["condition_on_prev_tokens"].boolean();
  return options;
}

class SpeechModelFolder : public testing::Test {
 protected:
  SpeechModelFolder() : fixture_("whisper_long") {
    write_weights(fixture_, folder() / "model.safetensors");
    write("config.json", fixture_.config().render());
    write("preprocessor_config.json", fixture_.cases()["preprocessor_config"].render());
    write("tokenizer.json", *fixture_.cases()["tokenizer"].text());
  }

  std::filesystem::path folder() const { return folder_.path(); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder() / name) << text;
  }
  Result<SpeechModel> open() const {
    return SpeechModel::open(rt::Blocking::on_main_thread(), folder(), Precision::F32);
  }
  static Sound sound(std::size_t samples) { return {signal("sound", samples), 16'000}; }

  ModelFixture fixture_;
  ::testing::TempFolder folder_;
  Team team_{2};
};

TEST_F(SpeechModelFolder, WritesTheOfficialTextsAndChunks) {
  const auto cases = fixture_.cases()["sounds"].items();
  ASSERT_EQ(cases.size(), 7u);
  for (const json::View one : cases) {
    SCOPED_TRACE(one["options"].render());
    write("generation_config.json", one["generation_config"].render());
    const auto model = open();
    ASSERT_TRUE(model) << model.error().message();
    TranscribeOptions options = read_options(one["options"]);
    const auto wanted = one["chunks"].items();
    options.timestamps = !wanted.empty();
    const auto samples = static_cast<std::size_t>(*one["samples"].integer());
    const auto said = model->transcribe(team_, sound(samples), options);
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ(said->text, *one["text"].text());
    ASSERT_EQ(said->chunks.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto parts = wanted[i].items();
      EXPECT_EQ(said->chunks[i].start_seconds, parts[0].number()) << i;
      EXPECT_EQ(said->chunks[i].end_seconds, parts[1].number()) << i;
      EXPECT_EQ(said->chunks[i].text, *parts[2].text()) << i;
    }
  }
}

TEST_F(SpeechModelFolder, WritesTheOfficialSegments) {
  const auto features = SpeechFeatures::parse(fixture_.cases()["preprocessor_config"]);
  ASSERT_TRUE(features);
  const auto model = Whisper::load(fixture_.weights(), fixture_.config());
  ASSERT_TRUE(model);
  for (const json::View one : fixture_.cases()["sounds"].items()) {
    SCOPED_TRACE(one["options"].render());
    const auto rules = TranscriptionRules::parse(fixture_.config(), one["generation_config"]);
    ASSERT_TRUE(rules) << rules.error().message();
    const auto samples = static_cast<std::size_t>(*one["samples"].integer());
    Matrix rows;
    ASSERT_TRUE(features->compute(team_, signal("sound", samples), rows,
                                  samples > features->window_samples()
                                      ? SpeechFeatures::Extent::All
                                      : SpeechFeatures::Extent::Window));
    const TranscribeOptions options = read_options(one["options"]);
    const auto written = write_segments(team_, **model, *rules,
                                        {.language = options.language,
                                         .task = options.task,
                                         .timestamps = options.timestamps,
                                         .conditioned = options.conditioned},
                                        {}, rows);
    ASSERT_TRUE(written) << written.error().message();
    const auto wanted = one["segments"].items();
    ASSERT_EQ(written->segments.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto parts = wanted[i].items();
      EXPECT_EQ(written->segments[i].tokens, ModelFixture::integers(parts[2])) << i;
      EXPECT_EQ(written->segments[i].start_seconds, *parts[0].number()) << i;
      EXPECT_EQ(written->segments[i].end_seconds, *parts[1].number()) << i;
    }
  }
}

TEST_F(SpeechModelFolder, KnowsLanguagesByTheirNames) {
  const auto one = fixture_.cases()["sounds"].items().front();
  write("generation_config.json", one["generation_config"].render());
  const auto model = open();
  ASSERT_TRUE(model);
  for (const char* name : {"de", "German", "<|de|>"}) {
    const auto said = model->transcribe(team_, sound(4000), {.language = name});
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ(said->language, "de");
  }
  const auto detected = model->transcribe(team_, sound(4000));
  ASSERT_TRUE(detected);
  EXPECT_TRUE(detected->language == "en" || detected->language == "de");
  for (const TranscribeOptions& wrong :
       {TranscribeOptions{.language = "fr"}, {.language = "no such"}, {.task = "sing"}}) {
    const auto said = model->transcribe(team_, sound(4000), wrong);
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), Code::InvalidArgument);
  }
}

TEST_F(SpeechModelFolder, BringsSoundsToItsRate) {
  const auto one = fixture_.cases()["sounds"].items().front();
  write("generation_config.json", one["generation_config"].render());
  const auto model = open();
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->transcribe(team_, Sound{signal("sound", 4000), 8000}));
  EXPECT_FALSE(model->transcribe(team_, Sound{{}, 16'000}));
  EXPECT_FALSE(model->transcribe(team_, Sound{signal("sound", 4000), 1}));
}

TEST_F(SpeechModelFolder, NamesTheFileThatIsMissingOrWrong) {
  EXPECT_TRUE(open());  // without a generation_config.json
  for (const char* name :
       {"config.json", "preprocessor_config.json", "tokenizer.json", "generation_config.json"}) {
    SCOPED_TRACE(name);
    const auto held = folder() / "held";
    const bool is_there = std::filesystem::exists(folder() / name);
    if (is_there) std::filesystem::rename(folder() / name, held);
    write(name, "{");
    EXPECT_FALSE(open());
    std::filesystem::remove(folder() / name);
    if (is_there) std::filesystem::rename(held, folder() / name);
  }
  write("generation_config.json", R"({"no_speech_threshold": 0.6})");
  EXPECT_EQ(open().error().code(), Code::NotBuilt);
  write("generation_config.json", "{}");
  write("preprocessor_config.json",
        R"({"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1})");
  EXPECT_EQ(open().error().code(), Code::InvalidArgument);
}

TEST(WhisperLanguages, AreFoundByCodeAndName) {
  EXPECT_EQ(whisper_language_code("en"), "en");
  EXPECT_EQ(whisper_language_code("English"), "en");
  EXPECT_EQ(whisper_language_code("<|yue|>"), "yue");
  EXPECT_EQ(whisper_language_code("castilian"), "es");
  EXPECT_EQ(whisper_language_code("<|>"), std::nullopt);
  EXPECT_EQ(whisper_language_code(""), std::nullopt);
  EXPECT_EQ(whisper_language_name("de"), "german");
  EXPECT_EQ(whisper_language_name("german"), "");
}

}  // namespace
}  // namespace embrace::transformers
