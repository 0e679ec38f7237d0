#include "api/pages/page_target.h"

#include <gtest/gtest.h>

namespace embrace::api {
namespace {

TEST(PageTarget, KnowsTheSitesOwnPages) {
  for (std::string_view path :
       {"/", "/join", "/login", "/logout", "/models", "/datasets", "/datasets/", "/spaces",
        "/search", "/search/full-text", "/new", "/new-dataset", "/new-space", "/settings",
        "/settings/tokens", "/organizations/new", "/admin", "/admin/jobs/7"}) {
    Target target;
    EXPECT_EQ(find_page(path, "", target), PageKind::Site) << path;
  }
}

TEST(PageTarget, KnowsNamespacesAndRepositories) {
  struct Case {
    std::string_view path;
    PageKind kind;
    std::string_view repo = "";
    std::string_view before = "";
    std::string_view after = "";
  };
  for (const Case& c : std::vector<Case>{
           {"/acme", PageKind::Namespace, "acme/", "/", ""},
           {"/acme/", PageKind::Namespace, "acme/", "/", ""},
           {"/acme/bert", PageKind::Repo, "acme/bert", "/", ""},
           {"/acme/bert/tree/main/a%20b", PageKind::Repo, "acme/bert", "/", "/tree/main/a%20b"},
           {"/datasets/acme/d", PageKind::Repo, "datasets/acme/d", "/datasets/", ""},
           {"/spaces/acme/s/discussions", PageKind::Repo, "spaces/acme/s", "/spaces/",
            "/discussions"},
           {"/kernels/acme/k/blob/main/x", PageKind::Repo, "kernels/acme/k", "/kernels/",
            "/blob/main/x"},
           {"/acme/bert/settings", PageKind::Repo, "acme/bert", "/", "/settings"}}) {
    SCOPED_TRACE(c.path);
    Target target;
    EXPECT_EQ(find_page(c.path, "", target), c.kind);
    EXPECT_EQ(target.repo.path(), c.repo);
    EXPECT_EQ(target.raw_before, c.before);
    EXPECT_EQ(target.raw_after, c.after);
  }
  Target target;
  find_page("/acme/bert/tree/main", "p=1&q=a", target);
  EXPECT_EQ(target.raw_after, "/tree/main?p=1&q=a");
}

TEST(PageTarget, EverythingElseIsNoPage) {
  for (std::string_view path :
       {"/join/us", "/models/x/y/z", "/search/other", "/acme/bert/nothing", "/kernels",
        "/datasets/acme", "/a%00b", "/a%zz", "/acme%2Fbert", "/-x", "/acme/bert.git", "/oauth",
        "/acme//bert", "/%2e%2e/etc", "/api/whatever", "/favicon.ico", "/acme/bert/Tree"}) {
    Target target;
    EXPECT_EQ(find_page(path, "", target), PageKind::None) << path;
  }
}

}  // namespace
}  // namespace embrace::api
