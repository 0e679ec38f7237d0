#include "api/target.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace embrace::api {
namespace {

struct Case {
  std::string_view path;
  Scope scope;
  std::string_view repo = "";  // path(), with the type's prefix
  std::string_view verb = "";
  std::vector<std::string> rest = {};
};

void expect(const Case& c) {
  SCOPED_TRACE(c.path);
  const auto target = parse_target(c.path, "");
  ASSERT_TRUE(target) << target.error().message();
  EXPECT_EQ(target->scope, c.scope);
  EXPECT_EQ(target->scope == Scope::Site ? "" : target->repo.path(), c.repo);
  EXPECT_EQ(target->verb, c.verb);
  EXPECT_EQ(target->rest, c.rest);
}

TEST(Target, TheApiAddressesRepositoriesInEverySpelling) {
  for (const Case& c : std::vector<Case>{
           {"/api/models/acme/bert", Scope::RepoApi, "acme/bert"},
           {"/api/models/acme/bert/", Scope::RepoApi, "acme/bert"},
           {"/api/models/acme%2Fbert", Scope::RepoApi, "acme/bert"},
           {"/api/models/acme%2Fbert/tree/main", Scope::RepoApi, "acme/bert", "tree", {"main"}},
           {"/api/models/bert", Scope::RepoApi, "bert"},
           {"/api/models/bert/tree/main", Scope::RepoApi, "bert", "tree", {"main"}},
           {"/api/models/tree/refs", Scope::RepoApi, "tree", "refs"},
           {"/api/datasets/acme/d/refs", Scope::RepoApi, "datasets/acme/d", "refs"},
           {"/api/spaces/acme/s", Scope::RepoApi, "spaces/acme/s"},
           {"/api/models/acme/bert/tree/main/a/b%20c",
            Scope::RepoApi,
            "acme/bert",
            "tree",
            {"main", "a", "b c"}},
           {"/api/models/acme/bert/tree/refs%2Fpr%2F1/",
            Scope::RepoApi,
            "acme/bert",
            "tree",
            {"refs/pr/1"}},
           {"/api/models/acme/bert/revision/", Scope::RepoApi, "acme/bert", "revision"},
       }) {
    expect(c);
  }
}

TEST(Target, EscapesAreUndoneOnce) {
  expect({"/api/models/acme/bert/tree/a%252Fb", Scope::RepoApi, "acme/bert", "tree", {"a%2Fb"}});
  expect({"/acme/bert/resolve/main/%252e%252e",
          Scope::RepoWeb,
          "acme/bert",
          "resolve",
          {"main", "%2e%2e"}});
  expect({"/api/models/acme%252Fbert", Scope::RepoApi, "acme%2Fbert"});
}

TEST(Target, FilesAreAddressedWithAndWithoutANamespace) {
  for (const Case& c : std::vector<Case>{
           {"/acme/bert/resolve/main/a.txt",
            Scope::RepoWeb,
            "acme/bert",
            "resolve",
            {"main", "a.txt"}},
           {"/bert/resolve/main/a.txt", Scope::RepoWeb, "bert", "resolve", {"main", "a.txt"}},
           {"/datasets/acme/d/resolve/refs%2Fconvert%2Fparquet/x",
            Scope::RepoWeb,
            "datasets/acme/d",
            "resolve",
            {"refs/convert/parquet", "x"}},
           {"/datasets/d/raw/main/x", Scope::RepoWeb, "datasets/d", "raw", {"main", "x"}},
           {"/acme%2Fbert/resolve/main/a", Scope::RepoWeb, "acme/bert", "resolve", {"main", "a"}},
           {"/acme/bert/resolve/main/a/../b",
            Scope::RepoWeb,
            "acme/bert",
            "resolve",
            {"main", "a", "..", "b"}},  // refused where paths are read
           {"/acme/bert/resolve/main/resolve/raw/x",
            Scope::RepoWeb,
            "acme/bert",
            "resolve",
            {"main", "resolve", "raw", "x"}},
           {"/acme/resolve/resolve/main/x",
            Scope::RepoWeb,
            "acme/resolve",
            "resolve",
            {"main", "x"}},
       }) {
    expect(c);
  }
}

TEST(Target, GitIsKnownByItsWords) {
  for (const Case& c : std::vector<Case>{
           {"/acme/bert.git/info/refs", Scope::RepoGit, "acme/bert", "info/refs"},
           {"/acme/bert/info/refs", Scope::RepoGit, "acme/bert", "info/refs"},
           {"/bert.git/info/refs", Scope::RepoGit, "bert", "info/refs"},
           {"/acme/bert.git/git-upload-pack", Scope::RepoGit, "acme/bert", "git-upload-pack"},
           {"/datasets/acme/d.git/git-receive-pack", Scope::RepoGit, "datasets/acme/d",
            "git-receive-pack"},
           {"/acme/bert.git/info/lfs/objects/batch", Scope::RepoGit, "acme/bert",
            "info/lfs/objects/batch"},
           {"/acme/bert.git/info/lfs/locks/7/unlock",
            Scope::RepoGit,
            "acme/bert",
            "info/lfs/locks/7",
            {"unlock"}},
           {"/acme/bert.git/HEAD", Scope::RepoGit, "acme/bert", "HEAD"},
       }) {
    const auto target = parse_target(c.path, "");
    ASSERT_TRUE(target) << c.path;
    EXPECT_EQ(target->scope, c.scope) << c.path;
    EXPECT_EQ(target->repo.path(), c.repo) << c.path;
    EXPECT_TRUE(target->verb == c.verb) << c.path << " gave " << target->verb;
  }
}

TEST(Target, OtherPathsAreTheSites) {
  for (std::string_view path : {"/", "/healthz", "/api/whoami-v2", "/api/models", "/api/models/",
                                "/api", "/acme/bert", "/acme/bert/tree/main", "/datasets",
                                "/acme/bert/resolve", "/resolve/main", "/api/nothing/a/b"}) {
    expect({path, Scope::Site});
  }
}

TEST(Target, BadEscapesAndNulBytesAreRefused) {
  for (std::string_view path : {"/acme/bert/resolve/main/a%00b", "/api/models/acme/bert%00", "/%",
                                "/a%2", "/a%zz", "/acme/bert/resolve/main/%c3%", "acme/bert", ""}) {
    const auto target = parse_target(path, "");
    ASSERT_FALSE(target) << path;
    EXPECT_EQ(target.error().code(), Code::InvalidArgument) << path;
  }
}

// A moved repository is answered with the same request to the new name.
TEST(Target, AnotherIdCanTakeTheOldOnesPlace) {
  const auto moved = [](std::string_view path, std::string_view query) {
    const auto target = parse_target(path, query).value();
    return cat(target.raw_before, "new/name", target.raw_after);
  };
  EXPECT_EQ(moved("/api/models/acme/bert/tree/main/a%20b", "recursive=1"),
            "/api/models/new/name/tree/main/a%20b?recursive=1");
  EXPECT_EQ(moved("/api/datasets/acme%2Fd", ""), "/api/datasets/new/name");
  EXPECT_EQ(moved("/datasets/d/resolve/refs%2Fpr%2F1/x", "download=true"),
            "/datasets/new/name/resolve/refs%2Fpr%2F1/x?download=true");
  EXPECT_EQ(moved("/acme/bert.git/info/refs", "service=git-upload-pack"),
            "/new/name.git/info/refs?service=git-upload-pack");
}

}  // namespace
}  // namespace embrace::api
