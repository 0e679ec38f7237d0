#include "transformers/audio/speech_features.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "json/view.h"
#include "transformers/audio/speech_fixture.h"

namespace embrace::transformers {
namespace {

Result<SpeechFeatures> parse(const std::string& config) {
  return SpeechFeatures::parse(json::Document::parse(config)->root());
}

class LogMel : public ::testing::TestWithParam<const char*> {};

TEST_P(LogMel, IsTheOfficialPackages) {
  const ModelFixture fixture(GetParam());
  const auto features = SpeechFeatures::parse(fixture.config());
  ASSERT_TRUE(features) << features.error().message();
  Team team(2);
  Matrix out;
  const auto count = static_cast<std::size_t>(*fixture.cases()["samples"].integer());
  ASSERT_TRUE(features->compute(team, signal("sound", count), out));
  EXPECT_EQ(out.rows(), static_cast<std::size_t>(*fixture.cases()["rows"].integer()));
  ASSERT_EQ(out.columns(), features->columns());
  const auto frames = ModelFixture::integers(fixture.cases()["frames"]);
  const auto expected = ModelFixture::floats(fixture.cases()["values"]);
  ASSERT_EQ(expected.size(), frames.size() * out.columns());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto row = out.row(static_cast<std::size_t>(frames[i]));
    for (std::size_t j = 0; j < row.size(); ++j)
      ASSERT_NEAR(row[j], expected[i * row.size() + j], 2e-5) << "frame " << frames[i] << ' ' << j;
  }
}

INSTANTIATE_TEST_SUITE_P(All, LogMel, ::testing::Values("features_whisper", "features_whisper_cut"),
                         [](const auto& info) { return std::string(info.param); });

TEST(SpeechFeatures, NormalizesSamplesAsTheOfficialPackage) {
  const ModelFixture fixture("features_wav2vec2");
  const auto features = SpeechFeatures::parse(fixture.config());
  ASSERT_TRUE(features) << features.error().message();
  auto samples = signal("sound", 600);
  for (float& sample : samples) sample += 0.25f;
  Team team(1);
  Matrix out;
  ASSERT_TRUE(features->compute(team, samples, out));
  const auto expected = ModelFixture::floats(fixture.cases()["values"]);
  ASSERT_EQ(out.rows(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(out.row(i)[0], expected[i], 1e-5);
}

TEST(SpeechFeatures, DoNotDependOnTheNumberOfThreads) {
  const auto features = parse(R"({"feature_extractor_type": "WhisperFeatureExtractor",
                                  "chunk_length": 1, "n_fft": 375})");
  ASSERT_TRUE(features) << features.error().message();
  Matrix one;
  Matrix three;
  Team alone(1);
  Team three_of_them(3);
  const auto samples = signal("sound", 9000);
  ASSERT_TRUE(features->compute(alone, samples, one));
  ASSERT_TRUE(features->compute(three_of_them, samples, three));
  ASSERT_EQ(one.rows(), 100u);
  EXPECT_TRUE(std::ranges::equal(one.all(), three.all()));
}

TEST(SpeechFeatures, RefuseWhatIsNotBuiltOrOutOfBounds) {
  const auto code = [](const std::string& more) {
    const auto made = parse(R"({"feature_extractor_type": "WhisperFeatureExtractor")" + more + "}");
    return made ? std::optional<Code>() : made.error().code();
  };
  EXPECT_EQ(code(""), std::nullopt);
  EXPECT_EQ(code(R"(, "dither": 0.1)"), Code::NotBuilt);
  EXPECT_EQ(code(R"(, "n_fft": 401)"), Code::NotBuilt);  // a prime
  EXPECT_EQ(code(R"(, "n_fft": 100000)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "hop_length": 0)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "hop_length": 1)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "feature_size": -80)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "chunk_length": 100000)"), Code::InvalidArgument);
  EXPECT_EQ(code(R"(, "chunk_length": 1, "sampling_rate": 1000, "n_fft": 1000)"),
            Code::InvalidArgument);
  EXPECT_EQ(parse(R"({"feature_extractor_type": "ClapFeatureExtractor"})").error().code(),
            Code::NotBuilt);
  EXPECT_EQ(parse("{}").error().code(), Code::NotBuilt);
  Team team(1);
  Matrix out;
  EXPECT_EQ(parse(R"({"feature_extractor_type": "Wav2Vec2FeatureExtractor"})")
                ->compute(team, {}, out)
                .error()
                .code(),
            Code::InvalidArgument);
}

// A hop of one sample makes a row of every sample.
TEST(SpeechFeatures, RefuseMoreFramesThanMemoryIsWorth) {
  const auto features = parse(
      R"({"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 512,
          "sampling_rate": 1000, "n_fft": 8, "hop_length": 1, "chunk_length": 60})");
  ASSERT_TRUE(features) << features.error().message();
  Team team(1);
  Matrix out;
  const std::vector<float> samples((std::size_t{1} << 19) + 1);
  const auto done = features->compute(team, samples, out, SpeechFeatures::Extent::All);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::TooLarge);
  EXPECT_NE(done.error().message().find("hop_length is 1"), std::string::npos);
  EXPECT_TRUE(out.all().empty());
}

TEST(Fourier, IsTheSumThatItStandsFor) {
  for (const std::size_t length : {1u, 2u, 3u, 4u, 7u, 12u, 30u, 64u, 97u, 100u, 400u}) {
    const Fourier fourier(length);
    const auto samples = signal("wave", length);
    const std::vector<double> in(samples.begin(), samples.end());
    std::vector<std::complex<double>> out(fourier.bins());
    Fourier::Workspace work;
    fourier.transform(in, out, work);
    for (std::size_t k = 0; k < out.size(); ++k) {
      std::complex<double> sum;
      for (std::size_t n = 0; n < length; ++n) {
        sum += in[n] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * n) /
                                           static_cast<double>(length));
      }
      ASSERT_LT(std::abs(out[k] - sum), 1e-10) << length << ' ' << k;
    }
  }
}

TEST(SpeechFeatures, RefusesFramesThatAreFurtherApartThanTheSoundIsLong) {
  const auto settings = json::Document::parse(
      R"({"feature_extractor_type": "WhisperFeatureExtractor", "sampling_rate": 1000,
          "chunk_length": 1, "hop_length": 8192})");
  ASSERT_TRUE(settings);
  EXPECT_FALSE(SpeechFeatures::parse(settings->root()));
}

}  // namespace
}  // namespace embrace::transformers
