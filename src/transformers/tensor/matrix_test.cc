#include "transformers/tensor/matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace embrace::transformers {
namespace {

TEST(Matrix, IsEmptyAndUsableWhenMovedFrom) {
  Matrix first(3, 5);
  std::ranges::fill(first.all(), 2.0f);
  Matrix second = std::move(first);
  EXPECT_EQ(second.row(2)[4], 2.0f);
  EXPECT_EQ(first.rows(), 0u);
  EXPECT_TRUE(first.all().empty());
  first.resize(2, 2);
  std::ranges::fill(first.all(), 1.0f);
  second = std::move(first);
  EXPECT_EQ(second.columns(), 2u);
  EXPECT_EQ(second.row(1)[1], 1.0f);
}

TEST(Matrix, BeginsOnALine) {
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(Matrix(1, 3).all().data()) % 64, 0u);
}

}  // namespace
}  // namespace embrace::transformers
