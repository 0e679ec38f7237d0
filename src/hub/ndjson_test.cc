#include <gtest/gtest.h>

#include "base/strings.h"
#include "hub/commits.h"

namespace embrace::hub {
namespace {

using Line = NdjsonCommitParser::Line;
constexpr std::string_view kHeader = R"({"key":"header","value":{"summary":"s"}})";

Result<std::vector<Line>> parse(std::string_view text, std::size_t slice = SIZE_MAX,
                                std::uint64_t line_bytes_max = 4096) {
  NdjsonCommitParser parser(line_bytes_max);
  std::vector<Line> lines;
  for (std::size_t at = 0; at < text.size(); at += std::min(slice, text.size() - at)) {
    EMB_TRY(auto some, parser.feed(text.substr(at, slice)));
    for (auto& line : some) lines.push_back(std::move(line));
  }
  EMB_TRY(auto rest, parser.finish());
  for (auto& line : rest) lines.push_back(std::move(line));
  return lines;
}

Error refusal(std::string_view line) {
  auto lines = parse(cat(kHeader, "\n\n", line));
  EXPECT_FALSE(lines) << line;
  return lines ? Error(Code::Internal, "accepted") : lines.error();
}

TEST(Ndjson, EverySliceGivesTheSameLines) {
  const auto body = cat(
      R"({"key":"header","value":{"summary":"add","description":"why","parentCommit":"abcdef"}})",
      "\n", R"({"key":"file","value":{"path":"a.txt","content":"aGVsbG8=","encoding":"base64"}})",
      "\r\n\n", R"({"key":"file","value":{"path":"b.txt","content":"héllo"}})", "\n",
      R"({"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":")", std::string(64, 'a'),
      R"(","size":12}})", "\n",
      R"({"key":"deletedFolder","value":{"path":"old/"}})");  // the last newline may be missing
  for (const std::size_t slice : {std::size_t{1}, std::size_t{7}, std::size_t{64}, body.size()}) {
    const auto lines = parse(body, slice);
    ASSERT_TRUE(lines) << lines.error().message();
    ASSERT_EQ(lines->size(), 5u);
    EXPECT_EQ((*lines)[0].header->summary, "add");
    EXPECT_EQ((*lines)[0].header->description, "why");
    EXPECT_EQ((*lines)[0].header->parent_commit, "abcdef");
    EXPECT_EQ((*lines)[1].operation->bytes, "hello");
    EXPECT_TRUE((*lines)[1].operation->has_bytes);
    EXPECT_EQ((*lines)[2].operation->bytes, "héllo");
    EXPECT_EQ((*lines)[3].operation->size_bytes, 12u);
    EXPECT_EQ((*lines)[3].operation->sha256.hex(), std::string(64, 'a'));
    EXPECT_EQ((*lines)[4].operation->kind, Operation::Kind::DeleteFolder);
  }
}

TEST(Ndjson, FieldsThatClientsLeaveOutMayBeNull) {
  const auto lines = parse(
      cat(R"({"key":"header","value":{"summary":"s","description":null,"parentCommit":null}})",
          "\n", R"({"key":"lfsFile","value":{"path":"w","oid":")", std::string(64, '0'), R"("}})",
          "\n", R"({"key":"file","value":{"path":"new","oldPath":"old"}})"));
  ASSERT_TRUE(lines) << lines.error().message();
  EXPECT_FALSE((*lines)[0].header->parent_commit);
  EXPECT_FALSE((*lines)[1].operation->size_bytes);
  EXPECT_FALSE((*lines)[2].operation->has_bytes);
  EXPECT_EQ((*lines)[2].operation->old_path, "old");
}

TEST(Ndjson, WrongLinesAreRefusedWithTheirNumber) {
  const struct {
    std::string line;
    std::string_view says;
  } cases[] = {
      {R"({"key":"copyFile","value":{}})", "copyFile"},
      {R"({"key":"file","value":{"content":"x"}})", "path"},
      {R"({"key":"file","value":{"path":"x"}})", "content"},
      {R"({"key":"file","value":{"path":"x","content":7}})", "content"},
      {R"({"key":"file","value":{"path":"x","content":"%%","encoding":"base64"}})", "base64"},
      {R"({"key":"file","value":{"path":"x","content":"x","encoding":"rot13"}})", "rot13"},
      {R"({"key":"lfsFile","value":{"path":"x","oid":"abc"}})", "line 3"},
      {R"({"key":"lfsFile","value":{"path":"x"}})", "oid"},
      {cat(R"({"key":"lfsFile","value":{"path":"x","size":-1,"oid":")", std::string(64, '0'),
           R"("}})"),
       "size"},
      {cat(R"({"key":"lfsFile","value":{"path":"x","algo":"md5","oid":")", std::string(64, '0'),
           R"("}})"),
       "algo"},
      {R"({"key":"header","value":{"summary":"again"}})", "second header"},
      {R"({"key":"file","value":[]})", "value"},
      {R"([1])", "key"},
      {R"(not json)", "line 3"},
  };
  for (const auto& c : cases) {
    const auto error = refusal(c.line);
    EXPECT_EQ(error.code(), Code::InvalidArgument) << c.line;
    EXPECT_NE(error.message().find(c.says), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("line 3"), std::string::npos) << error.message();
  }
}

TEST(Ndjson, TheHeaderComesFirst) {
  EXPECT_FALSE(parse(R"({"key":"deletedFile","value":{"path":"x"}})"));
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("\n\n"));
}

TEST(Ndjson, LinesBeyondTheLimitAreTooLargeInAnySlices) {
  const auto long_line = cat(kHeader, "\n", R"({"key":"file","value":{"path":"x","content":")",
                             std::string(200, 'x'), "\"}}\n");
  for (const std::size_t slice : {std::size_t{1}, std::size_t{50}, long_line.size()}) {
    const auto lines = parse(long_line, slice, 100);
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().code(), Code::TooLarge);
    EXPECT_NE(lines.error().message().find("line 2"), std::string::npos);
  }
}

TEST(JsonCommit, ArraysBecomeOperationsWithDeletionsFirst) {
  const auto lines = parse_json_commit(
      R"({"summary":"s","files":[{"path":"a/b","content":"x"}],"deletedFolders":[{"path":"a"}],"deletedEntries":[{"path":"c"}]})");
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 4u);
  EXPECT_EQ((*lines)[0].header->summary, "s");
  EXPECT_EQ((*lines)[1].operation->kind, Operation::Kind::DeleteFolder);
  EXPECT_EQ((*lines)[2].operation->kind, Operation::Kind::DeleteEntry);
  EXPECT_EQ((*lines)[3].operation->path, "a/b");
}

TEST(JsonCommit, WrongBodiesAreRefused) {
  for (const std::string_view body :
       {"", "[]", "{}", R"({"summary":1})", R"({"summary":"s","files":{}})",
        R"({"summary":"s","extra":1})", R"({"summary":"s","files":[{"path":"a"}]})"}) {
    const auto lines = parse_json_commit(body);
    ASSERT_FALSE(lines) << body;
    EXPECT_EQ(lines.error().code(), Code::InvalidArgument) << body;
  }
}

}  // namespace
}  // namespace embrace::hub
