#include "http/range.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "testing/run.h"

namespace embrace::http {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(Range, SingleRangesAreClampedToTheEntity) {
  EXPECT_EQ(**parse_range("bytes=0-0", 10), (Ranges{{0, 1}}));
  EXPECT_EQ(**parse_range("bytes=2-5", 10), (Ranges{{2, 4}}));
  EXPECT_EQ(**parse_range("Bytes=5-", 10), (Ranges{{5, 5}}));
  EXPECT_EQ(**parse_range("bytes=5-100000", 10), (Ranges{{5, 5}}));
  EXPECT_EQ(**parse_range("bytes=-3", 10), (Ranges{{7, 3}}));
  EXPECT_EQ(**parse_range("bytes=-30", 10), (Ranges{{0, 10}}));
  EXPECT_EQ(**parse_range("bytes=1-99999999999999999999999999", 10), (Ranges{{1, 9}}));
}

TEST(Range, SeveralRangesKeepTheirOrderAndLoseTheImpossibleOnes) {
  EXPECT_EQ(**parse_range("bytes=5-6, 0-1,,100-200,-1", 10), (Ranges{{5, 2}, {0, 2}, {9, 1}}));
}

TEST(Range, AMalformedHeaderMeansTheWholeEntity) {
  for (const auto* text : {"bytes=", "bytes=a-b", "items=0-1", "bytes=5-2", "bytes=-", "bytes=1",
                           "bytes 0-1", "bytes=0-1-2", "bytes=,,", "bytes=0 - 1", ""}) {
    const auto ranges = parse_range(text, 10);
    ASSERT_TRUE(ranges) << text;
    EXPECT_FALSE(*ranges) << text;
  }
  EXPECT_FALSE(*parse_range(std::nullopt, 10));
}

TEST(Range, NoBytesToGiveIsAnErrorWithTheSize) {
  for (const auto* text : {"bytes=10-", "bytes=99999999999999999999-", "bytes=-0"}) {
    const auto ranges = parse_range(text, 10);
    ASSERT_FALSE(ranges) << text;
    EXPECT_EQ(ranges.error().code(), Code::RangeInvalid);
    EXPECT_EQ(ranges.error().fact("size"), "10");
  }
  std::string many = "bytes=0-0";
  for (std::size_t i = 0; i < kRangesMax; ++i) many += ",0-0";
  EXPECT_FALSE(parse_range(many, 10));
}

// --- respond_with_entity -------------------------------------------------------------------------

constexpr std::string_view kText = "0123456789abcdef";

Task<Result<rt::Content>> open_text(ByteRange range) {
  co_return rt::Content(std::string(kText.substr(range.first, range.length)));
}
Task<Result<rt::Content>> open_nothing(ByteRange) { co_return rt::Content(std::string()); }
Task<Result<rt::Content>> must_not_open(ByteRange) {
  ADD_FAILURE() << "the content was opened";
  co_return rt::Content(std::string());
}

Request get(std::initializer_list<std::pair<std::string_view, std::string_view>> fields,
            Method method = Method::Get) {
  Request request;
  request.method = method;
  for (const auto& [name, value] : fields) request.fields.add(name, value);
  return request;
}

Response respond(const Request& request, OpenRange open = open_text,
                 std::uint64_t size = kText.size()) {
  return *testing::run(respond_with_entity(request, {size, "\"abc\"", "text/plain"}, open));
}

std::string body_of(Response& response) {
  if (auto* text = std::get_if<std::string>(&response.body.bytes)) return *text;
  auto& source = std::get<std::unique_ptr<rt::ByteSource>>(response.body.bytes);
  return *testing::run(rt::read_all(*source, 1 << 20));
}

TEST(Entity, WithoutConditionsAllBytesAreSent) {
  auto response = respond(get({}));
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(response.fields.find("ETag"), "\"abc\"");
  EXPECT_EQ(response.fields.find("Accept-Ranges"), "bytes");
  EXPECT_EQ(body_of(response), kText);
}

TEST(Entity, ASingleRangeIs206) {
  auto response = respond(get({{"Range", "bytes=2-4"}}));
  EXPECT_EQ(response.status, 206u);
  EXPECT_EQ(response.fields.find("Content-Range"), "bytes 2-4/16");
  EXPECT_EQ(body_of(response), "234");
}

TEST(Entity, SeveralRangesBecomePartsOfAKnownTotalLength) {
  auto response = respond(get({{"Range", "bytes=0-1,-2"}}));
  EXPECT_EQ(response.status, 206u);
  const auto type = std::string(*response.fields.find("Content-Type"));
  ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary="));
  const auto boundary = type.substr(type.find('=') + 1);
  const auto length = response.body.length();
  const auto body = body_of(response);
  EXPECT_EQ(
      body,
      cat("\r\n--", boundary,
          "\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/16\r\n\r\n01\r\n--", boundary,
          "\r\nContent-Type: text/plain\r\nContent-Range: bytes 14-15/16\r\n\r\nef\r\n--", boundary,
          "--\r\n"));
  EXPECT_EQ(length, body.size());
}

// What lies in files is not read here: the connection sends it from there.
TEST(Entity, SeveralRangesOfAFileStayPartsOfTheFile) {
  const auto in_file = [](ByteRange range) -> Task<Result<rt::Content>> {
    co_return rt::Content(std::vector<FileSlice>{{nullptr, range.first, range.length}});
  };
  auto response = respond(get({{"Range", "bytes=0-1,4-6"}}), in_file);
  auto& source = std::get<std::unique_ptr<rt::ByteSource>>(response.body.bytes);
  rt::PieceSource* const pieces = source->as_pieces();
  ASSERT_NE(pieces, nullptr);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> slices;
  std::uint64_t total = 0;
  for (;;) {
    const auto some = *testing::run(pieces->next());
    if (some.empty()) break;
    for (const auto& piece : some) {
      total += rt::size_of(piece);
      if (const auto* slice = std::get_if<FileSlice>(&piece))
        slices.emplace_back(slice->offset, slice->length);
    }
  }
  EXPECT_EQ(slices, (decltype(slices){{0, 2}, {4, 3}}));
  EXPECT_EQ(response.body.length(), total);
}

TEST(Entity, APartThatIsNotAsLongAsItsRangeIsCorrupt) {
  for (const std::size_t length : {1u, 3u}) {
    const auto wrong = [&](ByteRange) -> Task<Result<rt::Content>> {
      co_return rt::Content(std::string(length, 'x'));
    };
    auto response = respond(get({{"Range", "bytes=0-1,4-5"}}), wrong);
    auto& source = std::get<std::unique_ptr<rt::ByteSource>>(response.body.bytes);
    EXPECT_EQ(testing::run(rt::read_all(*source, 1 << 20)).error().code(), Code::Corrupt);
  }
}

TEST(Entity, RangesThatMultiplyTheEntityAreIgnored) {
  EXPECT_EQ(respond(get({{"Range", "bytes=0-,0-,0-"}})).status, 200u);
}

TEST(Entity, ARangeOutsideIs416WithTheSize) {
  auto response = respond(get({{"Range", "bytes=16-"}}), must_not_open);
  EXPECT_EQ(response.status, 416u);
  EXPECT_EQ(response.fields.find("Content-Range"), "bytes */16");
}

TEST(Entity, AnEmptyEntityAskedForARangeIs200AndTellsItsSize) {
  auto response = respond(get({{"Range", "bytes=0-0"}}), open_nothing, 0);
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(response.fields.find("Content-Range"), "bytes */0");
  EXPECT_EQ(response.body.length(), 0u);
  EXPECT_FALSE(respond(get({}), open_nothing, 0).fields.find("Content-Range"));
}

TEST(Entity, HeadIsMeasuredAndNeverOpened) {
  auto response = respond(get({{"Range", "bytes=0-0"}}, Method::Head), must_not_open);
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(response.body.length(), kText.size());
}

TEST(Entity, AKnownTagIs304) {
  for (const auto* tags :
       {"\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"a,b\",\"abc\"", "abc"}) {
    const auto response = respond(get({{"If-None-Match", tags}}), must_not_open);
    EXPECT_EQ(response.status, 304u) << tags;
    EXPECT_EQ(response.fields.find("ETag"), "\"abc\"");
  }
  EXPECT_EQ(respond(get({{"If-None-Match", "\"other\", \"x,\\\"abc\""}})).status, 200u);
  EXPECT_EQ(respond(get({{"If-None-Match", "*"}}, Method::Put), must_not_open).status, 412u);
}

TEST(Entity, IfMatchWithAnotherTagIs412) {
  EXPECT_EQ(respond(get({{"If-Match", "\"abc\""}})).status, 200u);
  EXPECT_EQ(respond(get({{"If-Match", "\"other\""}}), must_not_open).status, 412u);
  EXPECT_EQ(respond(get({{"If-Match", "W/\"abc\""}}), must_not_open).status, 412u);
}

TEST(Entity, IfRangeWithAnotherTagGivesTheWhole) {
  const auto status = [](const char* condition) {
    return respond(get({{"Range", "bytes=0-1"}, {"If-Range", condition}})).status;
  };
  EXPECT_EQ(status("\"abc\""), 206u);
  EXPECT_EQ(status("\"other\""), 200u);
  EXPECT_EQ(status("W/\"abc\""), 200u);
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:37 GMT"), 200u);
}

}  // namespace
}  // namespace embrace::http
