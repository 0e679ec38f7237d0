#include "transformers/tensor/load_watch.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "transformers/tensor/weights.h"

namespace embrace::transformers {
namespace {

Weights three_tensors() {
  auto bytes = std::make_shared<std::vector<std::byte>>(48);
  std::map<std::string, TensorView, std::less<>> views;
  for (std::size_t i = 0; i < 3; ++i)
    views[std::string(1, static_cast<char>('a' + i))] = {
        DType::F32, {4}, std::span(*bytes).subspan(16 * i, 16)};
  return Weights::from_views(std::move(views), bytes);
}

TEST(LoadWatch, CountsEachTensorOnce) {
  LoadWatch::State last;
  std::size_t calls = 0;
  const LoadWatch watch([&](const LoadWatch::State& now) {
    last = now;
    ++calls;
  });
  const Weights weights = three_tensors();
  EXPECT_EQ(last.tensors, 3u);
  EXPECT_EQ(last.bytes, 48u);
  EXPECT_EQ(last.tensors_taken, 0u);
  EXPECT_NE(weights.find("b"), nullptr);
  EXPECT_TRUE(weights.get("b", {4}));
  EXPECT_FALSE(weights.get("d", {4}));
  const Weights copy = weights;  // its views are of the same bytes
  EXPECT_NE(copy.find("b"), nullptr);
  EXPECT_EQ(last.tensors_taken, 1u);
  EXPECT_EQ(last.bytes_taken, 16u);
  EXPECT_EQ(calls, 4u);
}

TEST(LoadWatch, IsOfItsThreadAndItsTime) {
  std::size_t outer = 0;
  std::size_t inner = 0;
  Weights weights;
  {
    const LoadWatch watch([&](const auto&) { ++outer; });
    {
      const LoadWatch second([&](const auto&) { ++inner; });
      weights = three_tensors();
      std::thread([&] { EXPECT_NE(weights.find("a"), nullptr); }).join();
    }
    EXPECT_EQ(inner, 3u);
    EXPECT_EQ(outer, 0u);
    EXPECT_NE(weights.find("a"), nullptr);  // opened before this one could see it
    EXPECT_EQ(outer, 0u);
  }
  EXPECT_NE(three_tensors().find("a"), nullptr);
  EXPECT_EQ(outer, 0u);
}

}  // namespace
}  // namespace embrace::transformers
