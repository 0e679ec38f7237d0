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

TEST(CompleteSettings, ZeroIsRefusedWhereItWouldBreak) {
  for (std::string_view name : {"tree_page_max", "list_page_max", "log_page_max", "lfs_part_bytes",
                                "lfs_small_part_bytes", "lfs_parts_max"}) {
    Settings settings;
    settings.hub.data_folder = "/srv/embrace";
    ASSERT_TRUE(set_setting(settings, name, "0")) << name;
    const auto done = complete_settings(settings);
    ASSERT_FALSE(done) << name;
    EXPECT_EQ(done.error().code(), Code::InvalidArgument);
    EXPECT_TRUE(done.error().message().contains(name)) << done.error().message();
    ASSERT_TRUE(set_setting(settings, name, "1"));
    EXPECT_TRUE(complete_settings(settings)) << name;
  }
}

TEST(DescribeSettings, DatabaseServersAreNotSaid) {
  const auto shown = [](std::string url) {
    Settings settings;
    settings.database.url = std::move(url);
    for (const auto& row : describe_settings(settings)) {
      if (row.name == "database") return row.value;
    }
    return std::string("no such row");
  };
  EXPECT_EQ(shown("postgresql://hub:secret@host/db"), "(set)");
  EXPECT_EQ(shown("postgresql:///db?host=h&password=secret"), "(set)");
  EXPECT_EQ(shown("postgres:///db?password=secret"), "(set)");
  EXPECT_EQ(shown("sqlite:///srv/embrace/embrace.db"), "sqlite:///srv/embrace/embrace.db");
  EXPECT_EQ(shown(""), "");
}

}  // namespace
}  // namespace embrace::app
