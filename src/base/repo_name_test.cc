#include "base/repo_name.h"

#include <gtest/gtest.h>

namespace embrace {
namespace {

TEST(RepoName, KnowsItsPaths) {
  const auto name = RepoName::parse(RepoType::Dataset, "acme/squad_v2.0");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->ns, "acme");
  EXPECT_EQ(name->name, "squad_v2.0");
  EXPECT_EQ(name->id(), "acme/squad_v2.0");
  EXPECT_EQ(name->path(), "datasets/acme/squad_v2.0");
  EXPECT_EQ(RepoName::parse(RepoType::Model, "acme/bert")->path(), "acme/bert");
}

TEST(RepoName, LegacyIdsHaveNoNamespace) {
  const auto name = RepoName::parse(RepoType::Model, "gpt2");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->ns, "");
  EXPECT_EQ(name->id(), "gpt2");
}

TEST(RepoName, TopLevelWordsAreNoLegacyIdsAndNoNamespaces) {
  for (const char* word : {"api", "datasets", "settings", "join", "v2", "Spaces", ".well-known",
                           "v1", "search", "new-dataset", "new-space", "_app"}) {
    EXPECT_FALSE(RepoName::parse(RepoType::Model, word)) << word;
    EXPECT_FALSE(check_namespace(word)) << word;
    EXPECT_FALSE(RepoName::parse(RepoType::Model, std::string(word) + "/bert")) << word;
  }
  EXPECT_TRUE(RepoName::parse(RepoType::Model, "acme/api"));  // only the first word matters
}

TEST(RepoName, SubResourceWordsAreNoNames) {
  for (const char* word : {"revision", "tree", "resolve", "commit", "settings", "paths-info",
                           "xet-read-token", "metrics", "super-squash", "Tree"}) {
    EXPECT_FALSE(check_repo_name(word)) << word;
    EXPECT_FALSE(RepoName::parse(RepoType::Model, std::string("acme/") + word)) << word;
  }
  EXPECT_TRUE(check_repo_name("trees"));
  EXPECT_TRUE(check_namespace("tree"));
}

TEST(RepoName, SpellingIsTheOneThePythonClientChecks) {
  for (const char* good : {"a", "bert-base_uncased.v1", "_x_", "1.5", "a.git.x", "git"}) {
    EXPECT_TRUE(check_repo_name(good)) << good;
  }
  for (const char* bad : {"", "-a", "a-", ".a", "a.", ".", "..", "a--b", "a..b", "a.git", "a.GIT",
                          "a b", "a/b", "a%b", "\xC3\xA9", "a\n"}) {
    EXPECT_FALSE(check_repo_name(bad)) << bad;
  }
  EXPECT_TRUE(check_repo_name(std::string(96, 'a')));
  EXPECT_FALSE(check_repo_name(std::string(97, 'a')));
  EXPECT_FALSE(check_repo_name(std::string_view("a\0b", 3)));
}

TEST(RepoName, NamespacesAreShorterAndHaveNoDot) {
  EXPECT_TRUE(check_namespace(std::string(42, 'a')));
  EXPECT_FALSE(check_namespace(std::string(43, 'a')));
  EXPECT_FALSE(check_namespace("a.b"));
  EXPECT_TRUE(check_namespace("my-org_1"));
}

TEST(RepoName, IdsHaveAtMostOneSlash) {
  for (const char* bad : {"a/b/c", "/a", "a/", "/", "a//b", ""}) {
    const auto name = RepoName::parse(RepoType::Model, bad);
    ASSERT_FALSE(name) << bad;
    EXPECT_EQ(name.error().code(), Code::InvalidArgument);
    EXPECT_FALSE(name.error().message().empty());
  }
}

TEST(RepoName, TypesHaveTheirWords) {
  EXPECT_EQ(*parse_repo_type(""), RepoType::Model);
  EXPECT_FALSE(parse_repo_type("models"));
  EXPECT_FALSE(parse_api_segment("model"));
  for (auto type : {RepoType::Model, RepoType::Dataset, RepoType::Space, RepoType::Kernel}) {
    EXPECT_EQ(*parse_repo_type(to_string(type)), type);
    EXPECT_EQ(*parse_api_segment(api_segment(type)), type);
  }
}

}  // namespace
}  // namespace embrace
