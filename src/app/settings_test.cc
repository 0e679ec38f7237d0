#include "app/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace embrace::app {
namespace {

TEST(CompleteSettings, ComparisonsLeaveHalfOfThePool) {
  const auto places = [](std::uint32_t threads, std::uint32_t asked) {
    Settings settings;
    settings.hub.data_folder = "/srv/embrace";
    settings.pool_threads = threads;
    settings.hub.comparisons_max = asked;
    EXPECT_TRUE(complete_settings(settings));
    return settings.hub.comparisons_max;
  };
  EXPECT_EQ(places(16, 4), 4u);
  EXPECT_EQ(places(4, 4), 2u);
  EXPECT_EQ(places(1, 4), 1u);
  EXPECT_EQ(places(8, 0), 1u);
  EXPECT_LE(places(0, 1000), std::max(4u, 2 * std::thread::hardware_concurrency()) / 2);
}

}  // namespace
}  // namespace embrace::app
