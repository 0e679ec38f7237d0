#include "hub/publish.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "hub/card_reuse.h"
#include "hub/doctor.h"
#include "hub/hub_fixture.h"
#include "meta/jobs.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

class PublishTest : public HubTest {
 protected:
  void SetUp() override {
    acme = user("acme");
    repo = make_repo(acme, "acme/bert");
  }
  std::vector<meta::PackRow> packs() {
    return must(
        database->read(blocking, [&](db::Session& s) { return meta::repos::packs(s, repo.id); }));
  }
  std::vector<meta::repos::EventRow> events() {
    return must(database->read(
        blocking, [&](db::Session& s) { return meta::repos::events_after(s, 0, 1000); }));
  }
  // What the index would be, were nothing remembered.
  meta::CardIndex index_now() {
    auto repository = must(repositories.borrow(blocking, folder_of(repo)));
    const auto tree = must(repository->commit(blocking, head(repo))).tree;
    return must(index_tree(services(), blocking, *repository, repo.name.type, tree, repo.id));
  }

  auth::Caller acme;
  meta::Repo repo;
};

TEST_F(PublishTest, EverythingHappensInOneStep) {
  settings.young_pack_bytes_max = 0;
  const auto before = reload(repo);
  const auto commit = put_lfs_file(acme, repo, "m.bin", "weights");
  const auto after = reload(repo);
  EXPECT_EQ(after.head_oid, head(repo).hex());
  EXPECT_EQ(after.refs_version, before.refs_version + 1);
  EXPECT_GT(after.modified_ms, before.modified_ms);
  EXPECT_EQ(packs().size(), 2u);
  EXPECT_TRUE(must(database->read(
      blocking, [&](db::Session& s) { return meta::repos::find_lfs(s, repo.id, commit); })));
  EXPECT_EQ(events().back().event.kind, "repo.content");
  EXPECT_EQ(events().back().event.actor_id, acme.id());
}

TEST_F(PublishTest, TheLoserOfARaceChangesNothing) {
  const auto old_head = head(repo);
  put_file(acme, repo, "README.md", "---\nlicense: mit\n---\n");
  const auto before = reload(repo);
  const auto events_before = events().size();
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  Publication late;
  late.repo = repo;
  late.changes.push_back({"refs/heads/main", old_head, old_head});
  late.lfs.push_back({put_object("x"), 1});
  auto published = publish(services(), blocking, *repository, late);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), Code::Conflict);
  const auto after = reload(repo);
  EXPECT_EQ(after.head_oid, before.head_oid);
  EXPECT_EQ(after.refs_version, before.refs_version);
  EXPECT_EQ(after.card.license, "mit");
  EXPECT_EQ(events().size(), events_before);
  EXPECT_FALSE(must(database->read(blocking, [&](db::Session& s) {
    return meta::repos::find_lfs(s, repo.id, late.lfs[0].sha256);
  })));
}

TEST_F(PublishTest, APullRequestGetsItsNumber) {
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  Publication open;
  open.repo = repo;
  open.changes.push_back({"refs/pr/{pull}", std::nullopt, head(repo)});
  open.pull = meta::PullRequest{};
  open.pull->title = "a change";
  open.pull->base_ref = "refs/heads/main";
  open.pull->author_id = acme.id();
  open.pull->created_ms = clock.now_ms();
  EXPECT_EQ(must(publish(services(), blocking, *repository, open)).pull_number, 1);
  EXPECT_EQ(must(publish(services(), blocking, *repository, open)).pull_number, 2);
  EXPECT_EQ(head(repo, "refs/pr/2"), head(repo));
}

TEST_F(PublishTest, ADeletedRepositoryTakesNothing) {
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  const auto old_head = head(repo);
  must(delete_repo(services(), blocking, acme, repo.name));
  Publication late;
  late.repo = repo;
  late.changes.push_back({"refs/heads/x", std::nullopt, old_head});
  EXPECT_EQ(publish(services(), blocking, *repository, late).error().code(), Code::Conflict);
}

TEST_F(PublishTest, TheCardFollowsTheDefaultBranchOnly) {
  put_file(acme, repo, "README.md", "---\nlicense: mit\n---\n");
  EXPECT_EQ(reload(repo).card.license, "mit");
  put_file(acme, repo, "README.md", "---\nlicense: apache-2.0\n---\n", "refs/heads/side");
  EXPECT_EQ(reload(repo).card.license, "mit");
}

TEST_F(PublishTest, AReusedIndexIsTheOneAFreshLookWouldGive) {
  const std::vector<std::pair<std::string, std::string>> steps = {
      {"README.md", "---\nlicense: mit\n---\n"},
      {"notes.txt", "12345"},
      {"sub/deep/x.txt", "xx"},
      {"sub/deep/x.txt", "changed"},
      {"config.json", R"({"model_type":"bert"})"},
      {"notes.txt", ""},
      {"m.onnx", "o"},
      {"sub/other", "y"}};
  std::uint64_t sizes = index_now().used_bytes;
  std::map<std::string, std::uint64_t> known;
  for (const auto& [path, bytes] : steps) {
    put_file(acme, repo, path, bytes);
    sizes += bytes.size() - known[path];
    known[path] = bytes.size();
    const auto card = reload(repo).card;
    EXPECT_EQ(card.used_bytes, sizes) << path;
    EXPECT_TRUE(is_same_index(card, index_now())) << path;
  }
  auto tags = reload(repo).card.tags;
  EXPECT_NE(std::ranges::find(tags, "onnx"), tags.end());
  remove_file(acme, repo, "m.onnx");
  tags = reload(repo).card.tags;
  EXPECT_EQ(std::ranges::find(tags, "onnx"), tags.end());
  remove_file(acme, repo, "sub/deep/x.txt");
  EXPECT_EQ(reload(repo).card.used_bytes, sizes - 1 - 7);
}

TEST_F(PublishTest, AFileMayBecomeAFolder) {
  put_file(acme, repo, "a", "12345");
  const auto with_file = reload(repo).card.used_bytes;
  remove_file(acme, repo, "a");
  put_file(acme, repo, "a/b", "123");
  EXPECT_EQ(reload(repo).card.used_bytes, with_file - 2);
}

TEST_F(PublishTest, TheProjectionShowsTheRefs) {
  put_file(acme, repo, "x", "1", "refs/heads/dev");
  repo = reload(repo);
  must(refresh_projection(services(), blocking, repo));
  const auto packed = must(read_file(folder_of(repo) + "/packed-refs", 1 << 20));
  EXPECT_TRUE(packed.contains(head(repo).hex() + " refs/heads/main")) << packed;
  EXPECT_TRUE(packed.contains("refs/heads/dev")) << packed;
  EXPECT_EQ(must(read_file(folder_of(repo) + "/embrace-refs-version", 64)),
            cat(repo.refs_version, "\n"));
  must(embrace::remove_file(folder_of(repo) + "/packed-refs"));
  must(refresh_projection(services(), blocking, repo));
  EXPECT_FALSE(read_file(folder_of(repo) + "/packed-refs", 1 << 20))
      << "nothing new: nothing is written";
  put_file(acme, repo, "x", "2");
  must(refresh_projection(services(), blocking, reload(repo)));
  EXPECT_TRUE(read_file(folder_of(repo) + "/packed-refs", 1 << 20));
}

TEST_F(PublishTest, ManyPacksAreFolded) {
  settings.young_pack_bytes_max = 0;
  settings.packs_before_fold = 4;
  register_maintenance(services());
  for (int i = 0; i < 40; ++i) put_file(acme, repo, cat("f", i), cat(i));
  auto waiting = must(database->read(blocking, [&](db::Session& s) {
    return meta::jobs::list(s, meta::jobs::State::Waiting, 100);
  }));
  EXPECT_EQ(std::ranges::count(waiting, "git.fold", &meta::jobs::Job::kind), 1);
  const auto before = packs().size();
  must(jobs->run_due(blocking));
  EXPECT_LT(packs().size(), before);
  EXPECT_EQ(packs().size(), must(git::list_packs(blocking, folder_of(repo))).size());
  put_file(acme, repo, "after", "fold");
  auto report = must(examine(services(), blocking, {}));
  EXPECT_TRUE(report.is_clean()) << report.findings[0].where << ": " << report.findings[0].what;
  EXPECT_EQ(report.commits, 42u);
}

TEST(WriteLocks, QueueInOrderAndGiveUpInTime) {
  const auto blocking = rt::Blocking::on_main_thread();
  WriteLocks locks;
  {
    auto held = must(locks.lock(blocking, 1, 0));
    EXPECT_EQ(locks.lock(blocking, 1, 1).error().code(), Code::Unavailable);
    EXPECT_TRUE(locks.lock(blocking, 2, 0)) << "others are not concerned";
  }
  EXPECT_TRUE(locks.lock(blocking, 1, 0));
  int unguarded = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        auto guard = locks.lock(blocking, 1, 60'000);
        ASSERT_TRUE(guard);
        ++unguarded;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(unguarded, 1600);
}

TEST_F(PublishTest, NewNamesMustFitOneAnother) {
  const auto at = head(repo);
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  const auto publish_names = [&](std::vector<std::string> come, std::vector<std::string> go = {}) {
    Publication publication;
    publication.repo = repo;
    for (auto& ref : go) publication.changes.push_back({std::move(ref), at, std::nullopt});
    for (auto& ref : come) publication.changes.push_back({std::move(ref), std::nullopt, at});
    auto published = publish(services(), blocking, *repository, publication);
    return published ? std::string("ok") : published.error().message();
  };
  const auto clashes = [](const std::string& answer) {
    return answer.find("can't exist beside") != std::string::npos;
  };
  EXPECT_TRUE(clashes(publish_names({"refs/heads/a", "refs/heads/a/b"})));
  EXPECT_TRUE(clashes(publish_names({"refs/heads/a/b/c", "refs/heads/a"})));
  EXPECT_TRUE(clashes(publish_names({"refs/heads/main/x"})));
  EXPECT_EQ(publish_names({"refs/heads/a/b", "refs/heads/a-b", "refs/tags/a"}), "ok");
  EXPECT_TRUE(clashes(publish_names({"refs/heads/a"})));
  EXPECT_EQ(publish_names({"refs/heads/a"}, {"refs/heads/a/b"}), "ok");
}

TEST_F(PublishTest, ManyNamesAreQuick) {
  const auto at = head(repo);
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  for (const std::string_view batch : {"x", "y"}) {
    Publication publication;
    publication.repo = repo;
    for (int i = 0; i < 3'000; ++i)
      publication.changes.push_back({cat("refs/heads/", batch, i, "/z"), std::nullopt, at});
    const auto start = std::chrono::steady_clock::now();
    must(publish(services(), blocking, *repository, publication));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

TEST_F(PublishTest, TheIndexReadsLinkedFilesOnly) {
  const std::string json = R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(json.size());
  file += json + std::string(24, 'x');
  const git::LfsPointer pointer{put_object(file), file.size()};
  put_file(acme, repo, "model.safetensors", pointer.render());
  EXPECT_EQ(reload(repo).card.num_parameters, 0);
  put_lfs_file(acme, repo, "more.safetensors", file);
  EXPECT_EQ(index_now().num_parameters, 6);
}

}  // namespace
}  // namespace embrace::hub
