#include "http/head.h"

#include <gtest/gtest.h>

namespace embrace::http {
namespace {

unsigned status_of(std::string_view text) {
  const auto head = parse_head(text);
  return head ? 200 : head.error().status;
}

TEST(Head, AnOrdinaryRequestIsTakenApart) {
  const auto head = parse_head(
      "GET //api/models?x=1&y HTTP/1.1\r\nHost: h:80\r\nX-A:  b \r\nExpect: 100-Continue\r\n"
      "Content-Length: 12\r\n\r\n");
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->method, Method::Get);
  EXPECT_EQ(head->path, "/api/models");
  EXPECT_EQ(head->query_text, "x=1&y");
  EXPECT_EQ(head->fields.find("x-a"), "b");
  EXPECT_EQ(head->content_length, 12u);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_TRUE(head->expects_continue);
}

TEST(Head, AbsoluteTargetsNameTheHost) {
  const auto head = parse_head("GET HTTP://other:8080/a?b HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/a");
  EXPECT_EQ(head->query_text, "b");
  EXPECT_EQ(head->fields.find("Host"), "other:8080");
  EXPECT_EQ(parse_head("GET http://other?b HTTP/1.1\r\nHost: h\r\n\r\n")->path, "/");
  EXPECT_EQ(parse_head("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")->path, "*");
}

TEST(Head, Http10KeepsAliveOnlyWhenAsked) {
  EXPECT_FALSE(parse_head("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(parse_head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse_head("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")->keep_alive);
}

TEST(Head, EveryKnownWayToSmuggleIsRefused) {
  const std::string get = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const auto* fields : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 6\r\n",
           "Content-Length: 5, 6\r\n",
           "Content-Length: +5\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length:\r\n",
           "Content-Length: 99999999999999999999999\r\n",
           "Content-Length : 5\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
           "X: a\r\n b\r\n",
           "X: a\r\n\tTransfer-Encoding: chunked\r\n",
           "X: a\nContent-Length: 5\r\n",
           "Host: second\r\n",
           "no colon\r\n",
           ": empty\r\n",
       }) {
    EXPECT_EQ(status_of(get + fields + "\r\n"), 400u) << fields;
  }
  EXPECT_EQ(status_of(get + "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501u);
  EXPECT_EQ(status_of(get + "Transfer-Encoding: xchunked\r\n\r\n"), 501u);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400u);
}

TEST(Head, MalformedLinesAreRefused) {
  for (const auto* text : {
           "GET / HTTP/1.1\r\n\r\n",  // no Host
           "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
           "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
           "G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
           "\r\n\r\n",
           "",
       }) {
    EXPECT_EQ(status_of(text), 400u) << text;
  }
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505u);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 300; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), 431u);
}

TEST(Head, OtherProtocolsAreSeenAtOnce) {
  EXPECT_TRUE(is_hopeless("\x16\x03\x01"));
  EXPECT_TRUE(is_hopeless("GET / HTTP/1.1\nHost"));
  EXPECT_FALSE(is_hopeless("GET / HT"));
  EXPECT_FALSE(is_hopeless(""));
}

TEST(Head, ChunkSizesAreHexAndNothingElse) {
  EXPECT_EQ(parse_chunk_size("0"), 0u);
  EXPECT_EQ(parse_chunk_size("1aF"), 0x1AFu);
  EXPECT_EQ(parse_chunk_size("5 ;name=\"v\""), 5u);
  EXPECT_EQ(parse_chunk_size("ffffffffffffffff"), UINT64_MAX);
  for (const auto* line :
       {"", "-1", "+1", "0x1", " 1", "1 ", "1g", "10000000000000000", ";a", "1;\n"}) {
    EXPECT_FALSE(parse_chunk_size(line)) << line;
  }
}

}  // namespace
}  // namespace embrace::http
