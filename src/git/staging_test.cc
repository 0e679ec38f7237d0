#include "git/staging.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/strings.h"
#include "git/git_program.h"
#include "git/repository.h"

namespace embrace::git {
namespace {

using testing::blocking;
using testing::must;
using testing::put;
using testing::shell_ok;
using testing::TempFolder;

constexpr std::size_t kMiB = 1 << 20;

Oid numbered(int number) {
  auto hex = cat(number);
  return must(Oid::parse(std::string(40 - hex.size(), '0') + hex));
}

std::string filled(int number, std::size_t bytes) {
  std::string text = cat("object ", number, "\n");
  text.resize(bytes, static_cast<char>('a' + number % 26));
  return text;
}

std::string load(const Staging& staging, const Oid& oid) {
  const auto* item = staging.find(oid);
  return item->is_spooled ? must(staging.load(*item)) : item->bytes;
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

TEST(Staging, LargeSumsLeaveMemoryAndComeBackWhole) {
  TempFolder temp;
  Staging staging(temp.path());
  constexpr int kObjects = 100;
  for (int i = 0; i < kObjects; ++i) {
    ASSERT_TRUE(staging.add(numbered(i), ObjectType::Blob, filled(i, kMiB)));
    ASSERT_LE(staging.memory_bytes(), Staging::kMemoryBytesMax);
  }
  EXPECT_EQ(staging.memory_bytes() + staging.spool_bytes(), kObjects * kMiB);
  EXPECT_EQ(files_in(temp.path()), 0u) << "a crash would leave a file";
  for (int i = 0; i < kObjects; ++i) EXPECT_EQ(load(staging, numbered(i)), filled(i, kMiB)) << i;
  staging.clear();
  EXPECT_EQ(staging.memory_bytes() + staging.spool_bytes(), 0u);
  EXPECT_EQ(staging.find(numbered(1)), nullptr);
  ASSERT_TRUE(staging.add(numbered(1), ObjectType::Blob, "again"));
  EXPECT_EQ(load(staging, numbered(1)), "again");
}

TEST(Staging, ManyDraftsTogetherKeepTheProcessSmall) {
  TempFolder temp;
  std::vector<std::unique_ptr<Staging>> drafts;
  std::uint64_t memory_bytes = 0;
  for (int i = 0; i < 20; ++i) {
    drafts.push_back(std::make_unique<Staging>(temp.path()));
    for (int k = 0; k < 16; ++k)
      ASSERT_TRUE(drafts.back()->add(numbered(k), ObjectType::Blob, filled(k, kMiB)));
    memory_bytes += drafts.back()->memory_bytes();
  }
  EXPECT_LE(memory_bytes, Staging::kProcessMemoryBytesMax);
  Staging small(temp.path());
  ASSERT_TRUE(small.add(numbered(1), ObjectType::Blob, "small ones stay quick"));
  EXPECT_EQ(small.spool_bytes(), 0u);
}

TEST(Staging, ASpooledCommitIsAsGoodAsAnyOther) {
  TempFolder temp;
  const auto folder = temp / "repo";
  ASSERT_TRUE(Repository::create(blocking(), folder));
  auto repository = must(Repository::open(blocking(), folder));
  std::vector<TreeEdit> edits;
  for (int i = 0; i < 40; ++i)
    edits.push_back(put(cat(i, ".txt"), must(repository->write_blob(blocking(), filled(i, kMiB)))));
  const auto tree = must(repository->edit_tree(blocking(), Oid(), edits));
  const auto commit = must(
      repository->write_commit(blocking(), tree, {}, {"Ada", "ada@example.org"}, 1000, "large"));
  EXPECT_EQ(must(repository->read_blob(blocking(), edits.back().blob, 2 * kMiB)), filled(39, kMiB));
  const auto pack = must(repository->finish_pack(blocking()));
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->objects, 42u);
  EXPECT_EQ(files_in(folder + "/objects/pack"), 2u);
  shell_ok(folder, cat("git fsck --strict ", commit.hex()));
  EXPECT_EQ(shell_ok(folder, cat("git cat-file blob ", commit.hex(), ":39.txt")), filled(39, kMiB));
}

}  // namespace
}  // namespace embrace::git
