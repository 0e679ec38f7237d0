#include "http/message.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "http/gzip.h"
#include "http/reply.h"

namespace embrace::http {
namespace {

using Strings = std::vector<std::string>;

TEST(Fields, NamesAreComparedWithoutCaseAndKeepTheirOrder) {
  Fields fields;
  fields.add("Accept", "a");
  fields.add("accept", "b");
  fields.add("Host", "h");
  EXPECT_EQ(fields.find("ACCEPT"), "a");
  EXPECT_EQ(fields.find_all("Accept").size(), 2u);
  fields.set("ACCEPT", "c");
  EXPECT_EQ(fields.find_all("Accept").size(), 1u);
  fields.remove("host");
  EXPECT_FALSE(fields.find("Host"));
}

TEST(Query, ValuesAreDecodedAndRepeatedNamesAreKept) {
  const auto query = Query::parse("a=1&a=2&b=x%20y+z&c&=v&d=%zz&&e=%5B%5D");
  EXPECT_EQ(query.repeated("a"), (Strings{"1", "2"}));
  EXPECT_EQ(query.find("b"), "x y z");
  EXPECT_EQ(query.find("c"), "");
  EXPECT_EQ(query.find("d"), "%zz");
  EXPECT_EQ(query.find("e"), "[]");
  EXPECT_FALSE(query.find("f"));
}

TEST(Query, AFlagIsTrueWhenPresentButEmpty) {
  const auto query = Query::parse("a=true&b=True&c=1&d=on&e&f=false&g=0");
  for (const auto* name : {"a", "b", "c", "d", "e"}) EXPECT_TRUE(query.flag(name)) << name;
  for (const auto* name : {"f", "g", "h"}) EXPECT_FALSE(query.flag(name)) << name;
}

TEST(Query, ListsComeRepeatedBracketedOrJoined) {
  const auto query = Query::parse("expand=sha&expand[]=likes&expand%5B%5D=tags&expand=a,b&other=x");
  EXPECT_EQ(query.list("expand"), (Strings{"sha", "likes", "tags", "a", "b"}));
  EXPECT_EQ(query.repeated("expand"), (Strings{"sha", "likes", "tags", "a,b"}));
}

TEST(Reply, AValueCannotStartANewField) {
  Fields fields;
  fields.add("X-Error-Message", "no\r\nSet-Cookie: stolen");
  fields.add("Bad Name", "x");
  fields.add("Content-Length", "7");
  std::string out;
  render_head(out, {.length = 3, .date = "now", .request_id = "id"}, fields);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: now\r\nX-Error-Message: no  Set-Cookie: stolen\r\n"
            "X-Request-Id: id\r\nContent-Length: 3\r\n\r\n");
}

TEST(Reply, DatesAreInTheOneFormThatHttpKnows) {
  EXPECT_EQ(render_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Gzip, IsAcceptedOnlyWhenNamedWithAWeight) {
  EXPECT_TRUE(accepts_gzip("gzip, deflate, br"));
  EXPECT_TRUE(accepts_gzip("deflate;q=0.1, gzip;q=0.5"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip("identity"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0, *"));
  EXPECT_FALSE(accepts_gzip("gzip; q=0.000"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_TRUE(accepts_encoding("gzip, deflate, br", "br"));
  EXPECT_FALSE(accepts_encoding("gzip, br;q=0, *", "br"));
  EXPECT_FALSE(accepts_encoding("x-br, gzip", "br"));
}

TEST(Gzip, IsUnpackedToWhatItWas) {
  Fields fields;
  fields.add("Accept-Encoding", "gzip");
  Response response;
  const std::string text(5000, 'a');
  response.body = text;
  response.may_compress = true;
  compress_if_wanted(fields, response, 1);
  const auto packed = std::get<std::string>(response.body.bytes);
  ASSERT_LT(packed.size(), text.size());
  EXPECT_EQ(gunzip(packed, text.size()), text);
  EXPECT_THROW(gunzip(packed, text.size() - 1), BrokenInvariant);
  EXPECT_THROW(gunzip(packed.substr(1), text.size()), BrokenInvariant);
}

}  // namespace
}  // namespace embrace::http
