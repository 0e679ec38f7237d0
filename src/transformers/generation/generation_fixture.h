#pragma once
// A small model of testdata/models with all that it needs to generate, for tests.

#include <gtest/gtest.h>

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

// testdata/`name`
inline std::string read_testdata(const std::string& name) {
  std::ifstream file(std::string(EMB_TESTDATA) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace embrace::transformers
