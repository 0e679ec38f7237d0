#include "rt/spool.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "testing/run.h"
#include "testing/temp_folder.h"

namespace embrace::rt {
namespace {

// Numbered lines, as fast as they are asked for.
class Lines : public ByteSource {
 public:
  Lines(unsigned lines, bool& is_alive, bool fails = false)
      : lines_(lines), fails_(fails), is_alive_(is_alive) {
    is_alive_ = true;
  }
  ~Lines() override { is_alive_ = false; }
  Task<Result<std::size_t>> read(std::span<char> into) override {
    if (next_ == lines_ && fails_) co_return fail(Code::Internal, "it broke");
    if (next_ == lines_) co_return std::size_t{0};
    const std::string line = line_at(next_++);
    std::copy(line.begin(), line.end(), into.begin());
    co_return line.size();
  }
  static std::string line_at(unsigned number) {
    std::string text = cat(number);
    return text + std::string(999 - text.size(), '.') + "\n";
  }

 private:
  unsigned next_ = 0;
  const unsigned lines_;
  const bool fails_;
  bool& is_alive_;
};

class SpoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spools> make(Spools::Limits limits) {
    return std::make_unique<Spools>(pool_, folder_.path(), limits);
  }
  static std::string expected(unsigned lines) {
    std::string out;
    for (unsigned i = 0; i < lines; ++i) out += Lines::line_at(i);
    return out;
  }

  ::testing::TempFolder folder_;
  Pool pool_{"spool", 2};
};

Task<void> breathe(Pool& pool, unsigned times) {
  for (unsigned i = 0; i < times; ++i) co_await pool.run([](Blocking) { return 0; });
}

// Reads a little, waits until the source has ended or `patience` is over, then reads the rest.
Task<std::string> read_late(Spools& spools, Pool& pool, std::unique_ptr<ByteSource> lines,
                            bool& is_alive, bool& ended_early) {
  auto source = co_await spools.open(std::move(lines));
  char first[10];
  auto count = co_await source->read(first);
  std::string out(first, *count);
  for (int i = 0; is_alive && i < 1000; ++i) co_await breathe(pool, 1);
  ended_early = !is_alive;
  auto rest = co_await read_all(*source, 1 << 30);
  co_return out + *rest;
}

TEST_F(SpoolTest, TheSourceEndsBeforeASlowReaderDoes) {
  auto spools =
      make({.memory_bytes = 10'000, .file_bytes_max = 1 << 20, .files_bytes_max = 1 << 20});
  bool is_alive = false, ended_early = false;
  auto lines = std::make_unique<Lines>(300, is_alive);
  EXPECT_EQ(::testing::run(read_late(*spools, pool_, std::move(lines), is_alive, ended_early)),
            expected(300));
  EXPECT_TRUE(ended_early);
  EXPECT_EQ(spools->file_bytes(), 0u);
}

TEST_F(SpoolTest, ReadingAheadStopsAtTheLimitAndLosesNothing) {
  for (const std::uint64_t all : {std::uint64_t{50'000}, std::uint64_t{1} << 30}) {
    auto spools = make({.memory_bytes = 10'000, .file_bytes_max = 70'000, .files_bytes_max = all});
    bool is_alive = false, ended_early = false;
    auto lines = std::make_unique<Lines>(500, is_alive);
    EXPECT_EQ(::testing::run(read_late(*spools, pool_, std::move(lines), is_alive, ended_early)),
              expected(500));
    EXPECT_FALSE(ended_early);
    EXPECT_EQ(spools->file_bytes(), 0u);
  }
}

TEST_F(SpoolTest, WithoutADiskTheReaderSetsThePace) {
  Spools spools(pool_, folder_ / "missing", {.memory_bytes = 5000});
  bool is_alive = false, ended_early = false;
  auto lines = std::make_unique<Lines>(50, is_alive);
  EXPECT_EQ(::testing::run(read_late(spools, pool_, std::move(lines), is_alive, ended_early)),
            expected(50));
  EXPECT_FALSE(ended_early);
}

Task<Result<std::string>> read_everything(Spools& spools, std::unique_ptr<ByteSource> lines) {
  auto source = co_await spools.open(std::move(lines));
  co_return co_await read_all(*source, 1 << 30);
}

TEST_F(SpoolTest, AFailureArrivesBehindTheBytes) {
  auto spools = make({});
  bool is_alive = false;
  const auto read =
      ::testing::run(read_everything(*spools, std::make_unique<Lines>(3, is_alive, true)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "it broke");
  EXPECT_FALSE(is_alive);
}

Task<int> open_and_leave(Spools& spools, std::unique_ptr<ByteSource> lines) {
  auto source = co_await spools.open(std::move(lines));
  co_return 0;
}

TEST_F(SpoolTest, AReaderThatLeavesEndsTheSource) {
  auto spools = make({.memory_bytes = 2000, .file_bytes_max = 2000});
  bool is_alive = false;
  ::testing::run(open_and_leave(*spools, std::make_unique<Lines>(1'000'000, is_alive)));
  EXPECT_FALSE(is_alive);
  EXPECT_EQ(spools->file_bytes(), 0u);
}

Task<Result<std::string>> read_after(Spools& spools, Pool& pool, std::unique_ptr<ByteSource> lines,
                                     const bool& is_alive, bool is_awaited) {
  auto source = co_await spools.open(std::move(lines), [is_awaited] { return is_awaited; });
  const auto late = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (is_alive && std::chrono::steady_clock::now() < late) co_await breathe(pool, 1);
  co_return co_await read_all(*source, 1 << 30);
}

TEST_F(SpoolTest, AReaderThatStandsStillIsGivenUpWhenOthersWait) {
  auto spools = make({.memory_bytes = 2000,
                      .file_bytes_max = 0,
                      .patience = std::chrono::milliseconds(20),
                      .slow_bytes_per_second = 1000});
  bool is_alive = false;
  for (const bool is_awaited : {true, false}) {
    const auto read = ::testing::run(
        read_after(*spools, pool_, std::make_unique<Lines>(100, is_alive), is_alive, is_awaited));
    EXPECT_EQ(read.has_value(), !is_awaited);
    EXPECT_FALSE(is_alive);
  }
}

}  // namespace
}  // namespace embrace::rt
