#include "hub/young_packs.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "git/young_pack.h"
#include "hub/doctor.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"
#include "meta/young_packs.h"

namespace embrace::hub {
namespace {

namespace fs = std::filesystem;

class YoungPacksTest : public HubTest {
 protected:
  explicit YoungPacksTest(db::Dialect dialect = db::Dialect::Sqlite) : HubTest(dialect) {}
  void SetUp() override {
    acme = user("acme");
    repo = make_repo(acme, "acme/bert");
  }
  std::vector<std::string> rows() {
    return must(database->read(
        blocking, [&](db::Session& s) { return meta::young_packs::names(s, repo.id); }));
  }
  std::vector<std::string> files() {
    return must(git::list_young_packs(blocking, folder_of(repo)));
  }
  std::size_t durable_packs() { return must(git::list_packs(blocking, folder_of(repo))).size(); }
  std::string path_of(const std::string& name) { return folder_of(repo) + "/objects/pack/" + name; }
  std::string read(const std::string& path) {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    const auto commit = must(repository->commit(blocking, head(repo)));
    const auto entry = must(repository->find(blocking, commit.tree, path));
    return must(repository->read_blob(blocking, entry.oid, 1 << 20));
  }
  void start_again() {
    repositories.forget(folder_of(repo));
    must(open_young_packs(services(), blocking));
  }
  void expect_sound() {
    auto report = must(examine(services(), blocking, {}));
    for (const auto& finding : report.findings)
      ADD_FAILURE() << finding.where << ": " << finding.what;
  }
  static void overwrite(const std::string& path, std::string_view bytes) {
    must(embrace::remove_file(path));
    must(must(File::create_new(path)).write_all(bytes));
  }

  auth::Caller acme;
  meta::Repo repo;
};

TEST_F(YoungPacksTest, ASmallCommitIsARowAndItsFiles) {
  put_file(acme, repo, "a.txt", "one");
  EXPECT_EQ(rows().size(), 1u);
  EXPECT_EQ(files(), rows());
  EXPECT_EQ(durable_packs(), 1u) << "of the birth";
  EXPECT_EQ(read("a.txt"), "one");
  expect_sound();
}

TEST_F(YoungPacksTest, ALargeCommitIsAPackAtOnce) {
  settings.young_pack_bytes_max = 100;
  put_file(acme, repo, "a.txt", "one");
  EXPECT_TRUE(rows().empty());
  EXPECT_EQ(durable_packs(), 2u);
  EXPECT_EQ(read("a.txt"), "one");
  expect_sound();
}

// What a power failure may make of files that nobody has synced.
TEST_F(YoungPacksTest, TheRowsBringBackWhatAPowerFailureDestroyed) {
  for (int i = 0; i < 8; ++i) put_file(acme, repo, cat("f", i), cat("text ", i));
  const auto names = rows();
  ASSERT_EQ(names.size(), 8u);
  const auto size_of = [&](const std::string& path) { return fs::file_size(path); };
  overwrite(path_of(names[0]) + ".pack", "");
  overwrite(path_of(names[1]) + ".pack", std::string(size_of(path_of(names[1]) + ".pack"), '\0'));
  overwrite(path_of(names[2]) + ".idx", std::string(size_of(path_of(names[2]) + ".idx"), '\0'));
  overwrite(path_of(names[3]) + ".idx", "");
  fs::remove(path_of(names[4]) + ".pack");
  fs::remove(path_of(names[5]) + ".idx");
  fs::remove(path_of(names[6]) + ".idx");
  fs::remove(path_of(names[6]) + ".pack");
  EXPECT_FALSE(must(examine(services(), blocking, {})).is_clean());
  start_again();
  expect_sound();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(read(cat("f", i)), cat("text ", i));
  EXPECT_TRUE(git::check_connectivity(blocking, folder_of(repo), {head(repo)}));
}

TEST_F(YoungPacksTest, SettlingJoinsThemIntoOnePack) {
  for (int i = 0; i < 10; ++i) put_file(acme, repo, cat("d", i % 3, "/f", i), cat("text ", i));
  const auto packs_before = durable_packs();
  must(settle_young_packs(services(), blocking, repo.id));
  EXPECT_TRUE(rows().empty());
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(durable_packs(), packs_before + 1);
  expect_sound();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(read(cat("d", i % 3, "/f", i)), cat("text ", i));
  EXPECT_TRUE(git::check_connectivity(blocking, folder_of(repo), {head(repo)}));
  must(settle_young_packs(services(), blocking, repo.id));
  EXPECT_EQ(durable_packs(), packs_before + 1) << "nothing to do";
}

// A reader that has seen the young files finds their objects where they are now.
TEST_F(YoungPacksTest, ReadersOutliveSettling) {
  put_file(acme, repo, "a", "one");
  put_file(acme, repo, "b", "two");
  auto reader = must(repositories.borrow(blocking, folder_of(repo)));
  const auto tree = must(reader->commit(blocking, head(repo))).tree;
  must(settle_young_packs(services(), blocking, repo.id));
  const auto entry = must(reader->find(blocking, tree, "a"));
  EXPECT_EQ(must(reader->read_blob(blocking, entry.oid, 100)), "one");
}

// The power fails after the files were exchanged and before the rows were.
TEST_F(YoungPacksTest, SettlingMayBeCutShort) {
  put_file(acme, repo, "a", "one");
  put_file(acme, repo, "b", "two");
  auto kept = must(database->read(
      blocking, [&](db::Session& s) { return meta::young_packs::list(s, repo.id, "", 10); }));
  must(settle_young_packs(services(), blocking, repo.id));
  must(database->write(blocking, [&](db::Session& s) -> Status {
    for (const auto& row : kept) EMB_DO(meta::young_packs::add(s, repo.id, row));
    return Done{};
  }));
  start_again();
  EXPECT_EQ(read("a"), "one");
  expect_sound();
  must(settle_young_packs(services(), blocking, repo.id));
  EXPECT_TRUE(files().empty());
  expect_sound();
}

// Between the row's commit and its files: whoever needs an object writes them.
TEST_F(YoungPacksTest, AMissingFileIsWrittenByWhoMissesIt) {
  put_file(acme, repo, "a", "one");
  for (const auto& name : rows()) must(git::remove_young_files(blocking, folder_of(repo), name));
  repositories.forget(folder_of(repo));
  EXPECT_EQ(read("a"), "one");
  EXPECT_EQ(files(), rows());

  for (const auto& name : rows()) must(git::remove_young_files(blocking, folder_of(repo), name));
  must(refresh_projection(services(), blocking, reload(repo)));
  EXPECT_EQ(files(), rows());
}

TEST_F(YoungPacksTest, ACommitThatLosesItsRaceLeavesNoFile) {
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  const auto base = head(repo);
  const auto blob = must(repository->write_blob(blocking, "late"));
  const auto tree = must(repository->edit_tree(
      blocking, git::Oid{}, {{git::TreeEdit::Kind::Put, "late", blob, git::EntryKind::File}}));
  const auto commit = must(
      repository->write_commit(blocking, tree, {base}, signature_of(acme), clock.now_ms(), "late"));
  put_file(acme, repo, "first", "1");
  Publication late;
  late.repo = repo;
  late.changes.push_back({"refs/heads/main", base, commit});
  auto published = publish(services(), blocking, *repository, late);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), Code::Conflict);
  EXPECT_EQ(rows().size(), 1u);
  EXPECT_EQ(files(), rows());
  for (const auto& item : fs::directory_iterator(folder_of(repo) + "/objects/pack"))
    EXPECT_FALSE(item.path().filename().string().starts_with("tmp_")) << item.path();
  // What it had gathered is still there for the next attempt.
  const auto again = must(repository->write_commit(blocking, tree, {head(repo)}, signature_of(acme),
                                                   clock.now_ms(), "again"));
  late.changes = {{"refs/heads/main", head(repo), again}};
  must(publish(services(), blocking, *repository, late));
  EXPECT_EQ(read("late"), "late");
  expect_sound();
}

TEST_F(YoungPacksTest, ACopyHasNone) {
  put_file(acme, repo, "a", "one");
  NewRepo to;
  to.name = name("acme/copy");
  const auto copy =
      must(duplicate_repo(services(), blocking, acme, repo.name, to, Visibility::AsSource));
  EXPECT_TRUE(rows().empty());
  EXPECT_TRUE(must(git::list_young_packs(blocking, folder_of(copy))).empty());
  EXPECT_EQ(head(copy), head(repo));
  expect_sound();
}

TEST_F(YoungPacksTest, ADeletedRepositoryHasNoneToSettle) {
  put_file(acme, repo, "a", "one");
  must(delete_repo(services(), blocking, acme, repo.name));
  EXPECT_TRUE(rows().empty());
  must(settle_young_packs(services(), blocking, repo.id));
  must(settle_all_young_packs(services(), blocking));
}

TEST_F(YoungPacksTest, ManyAreSettledByAJob) {
  register_maintenance(services());
  for (int i = 0; i < 90; ++i) put_file(acme, repo, cat("f", i), cat(i));
  must(jobs->run_due(blocking));
  EXPECT_TRUE(rows().empty());
  EXPECT_TRUE(files().empty());
  expect_sound();
}

TEST_F(YoungPacksTest, CopiesAndFoldsGoOnBesideCommits) {
  std::atomic<bool> stop{false};
  std::jthread writer([&] {
    for (int i = 0; !stop; ++i) put_file(acme, repo, cat("f", i), cat(i));
  });
  std::jthread folds([&] {
    while (!stop) {
      const auto lock = must(lock_settled_packs(services(), blocking, repo.id));
      must(git::fold_packs(blocking, folder_of(repo)));
    }
  });
  struct Stopper {  // before the threads are joined, also when something throws
    std::atomic<bool>& flag;
    ~Stopper() { flag = true; }
  };
  std::optional<Stopper> stopper(std::in_place, stop);
  for (int i = 0; i < 10; ++i) {
    NewRepo to;
    to.name = name(cat("acme/copy", i));
    const auto copy =
        must(duplicate_repo(services(), blocking, acme, repo.name, to, Visibility::AsSource));
    const auto tip = must(git::Oid::parse(copy.head_oid));
    EXPECT_TRUE(git::check_connectivity(blocking, folder_of(copy), {tip}));
    // A commit that comes after the refresh may not be shown yet.
    const auto shown = head(repo);
    must(refresh_projection(services(), blocking, reload(repo)));
    EXPECT_TRUE(git::check_connectivity(blocking, folder_of(repo), {shown}));
  }
  stopper.reset();
  writer.join();
  folds.join();
  EXPECT_TRUE(must(examine(services(), blocking, {})).is_clean()) << "the folds are not recorded";
}

class YoungPacksOnPostgresTest : public YoungPacksTest {
 protected:
  YoungPacksOnPostgresTest() : YoungPacksTest(db::Dialect::Postgres) {}
};

TEST_F(YoungPacksOnPostgresTest, RowsAreKeptAndSettled) {
  for (int i = 0; i < 5; ++i) put_file(acme, repo, cat("f", i), cat("text ", i));
  for (const auto& name : rows()) overwrite(path_of(name) + ".pack", "");
  start_again();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(read(cat("f", i)), cat("text ", i));
  must(settle_all_young_packs(services(), blocking));
  EXPECT_TRUE(rows().empty());
  expect_sound();
}

}  // namespace
}  // namespace embrace::hub
