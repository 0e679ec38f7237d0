#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>

namespace embrace {
namespace {

TEST(Time, IsWrittenAsThePythonClientReadsIt) {
  EXPECT_EQ(to_iso8601(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(1'714'731'072'000), "2024-05-03T10:11:12.000Z");
  EXPECT_EQ(to_iso8601(1'709'251'199'999), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(to_iso8601(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Time, OutOfRangeStaysReadable) {
  EXPECT_EQ(to_iso8601(std::numeric_limits<Millis>::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso8601(std::numeric_limits<Millis>::min()), "0000-01-01T00:00:00.000Z");
}

TEST(Time, TheSystemClockCountsFrom1970) { EXPECT_GT(SystemClock().now_ms(), 1'700'000'000'000); }

}  // namespace
}  // namespace embrace
