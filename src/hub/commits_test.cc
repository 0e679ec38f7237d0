#include "hub/commits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/strings.h"
#include "crypto/sha256.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

using Kind = Operation::Kind;

Operation file(std::string path, std::string bytes) {
  Operation operation;
  operation.path = std::move(path);
  operation.bytes = std::move(bytes);
  operation.has_bytes = true;
  return operation;
}
Operation lfs_file(std::string path, const Digest& sha256,
                   std::optional<std::uint64_t> size = std::nullopt) {
  Operation operation;
  operation.kind = Kind::LfsFile;
  operation.path = std::move(path);
  operation.sha256 = sha256;
  operation.has_sha256 = true;
  operation.size_bytes = size;
  return operation;
}
Operation removal(std::string path, Kind kind = Kind::DeleteFile) {
  Operation operation;
  operation.kind = kind;
  operation.path = std::move(path);
  return operation;
}
Operation rename(std::string from, std::string to) {
  Operation operation;
  operation.path = std::move(to);
  operation.old_path = std::move(from);
  return operation;
}

CommitHeader titled(std::string summary, std::optional<std::string> parent = std::nullopt) {
  CommitHeader header;
  header.summary = std::move(summary);
  header.parent_commit = std::move(parent);
  return header;
}
CommitTarget on(std::string rev) {
  CommitTarget target;
  target.rev = std::move(rev);
  return target;
}
CommitTarget proposed_to(std::string rev) {
  auto target = on(std::move(rev));
  target.create_pull = true;
  return target;
}

class CommitsTest : public HubTest {
 protected:
  CommitsTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}

  Result<CommitOutcome> commit(const auth::Caller& caller, std::vector<Operation> operations,
                               CommitTarget target = {},
                               std::optional<std::string> parent = std::nullopt) {
    if (target.rev.empty()) target.rev = "main";
    target.name = name("alice/bert");
    EMB_TRY(auto draft, begin_commit(services(), blocking, caller, target));
    EMB_DO(draft->set_header(
        blocking,
        {.summary = "change", .description = "because", .parent_commit = std::move(parent)}));
    for (auto& operation : operations) EMB_DO(draft->add(blocking, std::move(operation)));
    return draft->finish(blocking);
  }
  Result<CommitOutcome> commit(std::vector<Operation> operations) {
    return commit(alice, std::move(operations));
  }

  // "path=content", sorted, without what every repository begins with.
  std::vector<std::string> files(std::string_view ref = "refs/heads/main") {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    const auto tip = must(repository->commit(blocking, head(repo, ref)));
    std::vector<std::string> out;
    for (const auto& entry : must(repository->list(blocking, tip.tree, "", true))) {
      if (entry.is_folder() || entry.path == ".gitattributes") continue;
      out.push_back(
          cat(entry.path, "=",
              entry.lfs ? "lfs" : must(repository->read_blob(blocking, entry.oid, 1 << 20))));
    }
    return out;
  }
  std::string read(const std::string& path) {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    const auto tip = must(repository->commit(blocking, head(repo)));
    return must(repository->read_blob(
        blocking, must(repository->find(blocking, tip.tree, path)).oid, 1 << 20));
  }
  void expect_refused(const Result<CommitOutcome>& outcome, Code code, std::string_view says = "") {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), code) << outcome.error().message();
    EXPECT_NE(outcome.error().message().find(says), std::string::npos) << outcome.error().message();
  }

  auth::Caller alice;
  meta::Repo repo;
};

using Files = std::vector<std::string>;

TEST_F(CommitsTest, OperationsApplyInOrderAndLaterOnesWin) {
  const auto outcome = commit(
      {file("a", "1"), file("b/c", "2"), file("a", "3"), file("gone", "x"), removal("gone")});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->commit, head(repo));
  EXPECT_EQ(files(), (Files{"a=3", "b/c=2"}));
}

TEST_F(CommitsTest, TheCommitCarriesItsMessageAndAuthor) {
  const auto before = head(repo);
  const auto outcome = must(commit({file("a", "1")}));
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  const auto made = must(repository->commit(blocking, outcome.commit));
  EXPECT_EQ(made.title, "change");
  EXPECT_EQ(trim(made.message), "because");
  EXPECT_EQ(made.author.name, "alice");
  EXPECT_EQ(made.parents, std::vector<git::Oid>{before});
  EXPECT_EQ(reload(repo).head_oid, outcome.commit.hex());
}

TEST_F(CommitsTest, DeletionsTakeFilesAndFolders) {
  must(commit({file("a", "1"), file("d/x", "2"), file("d/e/y", "3"), file("z", "4")}));
  must(commit({removal("d/", Kind::DeleteFolder), removal("a", Kind::DeleteEntry)}));
  EXPECT_EQ(files(), (Files{"z=4"}));
  must(commit(
      {file("d/x", "2"), removal("d", Kind::DeleteFile)}));  // a folder, as clients may send it
  EXPECT_EQ(files(), (Files{"z=4"}));
}

TEST_F(CommitsTest, DeletingWhatIsNotThereIsEntryNotFound) {
  for (const auto kind : {Kind::DeleteFile, Kind::DeleteFolder, Kind::DeleteEntry}) {
    const auto outcome = commit({removal("nothing", kind)});
    expect_refused(outcome, Code::NotFound, "A file with this name doesn't exist");
    EXPECT_EQ(outcome.error().tag(), Tag::EntryNotFound);
  }
}

TEST_F(CommitsTest, RenamesMoveTheBytes) {
  must(commit({file("old", "1")}));
  must(commit({rename("old", "dir/new")}));
  EXPECT_EQ(files(), (Files{"dir/new=1"}));
  auto with_content = rename("dir/new", "final");
  with_content.bytes = "2";
  with_content.has_bytes = true;
  must(commit({with_content}));
  EXPECT_EQ(files(), (Files{"final=2"}));
  expect_refused(commit({rename("missing", "x")}), Code::NotFound, "doesn't exist");
}

TEST_F(CommitsTest, AFileCanTakeADeletedFoldersPlace) {
  must(commit({file("d/x", "1")}));
  must(commit({removal("d", Kind::DeleteFolder), file("d", "2")}));
  EXPECT_EQ(files(), (Files{"d=2"}));
  must(commit({removal("d"), file("d/x", "3")}));
  EXPECT_EQ(files(), (Files{"d/x=3"}));
}

TEST_F(CommitsTest, AnEmptyChangeIsStillACommit) {
  must(commit({file("a", "1")}));
  const auto before = head(repo);
  const auto outcome = commit({file("a", "1")});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_NE(outcome->commit, before);
}

TEST_F(CommitsTest, HostilePathsAreRefusedAndNothingIsStored) {
  const auto before = head(repo);
  for (const std::string_view path :
       {"", "/etc/passwd", "../x", "a/../b", "a//b", "./a", ".git/config", "a/.GIT/x", "git~1",
        "a\\b", "a\nb", "a/.git\u200c/x", "\xff\xfe"}) {
    expect_refused(commit({file("fine", "1"), file(std::string(path), "x")}), Code::Unusable);
    expect_refused(commit({file("fine", "1"), rename("fine", std::string(path))}), Code::Unusable);
    expect_refused(commit({removal(std::string(path))}), Code::Unusable);
  }
  expect_refused(commit({file(std::string(1001, 'p'), "x")}), Code::Unusable);
  EXPECT_EQ(head(repo), before);
}

TEST_F(CommitsTest, NamesThatFallTogetherAreRefusedWithBothNamed) {
  must(commit({file("Data/Readme.md", "1"), file("caf\u00e9", "2")}));
  const auto before = head(repo);
  const auto outcome = commit({file("Data/README.md", "x")});
  expect_refused(outcome, Code::Unusable, "Data/README.md");
  expect_refused(outcome, Code::Unusable, "Data/Readme.md");
  expect_refused(commit({file("data/other", "x")}), Code::Unusable, "\"data\"");
  expect_refused(commit({file("cafe\u0301", "x")}), Code::Unusable);
  expect_refused(commit({file("new", "x"), file("NEW", "y")}), Code::Unusable);
  expect_refused(commit({file("p/q", "x"), file("P/r", "y")}), Code::Unusable);
  EXPECT_EQ(head(repo), before);
  EXPECT_TRUE(commit({rename("Data/Readme.md", "data/README.md")}))
      << "a change of case is a rename";
  EXPECT_TRUE(commit({file("data/README.md", "again")}));
}

TEST_F(CommitsTest, AFileAndAFolderCannotShareAPath) {
  must(commit({file("a", "1"), file("d/x", "2")}));
  expect_refused(commit({file("a/b", "x")}), Code::Unusable, "\"a\"");
  expect_refused(commit({file("d", "x")}), Code::Unusable, "\"d\"");
  expect_refused(commit({file("n", "x"), file("n/m", "y")}), Code::Unusable, "\"n\"");
}

TEST_F(CommitsTest, LargeFilesMustGoThroughLfs) {
  settings.regular_file_bytes_max = 100;
  EXPECT_TRUE(commit({file("fits", std::string(100, 'x'))}));
  expect_refused(commit({file("big", std::string(101, 'x'))}), Code::TooLarge, "LFS");
  settings.commit_operations_max = 2;
  expect_refused(commit({file("1", ""), file("2", ""), file("3", "")}), Code::TooLarge,
                 "2 operations");
}

TEST_F(CommitsTest, LfsFilesArePointersTrackedByAttributes) {
  const auto sha = put_lfs_file(alice, repo, "seed.bin", "large bytes");
  must(commit({lfs_file("copy of weights", sha), lfs_file("other.bin", sha, 11)}));
  EXPECT_EQ(files(), (Files{"copy of weights=lfs", "other.bin=lfs", "seed.bin=lfs"}));
  EXPECT_EQ(read("other.bin"), (git::LfsPointer{.sha256 = sha, .size_bytes = 11}.render()));
  const auto attributes = read(".gitattributes");
  EXPECT_NE(attributes.find("weights"), std::string::npos);
  EXPECT_EQ(attributes.find("other.bin"), std::string::npos) << "*.bin covers it";
}

TEST_F(CommitsTest, AttributesAreLeftToACommitThatWritesThem) {
  const auto sha = put_lfs_file(alice, repo, "seed.bin", "large bytes");
  must(commit({lfs_file("weights", sha), file(".gitattributes", "# mine\n")}));
  EXPECT_EQ(read(".gitattributes"), "# mine\n");
}

TEST_F(CommitsTest, AHashAloneGivesNothingOfAnotherRepository) {
  auto bob = user("bob");
  const auto hidden = make_repo(bob, "bob/secret", RepoType::Model, true);
  const std::string secret = "the private weights";
  const auto sha = put_lfs_file(bob, hidden, "w.bin", secret);
  expect_refused(commit({lfs_file("stolen.bin", sha, secret.size())}), Code::Unusable,
                 "LFS pointer pointed to a file that does not exist");
  expect_refused(commit({lfs_file("stolen.bin", sha)}), Code::Unusable, "stolen.bin");
  // Nor by writing the pointer's text as an ordinary file.
  const git::LfsPointer pointer{.sha256 = sha, .size_bytes = secret.size()};
  expect_refused(commit({file("stolen.txt", pointer.render())}), Code::Unusable, "stolen.txt");
}

TEST_F(CommitsTest, TheSizeOfALargeFileMustBeTrue) {
  const auto sha = put_lfs_file(alice, repo, "seed.bin", "large bytes");
  expect_refused(commit({lfs_file("x.bin", sha, 12)}), Code::Unusable, "11");
}

TEST_F(CommitsTest, InvalidCardMetadataIsRefused) {
  expect_refused(commit({file("README.md", "---\nlicense: [mit\n---\n# Hi\n")}),
                 Code::InvalidArgument, "README.md");
  EXPECT_TRUE(commit({file("README.md", "---\nlicense: mit\n---\n# Hi\n")}));
}

TEST_F(CommitsTest, TheHeaderIsChecked) {
  auto draft =
      must(begin_commit(services(), blocking, alice, {.name = name("alice/bert"), .rev = "main"}));
  EXPECT_EQ(draft->set_header(blocking, titled("  ")).error().code(), Code::InvalidArgument);
  EXPECT_EQ(draft->set_header(blocking, titled("s", "xyz")).error().code(), Code::InvalidArgument);
  EXPECT_EQ(draft->set_header(blocking, titled("s", "abc")).error().code(), Code::InvalidArgument);
  EXPECT_EQ(draft->set_header(blocking, titled(std::string(1 << 20, 's'))).error().code(),
            Code::TooLarge);
  EXPECT_EQ(draft->finish(blocking).error().code(), Code::InvalidArgument);
}

TEST_F(CommitsTest, AnotherParentIsStale) {
  const auto first = head(repo);
  EXPECT_TRUE(commit(alice, {file("a", "1")}, {}, first.hex()));
  const auto stale = commit(alice, {file("b", "1")}, {}, first.hex());
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code(), Code::Stale);
  EXPECT_EQ(stale.error().message(),
            "The branch was updated since you opened this page. Please refresh and try again.");
  EXPECT_TRUE(commit(alice, {file("b", "1")}, {}, head(repo).hex().substr(0, 5)));
}

TEST_F(CommitsTest, OnlyBranchesAndPullRequestsTakeCommits) {
  for (const auto& rev :
       {std::string("nope"), head(repo).hex(), std::string("refs/tags/v1"),
        std::string("refs/pr/9"), std::string("refs/pr/09"), std::string("refs/convert/parquet")}) {
    const auto outcome = commit(alice, {file("a", "1")}, on(rev));
    expect_refused(outcome, Code::NotFound, "Invalid rev id");
    EXPECT_EQ(outcome.error().tag(), Tag::RevisionNotFound) << rev;
  }
  EXPECT_TRUE(commit(alice, {file("a", "1")}, on("refs/heads/main")));
}

TEST_F(CommitsTest, RightsDecideWhoCommits) {
  EXPECT_EQ(commit(user("bob"), {file("a", "1")}).error().code(), Code::Denied);
  EXPECT_EQ(commit(anonymous(), {file("a", "1")}).error().code(), Code::Unauthenticated);
  EXPECT_EQ(commit(user("alice", meta::TokenRole::Read), {file("a", "1")}).error().code(),
            Code::Denied);
  make_repo(alice, "alice/hidden", RepoType::Model, true);
  const auto hidden =
      begin_commit(services(), blocking, user("bob"),
                   {.name = name("alice/hidden"), .rev = "main", .create_pull = true});
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().tag(), Tag::RepoNotFound);
}

TEST_F(CommitsTest, APullRequestNeverTouchesItsBase) {
  const auto before = head(repo);
  const auto bob = user("bob"), eve = user("eve");
  const auto outcome = commit(bob, {file("a", "1")}, proposed_to("main"));
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->pull_number, 1);
  EXPECT_EQ(head(repo), before);
  EXPECT_EQ(head(repo, "refs/pr/1"), outcome->commit);
  EXPECT_TRUE(commit(bob, {file("b", "2")}, on("refs/pr/1")));
  EXPECT_EQ(commit(eve, {file("c", "3")}, on("refs/pr/1")).error().code(), Code::Denied);
  EXPECT_TRUE(commit(alice, {file("d", "4")}, on("refs/pr/1"))) << "writers help";
  EXPECT_EQ(head(repo), before);
  EXPECT_EQ(files("refs/pr/1"), (Files{"a=1", "b=2", "d=4"}));

  const auto details = must(find_pull(services(), blocking, bob, name("alice/bert"), 1));
  EXPECT_EQ(details.pull.status, meta::PullStatus::Open);
  EXPECT_EQ(details.pull.title, "change");
  EXPECT_EQ(details.pull.author_name, "bob");
  ASSERT_EQ(details.commits.size(), 3u);
  EXPECT_EQ(details.commits.front().oid, outcome->commit);
}

TEST_F(CommitsTest, APullRequestMayStartFromAnOlderCommit) {
  const auto old = must(commit({file("a", "1")})).commit;
  must(commit({file("b", "2")}));
  const auto outcome = commit(user("bob"), {file("c", "3")}, proposed_to("main"), old.hex());
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(files("refs/pr/1"), (Files{"a=1", "c=3"}));
}

TEST_F(CommitsTest, EmptyPullRequestsAreDraftsAtTheHead) {
  const auto bob = user("bob");
  const auto pull =
      create_pull(services(), blocking, bob, name("alice/bert"), "An idea", "More words");
  ASSERT_TRUE(pull) << pull.error().message();
  EXPECT_EQ(pull->number, 1);
  EXPECT_EQ(pull->status, meta::PullStatus::Draft);
  EXPECT_EQ(head(repo, "refs/pr/1"), head(repo));
  EXPECT_EQ(must(list_pulls(services(), blocking, anonymous(), name("alice/bert"), {}, 0, 10))
                .pulls.size(),
            1u);
  EXPECT_EQ(
      create_pull(services(), blocking, anonymous(), name("alice/bert"), "t", "d").error().code(),
      Code::Unauthenticated);
  EXPECT_EQ(create_pull(services(), blocking, bob, name("alice/bert"), " ", "d").error().code(),
            Code::InvalidArgument);
  EXPECT_EQ(find_pull(services(), blocking, bob, name("alice/bert"), 7).error().code(),
            Code::NotFound);
}

TEST_F(CommitsTest, ALongSummaryMakesAShortTitle) {
  auto target = proposed_to("main");
  target.name = name("alice/bert");
  const auto title_of = [&](std::string summary) {
    auto draft = must(begin_commit(services(), blocking, alice, target));
    must(draft->set_header(blocking, titled(std::move(summary))));
    must(draft->add(blocking, file("x.txt", "1")));
    const auto number = must(draft->finish(blocking)).pull_number;
    return must(find_pull(services(), blocking, alice, name("alice/bert"), number)).pull.title;
  };
  EXPECT_EQ(title_of("short"), "short");
  EXPECT_EQ(title_of("first line\nsecond"), "first line");
  EXPECT_EQ(title_of(std::string(5000, 'x')), std::string(200, 'x'));
  std::string umlauts, cut;
  for (int i = 0; i < 300; ++i) umlauts += "\u00fc";
  for (int i = 0; i < 200; ++i) cut += "\u00fc";
  EXPECT_EQ(title_of(umlauts), cut);
}

TEST_F(CommitsTest, PullRequestsAreFilteredAndCountedWhole) {
  const auto bob = user("bob");
  for (int i = 0; i < 5; ++i)
    must(create_pull(services(), blocking, i < 3 ? alice : bob, name("alice/bert"), cat("pull ", i),
                     "a long story"));
  const auto pulls = [&](meta::repos::PullFilter filter, std::size_t skip, std::size_t limit) {
    return must(
        list_pulls(services(), blocking, anonymous(), name("alice/bert"), filter, skip, limit));
  };
  EXPECT_EQ(pulls({}, 0, 2).total, 5u);
  EXPECT_EQ(pulls({}, 4, 2).pulls.size(), 1u);
  EXPECT_EQ(pulls({}, 0, 2).pulls[0].title, "pull 4");
  EXPECT_EQ(pulls({}, 0, 2).pulls[0].description, "");
  EXPECT_EQ(pulls({.is_open = std::nullopt, .author = "BOB"}, 0, 10).total, 2u);
  EXPECT_EQ(pulls({.is_open = false, .author = ""}, 0, 10).total, 0u);
  EXPECT_EQ(pulls({.is_open = true, .author = ""}, 9, 10).total, 5u);
}

TEST_F(CommitsTest, SixteenWritersLoseNoCommit) {
  constexpr int kWriters = 16, kCommits = 5;
  std::vector<std::vector<git::Oid>> made(kWriters);
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < kCommits; ++i) {
          const auto outcome = commit({file(cat("w", w, "/", i), cat(i))});
          if (outcome)
            made[static_cast<std::size_t>(w)].push_back(outcome->commit);
          else
            ++refused;
        }
      });
    }
  }
  EXPECT_EQ(refused, 0);
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  std::set<git::Oid> history;
  for (const auto& entry : must(repository->log(blocking, head(repo), 0, 1000)))
    history.insert(entry.oid);
  for (const auto& own : made) {
    for (const auto& oid : own) EXPECT_TRUE(history.contains(oid));
  }
  EXPECT_EQ(files().size(), static_cast<std::size_t>(kWriters * kCommits));
}

// Writers in other processes do not see our lock: they are played by commits that go around it.
TEST_F(CommitsTest, ACommitOvertakenByAnotherProcessIsRepeatedOnTop) {
  auto draft =
      must(begin_commit(services(), blocking, alice, {.name = name("alice/bert"), .rev = "main"}));
  ASSERT_TRUE(draft->set_header(blocking, titled("slow")));
  ASSERT_TRUE(draft->add(blocking, file("slow", "1")));
  must(commit({file("quick", "2")}));
  const auto outcome = draft->finish(blocking);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(files(), (Files{"quick=2", "slow=1"}));
}

TEST_F(CommitsTest, ARepositoryDeletedMeanwhileTakesNothing) {
  auto draft =
      must(begin_commit(services(), blocking, alice, {.name = name("alice/bert"), .rev = "main"}));
  ASSERT_TRUE(draft->set_header(blocking, titled("late")));
  ASSERT_TRUE(draft->add(blocking, file("late", "1")));
  ASSERT_TRUE(delete_repo(services(), blocking, alice, name("alice/bert")));
  EXPECT_EQ(draft->finish(blocking).error().code(), Code::NotFound);
}

// Whatever step the deletion falls into, the writer hears that there is no such repository, and
// never about folders and packs.
TEST_F(CommitsTest, ACommitThatRacesADeletionIsNotFound) {
  constexpr int kRounds = 30;
  std::set<std::string> strange;
  std::atomic<int> round{0};
  const auto write = [&](CommitTarget target) {
    while (round < kRounds) {
      const auto outcome = commit(alice, {file("a", cat(round.load()))}, target);
      const bool is_told = outcome || outcome.error().tag() == Tag::RepoNotFound ||
                           outcome.error().code() == Code::Conflict;
      if (!is_told) strange.insert(outcome.error().message());
    }
  };
  {
    std::jthread writer(write, on("main"));
    std::jthread proposer(write, proposed_to("main"));
    for (; round < kRounds; ++round) {
      must(delete_repo(services(), blocking, alice, name("alice/bert")));
      make_repo(alice, "alice/bert");
    }
  }
  EXPECT_EQ(strange, std::set<std::string>());
}

TEST_F(CommitsTest, EveryStepOfACommitSaysThatTheRepositoryIsGone) {
  for (const bool proposes : {false, true}) {
    auto target = proposes ? proposed_to("main") : on("main");
    target.name = name("alice/bert");
    auto draft = must(begin_commit(services(), blocking, alice, target));
    must(draft->set_header(blocking, titled("late")));
    must(draft->add(blocking, lfs_file("never.bin", Digest())));
    must(delete_repo(services(), blocking, alice, name("alice/bert")));
    EXPECT_EQ(draft->finish(blocking).error().tag(), Tag::RepoNotFound);
    make_repo(alice, "alice/bert");
  }
}

}  // namespace
}  // namespace embrace::hub
