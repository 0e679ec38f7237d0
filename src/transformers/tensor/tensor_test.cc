// Element types and block formats against what the official packages read in the same bytes:
// testdata/tensors is made by tests/transformers/make_tensors.py.

#include "transformers/tensor/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "transformers/tensor/weights.h"

namespace embrace::transformers {
namespace {

Weights open_testdata(const std::string& name) {
  auto weights =
      Weights::open(rt::Blocking::on_main_thread(), std::string(EMB_TESTDATA) + "/tensors/" + name);
  if (!weights) throw std::runtime_error(weights.error().message());
  return *std::move(weights);
}

// Every tensor NAME beside NAME.expected. The scales of blocks are multiplied in another order
// there, which may cost the last bit.
void compare_all(const Weights& weights, std::size_t count) {
  std::size_t compared = 0;
  for (const auto& [name, tensor] : weights.all()) {
    if (name.ends_with(".expected")) continue;
    const TensorView* expected = weights.find(name + ".expected");
    ASSERT_NE(expected, nullptr) << name;
    ASSERT_EQ(tensor.shape, expected->shape) << name;
    const auto ours = read_all(tensor);
    const auto theirs = read_all(*expected);
    ASSERT_TRUE(ours && theirs) << name;
    for (std::size_t i = 0; i < ours->size(); ++i) {
      if (std::isnan((*theirs)[i]))
        ASSERT_TRUE(std::isnan((*ours)[i])) << name << " " << i;
      else
        ASSERT_FLOAT_EQ((*ours)[i], (*theirs)[i]) << name << " " << i;
    }
    ++compared;
  }
  EXPECT_EQ(compared, count);
}

TEST(Tensor, ElementsAreWhatOfficialPackagesRead) {
  compare_all(open_testdata("every_type.safetensors"), 14);
}

TEST(Tensor, BlocksAreWhatTheOfficialPackageReads) {
  compare_all(open_testdata("every_type.gguf"), 7);
}

TEST(Tensor, BlocksCanBeReadFromTheMiddle) {
  const Weights weights = open_testdata("every_type.gguf");
  for (const char* name : {"Q8_0", "Q4_0", "Q4_K", "Q6_K", "BF16"}) {
    const TensorView& tensor = *weights.find(name);
    const auto all = read_all(tensor);
    std::vector<float> part(256);
    ASSERT_TRUE(read_elements(tensor, 512, part));
    EXPECT_EQ(part, std::vector<float>(all->begin() + 512, all->begin() + 768)) << name;
  }
}

TEST(Tensor, ElementsOutsideAreRefused) {
  const Weights weights = open_testdata("every_type.gguf");
  const TensorView& blocks = *weights.find("Q8_0");  // 3 x 512
  std::vector<float> two_blocks(64);
  EXPECT_TRUE(read_elements(blocks, 1472, two_blocks));
  for (const std::int64_t first : {std::int64_t{-32}, std::int64_t{16}, std::int64_t{1504},
                                   std::int64_t{1536}, INT64_MAX - 31, INT64_MIN}) {
    EXPECT_FALSE(read_elements(blocks, first, two_blocks)) << first;
  }
  std::vector<float> part_of_a_block(31);
  EXPECT_FALSE(read_elements(blocks, 0, part_of_a_block));
}

TEST(Tensor, BytesOfAShapeAreCountedWithoutOverflow) {
  const auto bytes = [](DType dtype, std::vector<std::int64_t> shape) {
    return tensor_bytes(dtype, shape);
  };
  EXPECT_EQ(bytes(DType::F32, {}), 4u);
  EXPECT_EQ(bytes(DType::BF16, {2, 3}), 12u);
  EXPECT_EQ(bytes(DType::F32, {0, 7}), 0u);
  EXPECT_EQ(bytes(DType::Q8_0, {2, 64}), 136u);
  EXPECT_EQ(bytes(DType::Q8_0, {64, 2}), std::nullopt) << "rows are whole blocks";
  EXPECT_EQ(bytes(DType::Q8_0, {}), std::nullopt);
  EXPECT_EQ(bytes(DType::F32, {-1, 4}), std::nullopt);
  EXPECT_EQ(bytes(DType::U8, {std::int64_t{1} << 32, std::int64_t{1} << 32}), std::nullopt);
  EXPECT_EQ(bytes(DType::F64, {INT64_MAX}), std::nullopt);
}

}  // namespace
}  // namespace embrace::transformers
