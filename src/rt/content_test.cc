#include "rt/content.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/run.h"

namespace embrace::rt {
namespace {

// Gives `text` in small pieces, then fails if it is told to.
class PieceSource : public ByteSource {
 public:
  explicit PieceSource(std::string text, bool then_fail = false)
      : text_(std::move(text)), then_fail_(then_fail) {}

  Task<Result<std::size_t>> read(std::span<char> into) override {
    EXPECT_FALSE(into.empty());
    if (at_ == text_.size() && then_fail_) co_return fail(Code::Unavailable, "cut off");
    const std::size_t count = std::min({into.size(), text_.size() - at_, std::size_t(1000)});
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    co_return count;
  }

 private:
  std::string text_;
  bool then_fail_;
  std::size_t at_ = 0;
};

Task<Result<std::string>> read_text(std::string text, std::uint64_t bytes_max,
                                    bool then_fail = false) {
  PieceSource source(std::move(text), then_fail);
  co_return co_await read_all(source, bytes_max);
}

TEST(Content, KnowsItsLength) {
  EXPECT_EQ(Content().length(), 0u);
  EXPECT_EQ(Content(std::string("hello")).length(), 5u);
  EXPECT_EQ(Content(std::vector<FileSlice>{{nullptr, 3, 10}, {nullptr, 0, 5}}).length(), 15u);
  EXPECT_EQ(Content(std::make_unique<PieceSource>("x"), std::nullopt).length(), std::nullopt);
  EXPECT_EQ(Content(std::make_unique<PieceSource>("x"), 1).length(), 1u);
}

TEST(Content, ReadAllReadsToTheEnd) {
  for (const std::size_t size : {0u, 1u, 16'383u, 16'384u, 16'385u, 100'000u}) {
    const std::string text(size, 'x');
    EXPECT_EQ(*testing::run(read_text(text, UINT64_MAX)), text);
    EXPECT_EQ(*testing::run(read_text(text, size)), text);
    if (size == 0) continue;
    EXPECT_EQ(testing::run(read_text(text, size - 1)).error().code(), Code::TooLarge);
  }
}

TEST(Content, ReadAllPassesFailuresOn) {
  EXPECT_EQ(testing::run(read_text("abc", 99, true)).error().message(), "cut off");
}

}  // namespace
}  // namespace embrace::rt
