#include "hub/changes.h"

#include "hub/hub_fixture.h"
#include "hub/revisions.h"

namespace embrace::hub {
namespace {

class ChangesTest : public HubTest {
 protected:
  void SetUp() override {
    acme = user("acme");
    repo = make_repo(acme, "acme/bert");
    first = put_file(acme, repo, "a.txt", "one\ntwo\n");
    second = put_file(acme, repo, "a.txt", "one\n2\n");
    third = put_file(acme, repo, "b.txt", "b\n");
    must(create_branch(services(), blocking, acme, repo.name, {"side", first.hex()}));
    side = put_file(acme, repo, "s.txt", "s\n", "refs/heads/side");
    repo = reload(repo);
  }
  Result<RangeChange> range(std::string_view text) {
    return range_change(services(), blocking, anonymous(), repo.name, text);
  }
  static std::vector<std::string> paths(const git::Diff& diff) {
    std::vector<std::string> out;
    for (const auto& file : diff.files) out.push_back(file.path);
    return out;
  }

  using Paths = std::vector<std::string>;
  auth::Caller acme;
  meta::Repo repo;
  git::Oid first, second, third, side;
};

TEST_F(ChangesTest, ACommitStandsAgainstItsParent) {
  const auto change =
      must(commit_change(services(), blocking, anonymous(), repo.name, second.hex()));
  EXPECT_EQ(change.commit.oid, second);
  ASSERT_EQ(paths(change.diff), Paths{"a.txt"});
  EXPECT_EQ(change.diff.files[0].hunks.at(0).lines, (Paths{" one", "-two", "+2"}));
  EXPECT_EQ(paths(must(commit_change(services(), blocking, anonymous(), repo.name, "main")).diff),
            Paths{"b.txt"});
  const auto history =
      must(list_commits(services(), blocking, acme, repo.name, "main", 0, 10)).commits;
  const auto root =
      must(commit_change(services(), blocking, anonymous(), repo.name, history.back().oid.hex()));
  EXPECT_EQ(paths(root.diff), Paths{".gitattributes"});
  EXPECT_EQ(commit_change(services(), blocking, anonymous(), repo.name, "nope").error().tag(),
            Tag::RevisionNotFound);
}

TEST_F(ChangesTest, ThreeDotsCompareSinceParting) {
  const auto two = must(range("main..side"));
  EXPECT_EQ(two.base, third);
  EXPECT_EQ(two.head, side);
  EXPECT_EQ(two.comparison.merge_base, first);
  EXPECT_EQ(two.comparison.ahead, 1u);
  EXPECT_EQ(paths(two.diff), (Paths{"a.txt", "b.txt", "s.txt"}));
  EXPECT_EQ(paths(must(range("main...side")).diff), Paths{"s.txt"});
  EXPECT_EQ(paths(must(range("side...")).diff), (Paths{"a.txt", "b.txt"}))
      << "a missing side is the default branch";
  EXPECT_EQ(range("main").error().code(), Code::InvalidArgument);
  EXPECT_EQ(range("main..side..main").error().code(), Code::InvalidArgument);
  EXPECT_EQ(range("main..nope").error().tag(), Tag::RevisionNotFound);
}

TEST_F(ChangesTest, APathHasItsOwnHistory) {
  auto page =
      must(path_history(services(), blocking, anonymous(), repo.name, "main", "a.txt", 0, 1));
  ASSERT_EQ(page.commits.size(), 1u);
  EXPECT_EQ(page.commits[0].oid, second);
  EXPECT_TRUE(page.has_more);
  page = must(path_history(services(), blocking, anonymous(), repo.name, "main", "a.txt", 1, 5));
  ASSERT_EQ(page.commits.size(), 1u);
  EXPECT_EQ(page.commits[0].oid, first);
  EXPECT_FALSE(page.has_more);
  EXPECT_EQ(path_history(services(), blocking, anonymous(), repo.name, "main", "../x", 0, 1)
                .error()
                .code(),
            Code::Unusable);
}

TEST_F(ChangesTest, EachLineHasItsCommit) {
  const auto found =
      must(blame_file(services(), blocking, anonymous(), repo.name, {"main", "a.txt"}));
  EXPECT_EQ(found.commit, third);
  ASSERT_EQ(found.blame.ranges.size(), 2u);
  EXPECT_EQ(found.blame.commits[found.blame.ranges[0].commit].oid, first);
  EXPECT_EQ(found.blame.commits[found.blame.ranges[1].commit].oid, second);
  const auto missing =
      blame_file(services(), blocking, anonymous(), repo.name, {"main", "no"}).error();
  EXPECT_EQ(missing.tag(), Tag::EntryNotFound);
  EXPECT_EQ(missing.fact("repo_commit"), third.hex());
  EXPECT_EQ(blame_file(services(), blocking, anonymous(), repo.name, {"main"}).error().code(),
            Code::InvalidArgument);
}

// What is in the files is for those who may read them.
TEST_F(ChangesTest, GatedContentsStayBehindTheGate) {
  must(update_settings(services(), blocking, acme, repo.name, {.gating = meta::Gating::Auto}));
  auto eve = user("eve");
  EXPECT_EQ(commit_change(services(), blocking, eve, repo.name, "main").error().tag(),
            Tag::GatedRepo);
  EXPECT_EQ(range_change(services(), blocking, eve, repo.name, "main..side").error().tag(),
            Tag::GatedRepo);
  EXPECT_EQ(blame_file(services(), blocking, eve, repo.name, {"main", "a.txt"}).error().tag(),
            Tag::GatedRepo);
  must(update_settings(services(), blocking, acme, repo.name,
                       {.is_private = true, .gating = meta::Gating::Open}));
  EXPECT_EQ(commit_change(services(), blocking, eve, repo.name, "main").error().tag(),
            Tag::RepoNotFound);
  EXPECT_EQ(path_history(services(), blocking, eve, repo.name, "main", "a.txt", 0, 1).error().tag(),
            Tag::RepoNotFound);
}

}  // namespace
}  // namespace embrace::hub
