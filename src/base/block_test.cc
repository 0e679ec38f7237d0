#include "base/block.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"

namespace embrace {
namespace {

TEST(Block, IsFilledToItsEndAndNoFurther) {
  const BlockPtr block = Block::make();
  EXPECT_TRUE(block->bytes().empty());
  EXPECT_EQ(block->append("abc"), 3u);
  std::memcpy(block->room().data(), "def", 3);
  block->grow(3);
  EXPECT_EQ(block->bytes(), "abcdef");
  const std::string much(Block::kBytes, 'x');
  EXPECT_EQ(block->append(much), Block::kBytes - 6);
  EXPECT_TRUE(block->is_full());
  EXPECT_TRUE(block->room().empty());
  EXPECT_EQ(block->append("y"), 0u);
  EXPECT_THROW(block->grow(1), BrokenInvariant);
}

TEST(Block, PutsWhatCameBeforeInFront) {
  const BlockPtr first = Block::make();
  const std::string open(Block::kFrontBytes, 'o');
  first->append(open);
  const BlockPtr second = Block::make();
  second->append("next");
  EXPECT_EQ(second->behind(first->bytes()), open + "next");
  EXPECT_EQ(second->behind(""), "next");
  EXPECT_EQ(second->bytes(), "next");
  EXPECT_THROW(second->behind(std::string(Block::kFrontBytes + 1, 'o')), BrokenInvariant);
}

TEST(Block, LiesWhereTheKernelCanTakeItFrom) {
  for (int round = 0; round < 3; ++round) {
    const BlockPtr block = Block::make();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->room().data()) % Block::kAlignment, 0u);
    EXPECT_TRUE(block->bytes().empty());  // also when it was somebody else's before
    block->append("used");
  }
}

}  // namespace
}  // namespace embrace
