#include "testing/temp_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace testing {
namespace {

TEST(TempFolder, IsFreshAndGoesAwayWithWhatItHolds) {
  std::string path;
  {
    TempFolder one, other;
    EXPECT_NE(one.path(), other.path());
    path = one.path();
    ASSERT_TRUE(std::filesystem::is_empty(path));
    std::filesystem::create_directories(one / "a/b");
    std::ofstream(one / "a/b/file") << "bytes";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace testing
