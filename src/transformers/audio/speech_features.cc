#include "transformers/audio/speech_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "base/strings.h"
#include "transformers/audio/sound.h"
#include "transformers/models/config.h"

namespace embrace::transformers {

namespace {

constexpr double kHighest = 8000;  // Hz, whatever the rate
constexpr double kFloor = 1e-10;   // of a filter's power
constexpr std::size_t kFrameMax = 8192;
constexpr std::size_t kFiltersMax = 512;
constexpr std::size_t kFramesMax = 1 << 16;
constexpr std::size_t kPrimeMax = 64;
constexpr std::size_t kValuesMax = kSamplesMax;             // of a log-mel matrix
constexpr std::size_t kWindowedMax = std::size_t{1} << 31;  // samples of all frames together

// Slaney's scale: 200 / 3 Hz for each mel up to 1000 Hz, then 27 mels for each factor of 6.4.
constexpr double kLinearHertz = 200.0 / 3;
constexpr double kLogStart = 1000;
double mels_in_log() { return 27 / std::log(6.4); }

double mel_of(double hertz) {
  if (hertz < kLogStart) return hertz / kLinearHertz;
  return kLogStart / kLinearHertz + std::log(hertz / kLogStart) * mels_in_log();
}

double hertz_of(double mel) {
  const double start = kLogStart / kLinearHertz;
  if (mel < start) return mel * kLinearHertz;
  return kLogStart * std::exp((mel - start) / mels_in_log());
}

}  // namespace

Result<SpeechFeatures> SpeechFeatures::parse(json::View preprocessor_config) {
  ConfigReader read(preprocessor_config, "preprocessor_config.json");
  const std::string type = read.text_or("feature_extractor_type", "");
  SpeechFeatures made;
  made.rate_ =
      static_cast<std::uint32_t>(read.integer_or("sampling_rate", 16'000, kRateMin, kRateMax));
  made.padding_ = static_cast<float>(read.number_or("padding_value", 0, -1, 1));
  if (type == "Wav2Vec2FeatureExtractor") {
    made.normalized_ = read.flag_or("do_normalize", true);
    if (read.integer_or("feature_size", 1, 1, 1 << 20) != 1)
      read.complain("feature_size of samples must be 1");
    EMB_DO(read.status());
    return made;
  }
  if (type != "WhisperFeatureExtractor")
    return fail(Code::NotBuilt, cat("no feature extractor is built for \"", type, "\""));
  made.kind_ = Kind::LogMel;
  const auto filters = read.integer_or("feature_size", 80, 1, kFiltersMax);
  const auto frame = static_cast<std::size_t>(read.integer_or("n_fft", 400, 4, kFrameMax));
  made.hop_ = static_cast<std::size_t>(read.integer_or("hop_length", 160, 1, kFrameMax));
  made.window_samples_ =
      static_cast<std::size_t>(read.integer_or("chunk_length", 30, 1, 600)) * made.rate_;
  if (read.number_or("dither", 0, 0, 1) != 0)
    return fail(Code::NotBuilt, "features with dither, which is random");
  if (made.window_samples_ / made.hop_ > kFramesMax) read.complain("hop_length is too short");
  if (made.window_samples_ < made.hop_) read.complain("hop_length is longer than chunk_length");
  if (made.window_samples_ <= frame) read.complain("n_fft is longer than chunk_length");
  EMB_DO(read.status());
  made.fourier_ = Fourier(frame);
  if (made.fourier_.hardest() > kPrimeMax) {
    return fail(Code::NotBuilt, cat("spectrograms with n_fft ", frame, ", whose prime factor ",
                                    made.fourier_.hardest(), " is above ", kPrimeMax));
  }
  for (std::size_t i = 0; i < frame; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(frame);
    made.hann_.push_back(0.5 - 0.5 * std::cos(2 * std::numbers::pi * part));
  }
  made.make_filters(static_cast<std::size_t>(filters));
  return made;
}

// Triangles between points that are evenly apart in mels, each with an area of 1 over hertz.
void SpeechFeatures::make_filters(std::size_t count) {
  std::vector<double> points;
  for (std::size_t i = 0; i < count + 2; ++i) {
    points.push_back(
        hertz_of(mel_of(kHighest) * static_cast<double>(i) / static_cast<double>(count + 1)));
  }
  const double bin_hertz =
      static_cast<double>(rate_ / 2) / static_cast<double>(fourier_.bins() - 1);
  for (std::size_t i = 0; i < count; ++i) {
    const double low = points[i];
    const double middle = points[i + 1];
    const double high = points[i + 2];
    Filter filter;
    for (std::size_t bin = 0; bin < fourier_.bins(); ++bin) {
      const double hertz = static_cast<double>(bin) * bin_hertz;
      const double weight =
          std::min((hertz - low) / (middle - low), (high - hertz) / (high - middle));
      if (weight <= 0) continue;
      if (filter.weights.empty()) filter.first = bin;
      filter.weights.push_back(weight * 2 / (high - low));
    }
    filters_.push_back(std::move(filter));
  }
}

Status SpeechFeatures::compute(Team& team, std::span<const float> samples, Matrix& out,
                               Extent extent) const {
  if (samples.size() > kSamplesMax)
    return fail(Code::TooLarge, cat("a sound of ", samples.size(), " samples"));
  if (samples.empty()) return fail(Code::InvalidArgument, "a sound has no samples");
  if (kind_ == Kind::LogMel) {
    const std::size_t window = extent == Extent::All ? samples.size() : window_samples_;
    if (window <= fourier_.length() || window < hop_)
      return fail(Code::InvalidArgument, cat("a sound of ", window, " samples is too short"));
    const std::size_t frames = window / hop_;
    if (frames > kValuesMax / filters_.size() || frames > kWindowedMax / fourier_.length()) {
      return fail(Code::TooLarge, cat("a sound of ", window, " samples has too many frames where ",
                                      "hop_length is ", hop_));
    }
    log_mel(team, samples, window, out);
  } else {
    normalize(samples, out);
  }
  return Done{};
}

void SpeechFeatures::normalize(std::span<const float> samples, Matrix& out) const {
  out.resize(samples.size(), 1);
  if (!normalized_) {
    std::ranges::copy(samples, out.all().begin());
    return;
  }
  const auto count = static_cast<double>(samples.size());
  double sum = 0;
  for (const float sample : samples) sum += static_cast<double>(sample);
  const double mean = sum / count;
  double squares = 0;
  for (const float sample : samples) {
    const double apart = static_cast<double>(sample) - mean;
    squares += apart * apart;
  }
  const double scale = 1 / std::sqrt(squares / count + 1e-7);
  for (std::size_t i = 0; i < samples.size(); ++i)
    out.all()[i] = static_cast<float>((static_cast<double>(samples[i]) - mean) * scale);
}

void SpeechFeatures::log_mel(Team& team, std::span<const float> samples, std::size_t window,
                             Matrix& out) const {
  const std::size_t frame = fourier_.length();
  const auto last = static_cast<std::int64_t>(window) - 1;
  // The window is mirrored at its ends, without their own samples.
  const auto sample_at = [&](std::int64_t at) {
    if (at < 0) at = -at;
    if (at > last) at = 2 * last - at;
    const auto index = static_cast<std::size_t>(at);
    return static_cast<double>(index < samples.size() ? samples[index] : padding_);
  };
  out.resize(window / hop_, filters_.size());
  team.split(out.rows(), 64, [&](std::size_t begin, std::size_t end) {
    std::vector<double> windowed(frame);
    std::vector<std::complex<double>> spectrum(fourier_.bins());
    std::vector<double> power(fourier_.bins());
    Fourier::Workspace work;
    for (std::size_t row = begin; row < end; ++row) {
      const auto first =
          static_cast<std::int64_t>(row * hop_) - static_cast<std::int64_t>(frame / 2);
      bool silent = true;
      for (std::size_t i = 0; i < frame; ++i) {
        windowed[i] = sample_at(first + static_cast<std::int64_t>(i)) * hann_[i];
        silent = silent && windowed[i] == 0;
      }
      const auto values = out.row(row);
      if (silent) {
        std::ranges::fill(values, static_cast<float>(std::log10(kFloor)));
        continue;
      }
      fourier_.transform(windowed, spectrum, work);
      for (std::size_t bin = 0; bin < power.size(); ++bin) power[bin] = std::norm(spectrum[bin]);
      for (std::size_t i = 0; i < filters_.size(); ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < filters_[i].weights.size(); ++j)
          sum += filters_[i].weights[j] * power[filters_[i].first + j];
        values[i] = static_cast<float>(std::log10(std::max(sum, kFloor)));
      }
    }
  });
  const float loudest = *std::ranges::max_element(out.all());
  for (float& value : out.all()) value = (std::max(value, loudest - 8) + 4) / 4;
}

}  // namespace embrace::transformers
