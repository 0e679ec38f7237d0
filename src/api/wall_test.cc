#include "api/wall.h"

#include <gtest/gtest.h>

#include "base/strings.h"

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
            "https://hub.example.org");
  EXPECT_EQ(base({{"Host", "other"}}, "https://hub.example.org/"), "https://hub.example.org");
}

TEST(BaseUrl, NothingThatCouldEndALinkGetsIntoIt) {
  for (std::string_view bad : {"evil>; rel=\"x\"", "a b", "a/b", "user@host", "host:80x",
                               "host:", "[::1", "[]", ":80", "a\"b", "a?b", "a#b", "a:1:2"}) {
    EXPECT_EQ(base({{"X-Forwarded-Host", bad}, {"Host", "hub"}}), "http://hub") << bad;
    EXPECT_EQ(base({{"Host", bad}}), "http://localhost") << bad;
  }
  EXPECT_EQ(base({{"Host", "hub"}, {"X-Forwarded-Proto", "javascript"}}), "http://hub");
}

bool is_foreign(const Fields& fields, http::Method method = http::Method::Post) {
  http::Request request;
  request.method = method;
  request.fields.add("Host", "hub:8080");
  for (const auto& [name, value] : fields) request.fields.add(name, value);
  const auto credentials =
      auth::Credentials::parse(request.fields.find("Authorization"), request.fields.find("Cookie"));
  return is_cross_site_write(request, credentials, "http://hub:8080");
}

TEST(CrossSiteWrite, IsJudgedForWhateverABrowserAddsByItself) {
  const std::string with_password = cat("Basic ", to_base64("alice:secret words"));
  const std::string with_token = cat("basic ", to_base64("alice:hf_abcdefgh"));
  const std::pair<std::string_view, std::string_view> adds[] = {
      {"Cookie", "embrace_session=abc"},
      {"Authorization", with_password},
      {"Authorization", with_token},
  };
  for (const auto& own : adds) {
    EXPECT_TRUE(is_foreign({own, {"Sec-Fetch-Site", "cross-site"}})) << own.second;
    EXPECT_TRUE(is_foreign({own, {"Origin", "https://evil.example"}})) << own.second;
    EXPECT_TRUE(is_foreign({own, {"Origin", "null"}})) << own.second;
    EXPECT_FALSE(is_foreign({own, {"Origin", "http://hub:8080"}})) << own.second;
    EXPECT_FALSE(is_foreign({own})) << "git and Python say nothing of it";
    EXPECT_FALSE(is_foreign({own, {"Origin", "https://evil.example"}}, http::Method::Get));
  }
  EXPECT_FALSE(is_foreign({{"Authorization", "Bearer hf_abcdefgh"},
                           {"Origin", "https://evil.example"},
                           {"Sec-Fetch-Site", "cross-site"}}))
      << "no browser adds that by itself";
}

TEST(PathForLog, SignedUrlsAreNotSaid) {
  EXPECT_EQ(path_for_log("/api/lfs/upload/1.abc.sig"), "/api/lfs/upload/{}");
  EXPECT_EQ(path_for_log("/hub/api/lfs/download/1.abc.sig"), "/hub/api/lfs/download/{}");
  EXPECT_EQ(path_for_log("/api/lfs/part/1.abc/more"), "/api/lfs/part/{}");
  EXPECT_EQ(path_for_log("/api/lfs/complete/x"), "/api/lfs/complete/{}");
  EXPECT_EQ(path_for_log("/api/lfs/verify/x"), "/api/lfs/verify/{}");
  EXPECT_EQ(path_for_log("/api/xet/fetch/1.x"), "/api/xet/fetch/{}");
  for (std::string_view plain : {"/", "/acme/bert/tree/main", "/api/xet/v1/xorbs/default/00ff"})
    EXPECT_EQ(path_for_log(plain), plain);
}

}  // namespace
}  // namespace embrace::api
