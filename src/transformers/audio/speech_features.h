#pragma once
// SpeechFeatures: what a speech model takes in, from samples, by its preprocessor_config.json.
//
//   WhisperFeatureExtractor    log-mel spectrogram of a window of 30 s: Hann window, power, mel
//                              filters after Slaney (Auditory Toolbox 1998), log10 not below the
//                              loudest - 8, then (x + 4) / 4 (Radford et al. 2022)
//   Wav2Vec2FeatureExtractor   the samples, with mean 0 and variance 1
//
// Numbers are those of the official package, within 1e-5 of full scale.
//
// Threads: compute() from any, each caller with a Team of its own.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/audio/fourier.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

class SpeechFeatures {
 public:
  enum class Kind : std::uint8_t { LogMel, Samples };
  // How much of a log-mel sound is read: one window of it, or all, a row for each whole hop.
  enum class Extent : std::uint8_t { Window, All };

  // InvalidArgument for settings out of bounds, NotBuilt for other extractors and for dither, which
  // is random.
  static Result<SpeechFeatures> parse(json::View preprocessor_config);

  Kind kind() const { return kind_; }
  std::uint32_t rate() const { return rate_; }
  // Samples that a log-mel window holds; longer sounds are cut, shorter ones are filled up. 0 where
  // there is no such window.
  std::size_t window_samples() const { return window_samples_; }
  std::size_t columns() const { return kind_ == Kind::LogMel ? filters_.size() : 1; }

  // `samples` are of rate(). Log-mel: a row for each hop of the window, a column for each filter.
  // Samples: a row for each. InvalidArgument for none of these, and for less than a frame with
  // Extent::All; TooLarge for more than kSamplesMax, and for so many frames that their
  // numbers are more.
  Status compute(Team& team, std::span<const float> samples, Matrix& out,
                 Extent extent = Extent::Window) const;

 private:
  // Weights of the bins from `first` on.
  struct Filter {
    std::size_t first = 0;
    std::vector<double> weights;
  };

  SpeechFeatures() : fourier_(1) {}
  void make_filters(std::size_t count);
  void log_mel(Team& team, std::span<const float> samples, std::size_t window, Matrix& out) const;
  void normalize(std::span<const float> samples, Matrix& out) const;

  Kind kind_ = Kind::Samples;
  std::uint32_t rate_ = 0;
  bool normalized_ = true;
  std::size_t window_samples_ = 0;
  std::size_t hop_ = 0;
  float padding_ = 0;
  Fourier fourier_;  // of one frame
  std::vector<double> hann_;
  std::vector<Filter> filters_;
};

}  // namespace embrace::transformers
