#include "base/log.h"

#include <gtest/gtest.h>

namespace embrace {
namespace {

// What one call writes on stderr.
std::string logged(log::Format format, std::string_view message, log::Fields fields) {
  log::configure(log::Level::Info, format);
  ::testing::internal::CaptureStderr();
  log::warn(message, fields);
  std::string line = ::testing::internal::GetCapturedStderr();
  log::configure(log::Level::Info, log::Format::Text);
  return line;
}

TEST(Log, JsonIsOneObjectALine) {
  const std::string line = logged(log::Format::Json, "pack {} is \"missing\"\n",
                                  {{"repo", "acme/bert"}, {"size", 42}, {"bad\xFF", "a\nb"}});
  EXPECT_TRUE(line.starts_with("{\"time\":\"20")) << line;
  EXPECT_TRUE(
      line.ends_with("Z\",\"level\":\"warning\",\"message\":\"pack {} is \\\"missing\\\"\\n\","
                     "\"repo\":\"acme/bert\",\"size\":42,\"bad\xEF\xBF\xBD\":\"a\\nb\"}\n"))
      << line;
}

TEST(Log, TextCannotBeForged) {
  const std::string line =
      logged(log::Format::Text, "login\nfailed", {{"user", "eve\nerror all=gone"}, {"tries", -3}});
  EXPECT_TRUE(line.ends_with(" login failed user=\"eve\\nerror all=gone\" tries=-3\n")) << line;
}

TEST(Log, QuietLevelsAreNotWritten) {
  log::configure(log::Level::Warn, log::Format::Text);
  ::testing::internal::CaptureStderr();
  log::info("nothing");
  log::debug("nothing");
  EXPECT_FALSE(log::enabled(log::Level::Info));
  EXPECT_TRUE(log::enabled(log::Level::Error));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  log::configure(log::Level::Info, log::Format::Text);
}

}  // namespace
}  // namespace embrace
