#include "blob/local_backend.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "base/file.h"
#include "base/strings.h"
#include "blob/temp_file.h"
#include "testing/temp_folder.h"

namespace embrace::blob {
namespace {

const rt::Blocking kBlocking = rt::Blocking::on_main_thread();

Key key_of(std::string text) { return Key::parse(std::move(text)).value(); }

std::size_t count_files(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

Status put(Backend& backend, const std::string& key, std::string_view bytes) {
  EMB_TRY(auto writer, backend.create(kBlocking));
  EMB_DO(writer->write(kBlocking, bytes));
  return writer->commit(kBlocking, key_of(key));
}

TEST(LocalBackend, AnObjectIsTheFileOfItsKey) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder / "new/store/").value();
  ASSERT_TRUE(put(*backend, "lfs/ab/x", "hello"));
  EXPECT_EQ(backend->path_of(key_of("lfs/ab/x")), folder / "new/store/lfs/ab/x");
  EXPECT_EQ(read_file(folder / "new/store/lfs/ab/x", 100).value(), "hello");
  EXPECT_EQ(count_files(folder / "new/store/tmp"), 0u);
}

TEST(LocalBackend, ObjectsAreThereAfterOpeningAgain) {
  ::testing::TempFolder folder;
  ASSERT_TRUE(put(*LocalBackend::open(kBlocking, folder.path()).value(), "a/b", "hello"));
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  EXPECT_EQ(backend->stat(kBlocking, key_of("a/b"))->size_bytes, 5u);
}

TEST(LocalBackend, OpeningRemovesDeadTempFilesAndKeepsLivingOnes) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  auto writer = backend->create(kBlocking).value();
  ASSERT_TRUE(writer->write(kBlocking, "alive"));
  std::ofstream(folder / "tmp/0123") << "dead";
  ASSERT_EQ(count_files(folder / "tmp"), 2u);

  auto other = LocalBackend::open(kBlocking, folder.path()).value();
  EXPECT_EQ(count_files(folder / "tmp"), 1u);
  ASSERT_TRUE(writer->commit(kBlocking, key_of("x")));
  EXPECT_EQ(other->stat(kBlocking, key_of("x"))->size_bytes, 5u);
  EXPECT_EQ(count_files(folder / "tmp"), 0u);
}

TEST(LocalBackend, RemovingTheLastObjectOfAFolderRemovesTheFolder) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  ASSERT_TRUE(put(*backend, "parts/up/1", "x"));
  ASSERT_TRUE(backend->remove(kBlocking, key_of("parts/up/1")));
  EXPECT_FALSE(std::filesystem::exists(folder / "parts/up"));
  EXPECT_TRUE(std::filesystem::exists(folder / "parts"));
}

TEST(LocalBackend, AFileInPlaceOfAFolderIsNamedInTheError) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  ASSERT_TRUE(put(*backend, "a", "x"));
  const auto under = put(*backend, "a/b", "y");
  ASSERT_FALSE(under);
  EXPECT_EQ(under.error().code(), Code::Conflict);
  EXPECT_NE(under.error().message().find("store a/b"), std::string::npos);
  ASSERT_TRUE(put(*backend, "f/g", "x"));
  EXPECT_FALSE(put(*backend, "f", "y"));
}

TEST(LocalBackend, ListingLeavesOutWhatIsNoKey) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  auto writer = backend->create(kBlocking).value();
  std::ofstream(folder / "not a key") << "x";
  std::filesystem::create_directory(folder / "no key");
  std::ofstream(folder / "no key/x") << "x";
  ASSERT_TRUE(put(*backend, "key", "x"));
  const Listing all = backend->list(kBlocking, "", "", 10).value();
  ASSERT_EQ(all.items.size(), 1u);
  EXPECT_EQ(all.items[0].key.text(), "key");
}

// The limit on file size stands in for a full disk: both end a write in the middle.
TEST(LocalBackend, AWriteThatFailsSaysWhereAndLeavesNothing) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto failed = put(*backend, "x", std::string(2000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::TooLarge);
  EXPECT_NE(failed.error().message().find(folder / "tmp"), std::string::npos);
  EXPECT_EQ(count_files(folder / "tmp"), 0u);
  EXPECT_FALSE(backend->stat(kBlocking, key_of("x")));
}

// A large file is written behind: what fails there comes out of a later write, or of the commit.
TEST(LocalBackend, AWriteBehindThatFailsSaysSoAndLeavesNothing) {
  ::testing::TempFolder folder;
  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small{.rlim_cur = 5 << 19, .rlim_max = before.rlim_max};  // 2.5 MiB
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::vector<Status> ends;
  for (const bool has_reader : {true, false}) {
    auto writer = backend->create(kBlocking).value();
    if (!has_reader) writer->expect_no_reader();
    Status done = Done{};
    for (int i = 0; done && i < 100; ++i)
      done = writer->write(kBlocking, std::string(1 << 18, 'x'));
    ends.push_back(done);
    auto whole = backend->create(kBlocking).value();
    if (!has_reader) whole->expect_no_reader();
    ASSERT_TRUE(whole->write(kBlocking, std::string(3 << 20, 'x')));  // fits what may be held
    ends.push_back(whole->commit(kBlocking, key_of("x")));
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  for (const auto& end : ends) {
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code(), Code::TooLarge);
    EXPECT_NE(end.error().message().find(folder / "tmp"), std::string::npos);
  }
  EXPECT_FALSE(backend->stat(kBlocking, key_of("x")));
  backend = nullptr;  // waits for what is still being written
  EXPECT_EQ(count_files(folder / "tmp"), 0u);
}

// What the child writes under a number, so that the parent can tell whole from half.
std::string object_bytes(unsigned number) {
  std::mt19937 random(number);
  std::string bytes(1 + random() % 300'000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Writes objects without end, and reports each on the pipe when it was committed.
[[noreturn]] void write_forever(const std::string& folder, int pipe, unsigned first) {
  auto backend = LocalBackend::open(kBlocking, folder);
  if (!backend) ::_exit(1);
  for (unsigned number = first;; ++number) {
    const std::string bytes = object_bytes(number);
    auto writer = (*backend)->create(kBlocking);
    if (!writer) ::_exit(2);
    for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
      if (!(*writer)->write(kBlocking, std::string_view(bytes).substr(at, 50'000))) ::_exit(3);
    }
    const Key key = key_of(cat("lfs/", number % 7, "/", number));
    if (!(*writer)->commit(kBlocking, key)) ::_exit(4);
    if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(5);
  }
}

TEST(LocalBackend, AKilledWriterLeavesNothingHalfWritten) {
  ::testing::TempFolder folder;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(cat("seed ", seed));
  std::mt19937 random(seed);
  std::set<unsigned> committed;

  for (unsigned round = 0; round < 15; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_forever(folder.path(), ends[1], round * 1'000'000);
    ::close(ends[1]);

    unsigned number;
    for (unsigned wait = 1 + random() % 4; wait > 0; --wait) {
      ASSERT_EQ(::read(ends[0], &number, sizeof number), ssize_t{sizeof number});
      committed.insert(number);
    }
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 8000);
    while (std::chrono::steady_clock::now() < until) {
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed with " << WEXITSTATUS(status);
    while (::read(ends[0], &number, sizeof number) == sizeof number) committed.insert(number);
    ::close(ends[0]);
  }

  auto backend = LocalBackend::open(kBlocking, folder.path()).value();
  EXPECT_EQ(count_files(folder / "tmp"), 0u);
  std::set<unsigned> visible;
  for (const auto& item : backend->list(kBlocking, "lfs/", "", 1'000'000)->items) {
    const std::string& text = item.key.text();
    const auto number = static_cast<unsigned>(*parse_uint(text.substr(text.rfind('/') + 1)));
    visible.insert(number);
    EXPECT_TRUE(read_file(backend->path_of(item.key), 1 << 20).value() == object_bytes(number))
        << text;
  }
  for (const unsigned number : committed) EXPECT_TRUE(visible.contains(number)) << number;
}

}  // namespace
}  // namespace embrace::blob
