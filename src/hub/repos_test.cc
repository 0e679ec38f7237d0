#include "hub/repos.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "hub/files.h"
#include "hub/folders.h"
#include "hub/hub_fixture.h"
#include "hub/revisions.h"
#include "meta/repos.h"
#include "testing/content_text.h"
#include "testing/postgres_server.h"

namespace embrace::hub {
namespace {

class ReposTest : public HubTest {
 protected:
  Result<meta::Repo> find(const auth::Caller& caller, std::string_view id,
                          auth::Right right = auth::Right::See) {
    return find_repo(services(), blocking, caller, name(id), right);
  }
  Result<meta::Repo> create(const auth::Caller& caller, std::string_view id) {
    return create_repo(services(), blocking, caller, NewRepo{.name = name(id)});
  }
  Result<meta::Repo> move(const auth::Caller& caller, std::string_view from, std::string_view to) {
    return move_repo(services(), blocking, caller, name(from), name(to));
  }
  std::string read(const auth::Caller& caller, const meta::Repo& repo, std::string_view path) {
    auto file = must(find_file(services(), blocking, caller, repo.name, "main", path));
    return ::testing::content_text(
        must(open_file(services(), blocking, file, 0, file.entry.size_bytes())));
  }
};

TEST_F(ReposTest, ANewRepositoryHasAttributesAndOneCommit) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  EXPECT_NE(read(acme, repo, ".gitattributes").find("*.safetensors filter=lfs"), std::string::npos);
  auto history = must(list_commits(services(), blocking, acme, repo.name, "main", 0, 10));
  ASSERT_EQ(history.total, 1u);
  EXPECT_EQ(history.commits[0].title, "initial commit");
  EXPECT_EQ(history.commits[0].author.name, "acme");
}

TEST_F(ReposTest, ASpaceHasACardThatNamesItsSdk) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/demo", RepoType::Space);
  EXPECT_EQ(repo.card.sdk, "gradio");
  const auto readme = read(acme, repo, "README.md");
  EXPECT_NE(readme.find("title: demo\n"), std::string::npos) << readme;
  EXPECT_NE(readme.find("app_file: app.py\n"), std::string::npos) << readme;
  EXPECT_NE(readme.find("pinned: false\n"), std::string::npos) << readme;
}

TEST_F(ReposTest, ASpaceNeedsAnSdk) {
  auto made = create_repo(services(), blocking, user("acme"),
                          NewRepo{.name = name("acme/demo", RepoType::Space)});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::InvalidArgument);
}

TEST_F(ReposTest, ALicenseMakesACardAndGivenFilesWin) {
  auto acme = user("acme");
  NewRepo wanted{.name = name("acme/one")};
  wanted.license = "mit";
  auto repo = must(create_repo(services(), blocking, acme, wanted));
  EXPECT_EQ(repo.card.license, "mit");
  EXPECT_EQ(read(acme, repo, "README.md"), "---\nlicense: mit\n---\n");
  wanted.name = name("acme/two");
  wanted.files = {{"README.md", "mine"}, {".gitattributes", ""}};
  repo = must(create_repo(services(), blocking, acme, wanted));
  EXPECT_EQ(read(acme, repo, "README.md"), "mine");
  EXPECT_EQ(read(acme, repo, ".gitattributes"), "");
}

TEST_F(ReposTest, AnEmptyNamespaceIsTheCallersOwn) {
  NewRepo wanted;
  wanted.name.name = "bert";
  EXPECT_EQ(must(create_repo(services(), blocking, user("acme"), wanted)).name.id(), "acme/bert");
}

TEST_F(ReposTest, CreatingTwiceIsAConflictThatNamesTheRepository) {
  auto acme = user("acme");
  make_repo(acme, "acme/bert");
  auto again = create(acme, "acme/BERT");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::Conflict);
  EXPECT_EQ(again.error().message(), "You already created this model repo");
  EXPECT_EQ(again.error().fact("repo"), "acme/bert");
}

TEST_F(ReposTest, OnlyMembersCreateInANamespace) {
  user("acme");
  EXPECT_EQ(create(user("eve"), "acme/bert").error().code(), Code::Denied);
  EXPECT_EQ(create(user("eve"), "nobody/bert").error().code(), Code::Denied);
  EXPECT_EQ(create(anonymous(), "acme/bert").error().code(), Code::Unauthenticated);
  EXPECT_EQ(create(user("acme", meta::TokenRole::Read), "acme/bert").error().code(), Code::Denied);
  organization("org", "acme");
  join("org", "eve", meta::Role::Contributor);
  EXPECT_TRUE(create(user("eve"), "org/bert"));
}

TEST_F(ReposTest, BadPathsAndTwinsAreRefused) {
  auto acme = user("acme");
  NewRepo wanted{.name = name("acme/bert")};
  wanted.files = {{"../x", ""}};
  EXPECT_EQ(create_repo(services(), blocking, acme, wanted).error().code(), Code::Unusable);
  wanted.files = {{"x", ""}, {"x", ""}};
  EXPECT_EQ(create_repo(services(), blocking, acme, wanted).error().code(), Code::InvalidArgument);
  EXPECT_FALSE(find(acme, "acme/bert"));
  EXPECT_TRUE(must(list_repository_folders(settings)).empty())
      << "a refused repository leaves no folder";
}

TEST_F(ReposTest, AnotherSpellingIsMoved) {
  auto acme = user("acme");
  make_repo(acme, "acme/Bert");
  auto found = find(anonymous(), "ACME/bert");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::Moved);
  EXPECT_EQ(found.error().fact("repo"), "acme/Bert");
}

TEST_F(ReposTest, LegacyNamesAreNotFound) {
  auto found = find_repo(services(), blocking, user("acme"), name("gpt2"), auth::Right::See);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().tag(), Tag::RepoNotFound);
  EXPECT_EQ(found.error().code(), Code::NotFound);
}

TEST_F(ReposTest, PrivateRepositoriesDoNotExistForStrangers) {
  auto acme = user("acme");
  make_repo(acme, "acme/secret", RepoType::Model, true);
  EXPECT_TRUE(find(acme, "acme/secret"));
  EXPECT_EQ(find(user("eve"), "acme/secret").error().tag(), Tag::RepoNotFound);
  EXPECT_EQ(find(anonymous(), "acme/SECRET").error().tag(), Tag::RepoNotFound)
      << "not Moved: that would tell";
}

TEST_F(ReposTest, AnOldNameRedirects) {
  auto acme = user("acme");
  make_repo(acme, "acme/old");
  auto moved = must(move(acme, "acme/old", "acme/new"));
  EXPECT_EQ(moved.name.id(), "acme/new");
  auto found = find(anonymous(), "acme/old");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::Moved);
  EXPECT_EQ(found.error().fact("repo"), "acme/new");
}

TEST_F(ReposTest, ARedirectToAPrivateRepositoryIsNotTold) {
  auto acme = user("acme");
  make_repo(acme, "acme/old", RepoType::Model, true);
  must(move(acme, "acme/old", "acme/new"));
  EXPECT_EQ(find(user("eve"), "acme/old").error().code(), Code::NotFound);
  EXPECT_EQ(find(acme, "acme/old").error().code(), Code::Moved);
}

TEST_F(ReposTest, MovingBackDropsTheRedirect) {
  auto acme = user("acme");
  make_repo(acme, "acme/a");
  must(move(acme, "acme/a", "acme/b"));
  must(move(acme, "acme/b", "acme/a"));
  EXPECT_TRUE(find(acme, "acme/a"));
  EXPECT_EQ(find(acme, "acme/b").error().fact("repo"), "acme/a");
}

TEST_F(ReposTest, AChangeOfCaseNeedsNoRedirect) {
  auto acme = user("acme");
  make_repo(acme, "acme/bert");
  EXPECT_EQ(must(move(acme, "acme/bert", "acme/BERT")).name.id(), "acme/BERT");
  EXPECT_EQ(find(acme, "acme/bert").error().fact("repo"), "acme/BERT");
}

TEST_F(ReposTest, NobodyTakesOverAnothersOldName) {
  // "org/bert" moves away from the organization; a contributor must not be able to catch its
  // visitors.
  auto acme = user("acme");
  organization("org", "acme");
  acme = user("acme");
  make_repo(acme, "org/bert");
  must(move(acme, "org/bert", "acme/bert"));
  join("org", "eve", meta::Role::Contributor);
  auto eve = user("eve");
  auto taken = create(eve, "org/bert");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Code::Conflict);
  EXPECT_EQ(taken.error().fact("repo"), "acme/bert");
  make_repo(eve, "org/mine");
  EXPECT_EQ(move(eve, "org/mine", "org/bert").error().code(), Code::Conflict);
  EXPECT_TRUE(create(acme, "org/bert"))
      << "whoever manages the repository may give its old name away";
  EXPECT_TRUE(find(eve, "org/bert"));
}

TEST_F(ReposTest, MovingOntoATakenNameIsAConflict) {
  auto acme = user("acme");
  make_repo(acme, "acme/a");
  make_repo(acme, "acme/b");
  auto moved = move(acme, "acme/a", "acme/b");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::Conflict);
  EXPECT_NE(moved.error().message().find("already exists"), std::string::npos);
}

TEST_F(ReposTest, RepositoriesAreNotPushedOntoOthers) {
  auto acme = user("acme");
  user("bob");
  make_repo(acme, "acme/bert");
  EXPECT_EQ(move(acme, "acme/bert", "bob/bert").error().code(), Code::Denied);
  EXPECT_EQ(move(user("bob"), "acme/bert", "bob/bert").error().code(), Code::Denied);
  EXPECT_TRUE(move(admin("root"), "acme/bert", "bob/bert"));
}

TEST_F(ReposTest, DeletingRemovesRowsAndFolder) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  EXPECT_EQ(delete_repo(services(), blocking, user("eve"), repo.name).error().code(), Code::Denied);
  must(delete_repo(services(), blocking, acme, repo.name));
  EXPECT_EQ(find(acme, "acme/bert").error().tag(), Tag::RepoNotFound);
  EXPECT_EQ(delete_repo(services(), blocking, acme, repo.name).error().tag(), Tag::RepoNotFound);
  struct ::stat facts{};
  EXPECT_NE(::stat(folder_of(repo).c_str(), &facts), 0);
  EXPECT_TRUE(create(acme, "acme/bert")) << "the name is free again";
}

TEST_F(ReposTest, AFolderGoesAlthoughSomebodyWritesIntoIt) {
  for (int round = 0; round < 20; ++round) {
    const std::string doomed = folder / cat("doomed-", round, ".git");
    for (int i = 0; i < 20; ++i) must(make_folders(cat(doomed, "/refs/", i)));
    std::jthread writer([doomed](const std::stop_token& stop) {
      for (int i = 0; !stop.stop_requested(); ++i)
        (void)File::create_new(cat(doomed, "/refs/f", i));
    });
    remove_folder(doomed);
    writer.request_stop();
    writer.join();
    EXPECT_FALSE(std::filesystem::exists(doomed));
  }
  for (const auto& left : std::filesystem::directory_iterator(folder.path()))
    EXPECT_FALSE(left.path().filename().string().starts_with("tmp-")) << left.path();
}

TEST_F(ReposTest, AStrayFolderIsNoObstacle) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/one");
  must(delete_repo(services(), blocking, acme, repo.name));
  must(make_folders(repository_folder(settings, repo.id) + "/leftover"));
  must(make_folders(repository_folder(settings, repo.id + 1) + "/leftover"));
  auto next = make_repo(acme, "acme/two");
  EXPECT_EQ(read(acme, next, ".gitattributes").empty(), false);
}

TEST_F(ReposTest, SettingsChangeWhatIsAsked) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  auto changed = must(update_settings(services(), blocking, acme, repo.name,
                                      {.is_private = true, .gating = meta::Gating::Manual}));
  EXPECT_TRUE(changed.is_private);
  EXPECT_EQ(changed.gating, meta::Gating::Manual);
  EXPECT_FALSE(changed.discussions_disabled);
  EXPECT_EQ(find(user("eve"), "acme/bert").error().tag(), Tag::RepoNotFound);
}

TEST_F(ReposTest, ACopyIsAsOpenAsItsSourceUnlessAsked) {
  auto acme = user("acme");
  make_repo(acme, "acme/secret", RepoType::Model, true);
  make_repo(acme, "acme/open");
  must(update_settings(services(), blocking, acme, name("acme/open"),
                       {.is_private = std::nullopt,
                        .gating = meta::Gating::Manual,
                        .discussions_disabled = std::nullopt}));
  NewRepo copy;
  copy.name = name("acme/secret-copy");
  EXPECT_TRUE(
      must(duplicate_repo(services(), blocking, acme, name("acme/secret"), copy)).is_private);
  copy.name = name("acme/open-copy");
  const auto open = must(duplicate_repo(services(), blocking, acme, name("acme/open"), copy));
  EXPECT_FALSE(open.is_private);
  EXPECT_EQ(open.gating, meta::Gating::Manual);
  copy.name = name("acme/shown-copy");
  EXPECT_FALSE(must(duplicate_repo(services(), blocking, acme, name("acme/secret"), copy,
                                   Visibility::Public))
                   .is_private);
}

TEST_F(ReposTest, AFirstCommitHoldsNoPointers) {
  auto acme = user("acme");
  make_repo(acme, "acme/secret", RepoType::Model, true);
  const auto sha = put_lfs_file(
      acme,
      reload(must(find_repo(services(), blocking, acme, name("acme/secret"), auth::Right::Read))),
      "w.bin", "secret");
  NewRepo steal;
  steal.name = name("bob/steal");
  steal.files = {{"s.bin", git::LfsPointer{sha, 6}.render()}};
  EXPECT_EQ(create_repo(services(), blocking, user("bob"), steal).error().code(), Code::Unusable);
}

TEST_F(ReposTest, AFirstCommitIsHeldToTheRulesOfCommits) {
  auto acme = user("acme");
  const auto create = [&](std::vector<InitialFile> files) {
    NewRepo wanted;
    wanted.name = name("acme/new");
    wanted.files = std::move(files);
    return create_repo(services(), blocking, acme, wanted);
  };
  EXPECT_EQ(create({{"a", "1"}, {"a/b", "2"}}).error().code(), Code::Unusable);
  EXPECT_EQ(create({{"weights", "1"}, {"Weights", "2"}}).error().code(), Code::Unusable);
  const auto broken = create({{"README.md", "---\nlicense: [mit\n---\n"}});
  EXPECT_EQ(broken.error().code(), Code::InvalidArgument);
  EXPECT_TRUE(broken.error().message().contains("README.md"));
  const auto made = must(create({{"README.md", "---\nlicense: mit\n---\n"}, {"a/b", "2"}}));
  EXPECT_EQ(made.card.license, "mit");
  EXPECT_EQ(read(acme, made, "a/b"), "2");
}

TEST_F(ReposTest, ADuplicateHasHistoryCardAndLargeFiles) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  put_file(acme, repo, "README.md", "---\nlicense: mit\n---\n");
  put_lfs_file(acme, repo, "model.bin", "weights");
  put_file(acme, repo, "x", "side", "refs/heads/side");
  NewRepo copy;
  copy.name = name("bob/copy");
  auto bob = user("bob");
  auto made = must(duplicate_repo(services(), blocking, bob, repo.name, copy, Visibility::Private));
  EXPECT_TRUE(made.is_private);
  EXPECT_EQ(made.head_oid, reload(repo).head_oid);
  EXPECT_EQ(made.card.license, "mit");
  EXPECT_EQ(read(bob, made, "model.bin"), "weights");
  EXPECT_EQ(must(list_refs(services(), blocking, bob, made.name)).branches.size(), 1u);
  must(delete_repo(services(), blocking, acme, repo.name));
  EXPECT_EQ(read(bob, made, "README.md"), "---\nlicense: mit\n---\n") << "a copy stands alone";
  put_file(bob, made, "more", "1");
}

TEST_F(ReposTest, CopyingHoldsUpNoWriter) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  const auto held = must(write_locks.lock(blocking, repo.id, 0));
  EXPECT_TRUE(
      duplicate_repo(services(), blocking, user("bob"), repo.name, {.name = name("bob/copy")}));
}

TEST_F(ReposTest, ACopyMadeWhilePacksAreFoldedIsWhole) {
  settings.young_pack_bytes_max = 0;
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  std::atomic<bool> stop{false};
  std::jthread writer([&] {
    for (int i = 0; !stop; ++i) {
      put_file(acme, repo, cat("f", i), cat(i));
      if (i % 4 == 0) must(git::fold_packs(blocking, folder_of(repo)));
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto copy = must(
        duplicate_repo(services(), blocking, acme, repo.name, {.name = name(cat("acme/copy", i))}));
    const auto tip = must(git::Oid::parse(copy.head_oid));
    EXPECT_TRUE(git::check_connectivity(blocking, folder_of(copy), {tip}));
  }
  stop = true;
}

TEST(PostgresRepos, TheSameRulesHold) {
  class Hub : public HubTest {
   public:
    Hub() : HubTest(db::Dialect::Postgres) {}
    void TestBody() override {
      auto acme = user("acme");
      auto repo = make_repo(acme, "acme/bert");
      put_lfs_file(acme, repo, "model.bin", "weights");
      must(move_repo(services(), blocking, acme, repo.name, name("acme/new")));
      EXPECT_EQ(find_repo(services(), blocking, acme, repo.name, auth::Right::See).error().code(),
                Code::Moved);
      auto copy = must(duplicate_repo(services(), blocking, acme, name("acme/new"),
                                      {.name = name("acme/copy")}));
      put_file(acme, copy, "a", "b");
      EXPECT_EQ(create_repo(services(), blocking, acme, {.name = name("acme/copy")}).error().code(),
                Code::Conflict);
      must(delete_repo(services(), blocking, acme, name("acme/new")));
    }
  };
  if (::testing::postgres_is_switched_off()) GTEST_SKIP() << "EMB_TEST_POSTGRES=off";
  Hub().TestBody();
}

}  // namespace
}  // namespace embrace::hub
