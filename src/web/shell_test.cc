#include "web/shell.h"

#include <gtest/gtest.h>

namespace embrace::web {
namespace {

constexpr std::string_view kHtml =
    "<html><head><title>Old</title><link></head><body>b</body></html>";

TEST(Shell, BringsTitleAndFactsInItsHead) {
  EXPECT_EQ(Shell(kHtml, "").render({}, "{\"a\":1}"),
            "<html><head><title>Embrace</title><script type=\"application/json\" id=\"boot\">"
            "{\"a\":1}</script><link></head><body>b</body></html>");
  EXPECT_EQ(Shell("<head></head>", "").render({}, "{}"),
            "<head><title>Embrace</title><script type=\"application/json\" "
            "id=\"boot\">{}</script></head>");
}

TEST(Shell, NothingInItCanEndAnElement) {
  const Card hostile{.title = "</title><script>alert(1)</script>",
                     .description = "\"><script>alert(2)</script>",
                     .url = "http://hub/\"><img>"};
  const std::string html =
      Shell(kHtml, "").render(hostile, R"({"x":"</script><script>alert(3)</script><!-- <script"})");
  EXPECT_EQ(html.find("<script>"), std::string::npos) << html;
  EXPECT_EQ(html.find("<!--"), std::string::npos) << html;
  EXPECT_EQ(html.find("<img"), std::string::npos) << html;
  EXPECT_NE(html.find(R"({"x":"\u003c/script>\u003cscript>alert(3)\u003c/script>)"),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("og:description"), std::string::npos);
}

TEST(Shell, ItsPolicyAllowsItsOwnScriptsOnly) {
  const std::string policy = Shell(kHtml, "'sha256-abc='").policy();
  EXPECT_NE(policy.find("script-src 'self' 'sha256-abc=';"), std::string::npos) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  EXPECT_TRUE(policy.starts_with("default-src 'none';"));
  EXPECT_NE(Shell(kHtml, "").policy().find("script-src 'self';"), std::string::npos);
}

TEST(Shell, TextWithoutAHeadIsNone) {
  EXPECT_FALSE(Shell("", "").is_there());
  EXPECT_FALSE(Shell("<p>hello", "").is_there());
  EXPECT_TRUE(Shell(kHtml, "").is_there());
}

}  // namespace
}  // namespace embrace::web
