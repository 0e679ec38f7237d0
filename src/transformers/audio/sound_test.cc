#include "transformers/audio/sound.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <utility>

namespace embrace::transformers {
namespace {

void put(std::string& file, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) file += static_cast<char>(number >> (8 * i));
}

struct Head {
  unsigned coding = 1;
  unsigned channels = 1;
  unsigned rate = 16'000;
  unsigned bits = 16;
  bool extensible = false;
};

std::string wave(const Head& head, const std::string& data,
                 std::optional<std::uint32_t> length = std::nullopt) {
  std::string format;
  put(format, head.extensible ? 0xFFFE : head.coding, 2);
  put(format, head.channels, 2);
  put(format, head.rate, 4);
  put(format, head.rate * head.channels * head.bits / 8, 4);
  put(format, head.channels * head.bits / 8, 2);
  put(format, head.bits, 2);
  if (head.extensible) {
    put(format, 22, 2);
    put(format, head.bits, 2);
    put(format, 0, 4);
    put(format, head.coding, 2);
    format += std::string("\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 14);
  }
  std::string chunks = "WAVELIST";
  put(chunks, 3, 4);
  chunks += "odd";
  chunks += '\0';
  chunks += "fmt ";
  put(chunks, format.size(), 4);
  chunks += format + "data";
  put(chunks, length.value_or(static_cast<std::uint32_t>(data.size())), 4);
  chunks += data;
  std::string file = "RIFF";
  put(file, chunks.size(), 4);
  return file + chunks;
}

Result<Sound> read(const std::string& file) { return read_wave(std::as_bytes(std::span(file))); }

std::string numbers(const std::vector<std::int64_t>& values, std::size_t bytes) {
  std::string data;
  for (const std::int64_t value : values) put(data, static_cast<std::uint64_t>(value), bytes);
  return data;
}

TEST(Wave, ReadsEveryWidth) {
  const std::vector<float> expected{0, 0.5, -1, -0.25};
  EXPECT_EQ(read(wave({.bits = 8}, numbers({128, 192, 0, 96}, 1)))->samples, expected);
  EXPECT_EQ(read(wave({.bits = 16}, numbers({0, 16384, -32768, -8192}, 2)))->samples, expected);
  EXPECT_EQ(read(wave({.bits = 24}, numbers({0, 1 << 22, -(1 << 23), -(1 << 21)}, 3)))->samples,
            expected);
  EXPECT_EQ(read(wave({.bits = 32}, numbers({0, 1 << 30, -(1LL << 31), -(1 << 29)}, 4)))->samples,
            expected);
  std::string floats;
  std::string doubles;
  for (const float value : expected) {
    put(floats, std::bit_cast<std::uint32_t>(value), 4);
    put(doubles, std::bit_cast<std::uint64_t>(static_cast<double>(value)), 8);
  }
  EXPECT_EQ(read(wave({.coding = 3, .bits = 32}, floats))->samples, expected);
  EXPECT_EQ(read(wave({.coding = 3, .bits = 64}, doubles))->samples, expected);
  EXPECT_EQ(read(wave({.coding = 3, .bits = 32, .extensible = true}, floats))->samples, expected);
}

TEST(Wave, AveragesChannelsAndKeepsTheRate) {
  const auto sound =
      read(wave({.channels = 2, .rate = 44'100}, numbers({16384, 0, -32768, -16384}, 2)));
  ASSERT_TRUE(sound);
  EXPECT_EQ(sound->samples, (std::vector<float>{0.25, -0.75}));
  EXPECT_EQ(sound->rate, 44'100u);
}

TEST(Wave, ReadsToTheEndWhereTheLengthIsNotKnown) {
  EXPECT_EQ(read(wave({}, numbers({1, 2, 3}, 2), 0xFFFFFFFF))->samples.size(), 3u);
}

TEST(Wave, RefusesFilesThatAreNot) {
  const auto code = [](const std::string& file) {
    const auto sound = read(file);
    return sound ? std::optional<Code>() : sound.error().code();
  };
  const std::string good = wave({}, numbers({1, 2}, 2));
  EXPECT_EQ(code(good), std::nullopt);
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_EQ(code(good.substr(0, cut)), Code::Corrupt) << cut;
  EXPECT_EQ(code("RIFX" + good.substr(4)), Code::Corrupt);
  EXPECT_EQ(code(wave({}, "abcd", 5)), Code::Corrupt);
  EXPECT_EQ(code(wave({.channels = 0}, "")), Code::Corrupt);
  EXPECT_EQ(code(wave({.channels = 65}, "")), Code::TooLarge);
  EXPECT_EQ(code(wave({.rate = 0}, "")), Code::TooLarge);
  EXPECT_EQ(code(wave({.rate = 4'000'000'000u}, "")), Code::TooLarge);
  EXPECT_EQ(code(wave({.bits = 12}, "")), Code::NotBuilt);
  EXPECT_EQ(code(wave({.coding = 6, .bits = 8}, "")), Code::NotBuilt);  // A-law
  EXPECT_EQ(code(wave({.coding = 6, .bits = 8, .extensible = true}, "")), Code::NotBuilt);
  std::string wrong_block = good;
  wrong_block[wrong_block.find("fmt ") + 8 + 12] = 4;
  EXPECT_EQ(code(wrong_block), Code::Corrupt);
  std::string nan;
  put(nan, std::bit_cast<std::uint32_t>(std::numeric_limits<float>::quiet_NaN()), 4);
  EXPECT_EQ(code(wave({.coding = 3, .bits = 32}, nan)), Code::Corrupt);
}

TEST(Wave, RefusesMoreSamplesThanASoundMayHave) {
  // Zeros that nobody touches take no memory.
  const std::size_t bytes = kSamplesMax + 4096;
  void* const place =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(place, MAP_FAILED);
  const std::string head = wave({.bits = 8}, "", 0xFFFFFFFF);
  std::memcpy(place, head.data(), head.size());
  const auto sound = read_wave({static_cast<const std::byte*>(place), bytes});
  EXPECT_EQ(::munmap(place, bytes), 0);
  ASSERT_FALSE(sound);
  EXPECT_EQ(sound.error().code(), Code::TooLarge);
}

Sound tone(double hertz, std::uint32_t rate, double seconds) {
  Sound sound{.samples = std::vector<float>(static_cast<std::size_t>(seconds * rate)),
              .rate = rate};
  for (std::size_t i = 0; i < sound.samples.size(); ++i) {
    sound.samples[i] = static_cast<float>(std::sin(
        2 * std::numbers::pi * hertz * static_cast<double>(i) / static_cast<double>(rate)));
  }
  return sound;
}

// The largest difference away from the ends, where a tone begins out of silence.
float apart(const Sound& a, const Sound& b) {
  EXPECT_EQ(a.samples.size(), b.samples.size());
  float most = 0;
  for (std::size_t i = 200; i + 200 < a.samples.size(); ++i)
    most = std::max(most, std::abs(a.samples[i] - b.samples[i]));
  return most;
}

TEST(Resample, KeepsTones) {
  Team team(2);
  for (const std::uint32_t rate : {8000u, 22'050u, 44'100u, 48'000u, 96'000u}) {
    const auto made = resample(team, tone(1000, rate, 0.2), 16'000);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->rate, 16'000u);
    EXPECT_LT(apart(*made, tone(1000, 16'000, 0.2)), 1e-4f) << rate;
  }
  EXPECT_LT(apart(*resample(team, tone(7000, 44'100, 0.2), 16'000), tone(7000, 16'000, 0.2)),
            1e-4f);
  EXPECT_LT(apart(*resample(team, tone(3000, 16'000, 0.2), 44'100), tone(3000, 44'100, 0.2)),
            1e-4f);
}

// Rates with nothing in common have as many phases as the new rate has samples in a second; there
// are more weights than a short sound is worth.
TEST(Resample, KeepsTonesBetweenRatesWithManyPhases) {
  Team team(2);
  for (const auto& [from, to] : {std::pair{191'999u, 16'000u},
                                 {16'001u, 16'000u},
                                 {15'999u, 16'000u},
                                 {44'101u, 48'000u},
                                 {1001u, 191'999u}}) {
    const double hertz = std::min(from, to) * 0.4;
    const auto made = resample(team, tone(hertz, from, 0.5), to);
    ASSERT_TRUE(made);
    const auto wanted = tone(hertz, to, 0.5);
    ASSERT_NEAR(static_cast<double>(made->samples.size()),
                static_cast<double>(wanted.samples.size()), to / from + 1);
    const std::size_t edge = std::size_t{140} * to / std::min(from, to);
    for (std::size_t i = edge; i + edge < wanted.samples.size(); ++i)
      ASSERT_NEAR(made->samples[i], wanted.samples[i], 1e-4f) << from << ' ' << to << ' ' << i;
  }
  const Sound flat{.samples = std::vector<float>(9000, 0.5f), .rate = 44'101};
  const auto made = *resample(team, flat, 16'000);
  for (std::size_t i = 100; i + 100 < made.samples.size(); ++i)
    ASSERT_NEAR(made.samples[i], 0.5f, 1e-6);
  const auto silenced = *resample(team, tone(20'000, 48'001, 0.3), 16'000);
  for (std::size_t i = 200; i + 200 < silenced.samples.size(); ++i)
    ASSERT_NEAR(silenced.samples[i], 0, 1e-4f);
}

TEST(Resample, SilencesWhatTheNewRateCannotHold) {
  Team team(1);
  for (const double hertz : {8500.0, 12'000.0, 20'000.0}) {
    const auto made = resample(team, tone(hertz, 48'000, 0.2), 16'000);
    EXPECT_LT(apart(*made, Sound{.samples = std::vector<float>(3200), .rate = 16'000}), 1e-4f);
  }
}

TEST(Resample, KeepsConstantsAndSoundsOfTheSameRate) {
  Team team(1);
  const Sound flat{.samples = std::vector<float>(9000, 0.5f), .rate = 44'100};
  const auto made = *resample(team, flat, 16'000);
  EXPECT_EQ(made.samples.size(), 3266u);  // ceil(9000 * 160 / 441)
  for (std::size_t i = 100; i + 100 < made.samples.size(); ++i)
    ASSERT_NEAR(made.samples[i], 0.5f, 1e-6);
  EXPECT_EQ(resample(team, flat, 44'100)->samples, flat.samples);
  EXPECT_TRUE(resample(team, Sound{.samples = {}, .rate = 8000}, 16'000)->samples.empty());
  EXPECT_EQ(resample(team, Sound{.samples = {1.0f}, .rate = 8000}, 16'000)->samples.size(), 2u);
  EXPECT_EQ(resample(team, Sound{.samples = {1.0f}, .rate = 0}, 16'000).error().code(),
            Code::InvalidArgument);
  EXPECT_EQ(resample(team, flat, 1 << 30).error().code(), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
