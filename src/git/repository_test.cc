#include "git/repository.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include "base/file.h"
#include "git/git_program.h"

namespace embrace::git {
namespace {

using testing::blocking;
using testing::lines_of;
using testing::must;
using testing::put;
using testing::removal;
using testing::shell;
using testing::shell_ok;
using testing::TempFolder;

const Person kAda{"Ada", "ada@example.org"};
constexpr Millis kNow = 1'700'000'000'000;

class RepositoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = temp_ / "repo";
    ASSERT_OK(Repository::create(blocking(), folder_));
    repo_ = must(Repository::open(blocking(), folder_));
  }

  Oid blob(std::string_view text) { return must(repo_->write_blob(blocking(), text)); }

  Oid commit(const Oid& tree, std::vector<Oid> parents, Millis when = kNow,
             std::string_view message = "m") {
    return must(repo_->write_commit(blocking(), tree, parents, kAda, when, message));
  }

  void finish(const Oid& main) {
    must(repo_->finish_pack(blocking()));
    ASSERT_OK(project_refs(blocking(), folder_, {{"refs/heads/main", main}}, "main"));
  }

  TempFolder temp_;
  std::string folder_;
  std::unique_ptr<Repository> repo_;
};

TEST_F(RepositoryTest, CreateRefusesAFolderThatExists) {
  auto again = Repository::create(blocking(), folder_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::Conflict);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp_.path()), {}), 1);
}

TEST_F(RepositoryTest, GitAcceptsWhatWeWrite) {
  const Oid tree = must(repo_->edit_tree(
      blocking(), Oid(),
      {put("README.md", blob("# hi\n")), put("run.sh", blob("#!/bin/sh\n"), EntryKind::Executable),
       put("data/a/b.txt", blob("b")), put("data/a.txt", blob("dot")),
       put("data/a-x", blob("dash")), put("link", blob("README.md"), EntryKind::Symlink),
       put("empty", blob("")), put("big.bin", blob(std::string(3'000'000, 'x')))}));
  const Oid first = commit(tree, {}, kNow, "first\n\nbody");
  const Oid second = commit(tree, {first}, kNow + 1000, "second");
  const Oid tag = must(repo_->write_tag(blocking(), second, "v1", kAda, kNow, "release"));
  auto pack = must(repo_->finish_pack(blocking()));
  ASSERT_TRUE(pack);
  ASSERT_OK(project_refs(blocking(), folder_,
                         {{"refs/heads/main", second}, {"refs/tags/v1", tag}, {"refs/pr/1", first}},
                         "main"));

  EXPECT_EQ(shell_ok(folder_, "git fsck --strict --full"), "");
  shell_ok(folder_, "git verify-pack -v objects/pack/*.idx");
  EXPECT_EQ(lines_of(shell_ok(folder_, "git count-objects -v | grep in-pack")),
            std::vector<std::string>{cat("in-pack: ", pack->objects)});
  shell_ok(temp_.path(), cat("git clone -q ", folder_, " copy"));
  EXPECT_EQ(shell_ok(temp_ / "copy", "cat data/a/b.txt README.md; test -x run.sh; readlink link"),
            "b# hi\nREADME.md\n");
  EXPECT_EQ(shell_ok(temp_ / "copy", "git rev-parse v1^{commit}"), second.hex() + "\n");
  EXPECT_EQ(shell_ok(folder_, "git for-each-ref --format='%(refname) %(*objectname)'"),
            cat("refs/heads/main \nrefs/pr/1 \nrefs/tags/v1 ", second.hex(), "\n"));
}

TEST_F(RepositoryTest, ListingEqualsLsTree) {
  std::vector<TreeEdit> edits;
  for (const char* path : {"a", "b/c", "b/d/e", "b-x", "b.x", "b0", "z/y/x/w", "b/d.e", "b/d-e"}) {
    edits.push_back(put(path, blob(path)));
  }
  const Oid tree = must(repo_->edit_tree(blocking(), Oid(), edits));
  finish(commit(tree, {}));
  std::vector<std::string> ours;
  for (const Entry& entry : must(repo_->list(blocking(), tree, "", true))) {
    ours.push_back(cat(entry.oid.hex(), " ", entry.path));
    EXPECT_EQ(entry.size_bytes(), entry.is_folder() ? 0 : entry.path.size());
  }
  EXPECT_EQ(ours,
            lines_of(shell_ok(folder_, "git ls-tree -r -t --format='%(objectname) %(path)' main")));

  std::vector<std::string> below;
  for (const Entry& entry : must(repo_->list(blocking(), tree, "b", false)))
    below.push_back(entry.path);
  EXPECT_EQ(below, lines_of(shell_ok(folder_, "git ls-tree --name-only main b/")));

  EXPECT_EQ(repo_->list(blocking(), tree, "a", false).error().tag(), Tag::EntryNotFound);
  EXPECT_EQ(repo_->list(blocking(), tree, "nope", true).error().tag(), Tag::EntryNotFound);
  EXPECT_EQ(repo_->list(blocking(), tree, "", true, 3).error().code(), Code::TooLarge);
}

TEST_F(RepositoryTest, PointersAreRecognised) {
  const LfsPointer pointer{must(Digest::parse(std::string(64, 'a'))), 12345};
  const Oid tree = must(
      repo_->edit_tree(blocking(), Oid(),
                       {put("model.bin", blob(pointer.render())), put("note", blob("version 2"))}));
  const Entry model = must(repo_->find(blocking(), tree, "model.bin"));
  EXPECT_EQ(model.lfs, pointer);
  EXPECT_EQ(model.size_bytes(), 12345u);
  EXPECT_EQ(model.blob_bytes, pointer.render().size());
  EXPECT_FALSE(must(repo_->find(blocking(), tree, "note")).lfs);
  EXPECT_EQ(must(repo_->find(blocking(), tree, "")).kind, EntryKind::Folder);
  EXPECT_EQ(repo_->find(blocking(), tree, "note/x").error().tag(), Tag::EntryNotFound);
}

// Random edits, replayed in a git index.
TEST_F(RepositoryTest, EditsDoWhatTheIndexDoes) {
  std::mt19937 random(7);
  const std::vector<std::string> names{"a", "b", "a-", "c.d"};
  auto random_path = [&] {
    std::string path = names[random() % 4];
    for (unsigned depth = random() % 3; depth > 0; --depth) path += "/" + names[random() % 4];
    return path;
  };
  const std::string work = temp_ / "work";
  shell_ok(temp_.path(), "git init -q work");
  Oid tree;
  for (int round = 0; round < 40; ++round) {
    std::vector<TreeEdit> edits;
    std::string script = "set -e\n";
    for (int i = 0; i < 6; ++i) {
      const std::string path = random_path();
      const std::string text = cat("text ", random() % 1000);
      edits.push_back(put(path, blob(text)));
      script += cat("git update-index --add --replace --cacheinfo 100644,$(printf '", text,
                    "' | git hash-object -w --stdin),", path, "\n");
    }
    if (auto entries = repo_->list(blocking(), tree, "", true);
        !tree.is_zero() && !entries->empty()) {
      const std::string path = (*entries)[random() % entries->size()].path;
      edits.insert(edits.begin(), removal(path));
      script.insert(7, cat("git rm -r -q --cached ", path, "\n"));
    }
    tree = must(repo_->edit_tree(blocking(), tree, edits));
    ASSERT_EQ(shell_ok(work, script + "git write-tree"), tree.hex() + "\n") << "round " << round;
  }
}

TEST_F(RepositoryTest, RemovingLeavesNoEmptyFolder) {
  const Oid tree =
      must(repo_->edit_tree(blocking(), Oid(), {put("a/b/c", blob("1")), put("d", blob("2"))}));
  const Oid without = must(repo_->edit_tree(blocking(), tree, {removal("a/b/c")}));
  EXPECT_EQ(must(repo_->list(blocking(), without, "", true)).size(), 1u);
  EXPECT_EQ(must(repo_->edit_tree(blocking(), tree, {removal("a/")})), without);
  auto twice = repo_->edit_tree(blocking(), tree, {removal("a/b/c"), removal("a")});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().tag(), Tag::EntryNotFound);
  EXPECT_EQ(twice.error().message(), "A file with this name doesn't exist");
  const Oid none = must(repo_->edit_tree(blocking(), tree, {removal("a"), removal("d")}));
  EXPECT_EQ(none.hex(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  EXPECT_EQ(repo_->edit_tree(blocking(), tree, {put(".GIT/config", blob("x"))}).error().code(),
            Code::Unusable);
  EXPECT_EQ(repo_->edit_tree(blocking(), tree, {put("x", *Oid::parse(std::string(40, '1')))})
                .error()
                .code(),
            Code::NotFound);
}

TEST_F(RepositoryTest, ManyEditsAreQuick) {
  std::vector<TreeEdit> edits;
  const Oid one = blob("one");
  for (int i = 0; i < 100'000; ++i) edits.push_back(put(cat("folder", i % 100, "/file", i), one));
  const auto start = std::chrono::steady_clock::now();
  const Oid tree = must(repo_->edit_tree(blocking(), Oid(), edits));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(must(repo_->list(blocking(), tree, "", true)).size(), 100'100u);
}

TEST_F(RepositoryTest, DiscardForgetsAndALaterWriteIsComplete) {
  const Oid lost = blob("same bytes");
  EXPECT_EQ(must(repo_->read_blob(blocking(), lost, 100)), "same bytes");
  repo_->discard();
  EXPECT_EQ(repo_->read_blob(blocking(), lost, 100).error().code(), Code::NotFound);
  EXPECT_FALSE(must(repo_->finish_pack(blocking())));
  const Oid tree = must(repo_->edit_tree(blocking(), Oid(), {put("f", blob("same bytes"))}));
  finish(commit(tree, {}));
  EXPECT_EQ(shell_ok(folder_, "git fsck --strict"), "");
  blob("same bytes");  // exists now, so there is nothing to pack
  EXPECT_FALSE(must(repo_->finish_pack(blocking())));
}

TEST_F(RepositoryTest, AnotherHandleSeesNewPacks) {
  auto other = must(Repository::open(blocking(), folder_));
  const Oid tree = must(repo_->edit_tree(blocking(), Oid(), {put("f", blob("fresh"))}));
  EXPECT_FALSE(other->find(blocking(), tree, "f"));
  finish(commit(tree, {}));
  EXPECT_TRUE(other->find(blocking(), tree, "f"));
}

TEST_F(RepositoryTest, CommitsAreReadBack) {
  const Oid tree = must(repo_->edit_tree(blocking(), Oid(), {put("f", blob("x"))}));
  const Oid oid = must(repo_->write_commit(blocking(), tree, {}, {"Eve <x>\n", "e\nve@x"},
                                           kNow + 999, "Title here\n\nBody\nmore\n"));
  const Oid tag = must(repo_->write_tag(blocking(), oid, "v1", kAda, kNow, "t"));
  const Commit commit = must(repo_->commit(blocking(), tag));
  EXPECT_EQ(commit.oid, oid);
  EXPECT_EQ(commit.title, "Title here");
  EXPECT_EQ(commit.message, "Body\nmore");
  EXPECT_EQ(commit.author.name, "Eve x");
  EXPECT_EQ(commit.author.email, "eve@x");
  EXPECT_EQ(commit.author_ms, kNow);
  finish(oid);
  EXPECT_EQ(must(repo_->expand(blocking(), oid.hex().substr(0, 9))), oid);
  EXPECT_EQ(must(repo_->expand(blocking(), oid.hex())), oid);
  EXPECT_EQ(repo_->expand(blocking(), tree.hex().substr(0, 9)).error().code(), Code::NotFound);
  EXPECT_EQ(repo_->expand(blocking(), oid.hex().substr(0, 6)).error().code(), Code::NotFound);
  EXPECT_EQ(repo_->commit(blocking(), Oid()).error().code(), Code::NotFound);
  EXPECT_EQ(repo_->read_blob(blocking(), tree, 1000).error().code(), Code::NotFound);
}

// A history with merges, made by git; ours must tell it as git does.
class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    shell_ok(
        temp_.path(),
        "git init -q work; cd work\n"
        "t=1700000000\n"
        "c() { t=$((t+10)); git add -A; GIT_AUTHOR_DATE=\"$t +0000\" GIT_COMMITTER_DATE=\"$t "
        "+0000\" "
        "git commit -q --allow-empty -m \"$1\"; }\n"
        "m() { t=$((t+10)); GIT_AUTHOR_DATE=\"$t +0000\" GIT_COMMITTER_DATE=\"$t +0000\" "
        "git merge -q --no-ff -m \"$1\" $2; }\n"
        "mkdir -p d/e; echo 1 > a; echo 1 > d/x; echo 1 > d/e/y; c one\n"
        "echo 2 > a; c two\n"
        "git checkout -q -b side; echo 1 > s; c side1; echo 2 > d/x; c side2\n"
        "git checkout -q main; echo 3 > a; c three; echo 1 > gone; c four\n"
        "m merged side\n"
        "rm gone; c removed; chmod +x d/e/y; c mode; rm d/x; mkdir d/x; echo f > d/x/f; c folder\n"
        "git tag -a -m v v1; git repack -a -d -q");
    folder_ = temp_ / "work/.git";
    repo_ = must(Repository::open(blocking(), folder_));
    head_ = must(Oid::parse(shell_ok(folder_, "git rev-parse main | tr -d '\\n'")));
  }
  TempFolder temp_;
  std::string folder_;
  std::unique_ptr<Repository> repo_;
  Oid head_;
};

TEST_F(HistoryTest, LogEqualsGitLog) {
  const auto theirs = lines_of(shell_ok(folder_, "git log --date-order --format='%H %s %ct' main"));
  std::vector<std::string> ours;
  for (std::size_t skip = 0; skip < 20; skip += 3) {
    for (const Commit& commit : must(repo_->log(blocking(), head_, skip, 3))) {
      ours.push_back(cat(commit.oid.hex(), " ", commit.title, " ", commit.commit_ms / 1000));
    }
  }
  EXPECT_EQ(ours, theirs);
  EXPECT_EQ(must(repo_->count_commits(blocking(), head_)), theirs.size());
  for (const std::string& line : theirs) {
    const Oid oid = must(Oid::parse(line.substr(0, 40)));
    EXPECT_EQ(cat(must(repo_->count_commits(blocking(), oid)), "\n"),
              shell_ok(folder_, cat("git rev-list --count ", oid.hex())));
    EXPECT_TRUE(must(repo_->is_ancestor(blocking(), oid, head_)));
    EXPECT_EQ(must(repo_->is_ancestor(blocking(), head_, oid)), oid == head_);
  }
}

TEST_F(HistoryTest, LastCommitsEqualGitLogOfEachPath) {
  const std::vector<std::string> paths{"a", "d",  "d/x",  "d/x/f",   "d/e",   "d/e/y",
                                       "s", "no", "gone", "d/e/y/z", "a/nope"};
  auto found = must(repo_->last_commits(blocking(), head_, paths, std::chrono::minutes(1)));
  ASSERT_EQ(found.size(), paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string theirs = shell_ok(folder_, cat("git log -1 --format=%H main -- ", paths[i]));
    EXPECT_EQ(found[i] ? found[i]->oid.hex() + "\n" : "", theirs) << paths[i];
  }
  found = must(repo_->last_commits(blocking(), head_, paths, std::chrono::milliseconds(-1)));
  ASSERT_EQ(found.size(), paths.size());
  for (const auto& commit : found) EXPECT_FALSE(commit) << "there was no time to look";
}

TEST_F(HistoryTest, FoldingKeepsReadersAlive) {
  const std::string folder = temp_ / "many";
  ASSERT_OK(Repository::create(blocking(), folder));
  auto writer = must(Repository::open(blocking(), folder));
  std::vector<Oid> blobs;
  for (int i = 0; i < 12; ++i) {
    blobs.push_back(must(writer->write_blob(blocking(), cat("number ", i))));
    must(writer->finish_pack(blocking()));
  }
  auto reader = must(Repository::open(blocking(), folder));
  EXPECT_EQ(must(reader->read_blob(blocking(), blobs[0], 100)), "number 0");
  // Half a pack from a crash must disturb nobody.
  ASSERT_OK(write_file_durably(folder + "/objects/pack/tmp_pack_dead", "PACK"));
  ASSERT_OK(write_file_durably(folder + "/objects/pack/pack-00.pack", "PACK"));
  EXPECT_EQ(must(list_packs(blocking(), folder)).size(), 12u);
  auto packs = must(fold_packs(blocking(), folder));
  EXPECT_EQ(packs.size(), 1u);
  EXPECT_EQ(packs[0].objects, 12u);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(must(reader->read_blob(blocking(), blobs[i], 100)), cat("number ", i));
    EXPECT_EQ(must(writer->read_blob(blocking(), blobs[i], 100)), cat("number ", i));
  }
}

TEST_F(HistoryTest, FoldingSweepsOldLeftoversOnly) {
  const std::string folder = temp_ / "crashed";
  ASSERT_OK(Repository::create(blocking(), folder));
  shell_ok(folder,
           "mkdir -p quarantine-old/objects quarantine-new; touch objects/pack/tmp_pack_old "
           "objects/pack/tmp_pack_new\n"
           "touch -d '2 days ago' quarantine-old objects/pack/tmp_pack_old");
  must(fold_packs(blocking(), folder));
  EXPECT_EQ(shell_ok(folder, "ls -d quarantine-* objects/pack/*"),
            "objects/pack/tmp_pack_new\nquarantine-new\n");
}

TEST_F(HistoryTest, ConnectivityNamesWhatIsMissing) {
  EXPECT_TRUE(check_connectivity(blocking(), folder_, {head_}));
  const std::string folder = temp_ / "holes";
  ASSERT_OK(Repository::create(blocking(), folder));
  // Only the newest commit object is moved over: its tree is missing.
  shell_ok(folder, cat("echo ", head_.hex(), " | git -C ", folder_,
                       " pack-objects --stdout -q | git unpack-objects -q"));
  auto found = check_connectivity(blocking(), folder, {head_});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::Corrupt);
}

TEST_F(HistoryTest, ProjectedRefsReplaceLooseOnes) {
  shell_ok(folder_, "git update-ref refs/heads/stale main");
  const Oid tag = must(Oid::parse(shell_ok(folder_, "git rev-parse v1 | tr -d '\\n'")));
  ASSERT_OK(
      project_refs(blocking(), folder_, {{"refs/tags/v1", tag}, {"refs/heads/new", head_}}, "new"));
  EXPECT_EQ(shell_ok(folder_, "git for-each-ref --format='%(refname)'; git symbolic-ref HEAD"),
            "refs/heads/new\nrefs/tags/v1\nrefs/heads/new\n");
  EXPECT_EQ(shell_ok(folder_, "git rev-parse v1^{}"), head_.hex() + "\n");
  // A name that git would stumble over is left out, and hides no other.
  ASSERT_OK(project_refs(blocking(), folder_,
                         {{"refs/heads/../x", head_}, {"refs/heads/new", head_}}, "new"));
  EXPECT_EQ(shell_ok(folder_, "git for-each-ref --format='%(refname)'"), "refs/heads/new\n");
}

TEST(Repositories, ForgottenHandlesAreNotLentAgain) {
  TempFolder temp;
  const std::string folder = temp / "r";
  ASSERT_OK(Repository::create(blocking(), folder));
  Repositories all(1);
  const Repository* first = nullptr;
  {
    auto lease = must(all.borrow(blocking(), folder));
    first = &*lease;
    must(lease->write_blob(blocking(), "unfinished"));
  }
  {
    auto lease = must(all.borrow(blocking(), folder));
    EXPECT_EQ(&*lease, first);
    EXPECT_FALSE(must(lease->finish_pack(blocking())));
    all.forget(folder);
    auto second = must(all.borrow(blocking(), folder));
    EXPECT_NE(&*second, first);
  }
  EXPECT_EQ(all.borrow(blocking(), temp / "none").error().code(), Code::NotFound);
}

}  // namespace
}  // namespace embrace::git
