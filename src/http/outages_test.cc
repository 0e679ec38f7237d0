#include "http/outages.h"

#include <gtest/gtest.h>

namespace embrace::http {
namespace {

using namespace std::chrono_literals;

TEST(Outages, OneAtATimeLooksWhetherAServerIsBack) {
  Outages outages;
  const Outages::Time now{100s};
  EXPECT_EQ(outages.admit("http://a", 5, now), 5u);
  outages.ended("http://a", false, "no answer", now + 1s);

  const auto refused = outages.admit("http://a", 5, now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Unavailable);
  EXPECT_EQ(refused.error().message(), "not asked, because a moment ago: no answer");
  EXPECT_EQ(outages.admit("http://b", 5, now), 5u);

  EXPECT_EQ(outages.admit("http://a", 5, now + 1s), 1u);
  EXPECT_FALSE(outages.admit("http://a", 5, now + 1s));
  outages.ended("http://a", false, "no answer", now + 3s);
  EXPECT_FALSE(outages.admit("http://a", 5, now + 2s));

  EXPECT_EQ(outages.admit("http://a", 5, now + 3s), 1u);
  outages.ended("http://a", true, "", now);
  EXPECT_EQ(outages.admit("http://a", 5, now + 3s), 5u);
}

}  // namespace
}  // namespace embrace::http
