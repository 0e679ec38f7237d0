// GGUF files that break the format are refused, and nothing outside of a file is read.

#include "transformers/tensor/gguf.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/file.h"
#include "base/strings.h"
#include "testing/temp_folder.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {
namespace {

// Writes the format's pieces one after another.
class Builder {
 public:
  template <class T>
  Builder& number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Builder& u32(std::uint32_t value) { return number(value); }
  Builder& u64(std::uint64_t value) { return number(value); }
  Builder& text(std::string_view value) {
    u64(value.size());
    text_ += value;
    return *this;
  }
  Builder& raw(std::string_view value) {
    text_ += value;
    return *this;
  }
  Builder& pad(std::size_t to) {
    text_.append((to - text_.size() % to) % to, '\0');
    return *this;
  }
  Builder& head(std::uint64_t tensors, std::uint64_t facts, std::uint32_t version = 3) {
    return raw("GGUF").u32(version).u64(tensors).u64(facts);
  }
  Builder& tensor(std::string_view name, std::vector<std::uint64_t> sides, std::uint32_t type,
                  std::uint64_t offset) {
    text(name).u32(static_cast<std::uint32_t>(sides.size()));
    for (const auto side : sides) u64(side);
    return u32(type).u64(offset);
  }
  operator std::string() const { return text_; }

 private:
  std::string text_;
};

Result<Gguf> parse(const std::string& file) {
  static std::vector<std::byte> kept;
  kept.assign(reinterpret_cast<const std::byte*>(file.data()),
              reinterpret_cast<const std::byte*>(file.data()) + file.size());
  kept.shrink_to_fit();
  return Gguf::parse(kept);
}

std::string error_of(const std::string& file) {
  const auto read = parse(file);
  return read ? "none" : read.error().message();
}

TEST(Gguf, OfficialFactsAreRead) {
  const auto text = read_file(std::string(EMB_TESTDATA) + "/tensors/every_type.gguf", 1 << 20);
  ASSERT_TRUE(text);
  const auto gguf = parse(*text);
  ASSERT_TRUE(gguf) << gguf.error().message();
  EXPECT_EQ(gguf->text("general.architecture"), "llama");
  EXPECT_EQ(gguf->integer("llama.block_count"), 7);
  EXPECT_EQ(gguf->integer("a.byte"), -5);
  EXPECT_EQ(gguf->integer("a.large"), std::int64_t{1} << 40);
  EXPECT_EQ(gguf->number("a.double"), 0.1);
  EXPECT_EQ(gguf->number("a.byte"), -5);
  EXPECT_EQ(gguf->flag("a.flag"), true);
  EXPECT_EQ(gguf->text("a.text"), "grüße");
  EXPECT_EQ(gguf->array("a.words")->texts(), (std::vector<std::string_view>{"", "one", "zwei"}));
  EXPECT_EQ(gguf->array("a.words")->numbers(), std::nullopt);
  EXPECT_EQ(gguf->array("a.numbers")->numbers(), (std::vector<double>{1, -2, 3}));
  EXPECT_EQ(gguf->array("a.reals")->numbers(), (std::vector<double>{0.5, -1.5}));
  EXPECT_EQ(gguf->array("a.reals")->texts(), std::nullopt);
  EXPECT_EQ(gguf->integer("a.text"), std::nullopt);
  EXPECT_EQ(gguf->text("a.flag"), std::nullopt);
  EXPECT_EQ(gguf->array("absent"), nullptr);
  EXPECT_EQ(gguf->tensors().size(), 14u);
  EXPECT_EQ(gguf->tensors()[0].second.shape, (std::vector<std::int64_t>{3, 512}));
}

TEST(Gguf, OnePartOfManyIsNotAModel) {
  const testing::TempFolder folder;
  const std::string part = Builder().head(0, 1).text("split.count").u32(2).raw({"\3\0", 2});
  std::ofstream(folder / "part.gguf", std::ios::binary) << part;
  const auto weights = Weights::open(rt::Blocking::on_main_thread(), folder.path());
  ASSERT_FALSE(weights);
  EXPECT_EQ(weights.error().code(), Code::NotBuilt) << weights.error().message();
}

TEST(Gguf, EveryCutOfAFileIsRefused) {
  const auto whole = read_file(std::string(EMB_TESTDATA) + "/tensors/every_type.gguf", 1 << 20);
  ASSERT_TRUE(whole);
  // What follows the last tensor is padding, up to 31 bytes, which nobody misses.
  for (std::size_t size = 0; size + 31 < whole->size(); size += size < 3000 ? 1 : 997)
    EXPECT_FALSE(parse(whole->substr(0, size))) << size;
}

TEST(Gguf, BrokenFilesAreRefusedWithTheReason) {
  const auto one = [](std::vector<std::uint64_t> sides, std::uint32_t type, std::uint64_t offset,
                      std::size_t data) {
    return std::string(
        Builder().head(1, 0).tensor("t", sides, type, offset).pad(32).raw(std::string(data, 'x')));
  };
  EXPECT_EQ(error_of(one({32, 2}, 8, 0, 68)), "none");
  EXPECT_EQ(error_of(one({}, 0, 0, 4)), "none") << "a scalar";
  EXPECT_EQ(error_of(Builder().head(0, 0, 2)), "none") << "version 2";
  const auto two = [](std::uint64_t second) {
    return std::string(Builder()
                           .head(2, 0)
                           .tensor("a", {16}, 0, 0)
                           .tensor("b", {8}, 0, second)
                           .pad(32)
                           .raw(std::string(96, 'x')));
  };
  EXPECT_EQ(error_of(two(64)), "none");
  const auto fact = [](std::uint32_t type) { return Builder().head(0, 1).text("key").u32(type); };
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "middle of its head"},
      {"GGUX", "begin"},
      {Builder().head(0, 0, 1), "version 1"},
      {Builder().head(0, 0, 0x03000000), "big-endian"},
      {Builder().head(0, 0, 9), "version is 9"},
      {Builder().head(std::uint64_t{1} << 40, 0), "too many"},
      {Builder().head(0, UINT64_MAX), "too many"},
      {Builder().head(0, 1).u64(UINT64_MAX), "middle"},
      {Builder().head(0, 1).text(""), "name"},
      {Builder().head(0, 1).text("\xff"), "name"},
      {Builder().head(0, 1).text(std::string(2000, 'k')), "name"},
      {fact(13), "type 13"},
      {fact(4).raw("123"), "middle"},
      {fact(8).u64(UINT64_MAX), "middle"},
      {fact(9).u32(9).u64(1), "lists of lists"},
      {fact(9).u32(13).u64(1), "type 13"},
      {fact(9).u32(10).u64(UINT64_MAX / 4), "longer than the file"},
      {fact(9).u32(8).u64(UINT64_MAX), "middle"},
      {Builder().head(0, 2).text("k").u32(7).raw("1").text("k").u32(7).raw("1"), "twice"},
      {Builder().head(0, 1).text("general.alignment").u32(4).u32(0), "alignment"},
      {Builder().head(0, 1).text("general.alignment").u32(4).u32(24), "alignment"},
      {Builder().head(0, 1).text("general.alignment").u32(8).text("x"), "alignment"},
      {one({1, 1, 1, 1, 1}, 0, 0, 4), "5 dimensions"},
      {one({UINT64_MAX}, 0, 0, 4), "a side"},
      {one({std::uint64_t{1} << 40, std::uint64_t{1} << 40}, 0, 0, 4), "shape"},
      {one({31}, 8, 0, 64), "shape"},
      {one({32}, 6, 0, 64), "Q5_0"},
      {one({32}, 4, 0, 64), "number 4"},
      {one({8}, 0, 16, 64), "boundary"},
      {one({8}, 0, 64, 64), "whole"},
      {one({8}, 0, UINT64_MAX - 31, 64), "whole"},
      {one({8}, 0, 0, 31), "whole"},
      {two(32), "overlap"},
      {two(0), "overlap"},
      {Builder().head(2, 0).tensor("a", {0}, 0, 0).tensor("a", {0}, 0, 0).pad(32), "twice"},
  };
  for (const auto& [file, reason] : cases)
    EXPECT_NE(error_of(file).find(reason), std::string::npos)
        << error_of(file) << ", not " << reason;
}

}  // namespace
}  // namespace embrace::transformers
