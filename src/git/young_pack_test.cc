#include "git/young_pack.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "git/git_program.h"

namespace embrace::git {
namespace {

using testing::blocking;
using testing::must;
using testing::put;
using testing::shell_ok;
using testing::TempFolder;

constexpr Millis kNow = 1'700'000'000'000;

class YoungPackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = temp_ / "repo";
    ASSERT_OK(Repository::create(blocking(), folder_));
    repo_ = must(Repository::open(blocking(), folder_));
  }
  // One commit on top of the last, shown and forgotten as publish() does it.
  YoungPack commit(const std::string& path, const std::string& text) {
    const Oid blob = must(repo_->write_blob(blocking(), text));
    tree_ = must(repo_->edit_tree(blocking(), tree_, {put(path, blob)}));
    const auto parents = head_.is_zero() ? std::vector<Oid>{} : std::vector{head_};
    head_ = must(repo_->write_commit(blocking(), tree_, parents, {"Ada", "a@x"}, kNow, text));
    auto pack = must(repo_->young_pack(blocking(), 65536));
    EXPECT_TRUE(pack);
    auto files = must(write_young_files(blocking(), folder_, *pack));
    EXPECT_TRUE(files.place(pack->name));
    repo_->discard();
    return *std::move(pack);
  }
  void expect_git_agrees(unsigned commits) {
    ASSERT_OK(project_refs(blocking(), folder_, {{"refs/heads/main", head_}}, "main"));
    EXPECT_EQ(shell_ok(folder_, "git fsck --strict --full"), "");
    EXPECT_EQ(shell_ok(folder_, "git rev-list --count main"), cat(commits, "\n"));
    shell_ok(folder_, "git verify-pack objects/pack/*.idx");
  }

  TempFolder temp_;
  std::string folder_;
  std::unique_ptr<Repository> repo_;
  Oid tree_, head_;
};

TEST_F(YoungPackTest, GitReadsItLikeAnyOther) {
  commit("a/b", "one");
  commit("a/c", "two");
  expect_git_agrees(2);
  shell_ok(temp_.path(), cat("git clone -q file://", folder_, " copy"));
  EXPECT_EQ(shell_ok(temp_ / "copy", "cat a/b a/c"), "onetwo");
  EXPECT_EQ(must(list_young_packs(blocking(), folder_)).size(), 2u);
  EXPECT_TRUE(must(list_packs(blocking(), folder_)).empty()) << "they are no durable packs";
}

TEST_F(YoungPackTest, ComesBackFromItsText) {
  const auto pack = commit("a", std::string(1000, 'x'));
  const auto again = must(parse_young_pack(pack.name, pack.bytes, render_items(pack)));
  EXPECT_TRUE(must(are_young_files_whole(blocking(), folder_, again)));
}

TEST_F(YoungPackTest, DamageIsCorrupt) {
  const auto pack = commit("a", "one"), other = commit("b", "two");
  const auto items = render_items(pack);
  const auto expect_corrupt = [](const std::string& name, const std::string& bytes,
                                 const std::string& text) {
    auto parsed = parse_young_pack(name, bytes, text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::Corrupt);
  };
  auto flipped = pack.bytes;
  flipped[20] ^= 1;
  expect_corrupt(pack.name, flipped, items);
  expect_corrupt(pack.name, pack.bytes.substr(0, pack.bytes.size() - 1), items);
  expect_corrupt(pack.name, "PACK", items);
  expect_corrupt(pack.name, "", "");
  expect_corrupt(other.name, pack.bytes, items);
  expect_corrupt(pack.name, pack.bytes, "");
  expect_corrupt(pack.name, pack.bytes, items.substr(1));
  expect_corrupt(pack.name, pack.bytes, items + items);
  expect_corrupt(pack.name, pack.bytes, cat(head_.hex(), " 13\n"));
  expect_corrupt(pack.name, pack.bytes, cat(head_.hex(), " 12\n", head_.hex(), " 99999\n"));
  expect_corrupt(pack.name, pack.bytes, head_.hex());
}

TEST_F(YoungPackTest, JoinedPacksHoldEveryObjectOnce) {
  std::vector<YoungPack> packs;
  for (int i = 0; i < 20; ++i) packs.push_back(commit(cat("d", i % 4, "/f", i), cat("text ", i)));
  packs.push_back(packs.front());
  auto joined = must(join_young_packs(blocking(), folder_, packs));
  EXPECT_TRUE(must(list_packs(blocking(), folder_)).empty()) << "not before place()";
  ASSERT_OK(joined.files.place(joined.pack.name));
  for (const auto& pack : packs) ASSERT_OK(remove_young_files(blocking(), folder_, pack.name));
  EXPECT_TRUE(must(list_young_packs(blocking(), folder_)).empty());
  const auto listed = must(list_packs(blocking(), folder_));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].objects, joined.pack.objects);
  EXPECT_EQ(listed[0].size_bytes, joined.pack.size_bytes);
  EXPECT_EQ(joined.pack.objects, 20u * 4);
  expect_git_agrees(20);
  EXPECT_EQ(must(repo_->count_commits(blocking(), head_)), 20u) << "by who saw the young ones";
}

TEST_F(YoungPackTest, FoldingTakesThemLikeAnyOther) {
  for (int i = 0; i < 20; ++i) commit(cat("f", i), cat("text ", i));
  EXPECT_EQ(must(fold_packs(blocking(), folder_)).size(), 1u);
  expect_git_agrees(20);
}

TEST_F(YoungPackTest, IsRefusedWhenItWouldBeTooLarge) {
  EXPECT_FALSE(must(repo_->young_pack(blocking(), 65536))) << "nothing is gathered";
  std::string noise;
  for (std::uint64_t i = 0, x = 1; i < 20000; ++i)
    noise += static_cast<char>((x = x * 6364136223846793005u + 1442695040888963407u) >> 56);
  must(repo_->write_blob(blocking(), noise));
  EXPECT_FALSE(must(repo_->young_pack(blocking(), 1000)));
  EXPECT_TRUE(must(repo_->young_pack(blocking(), 30000)));
  EXPECT_TRUE(must(repo_->finish_pack(blocking()))) << "what is gathered stays so";
}

TEST(Repositories, AskForMissingObjects) {
  TempFolder temp;
  const std::string folder = temp / "r";
  ASSERT_OK(Repository::create(blocking(), folder));
  auto writer = must(Repository::open(blocking(), folder));
  const Oid blob = must(writer->write_blob(blocking(), "late"));
  const auto pack = must(writer->young_pack(blocking(), 65536));
  Repositories all;
  int asked = 0;
  all.on_missing([&](rt::Blocking blocking_, const std::string& where) {
    ++asked;
    EXPECT_EQ(where, folder);
    auto files = must(write_young_files(blocking_, where, *pack));
    return files.place(pack->name).has_value();
  });
  auto lease = must(all.borrow(blocking(), folder));
  EXPECT_EQ(must(lease->read_blob(blocking(), blob, 100)), "late");
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace embrace::git
