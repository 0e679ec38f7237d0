#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <thread>

#include "testing/temp_folder.h"

namespace embrace {
namespace {

std::size_t names_in(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(File, WhatIsWrittenIsRead) {
  testing::TempFolder folder;
  auto file = File::create_new(folder / "a");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write_all("hello "));
  ASSERT_TRUE(file->write_all("world"));
  ASSERT_TRUE(file->write_all_at("W", 6));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(*file->size_bytes(), 11u);
  char buffer[32];
  EXPECT_EQ(*file->read_at(std::span(buffer, 5), 6), 5u);
  EXPECT_EQ(std::string(buffer, 5), "World");
  EXPECT_EQ(*file->read_at(buffer, 9), 2u);
  EXPECT_EQ(*file->read_at(buffer, 11), 0u);
}

TEST(File, CreatingTwiceConflicts) {
  testing::TempFolder folder;
  ASSERT_TRUE(File::create_new(folder / "a"));
  EXPECT_EQ(File::create_new(folder / "a").error().code(), Code::Conflict);
}

TEST(File, AnAbsentFileIsNotFoundAndNamed) {
  testing::TempFolder folder;
  const auto file = File::open_for_read(folder / "absent");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), Code::NotFound);
  EXPECT_NE(file.error().message().find("absent"), std::string::npos);
  EXPECT_EQ(read_file(folder / "absent", 9).error().code(), Code::NotFound);
}

TEST(File, AppendingContinuesAtTheEnd) {
  testing::TempFolder folder;
  for (const char* piece : {"one", "two"}) {
    auto file = File::open_for_append(folder / "log");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write_all(piece));
  }
  EXPECT_EQ(*read_file(folder / "log", 100), "onetwo");
}

TEST(File, ClosesItsDescriptorOnce) {
  testing::TempFolder folder;
  int fd;
  {
    auto file = File::create_new(folder / "a");
    ASSERT_TRUE(file);
    fd = file->fd();
    File moved = std::move(*file);
    EXPECT_FALSE(file->is_open());
    EXPECT_TRUE(moved.is_open());
    EXPECT_NE(::fcntl(fd, F_GETFD), -1);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(File, ReadFileHasALimit) {
  testing::TempFolder folder;
  ASSERT_TRUE(write_file_durably(folder / "a", "12345"));
  EXPECT_EQ(*read_file(folder / "a", 5), "12345");
  EXPECT_EQ(read_file(folder / "a", 4).error().code(), Code::TooLarge);
}

TEST(File, WritingDurablyReplacesAndLeavesNothingBeside) {
  testing::TempFolder folder;
  ASSERT_TRUE(write_file_durably(folder / "a", "old"));
  ASSERT_TRUE(write_file_durably(folder / "a", std::string(100'000, 'n')));
  EXPECT_EQ(read_file(folder / "a", 1 << 20)->size(), 100'000u);
  EXPECT_EQ(names_in(folder.path()), 1u);
}

TEST(File, AFailedDurableWriteLeavesNothingBeside) {
  testing::TempFolder folder;
  ASSERT_TRUE(make_folders(folder / "a/in-the-way"));
  EXPECT_FALSE(write_file_durably(folder / "a", "bytes"));
  EXPECT_EQ(names_in(folder.path()), 1u);
}

TEST(File, RenamingReplacesTheTarget) {
  testing::TempFolder folder;
  ASSERT_TRUE(make_folders(folder / "to"));
  ASSERT_TRUE(write_file_durably(folder / "from", "new"));
  ASSERT_TRUE(write_file_durably(folder / "to/it", "old"));
  ASSERT_TRUE(rename_durably(folder / "from", folder / "to/it"));
  EXPECT_EQ(*read_file(folder / "to/it", 9), "new");
  EXPECT_EQ(rename_durably(folder / "from", folder / "to/it").error().code(), Code::NotFound);
}

TEST(File, FoldersAreMadeAllTheWay) {
  testing::TempFolder folder;
  for (const char* path : {"x/y//z/", "x/y", "q"}) {
    ASSERT_TRUE(make_folders(folder / path));
    EXPECT_TRUE(std::filesystem::is_directory(folder / path)) << path;
  }
  ASSERT_TRUE(make_folders("/"));
  ASSERT_TRUE(write_file_durably(folder / "file", ""));
  EXPECT_EQ(make_folders(folder / "file").error().code(), Code::Conflict);
  EXPECT_FALSE(make_folders(folder / "file/below"));
}

TEST(File, RemovingTwiceSucceeds) {
  testing::TempFolder folder;
  ASSERT_TRUE(write_file_durably(folder / "a", ""));
  EXPECT_TRUE(remove_file(folder / "a"));
  EXPECT_TRUE(remove_file(folder / "a"));
  EXPECT_EQ(names_in(folder.path()), 0u);
}

TEST(File, ALockIsOfTheFileThatHasTheName) {
  testing::TempFolder folder;
  const std::string path = folder / "lock";
  struct stat held;
  struct stat named;
  for (int round = 0; round < 20; ++round) {
    std::optional<File> first = *lock_file(path);
    std::optional<File> second;
    std::jthread waiting([&] { second = *lock_file(path); });
    for (int i = 0; i < round * 10; ++i) std::this_thread::yield();
    ASSERT_TRUE(remove_file(path));  // while the other waits, as likely as not
    first.reset();
    waiting.join();
    ASSERT_EQ(::fstat(second->fd(), &held), 0);
    ASSERT_EQ(::stat(path.c_str(), &named), 0);
    ASSERT_EQ(held.st_ino, named.st_ino);
  }
}

TEST(File, ErrnoBecomesOurCodes) {
  EXPECT_EQ(errno_error(ENOSPC, "write").code(), Code::Unavailable);
  EXPECT_EQ(errno_error(ENOENT, "open").code(), Code::NotFound);
  EXPECT_EQ(errno_error(EACCES, "open").code(), Code::Internal);
  EXPECT_EQ(errno_error(ENOENT, "open x").message(), "open x: No such file or directory");
}

}  // namespace
}  // namespace embrace
