#pragma once
// What tests of images share: files of testdata/images, a picture that a formula gives, and the
// hash that stands for pixels in what make_images.py wrote.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "json/view.h"
#include "transformers/images/image.h"

namespace embrace::transformers {

inline std::string image_file(const std::string& name) {
  std::ifstream file(std::string(EMB_TESTDATA) + "/images/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Result<Image> read_image_text(const std::string& bytes) {
  return read_image(std::as_bytes(std::span(bytes)));
}

inline json::Document image_cases() {
  auto document = json::Document::parse(image_file("cases.json"));
  EXPECT_TRUE(document);
  return *std::move(document);
}

// The same numbers as picture() in make_images.py.
inline Image picture(std::size_t width, std::size_t height, std::uint64_t seed = 0) {
  Image made(width, height);
  for (std::uint64_t y = 0; y < height; ++y) {
    for (std::uint64_t x = 0; x < width; ++x) {
      for (std::uint64_t c = 0; c < 3; ++c) {
        const std::uint64_t mixed = x * 7919 + y * 104729 + c * 1299709 + seed * 15485863;
        const auto noise = static_cast<int>((mixed * 2654435761u % (std::uint64_t{1} << 32)) >> 27);
        int wave = static_cast<int>((x * (c + 2) * 5 + y * (3 - c) * 4) % 256);
        wave = wave < 128 ? wave * 2 : 510 - wave * 2;
        made.row(y)[3 * x + c] =
            static_cast<std::uint8_t>(std::clamp(wave / 2 + 40 + noise * 2, 0, 255));
      }
    }
  }
  return made;
}

inline std::string hash_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0xCBF29CE484222325u;
  for (const std::uint8_t byte : bytes) value = (value ^ byte) * 0x100000001B3u;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[value >> shift & 15];
  return digits;
}

}  // namespace embrace::transformers
