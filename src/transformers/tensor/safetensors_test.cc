// Files that break the format are refused, and nothing outside of a file is read.

#include "transformers/tensor/safetensors.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include "base/file.h"
#include "base/strings.h"
#include "testing/temp_folder.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {
namespace {

std::string file_of(std::string_view head, std::string_view data) {
  std::string file;
  for (std::size_t i = 0; i < 8; ++i) file += static_cast<char>(head.size() >> (8 * i) & 0xff);
  return file.append(head).append(data);
}

Result<Safetensors> parse(const std::string& file) {
  // A copy of exactly that size on the heap: a read behind it is seen by the sanitizer.
  static std::vector<std::byte> kept;
  kept.assign(reinterpret_cast<const std::byte*>(file.data()),
              reinterpret_cast<const std::byte*>(file.data()) + file.size());
  kept.shrink_to_fit();
  return parse_safetensors(kept);
}

std::string error_of(const std::string& file) {
  const auto read = parse(file);
  return read ? "none" : read.error().message();
}

constexpr std::string_view kOne = R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";

TEST(Safetensors, AFileIsRead) {
  const auto read = parse(file_of(kOne, "12345678"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->tensors.size(), 1u);
  EXPECT_EQ(read->tensors[0].first, "a");
  EXPECT_EQ(read->tensors[0].second.shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(std::memcmp(read->tensors[0].second.bytes.data(), "12345678", 8), 0);
}

TEST(Safetensors, OfficialMetadataIsRead) {
  const auto text =
      read_file(std::string(EMB_TESTDATA) + "/tensors/every_type.safetensors", 1 << 20);
  ASSERT_TRUE(text);
  const auto read = parse(*text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->metadata.at("note"), "grüße");
}

TEST(Safetensors, BrokenFilesAreRefusedWithTheReason) {
  const auto head = [](std::string_view text) { return file_of(text, "12345678"); };
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "shorter"},
      {"1234567", "shorter"},
      {std::string(8, '\xff'), "more than"},
      {std::string("\x10\0\0\0\0\0\0\0{}", 10), "cut short"},
      {std::string(8, '\0'), "brace"},
      {file_of(" {}", ""), "brace"},
      {file_of("{", ""), "its head"},
      {file_of("[]", ""), "brace"},
      {file_of("{\"a\":7}", ""), "called for"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2]}})"), "called for"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0]}})"), "called for"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8,8]}})"), "called for"},
      {head(R"({"a":{"dtype":"F33","shape":[1,2],"data_offsets":[0,8]}})"), "F33"},
      {head(R"({"a":{"dtype":"Q8_0","shape":[1,2],"data_offsets":[0,8]}})"), "Q8_0"},
      {head(R"({"a":{"dtype":"F32","shape":[1,3],"data_offsets":[0,8]}})"), "[1, 3]"},
      {head(R"({"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}})"), "whole number"},
      {head(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}})"), "whole number"},
      {head(R"({"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}})"), "whole number"},
      {head(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,8]}})"),
       "shape"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,0]}})"), "outside"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[-8,0]}})"), "outside"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}})"), "outside"},
      {head(R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,18446744073709551615]}})"),
       "outside"},
      {head(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"), "byte 4"},
      {head(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"), "byte 0"},
      {head(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
            R"("b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}})"),
       "share"},
      {head(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
            R"("a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}})"),
       "twice"},
      {head(R"({"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}})"), "twice"},
      {head(R"({"__metadata__":{"x":7},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
       "metadata"},
      {head("{\"a\":" + std::string(1000, '[')), "its head"},
  };
  for (const auto& [file, reason] : cases)
    EXPECT_NE(error_of(file).find(reason), std::string::npos) << error_of(file) << " for " << file;
}

TEST(Safetensors, EveryCutOfAFileIsRefused) {
  const std::string whole = file_of(kOne, "12345678");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse(whole.substr(0, size))) << size;
  EXPECT_FALSE(parse(whole + "9")) << "a byte that no tensor owns";
}

std::vector<OwnedTensor> two_tensors() {
  return {{"weiß\"\n", DType::BF16, {3}, std::vector<std::byte>(6, std::byte{7})},
          {"b", DType::F32, {}, std::vector<std::byte>(4, std::byte{1})}};
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const testing::TempFolder folder;
  const auto blocking = rt::Blocking::on_main_thread();
  const auto tensors = two_tensors();
  ASSERT_TRUE(write_safetensors(blocking, folder / "x", tensors, {{"format", "pt"}}));
  ASSERT_TRUE(write_safetensors(blocking, folder / "x", tensors, {{"format", "pt"}})) << "over it";
  const auto weights = Weights::open(blocking, folder / "x");
  ASSERT_TRUE(weights) << weights.error().message();
  for (const OwnedTensor& tensor : tensors) {
    const auto view = weights->get(tensor.name, tensor.shape);
    ASSERT_TRUE(view) << view.error().message();
    EXPECT_TRUE(std::ranges::equal(view->bytes, tensor.bytes));
  }
}

TEST(Safetensors, WhatTheFormatLacksIsNotWritten) {
  const testing::TempFolder folder;
  const auto refused = [&](std::vector<OwnedTensor> tensors) {
    return !write_safetensors(rt::Blocking::on_main_thread(), folder / "x", tensors);
  };
  auto tensors = two_tensors();
  tensors[1].name = tensors[0].name;
  EXPECT_TRUE(refused(tensors));
  tensors[1].name = "__metadata__";
  EXPECT_TRUE(refused(tensors));
  tensors[1].name = "\xff";
  EXPECT_TRUE(refused(tensors));
  tensors = two_tensors();
  tensors[1].bytes.pop_back();
  EXPECT_TRUE(refused(tensors));
  EXPECT_TRUE(refused({{"q", DType::Q8_0, {32}, std::vector<std::byte>(34)}}));
}

class Shards : public ::testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  void write_model(std::string_view name, std::string_view tensor) const {
    ASSERT_TRUE(
        write_safetensors(blocking_, folder_ / name,
                          std::vector<OwnedTensor>{
                              {std::string(tensor), DType::U8, {1}, std::vector<std::byte>(1)}}));
  }
  std::string error() const {
    const auto weights = Weights::open(blocking_, folder_.path());
    return weights ? "none" : weights.error().message();
  }

  const rt::Blocking blocking_ = rt::Blocking::on_main_thread();
  const testing::TempFolder folder_;
};

constexpr std::string_view kIndex = "model.safetensors.index.json";

TEST_F(Shards, AreOneModel) {
  write_model("m-1.safetensors", "a");
  write_model("m-2.safetensors", "b");
  write(kIndex, R"({"metadata":{"total_size":2},
                    "weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})");
  const auto weights = Weights::open(blocking_, folder_.path());
  ASSERT_TRUE(weights) << weights.error().message();
  EXPECT_EQ(weights->all().size(), 2u);
  EXPECT_TRUE(Weights::open(blocking_, folder_ / kIndex));
}

TEST_F(Shards, MayNotLieOutsideTheFolder) {
  write_model("m.safetensors", "a");
  for (const std::string_view name : {"../m.safetensors", "/etc/passwd", "sub/m.safetensors", "..",
                                      ".", "", ".hidden", "m\\\\x", "m\\u0000.safetensors"}) {
    write(kIndex, cat(R"({"weight_map":{"a":")", name, R"("}})"));
    EXPECT_NE(error().find("beside the index"), std::string::npos) << name << ": " << error();
  }
}

TEST_F(Shards, BrokenIndexesAreRefused) {
  write_model("m.safetensors", "a");
  write_model("n.safetensors", "a");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{", "index.json"},
      {"{}", "weight_map"},
      {R"({"weight_map":[]})", "weight_map"},
      {R"({"weight_map":{"a":7}})", "beside"},
      {R"({"weight_map":{"c":"m.safetensors"}})", "none of its files"},
      {R"({"weight_map":{"a":"gone.safetensors"}})", "gone"},
      {R"({"weight_map":{"a":"m.safetensors","b":"n.safetensors"}})", "another file"}};
  for (const auto& [text, reason] : cases) {
    write(kIndex, text);
    EXPECT_NE(error().find(reason), std::string::npos) << error() << " for " << text;
  }
}

TEST_F(Shards, AFolderWithoutAModelSaysWhatIsMissing) {
  EXPECT_NE(error().find("model.safetensors"), std::string::npos);
  write("pytorch_model.bin", "");
  EXPECT_NE(error().find("pickle"), std::string::npos);
  write("a.gguf", "");
  write("b.gguf", "");
  EXPECT_NE(error().find("2 GGUF files"), std::string::npos);
  EXPECT_FALSE(Weights::open(blocking_, folder_ / "no/such/folder"));
  write("model.safetensors", "");
  EXPECT_NE(error().find("shorter"), std::string::npos) << "an empty file";
}

}  // namespace
}  // namespace embrace::transformers
