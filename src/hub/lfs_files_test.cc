#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "hub/hub_fixture.h"
#include "hub/lfs.h"
#include "hub/revisions.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

class LfsFilesTest : public HubTest {
 protected:
  LfsFilesTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}
  Result<LfsFilePage> list(std::string_view cursor = "", std::size_t limit = 0) {
    return list_lfs_files(services(), blocking, alice, name("alice/bert"), cursor, limit);
  }
  Status remove(std::vector<Digest> objects, bool rewrite_history) {
    return delete_lfs_files(services(), blocking, alice, name("alice/bert"), objects,
                            rewrite_history);
  }
  bool shows(const git::Oid& commit, std::string_view path) {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    return repository->find(blocking, must(repository->commit(blocking, commit)).tree, path)
        .has_value();
  }
  std::vector<git::Commit> history(std::string_view ref = "refs/heads/main") {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    return must(repository->log(blocking, head(repo, ref), 0, 100));
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(LfsFilesTest, ListingNamesFilesAndTheCommitsThatBroughtThem) {
  const auto a = put_lfs_file(alice, repo, "a.bin", "one");
  const auto brought_a = head(repo);
  const auto b = put_lfs_file(alice, repo, "dir/b.bin", "two");
  const auto brought_b = head(repo);
  put_file(alice, repo, "c.txt", "three");
  const auto loose = put_object("not in any tree");
  must(database->write(blocking, [&](db::Session& s) {
    return meta::repos::link_lfs(s, repo.id, {{loose, 15}}, clock.now_ms());
  }));

  const auto page = must(list());
  ASSERT_EQ(page.rows.size(), 3u);
  EXPECT_FALSE(page.next);
  for (const auto& row : page.rows) {
    if (row.sha256 == a) {
      EXPECT_EQ(row.filename, "a.bin");
      EXPECT_EQ(row.commit, brought_a.hex());
      EXPECT_EQ(row.size_bytes, 3u);
      EXPECT_EQ(row.ref, "refs/heads/main");
      EXPECT_GT(row.pushed_ms, 0);
    } else if (row.sha256 == b) {
      EXPECT_EQ(row.filename, "dir/b.bin");
      EXPECT_EQ(row.commit, brought_b.hex());
    } else {
      EXPECT_EQ(row.sha256, loose);
      EXPECT_EQ(row.filename, "");
      EXPECT_EQ(row.commit, std::string(40, '0'));
    }
  }
}

TEST_F(LfsFilesTest, ListingPages) {
  for (int i = 0; i < 5; ++i) put_lfs_file(alice, repo, cat(i, ".bin"), cat("bytes ", i));
  std::set<Digest> seen;
  std::string cursor;
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = must(list(cursor, 2));
    for (const auto& row : page.rows) EXPECT_TRUE(seen.insert(row.sha256).second);
    EXPECT_EQ(page.next.has_value(), pages < 2);
    cursor = page.next.value_or("");
  }
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_EQ(list("garbage").error().code(), Code::InvalidArgument);
  EXPECT_EQ(
      list_lfs_files(services(), blocking, user("bob"), name("alice/bert"), "", 0).error().code(),
      Code::Denied);
}

TEST_F(LfsFilesTest, DeletingRewritesEveryBranch) {
  put_file(alice, repo, "before.txt", "1");
  const auto untouched = head(repo);
  const auto bad = put_lfs_file(alice, repo, "deep/er/bad.bin", "bad");
  put_lfs_file(alice, repo, "good.bin", "good");
  must(create_branch(services(), blocking, alice, name("alice/bert"),
                     {.branch = "dev", .starting_point = std::nullopt}));
  put_file(alice, repo, "after.txt", "2");
  put_file(alice, repo, "dev.txt", "3", "refs/heads/dev");
  const auto main_before = history(), dev_before = history("refs/heads/dev");

  ASSERT_TRUE(remove({bad}, true));
  const auto main_after = history(), dev_after = history("refs/heads/dev");
  ASSERT_EQ(main_after.size(), main_before.size());
  ASSERT_EQ(dev_after.size(), dev_before.size());
  EXPECT_EQ(main_after[3].oid, untouched) << "commits before the file keep their ids";
  EXPECT_EQ(main_after[1].oid, dev_after[1].oid) << "what was shared stays shared";
  for (std::size_t i = 0; i < main_after.size(); ++i) {
    EXPECT_EQ(main_after[i].title, main_before[i].title);
    EXPECT_EQ(main_after[i].author_ms, main_before[i].author_ms);
    EXPECT_FALSE(shows(main_after[i].oid, "deep")) << i;
  }
  EXPECT_TRUE(shows(head(repo), "good.bin"));
  EXPECT_TRUE(shows(head(repo), "after.txt"));
  EXPECT_TRUE(shows(head(repo, "refs/heads/dev"), "dev.txt"));
  EXPECT_EQ(reload(repo).head_oid, head(repo).hex());
  EXPECT_EQ(must(list()).rows.size(), 1u);
}

TEST_F(LfsFilesTest, DeletingWithoutRewritingLeavesHistoryAlone) {
  const auto bad = put_lfs_file(alice, repo, "bad.bin", "bad");
  const auto before = head(repo);
  ASSERT_TRUE(remove({bad}, false));
  EXPECT_EQ(head(repo), before);
  EXPECT_TRUE(must(list()).rows.empty());
  EXPECT_EQ(remove({}, false).error().code(), Code::InvalidArgument);
}

TEST_F(LfsFilesTest, CopiesNeedReadHereAndWriteThere) {
  const auto bob = user("bob");
  const auto hidden = make_repo(bob, "bob/secret", RepoType::Model, true);
  make_repo(bob, "bob/copy");
  const auto sha = put_lfs_file(alice, repo, "w.bin", "open weights");
  const auto secret = put_lfs_file(bob, hidden, "w.bin", "secret weights");

  const auto failures = must(duplicate_lfs_files(services(), blocking, bob, name("alice/bert"),
                                                 name("bob/copy"), {sha, secret}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].sha256, secret);
  EXPECT_EQ(duplicate_lfs_files(services(), blocking, alice, name("bob/secret"), name("alice/bert"),
                                {secret})
                .error()
                .tag(),
            Tag::RepoNotFound);
  EXPECT_EQ(
      duplicate_lfs_files(services(), blocking, alice, name("alice/bert"), name("bob/copy"), {sha})
          .error()
          .code(),
      Code::Denied);
}

}  // namespace
}  // namespace embrace::hub
