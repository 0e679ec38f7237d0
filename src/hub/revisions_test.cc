#include "hub/revisions.h"

#include "hub/hub_fixture.h"

namespace embrace::hub {
namespace {

class RevisionsTest : public HubTest {
 protected:
  void SetUp() override {
    acme = user("acme");
    repo = make_repo(acme, "acme/bert");
    first = head(repo);
    second = put_file(acme, repo, "config.json", "{}");
    repo = reload(repo);
  }
  Result<Revision> resolve(std::string_view rev) {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    return resolve_revision(services(), blocking, repo, *repository, rev);
  }
  std::string commit_of(std::string_view rev) {
    auto found = resolve(rev);
    return found ? found->commit.hex() : found.error().message();
  }
  std::string split(const std::vector<std::string>& rest) {
    auto place = must(split_revision(services(), blocking, repo, rest));
    return place.rev + " | " + place.path;
  }
  Status branch(std::string_view name, std::optional<std::string> from = std::nullopt) {
    return create_branch(services(), blocking, acme, repo.name, {std::string(name), from});
  }
  Status tag(std::string_view rev, std::string_view name, std::string_view message = "") {
    return create_tag(services(), blocking, acme, repo.name, rev, name, message);
  }

  auth::Caller acme;
  meta::Repo repo;
  git::Oid first, second;
};

TEST_F(RevisionsTest, EverySpellingResolves) {
  must(branch("feature/x", first.hex()));
  must(tag(first.hex(), "v1.0"));
  must(tag("main", "v2.0", "the second"));
  EXPECT_EQ(commit_of("main"), second.hex());
  EXPECT_EQ(commit_of("HEAD"), second.hex());
  EXPECT_EQ(commit_of(""), second.hex());
  EXPECT_EQ(commit_of("refs/heads/main"), second.hex());
  EXPECT_EQ(commit_of("feature/x"), first.hex());
  EXPECT_EQ(commit_of("v1.0"), first.hex());
  EXPECT_EQ(commit_of("refs/tags/v1.0"), first.hex());
  EXPECT_EQ(commit_of("v2.0"), second.hex()) << "annotated tags are peeled";
  EXPECT_EQ(commit_of(first.hex()), first.hex());
  EXPECT_EQ(commit_of(first.hex().substr(0, 7)), first.hex());
  EXPECT_EQ(must(resolve("v1.0")).ref, "refs/tags/v1.0");
  EXPECT_EQ(must(resolve(first.hex())).ref, "");
}

TEST_F(RevisionsTest, UnknownRevisionsSaySo) {
  for (std::string rev :
       {"nope", "refs/heads/nope", "abcdef", "0123456789012345678901234567890123456789", "a\nb",
        "v1..2", "refs/", " "}) {
    auto found = resolve(rev);
    ASSERT_FALSE(found) << rev;
    EXPECT_EQ(found.error().tag(), Tag::RevisionNotFound) << rev;
    EXPECT_EQ(found.error().message(), "Invalid rev id: " + rev);
  }
  EXPECT_FALSE(resolve(first.hex().substr(0, 6))) << "six digits are too few";
}

TEST_F(RevisionsTest, ABlobIsNoRevision) {
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  auto entry = must(
      repository->find(blocking, must(repository->commit(blocking, second)).tree, "config.json"));
  EXPECT_EQ(resolve(entry.oid.hex()).error().tag(), Tag::RevisionNotFound);
}

TEST_F(RevisionsTest, ABranchComesBeforeATag) {
  must(tag(first.hex(), "same"));
  must(branch("same"));
  EXPECT_EQ(commit_of("same"), second.hex());
}

TEST_F(RevisionsTest, PathsAreSplitFromRevisions) {
  must(branch("feature/x"));
  must(branch("feature/y/z"));
  must(tag("main", "rel/1"));
  EXPECT_EQ(split({"main", "a", "b"}), "main | a/b");
  EXPECT_EQ(split({"main"}), "main | ");
  EXPECT_EQ(split({"feature/x", "a"}), "feature/x | a");
  EXPECT_EQ(split({"feature", "x", "a"}), "feature/x | a");
  EXPECT_EQ(split({"feature", "y", "z"}), "feature/y/z | ");
  EXPECT_EQ(split({"rel", "1", "a"}), "rel/1 | a");
  EXPECT_EQ(split({"refs", "pr", "3", "a", "b"}), "refs/pr/3 | a/b");
  EXPECT_EQ(split({"refs", "convert", "parquet", "a"}), "refs/convert/parquet | a");
  EXPECT_EQ(split({"refs", "heads", "feature", "x", "a"}), "refs/heads/feature/x | a");
  EXPECT_EQ(split({first.hex(), "a"}), first.hex() + " | a");
  EXPECT_EQ(split({"nope", "a", "b"}), "nope | a/b");
  EXPECT_EQ(split({}), " | ");
}

TEST_F(RevisionsTest, BranchesAreMadeAndDeleted) {
  must(branch("dev"));
  auto again = branch("dev");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::Conflict);
  EXPECT_EQ(again.error().message(), "Reference refs/heads/dev already exists");
  NewBranch overwrite{"dev", first.hex(), false, true};
  must(create_branch(services(), blocking, acme, repo.name, overwrite));
  EXPECT_EQ(head(repo, "refs/heads/dev"), first);
  must(delete_branch(services(), blocking, acme, repo.name, "dev"));
  auto gone = delete_branch(services(), blocking, acme, repo.name, "dev");
  EXPECT_EQ(gone.error().tag(), Tag::RevisionNotFound);
  auto last = delete_branch(services(), blocking, acme, repo.name, "main");
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code(), Code::Denied);
  EXPECT_EQ(last.error().message(), "Cannot delete refs/heads/main");
}

TEST_F(RevisionsTest, AnEmptyBranchHasNoFiles) {
  must(create_branch(services(), blocking, acme, repo.name, {"blank", std::nullopt, true}));
  auto history = must(list_commits(services(), blocking, acme, repo.name, "blank", 0, 10));
  EXPECT_EQ(history.total, 1u);
}

TEST_F(RevisionsTest, BadNamesAreRefused) {
  for (std::string name :
       {"refs/pr/1", "refs/heads/x", "a..b", "a b", "HEAD", "", "x.lock", "-x/../y"}) {
    auto made = branch(name);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code(), Code::InvalidArgument) << name;
  }
  EXPECT_TRUE(branch("refs/pr/1")
                  .error()
                  .message()
                  .starts_with("Invalid reference for a branch: refs/pr/1"));
  EXPECT_EQ(branch(first.hex()).error().code(), Code::InvalidArgument) << "would shadow a commit";
  EXPECT_EQ(branch("new", "nope").error().tag(), Tag::RevisionNotFound);
}

TEST_F(RevisionsTest, AFileAndAFolderOfRefsClash) {
  must(branch("a"));
  EXPECT_EQ(branch("a/b").error().code(), Code::Conflict);
  EXPECT_EQ(branch("main/x").error().code(), Code::Conflict);
}

TEST_F(RevisionsTest, TagsAreMadeAndDeleted) {
  must(tag("main", "v1", "first release"));
  auto again = tag("main", "v1");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(), "Tag reference exists already");
  auto refs = must(list_refs(services(), blocking, anonymous(), repo.name));
  ASSERT_EQ(refs.tags.size(), 1u);
  EXPECT_EQ(refs.tags[0].name, "v1");
  EXPECT_EQ(refs.tags[0].commit, second);
  must(delete_tag(services(), blocking, acme, repo.name, "v1"));
  EXPECT_EQ(delete_tag(services(), blocking, acme, repo.name, "v1").error().tag(),
            Tag::RevisionNotFound);
}

TEST_F(RevisionsTest, StrangersChangeNothing) {
  auto eve = user("eve");
  EXPECT_EQ(create_branch(services(), blocking, eve, repo.name, {"x"}).error().code(),
            Code::Denied);
  EXPECT_EQ(delete_tag(services(), blocking, eve, repo.name, "x").error().code(), Code::Denied);
  EXPECT_EQ(super_squash(services(), blocking, eve, repo.name, "main", "").error().code(),
            Code::Denied);
}

TEST_F(RevisionsTest, HistoryComesInPages) {
  const auto third = put_file(acme, repo, "b", "1");
  auto page = must(list_commits(services(), blocking, anonymous(), repo.name, "main", 0, 2));
  EXPECT_EQ(page.total, 3u);
  ASSERT_EQ(page.commits.size(), 2u);
  EXPECT_EQ(page.commits[0].oid, third);
  page = must(list_commits(services(), blocking, anonymous(), repo.name, "main", 2, 2));
  ASSERT_EQ(page.commits.size(), 1u);
  EXPECT_EQ(page.commits[0].oid, first);
  EXPECT_TRUE(must(list_commits(services(), blocking, anonymous(), repo.name, "main", 9, 2))
                  .commits.empty());
}

TEST_F(RevisionsTest, SquashingKeepsTheTree) {
  auto squashed = must(super_squash(services(), blocking, acme, repo.name, "main", "all in one"));
  auto history = must(list_commits(services(), blocking, acme, repo.name, "main", 0, 10));
  ASSERT_EQ(history.total, 1u);
  EXPECT_EQ(history.commits[0].oid, squashed);
  EXPECT_EQ(history.commits[0].title, "all in one");
  EXPECT_EQ(reload(repo).head_oid, squashed.hex());
  must(tag("main", "v1"));
  EXPECT_EQ(super_squash(services(), blocking, acme, repo.name, "v1", "").error().code(),
            Code::InvalidArgument);
  EXPECT_EQ(super_squash(services(), blocking, acme, repo.name, "nope", "").error().tag(),
            Tag::RevisionNotFound);
}

}  // namespace
}  // namespace embrace::hub
