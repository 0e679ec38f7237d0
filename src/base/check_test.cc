#include "base/check.h"

#include <gtest/gtest.h>

namespace embrace {
namespace {

TEST(Check, AHeldBeliefCostsNothing) { EXPECT_NO_THROW(EMB_CHECK(1 + 1 == 2, "sums")); }

TEST(Check, ABrokenOneThrowsWithItsPlace) {
  try {
    EMB_CHECK(1 + 1 == 3, "sums are sums");
    FAIL() << "it went on";
  } catch (const BrokenInvariant& e) {
    EXPECT_NE(std::string(e.what()).find("check_test.cc"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("sums are sums"), std::string::npos);
  }
}

TEST(CheckDeathTest, DyingSaysWhy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(EMB_CHECK_OR_DIE(false, "the pack was synced"), "the pack was synced");
}

}  // namespace
}  // namespace embrace
