#include "rt/content.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "testing/run.h"
#include "testing/temp_folder.h"

namespace embrace::rt {
namespace {

// Gives `text` in small pieces, then fails if it is told to.
class SmallSteps : public ByteSource {
 public:
  explicit SmallSteps(std::string text, bool then_fail = false)
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
  SmallSteps source(std::move(text), then_fail);
  co_return co_await read_all(source, bytes_max);
}

TEST(Content, KnowsItsLength) {
  EXPECT_EQ(Content().length(), 0u);
  EXPECT_EQ(Content(std::string("hello")).length(), 5u);
  EXPECT_EQ(Content(std::vector<FileSlice>{{nullptr, 3, 10}, {nullptr, 0, 5}}).length(), 15u);
  EXPECT_EQ(Content(std::make_unique<SmallSteps>("x"), std::nullopt).length(), std::nullopt);
  EXPECT_EQ(Content(std::make_unique<SmallSteps>("x"), 1).length(), 1u);
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

// Two calls' worth of pieces, one of them from a file.
class TwoCalls : public PieceSource {
 public:
  explicit TwoCalls(std::shared_ptr<const File> file) : file_(std::move(file)) {}
  Task<Result<std::vector<Piece>>> next() override {
    std::vector<Piece> pieces;
    if (call_ == 0) pieces = {std::string("one "), FileSlice{file_, 2, 5}};
    if (call_ == 1) pieces = {std::string(" three")};
    ++call_;
    co_return pieces;
  }

 private:
  std::shared_ptr<const File> file_;
  int call_ = 0;
};

TEST(Content, PiecesCanBeReadAsBytes) {
  testing::TempFolder folder;
  ASSERT_TRUE(write_file_durably(folder / "file", "xxtwo..xx"));
  auto file = std::make_shared<const File>(*File::open_for_read(folder / "file"));
  for (const std::size_t step : {1u, 3u, 100u}) {
    TwoCalls source(file);
    std::string out, buffer(step, '\0');
    for (;;) {
      const auto got = testing::run(source.read(buffer));
      ASSERT_TRUE(got);
      if (*got == 0) break;
      out.append(buffer, 0, *got);
    }
    EXPECT_EQ(out, "one two.. three");
  }
  TwoCalls beyond(std::make_shared<const File>(*File::open_for_read("/dev/null")));
  EXPECT_EQ(testing::run(read_all(beyond, 100)).error().code(), Code::Corrupt);
}

std::string joined(Content content, std::size_t& slices) {
  std::string out;
  const auto source = in_pieces(std::move(content));
  for (;;) {
    const auto pieces = testing::run(source->next());
    if (!pieces || pieces->empty()) return out;
    for (const auto& piece : *pieces) {
      EXPECT_GT(size_of(piece), 0u);
      if (const auto* text = std::get_if<std::string>(&piece)) {
        out += *text;
        continue;
      }
      const auto& slice = std::get<FileSlice>(piece);
      std::string bytes(slice.length, '\0');
      EXPECT_EQ(slice.file->read_at(bytes, slice.offset), bytes.size());
      out += bytes;
      ++slices;
    }
  }
}

TEST(Content, AnythingCanBeHadInPieces) {
  testing::TempFolder folder;
  ASSERT_TRUE(write_file_durably(folder / "file", "xxtwo..xx"));
  auto file = std::make_shared<const File>(*File::open_for_read(folder / "file"));
  std::size_t slices = 0;
  EXPECT_EQ(joined(Content(), slices), "");
  EXPECT_EQ(joined(Content(nullptr, 0), slices), "");
  EXPECT_EQ(joined(Content(std::string("text")), slices), "text");
  const std::string much(300'000, 'x');
  EXPECT_EQ(joined(Content(std::make_unique<SmallSteps>(much), std::nullopt), slices), much);
  EXPECT_EQ(slices, 0u);
  EXPECT_EQ(joined(Content(std::make_unique<TwoCalls>(file), std::nullopt), slices),
            "one two.. three");
  EXPECT_EQ(slices, 1u);
  EXPECT_EQ(
      joined(Content(std::vector<FileSlice>{{file, 2, 3}, {file, 0, 0}, {file, 5, 2}}), slices),
      "two..");
  EXPECT_EQ(slices, 3u);
}

}  // namespace
}  // namespace embrace::rt
