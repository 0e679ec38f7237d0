#pragma once
// ModelFixture: a small model of testdata/models, whose weights follow from their names, and what
// the official package computed with it. tests/transformers/make_models.py makes the files and
// holds the same formula.
//
// Element i of tensor t is u scaled, where u in [-1, 1) comes from 24 bits of splitmix64 started at
// FNV-1a(t) + i. Matrices are scaled by sqrt(3 / columns), so that products keep their size;
// vectors by 1/8, around 1 when their name ends in "weight" or "running_var" (norms) and around 0
// otherwise. Of four dimensions (convolutions of images), all but the first count as columns.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "json/view.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

inline float fixture_element(std::uint64_t start, std::uint64_t index, double scale,
                             double center) {
  std::uint64_t x = start + (index + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  const double u = static_cast<double>(x >> 40) / 8388608.0 - 1.0;
  return static_cast<float>(center + u * scale);
}

inline OwnedTensor fixture_tensor(std::string name, std::vector<std::int64_t> shape) {
  std::uint64_t start = 0xCBF29CE484222325u;
  for (const char c : name) start = (start ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  const bool vector = shape.size() < 2;
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  double columns = vector ? 1.0 : static_cast<double>(shape.back());
  if (shape.size() == 4) columns = static_cast<double>(count) / static_cast<double>(shape[0]);
  const double scale = vector ? 0.125 : std::sqrt(3.0 / columns);
  const bool around_one = name.ends_with("weight") || name.ends_with("running_var");
  const double center = vector && around_one ? 1.0 : 0.0;
  std::vector<std::byte> bytes(count * sizeof(float));
  for (std::size_t i = 0; i < count; ++i) {
    const float value = fixture_element(start, i, scale, center);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return {std::move(name), DType::F32, std::move(shape), std::move(bytes)};
}

class ModelFixture {
 public:
  // testdata/models/`name`.json
  explicit ModelFixture(const std::string& name) : document_(read(name)) {}

  json::View config() const { return document_.root()["config"]; }
  json::View cases() const { return document_.root()["cases"]; }
  std::vector<OwnedTensor> tensors() const {
    std::vector<OwnedTensor> all;
    for (const auto& [tensor, sides] : document_.root()["tensors"].members()) {
      std::vector<std::int64_t> shape;
      for (const json::View side : sides.items()) shape.push_back(*side.integer());
      all.push_back(fixture_tensor(std::string(tensor), std::move(shape)));
    }
    return all;
  }
  Weights weights() const { return *Weights::from_tensors(tensors()); }

  static std::vector<float> floats(json::View list) {
    std::vector<float> all;
    for (const json::View item : list.items()) all.push_back(static_cast<float>(*item.number()));
    return all;
  }
  static std::vector<std::int32_t> integers(json::View list) {
    std::vector<std::int32_t> all;
    for (const json::View item : list.items())
      all.push_back(static_cast<std::int32_t>(*item.integer()));
    return all;
  }

 private:
  static json::Document read(const std::string& name) {
    std::ifstream file(std::string(EMB_TESTDATA) + "/models/" + name + ".json");
    std::stringstream text;
    text << file.rdbuf();
    auto parsed = json::Document::parse(text.str());
    EXPECT_TRUE(parsed) << name;
    return *std::move(parsed);
  }

  json::Document document_;
};

}  // namespace embrace::transformers
