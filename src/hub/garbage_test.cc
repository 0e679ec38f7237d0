#include "hub/garbage.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "hub/commits.h"
#include "hub/doctor.h"
#include "hub/hub_fixture.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "hub/revisions.h"
#include "meta/repos.h"
#include "meta/storage.h"
#include "testing/postgres_server.h"

namespace embrace::hub {
namespace {

constexpr Millis kDayMs = 24ll * 3600 * 1000;

class GarbageTest : public HubTest {
 protected:
  GarbageTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}

  GarbageReport collect(bool is_dry_run = false, const GarbageProgress& progress = {}) {
    GarbageRules rules;
    rules.is_dry_run = is_dry_run;
    return must(collect_garbage(services(), blocking, rules, progress));
  }
  void wait_days(int days) { clock.advance_ms(days * kDayMs); }
  bool is_linked(const Digest& sha256) { return is_linked(repo, sha256); }
  bool is_linked(const meta::Repo& where, const Digest& sha256) {
    return must(database->read(
                    blocking,
                    [&](db::Session& s) { return meta::repos::find_lfs(s, where.id, sha256); }))
        .has_value();
  }
  bool is_there(const Digest& sha256) { return objects->find(blocking, sha256).has_value(); }
  Status link(const Digest& sha256, std::uint64_t size_bytes) {
    return link_lfs_object(services(), blocking, repo.id, {sha256, size_bytes});
  }
  std::string pointer_to(const Digest& sha256, std::uint64_t size_bytes) {
    return git::LfsPointer{sha256, size_bytes}.render();
  }
  // As a client sends it that was told to: the store finds that it is there, or keeps it.
  Status upload(std::string_view bytes) {
    const auto sha256 = put_object(bytes);
    return link(sha256, bytes.size());
  }
  // What no ref reaches now is gone with the next collection.
  void condemn_old_links() {
    wait_days(31);
    EXPECT_EQ(collect().condemned.files, 1u);
    wait_days(2);
    EXPECT_EQ(collect(true).unlinked.files, 1u);
  }
  // The history that had the file is gone.
  void squash() {
    must(super_squash(services(), blocking, alice, repo.name, "main", "squashed"));
    repo = reload(repo);
  }
  void expect_sound() {
    const auto report = must(examine(services(), blocking, {}));
    for (const auto& finding : report.findings)
      EXPECT_EQ(finding.gravity, Finding::Gravity::Note) << finding.where << ": " << finding.what;
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(GarbageTest, WhatARefReachesStaysForEver) {
  const auto in_main = put_lfs_file(alice, repo, "a.bin", "in main");
  const auto in_history = put_lfs_file(alice, repo, "dir/b.bin", "in the history of main");
  remove_file(alice, repo, "dir/b.bin");
  must(create_tag(services(), blocking, alice, repo.name, "main", "v1", "a message"));
  must(create_branch(services(), blocking, alice, repo.name,
                     {.branch = "dev", .starting_point = std::nullopt}));
  for (int years = 0; years < 3; ++years) {
    wait_days(365);
    const auto report = collect();
    EXPECT_EQ(report.repos_walked, 1u);
    EXPECT_EQ(report.repos_left_out, 0u);
    EXPECT_EQ(report.unlinked.files + report.dropped.files, 0u);
    EXPECT_EQ(report.xorbs.condemned.xorbs, 0u);
  }
  EXPECT_TRUE(is_linked(in_main) && is_there(in_main));
  EXPECT_TRUE(is_linked(in_history) && is_there(in_history));
  expect_sound();
}

TEST_F(GarbageTest, AFileThatOnlyATagOrAPullRequestReachesStays) {
  const auto tagged = put_lfs_file(alice, repo, "a.bin", "tagged");
  must(create_tag(services(), blocking, alice, repo.name, "main", "v1", ""));
  const auto loose = put_object("in a pull request");
  must(link(loose, 17));
  const auto at = head(repo);
  put_file(alice, repo, "b.bin", pointer_to(loose, 17), "refs/pr/1");
  remove_file(alice, repo, "a.bin");
  squash();
  EXPECT_NE(head(repo), at);
  wait_days(40);
  collect();
  EXPECT_TRUE(is_linked(tagged));
  EXPECT_TRUE(is_linked(loose));
  must(delete_tag(services(), blocking, alice, repo.name, "v1"));
  collect();
  wait_days(2);
  collect();
  EXPECT_FALSE(is_linked(tagged));
  EXPECT_TRUE(is_linked(loose));
}

TEST_F(GarbageTest, WhatNobodyReachesGoesStepByStep) {
  const std::string bytes(200'000, 'x');
  const auto gone = put_lfs_file(alice, repo, "a.bin", bytes);
  const auto kept = put_lfs_file(alice, repo, "b.bin", "something else");
  remove_file(alice, repo, "a.bin");
  wait_days(40);
  EXPECT_EQ(collect().unlinked.files, 0u) << "the history has it";
  squash();

  auto dry = collect(true);
  EXPECT_EQ(dry.condemned.files, 1u);
  EXPECT_EQ(collect().condemned.bytes, bytes.size());
  EXPECT_EQ(collect().condemned.files + collect().unlinked.files, 0u) << "not today";
  wait_days(2);
  dry = collect(true);
  EXPECT_EQ(dry.unlinked.files, 1u);
  EXPECT_EQ(dry.unlinked.bytes, bytes.size());
  EXPECT_TRUE(is_linked(gone)) << "a dry run changes nothing";
  auto report = collect();
  EXPECT_EQ(report.unlinked.files, 1u);
  EXPECT_EQ(report.unlinked.bytes, bytes.size());
  EXPECT_EQ(report.dropped.files, 0u) << "its grace begins now";
  EXPECT_FALSE(is_linked(gone));
  EXPECT_TRUE(is_there(gone));

  wait_days(3);
  dry = collect(true);
  EXPECT_EQ(dry.dropped.files, 1u);
  EXPECT_TRUE(is_there(gone));
  report = collect();
  EXPECT_EQ(report.dropped.files, 1u);
  EXPECT_EQ(report.dropped.bytes, bytes.size());
  EXPECT_FALSE(is_there(gone));
  EXPECT_EQ(report.xorbs.condemned.xorbs, 0u) << "clients may remember the chunks";

  wait_days(29);
  EXPECT_EQ(collect(true).xorbs.condemned.xorbs, 1u);
  EXPECT_EQ(collect().xorbs.condemned.xorbs, 1u);
  wait_days(2);
  report = collect();
  EXPECT_EQ(report.xorbs.removed.xorbs, 1u);
  EXPECT_GT(report.xorbs.removed.bytes, 0u);
  EXPECT_TRUE(is_linked(kept) && is_there(kept));
  EXPECT_TRUE(objects->verify(blocking, kept));
  EXPECT_TRUE(backend->list(blocking, "xorbs/", "", 10)->items.size() == 1);
  expect_sound();
}

TEST_F(GarbageTest, ADeletedRepositoryTakesItsFilesAlongUnlessOthersHaveThem) {
  const auto second = make_repo(alice, "alice/second");
  const auto alone = put_lfs_file(alice, repo, "a.bin", "of one");
  const auto shared = put_lfs_file(alice, repo, "b.bin", "of two");
  put_lfs_file(alice, second, "b.bin", "of two");
  must(delete_repo(services(), blocking, alice, repo.name));
  wait_days(3);
  EXPECT_EQ(collect().dropped.files, 1u);
  EXPECT_FALSE(is_there(alone));
  EXPECT_TRUE(is_there(shared));
  expect_sound();
}

TEST_F(GarbageTest, AnUploadThatNobodyCommittedIsKeptForItsGrace) {
  must(upload("sent, and forgotten"));
  const auto sha256 = put_object("sent, and forgotten");
  wait_days(29);
  EXPECT_EQ(collect().unlinked.files, 0u);
  wait_days(2);
  EXPECT_EQ(collect().condemned.files, 1u);
  wait_days(2);
  EXPECT_EQ(collect().unlinked.files, 1u);
  must(upload("sent, and forgotten"));
  wait_days(20);
  EXPECT_EQ(collect().unlinked.files + collect().dropped.files, 0u) << "sent again";
  EXPECT_TRUE(is_linked(sha256) && is_there(sha256));
}

TEST_F(GarbageTest, WhoWasToldThatAFileIsThereMayRelyOnIt) {
  must(upload("the weights"));
  const auto sha256 = put_object("the weights");
  wait_days(31);
  const auto answer = must(lfs_batch(
      services(), blocking, alice, repo.name,
      {.upload = true, .transfers = {"basic"}, .objects = {{.sha256 = sha256, .size_bytes = 11}}}));
  ASSERT_TRUE(answer.answers.at(0).present);
  EXPECT_EQ(collect().unlinked.files, 0u);
  put_files(alice, repo, {{"a.bin", pointer_to(sha256, 11)}});
  wait_days(100);
  EXPECT_EQ(collect().unlinked.files, 0u);
  EXPECT_TRUE(is_there(sha256));
  expect_sound();
}

// The races. What the other one does happens between the steps of the collection.

TEST_F(GarbageTest, ACommitDuringTheWalkKeepsItsFile) {
  must(upload("late"));
  const auto sha256 = put_object("late");
  condemn_old_links();
  const auto report = collect(false, [&](GarbageStep step, std::string_view) {
    // Without link_lfs: the walk alone must see it.
    if (step == GarbageStep::Walked) put_files(alice, repo, {{"late.bin", pointer_to(sha256, 4)}});
  });
  EXPECT_EQ(report.unlinked.files, 0u);
  EXPECT_TRUE(is_linked(sha256));
  expect_sound();
}

TEST_F(GarbageTest, ACommitOfAnotherProcessJustBeforeTheUnlinkingKeepsItsFile) {
  must(upload("late"));
  const auto sha256 = put_object("late");
  condemn_old_links();
  unsigned unlinkings = 0;
  const auto report = collect(false, [&](GarbageStep step, std::string_view) {
    if (step == GarbageStep::Unlinking && ++unlinkings == 1)
      put_files(alice, repo, {{"late.bin", pointer_to(sha256, 4)}});
  });
  EXPECT_EQ(unlinkings, 1u) << "the second walk found it";
  EXPECT_EQ(report.unlinked.files, 0u);
  EXPECT_TRUE(is_linked(sha256));
  expect_sound();
}

TEST_F(GarbageTest, ARepositoryThatNeverRestsIsLeftForTheNextTime) {
  must(upload("late"));
  const auto sha256 = put_object("late");
  condemn_old_links();
  unsigned commits = 0;
  const auto report = collect(false, [&](GarbageStep step, std::string_view) {
    if (step == GarbageStep::Unlinking) put_file(alice, repo, "n.txt", cat(++commits));
  });
  EXPECT_EQ(report.repos_left_out, 1u);
  EXPECT_TRUE(is_linked(sha256));
  EXPECT_EQ(collect().unlinked.files, 1u);
}

TEST_F(GarbageTest, ACondemnedFileThatARefReachesAgainIsReprieved) {
  must(upload("late"));
  const auto sha256 = put_object("late");
  condemn_old_links();
  put_files(alice, repo, {{"late.bin", pointer_to(sha256, 4)}});
  collect();
  const auto at = head(repo);
  remove_file(alice, repo, "late.bin");
  squash();
  EXPECT_NE(head(repo), at);
  auto report = collect();
  EXPECT_EQ(report.condemned.files, 1u) << "from the beginning";
  EXPECT_EQ(report.unlinked.files, 0u);
  expect_sound();
}

TEST_F(GarbageTest, AnUploadJustBeforeTheUnlinkingKeepsTheLink) {
  must(upload("again"));
  const auto sha256 = put_object("again");
  condemn_old_links();
  const auto report = collect(false, [&](GarbageStep step, std::string_view) {
    if (step == GarbageStep::Unlinking) must(upload("again"));
  });
  EXPECT_EQ(report.unlinked.files, 0u);
  EXPECT_TRUE(is_linked(sha256) && is_there(sha256));
}

TEST_F(GarbageTest, AFileThatIsSentWhileItWaitsForItsEndIsKept) {
  const auto sha256 = put_object("nobody's yet");
  wait_days(3);
  put_object("nobody's yet");  // its link comes a moment later
  EXPECT_EQ(collect().dropped.files, 0u);
  must(link(sha256, 12));
  wait_days(3);
  EXPECT_EQ(collect().dropped.files, 0u);
  EXPECT_TRUE(is_there(sha256));
}

TEST_F(GarbageTest, ALinkThatComesAfterTheDropIsRefusedAndUploadingAgainHelps) {
  const auto sha256 = put_object("too late");
  wait_days(3);
  EXPECT_EQ(collect().dropped.files, 1u);
  const auto linked = link(sha256, 8);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Code::Unusable);
  must(upload("too late"));
  EXPECT_TRUE(is_linked(sha256) && is_there(sha256));
  expect_sound();
}

TEST_F(GarbageTest, ACommitOfAFileThatWasDroppedMeanwhileIsRefused) {
  const auto sha256 = put_lfs_file(alice, repo, "a.bin", "the weights");
  must(database->write(
      blocking, [&](db::Session& s) { return meta::repos::unlink_lfs(s, repo.id, sha256); }));
  wait_days(3);
  collect();
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  Publication publication;
  publication.repo = repo;
  publication.changes.push_back({"refs/heads/other", std::nullopt, head(repo)});
  publication.lfs = {{sha256, 11}};
  const auto published = publish(services(), blocking, *repository, std::move(publication));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), Code::Unusable);
  EXPECT_TRUE(head(repo, "refs/heads/other").is_zero());
}

TEST_F(GarbageTest, ARepositoryThatCanNotBeReadKeepsItsLinks) {
  must(upload("unreached"));
  const auto sha256 = put_object("unreached");
  must(database->write(blocking, [&](db::Session& s) {
    return meta::repos::change_ref(s, repo.id, "refs/heads/broken", std::nullopt,
                                   std::string(40, 'a'));
  }));
  wait_days(31);
  const auto report = collect();
  EXPECT_EQ(report.repos_left_out, 1u);
  EXPECT_EQ(report.unlinked.files, 0u);
  EXPECT_TRUE(is_linked(sha256));
}

TEST_F(GarbageTest, ABranchFromACommitWhoseFilesAreGoneIsRefused) {
  put_lfs_file(alice, repo, "a.bin", "the weights");
  const auto before = head(repo);
  remove_file(alice, repo, "a.bin");
  squash();
  wait_days(10);
  must(create_branch(services(), blocking, alice, repo.name,
                     {.branch = "rescued", .starting_point = before.hex()}));
  must(delete_branch(services(), blocking, alice, repo.name, "rescued"));
  condemn_old_links();
  EXPECT_EQ(collect().unlinked.files, 1u);
  const auto branch = create_branch(services(), blocking, alice, repo.name,
                                    {.branch = "late", .starting_point = before.hex()});
  ASSERT_FALSE(branch);
  EXPECT_EQ(branch.error().code(), Code::Unusable);
  EXPECT_FALSE(create_tag(services(), blocking, alice, repo.name, before.hex(), "v0", ""));
  expect_sound();
}

TEST_F(GarbageTest, ABranchFromAnUnreachedCommitWhileItIsCollectedKeepsItsFiles) {
  const auto sha256 = put_lfs_file(alice, repo, "a.bin", "the weights");
  const auto before = head(repo);
  remove_file(alice, repo, "a.bin");
  squash();
  condemn_old_links();
  const auto report = collect(false, [&](GarbageStep step, std::string_view) {
    if (step == GarbageStep::Walked)
      must(create_branch(services(), blocking, alice, repo.name,
                         {.branch = "rescued", .starting_point = before.hex()}));
  });
  EXPECT_EQ(report.unlinked.files, 0u);
  EXPECT_TRUE(is_linked(sha256));
  expect_sound();
}

TEST(PostgresGarbage, TheSameStepsWork) {
  class Hub : public HubTest {
   public:
    Hub() : HubTest(db::Dialect::Postgres) {}
    void TestBody() override {
      const auto alice = user("alice");
      const auto repo = make_repo(alice, "alice/bert");
      put_lfs_file(alice, repo, "a.bin", "gone soon");
      const auto kept = put_lfs_file(alice, repo, "b.bin", "kept");
      remove_file(alice, repo, "a.bin");
      must(super_squash(services(), blocking, alice, repo.name, "main", "squashed"));
      const auto collect = [&] { return must(collect_garbage(services(), blocking, {})); };
      clock.advance_ms(40 * kDayMs);
      EXPECT_EQ(collect().condemned.files, 1u);
      clock.advance_ms(2 * kDayMs);
      EXPECT_EQ(collect().unlinked.files, 1u);
      clock.advance_ms(3 * kDayMs);
      EXPECT_EQ(collect().dropped.files, 1u);
      clock.advance_ms(29 * kDayMs);
      EXPECT_EQ(collect().xorbs.condemned.xorbs, 1u);
      clock.advance_ms(2 * kDayMs);
      EXPECT_EQ(collect().xorbs.removed.xorbs, 1u);
      EXPECT_TRUE(objects->verify(blocking, kept));
    }
  };
  if (::testing::postgres_is_switched_off()) GTEST_SKIP() << "EMB_TEST_POSTGRES=off";
  Hub().TestBody();
}

}  // namespace
}  // namespace embrace::hub
