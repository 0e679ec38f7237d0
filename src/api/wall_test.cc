#include "api/wall.h"

#include <gtest/gtest.h>

namespace embrace::api {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::string base(const Fields& fields, std::string public_url = "") {
  http::Request request;
  for (const auto& [name, value] : fields) request.fields.add(name, value);
  hub::Settings settings;
  settings.public_url = std::move(public_url);
  return base_url(request, settings);
}

TEST(BaseUrl, IsWhatTheOperatorOrTheRequestSays) {
  EXPECT_EQ(base({{"Host", "hub:8080"}}), "http://hub:8080");
  EXPECT_EQ(base({{"Host", "[::1]:8080"}}), "http://[::1]:8080");
  EXPECT_EQ(base({{"Host", "[::1]"}}), "http://[::1]");
  EXPECT_EQ(base({{"Host", "my_hub"}}), "http://my_hub");
  EXPECT_EQ(base({}), "http://localhost");
  EXPECT_EQ(base({{"Host", "inner"},
                  {"X-Forwarded-Host", "hub.example.org, inner"},
                  {"X-Forwarded-Proto", "https"},
                  {"X-Forwarded-Prefix", "/hub/"}}),
            "https://hub.example.org/hub");
  EXPECT_EQ(base({{"Host", "other"}}, "https://hub.example.org/hub/"),
            "https://hub.example.org/hub");
}

TEST(BaseUrl, NothingThatCouldEndALinkGetsIntoIt) {
  for (std::string_view bad : {"evil>; rel=\"x\"", "a b", "a/b", "user@host", "host:80x",
                               "host:", "[::1", "[]", ":80", "a\"b", "a?b", "a#b", "a:1:2"}) {
    EXPECT_EQ(base({{"X-Forwarded-Host", bad}, {"Host", "hub"}}), "http://hub") << bad;
    EXPECT_EQ(base({{"Host", bad}}), "http://localhost") << bad;
  }
  for (std::string_view bad : {"//evil.com", "/a//b", "evil", "/a>b", "/a b", "/a?b", "/%2F"}) {
    EXPECT_EQ(base({{"Host", "hub"}, {"X-Forwarded-Prefix", bad}}), "http://hub") << bad;
  }
  EXPECT_EQ(base({{"Host", "hub"}, {"X-Forwarded-Proto", "javascript"}}), "http://hub");
}

}  // namespace
}  // namespace embrace::api
