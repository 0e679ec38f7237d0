// WAV files: chunks with a name and a length, of which "fmt " says how the samples of "data" lie.
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/strings.h"
#include "transformers/audio/sound.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kHeadBytes = 12;      // "RIFF", length, "WAVE"
constexpr std::size_t kChunkHeadBytes = 8;  // name, length
constexpr std::uint32_t kUnknownLength = 0xFFFFFFFF;
constexpr std::uint16_t kWhole = 1;
constexpr std::uint16_t kFloat = 3;
constexpr std::uint16_t kExtensible = 0xFFFE;

template <class Number>
Number little(std::span<const std::byte> bytes) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    value = static_cast<Number>(value | static_cast<Number>(bytes[i]) << (8 * i));
  return value;
}

std::string_view name_at(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), 4};
}

struct Format {
  std::uint16_t coding = 0;
  std::size_t channels = 0;
  std::uint32_t rate = 0;
  std::size_t sample_bytes = 0;
};

Result<Format> read_format(std::span<const std::byte> chunk) {
  if (chunk.size() < 16) return fail(Code::Corrupt, "a WAV file's fmt chunk is too short");
  Format format;
  format.coding = little<std::uint16_t>(chunk);
  format.channels = little<std::uint16_t>(chunk.subspan(2));
  format.rate = little<std::uint32_t>(chunk.subspan(4));
  const std::size_t block = little<std::uint16_t>(chunk.subspan(12));
  const std::size_t bits = little<std::uint16_t>(chunk.subspan(14));
  if (format.coding == kExtensible) {
    if (chunk.size() < 40) return fail(Code::Corrupt, "a WAV file's fmt chunk is too short");
    format.coding = little<std::uint16_t>(chunk.subspan(24));  // how its GUID begins
  }
  const bool whole = format.coding == kWhole;
  if (!whole && format.coding != kFloat) {
    return fail(Code::NotBuilt, cat("a WAV file in coding ", format.coding,
                                    "; only whole numbers and floats are read"));
  }
  const bool known =
      whole ? bits == 8 || bits == 16 || bits == 24 || bits == 32 : bits == 32 || bits == 64;
  if (!known) return fail(Code::NotBuilt, cat("a WAV file with samples of ", bits, " bits"));
  format.sample_bytes = bits / 8;
  if (format.channels == 0) return fail(Code::Corrupt, "a WAV file without channels");
  if (format.channels > kWaveChannelsMax)
    return fail(Code::TooLarge, cat("a WAV file with ", format.channels, " channels"));
  if (block != format.channels * format.sample_bytes)
    return fail(Code::Corrupt, "a WAV file whose blocks are not its samples");
  if (format.rate < kRateMin || format.rate > kRateMax) {
    return fail(Code::TooLarge, cat("a WAV file of ", format.rate, " samples in a second; from ",
                                    kRateMin, " to ", kRateMax, " are read"));
  }
  return format;
}

double read_sample(std::span<const std::byte> bytes, const Format& format) {
  if (format.coding == kFloat) {
    if (format.sample_bytes == 4) return std::bit_cast<float>(little<std::uint32_t>(bytes));
    return std::bit_cast<double>(little<std::uint64_t>(bytes));
  }
  switch (format.sample_bytes) {
    case 1:  // the only ones without a sign
      return (static_cast<int>(bytes[0]) - 128) / 128.0;
    case 2:
      return static_cast<std::int16_t>(little<std::uint16_t>(bytes)) / 32768.0;
    case 3: {
      const std::uint32_t high = static_cast<std::uint32_t>(little<std::uint16_t>(bytes)) << 8 |
                                 static_cast<std::uint32_t>(bytes[2]) << 24;
      return static_cast<std::int32_t>(high) / 2147483648.0;
    }
    default:
      return static_cast<std::int32_t>(little<std::uint32_t>(bytes)) / 2147483648.0;
  }
}

Result<Sound> read_samples(std::span<const std::byte> data, const Format& format) {
  const std::size_t block = format.channels * format.sample_bytes;
  if (data.size() / block > kSamplesMax)
    return fail(Code::TooLarge, cat("a WAV file of more than ", kSamplesMax, " samples"));
  Sound sound;
  sound.rate = format.rate;
  sound.samples.resize(data.size() / block);  // a block that was cut off is left out
  for (std::size_t i = 0; i < sound.samples.size(); ++i) {
    double sum = 0;
    for (std::size_t channel = 0; channel < format.channels; ++channel)
      sum += read_sample(data.subspan(i * block + channel * format.sample_bytes), format);
    sound.samples[i] = static_cast<float>(sum / static_cast<double>(format.channels));
    if (!std::isfinite(sound.samples[i]))
      return fail(Code::Corrupt, cat("sample ", i, " of a WAV file is not a number"));
  }
  return sound;
}

}  // namespace

Result<Sound> read_wave(std::span<const std::byte> file) {
  if (file.size() > kWaveBytesMax)
    return fail(Code::TooLarge, cat("a WAV file of ", file.size(), " bytes"));
  if (file.size() < kHeadBytes || name_at(file) != "RIFF" || name_at(file.subspan(8)) != "WAVE")
    return fail(Code::Corrupt, "this is not a WAV file");
  std::optional<Format> format;
  std::size_t at = kHeadBytes;
  while (file.size() - at >= kChunkHeadBytes) {
    const std::string_view name = name_at(file.subspan(at));
    const auto length = little<std::uint32_t>(file.subspan(at + 4));
    at += kChunkHeadBytes;
    const std::size_t left = file.size() - at;
    const bool is_data = name == "data";
    const std::size_t bytes = is_data && length == kUnknownLength ? left : length;
    if (bytes > left) return fail(Code::Corrupt, "a WAV file is shorter than it says");
    if (is_data) {
      if (!format) return fail(Code::Corrupt, "a WAV file does not say what its samples are");
      return read_samples(file.subspan(at, bytes), *format);
    }
    if (name == "fmt ") {
      EMB_TRY(format, read_format(file.subspan(at, bytes)));
    }
    at += std::min(left, bytes + bytes % 2);  // chunks begin at even places
  }
  return fail(Code::Corrupt, "a WAV file has no samples");
}

}  // namespace embrace::transformers
