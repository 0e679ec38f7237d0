#pragma once
// A small model of testdata/models with all that it needs to generate, for tests.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "transformers/generation/generator.h"
#include "transformers/models/model_fixture.h"

namespace embrace::transformers {

using Tokens = std::vector<std::int32_t>;

struct SmallModel {
  Team team{1};
  std::unique_ptr<CausalLm> model;
  std::unique_ptr<KvPool> pool;
  CausalLm::Workspace work;

  explicit SmallModel(const std::string& name) {
    const ModelFixture fixture(name);
    auto loaded = CausalLm::load(fixture.weights(), fixture.config(), Precision::F32);
    EXPECT_TRUE(loaded) << loaded.error().message();
    model = *std::move(loaded);
    pool = std::make_unique<KvPool>(model->kv_shape(KvStorage::F32), std::size_t{64} << 20);
  }
  Engine engine() { return {*model, team, *pool, work}; }
};

// A safetensors file: its head's length, the head, and the tensors' bytes one after the other.
inline void write_weights(const ModelFixture& fixture, const std::filesystem::path& path) {
  std::string head = "{";
  std::string bytes;
  for (const OwnedTensor& tensor : fixture.tensors()) {
    head += (head.size() > 1 ? ",\"" : "\"") + tensor.name + "\":{\"dtype\":\"F32\",\"shape\":[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      head += (i > 0 ? "," : "") + std::to_string(tensor.shape[i]);
    const std::size_t end = bytes.size() + tensor.bytes.size();
    head +=
        "],\"data_offsets\":[" + std::to_string(bytes.size()) + "," + std::to_string(end) + "]}";
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  head += "}";
  const std::uint64_t size = head.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&size), sizeof size);
  file << head << bytes;
}

// testdata/`name`
inline std::string read_testdata(const std::string& name) {
  std::ifstream file(std::string(EMB_TESTDATA) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace embrace::transformers
