#pragma once
// What tests of vision models share: pictures as vision_models.py gives them to the official
// package, and comparisons with what that made of them.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "transformers/images/image_fixture.h"
#include "transformers/images/pixel_map.h"
#include "transformers/models/model_fixture.h"

namespace embrace::transformers {

// From -1 to 1; what lies outside of `valid` is padding.
inline PixelMap pixels(const Sides& sides, const Sides& valid, std::uint64_t seed = 0) {
  const Image image = picture(sides.width, sides.height, seed);
  PixelMap map{sides, Matrix(sides.area(), 3), valid};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const std::size_t place = i / 3;
    const bool inside = place / sides.width < valid.height && place % sides.width < valid.width;
    map.values.all()[i] = inside ? static_cast<float>(image.pixels[i]) / 127.5f - 1 : 0;
  }
  return map;
}

inline PixelMap pixels(const Sides& sides, std::uint64_t seed = 0) {
  return pixels(sides, sides, seed);
}

inline void expect_near(std::span<const float> got, json::View list, double within = 1e-4) {
  const auto expected = ModelFixture::floats(list);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(got[i], expected[i], within) << i;
}

using Renames = std::vector<std::pair<std::string, std::string>>;

// The tensors under other names: every first becomes its second.
inline std::vector<OwnedTensor> renamed(std::vector<OwnedTensor> tensors, const Renames& renames) {
  for (OwnedTensor& tensor : tensors) {
    for (const auto& [from, to] : renames) {
      if (const auto at = tensor.name.find(from); at != std::string::npos)
        tensor.name.replace(at, from.size(), to);
    }
  }
  return tensors;
}

// `load` of all tensors but one, for each of them, must complain, except where `optional` says so.
template <class Load, class Optional>
void expect_every_tensor_needed(const ModelFixture& fixture, const Load& load,
                                const Optional& optional) {
  const auto tensors = fixture.tensors();
  for (const OwnedTensor& left_out : tensors) {
    if (optional(left_out.name)) continue;
    std::vector<OwnedTensor> others;
    for (const OwnedTensor& tensor : tensors) {
      if (tensor.name != left_out.name) others.push_back(tensor);
    }
    EXPECT_FALSE(load(*Weights::from_tensors(std::move(others)), fixture.config()))
        << left_out.name;
  }
}

// The error of `load` when a part of config.json is another.
template <class Load>
std::optional<Code> code_of(const ModelFixture& fixture, const Load& load, const std::string& from,
                            const std::string& to) {
  std::string config = fixture.config().render();
  const auto at = config.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  config.replace(at, from.size(), to);
  const auto document = *json::Document::parse(config);
  const auto made = load(fixture.weights(), document.root());
  return made ? std::optional<Code>() : made.error().code();
}

}  // namespace embrace::transformers
