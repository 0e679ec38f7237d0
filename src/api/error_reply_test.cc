#include "api/error_reply.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace embrace::api {
namespace {

const std::string kBase = "https://hub.example/prefix";

Target at(std::string_view path, std::string_view query = "") {
  return parse_target(path, query).value();
}
std::string text(const http::Response& response) {
  return std::get<std::string>(response.body.bytes);
}
std::string field(const http::Response& response, std::string_view name) {
  return std::string(response.fields.find(name).value_or("(none)"));
}

TEST(ErrorReply, EveryCodeHasItsStatus) {
  const std::pair<Code, unsigned> expected[] = {
      {Code::InvalidArgument, 400}, {Code::Unauthenticated, 401}, {Code::Denied, 403},
      {Code::NotFound, 404},        {Code::Moved, 307},           {Code::Conflict, 409},
      {Code::Stale, 412},           {Code::TooLarge, 413},        {Code::RangeInvalid, 416},
      {Code::Unusable, 422},        {Code::TooMany, 429},         {Code::NotBuilt, 501},
      {Code::Unavailable, 503},     {Code::Corrupt, 500},         {Code::Internal, 500}};
  for (const auto& [code, status] : expected) {
    EXPECT_EQ(http_status(Error(code, "x")), status);
    EXPECT_EQ(error_reply(Error(code, "x"), at("/api/models/a/b"), kBase).status, status);
  }
}

TEST(ErrorReply, TheApiSpeaksJsonAndHeaders) {
  const auto reply = error_reply(Error(Code::NotFound, "no \"such\" file", Tag::EntryNotFound)
                                     .with("repo_commit", std::string(40, 'a')),
                                 at("/acme/bert/resolve/main/x"), kBase);
  EXPECT_EQ(text(reply), R"({"error":"no \"such\" file"})");
  EXPECT_EQ(field(reply, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(field(reply, "X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(field(reply, "X-Error-Message"), "no \"such\" file");
  EXPECT_EQ(field(reply, "X-Repo-Commit"), std::string(40, 'a'));
}

TEST(ErrorReply, OnlyTagsOfTheProtocolAreNamed) {
  const auto code = [](Tag tag) {
    return field(error_reply(Error(Code::NotFound, "x", tag), at("/"), kBase), "X-Error-Code");
  };
  EXPECT_EQ(code(Tag::RepoNotFound), "RepoNotFound");
  EXPECT_EQ(code(Tag::RevisionNotFound), "RevisionNotFound");
  EXPECT_EQ(code(Tag::GatedRepo), "GatedRepo");
  EXPECT_EQ(code(Tag::None), "(none)");
  EXPECT_EQ(code(Tag::InvalidCredentials), "(none)");
}

TEST(ErrorReply, AGatedRepositoryIsNamedByItsAddress) {
  const auto reply =
      error_reply(Error(Code::Denied, "Visit datasets/acme/bert to ask.", Tag::GatedRepo)
                      .with("page", "datasets/acme/bert"),
                  at("/datasets/acme/bert/resolve/main/x"), kBase);
  const auto wanted = "Visit https://hub.example/prefix/datasets/acme/bert to ask.";
  EXPECT_EQ(field(reply, "X-Error-Message"), wanted);
  EXPECT_TRUE(text(reply).contains(wanted)) << text(reply);
}

TEST(ErrorReply, AHeaderStaysOneLineOfAscii) {
  const auto reply = error_reply(
      Error(Code::InvalidArgument, cat("a\r\nSet-Cookie: x\n\xc3\xa9", std::string(5000, 'z'))),
      at("/"), kBase);
  const auto header = field(reply, "X-Error-Message");
  EXPECT_TRUE(header.starts_with("a? Set-Cookie: x ??zzz")) << header.substr(0, 30);
  EXPECT_LE(header.size(), 1000u);
}

TEST(ErrorReply, WhatBrokeInsideStaysInside) {
  for (const Code code : {Code::Internal, Code::Corrupt}) {
    for (std::string_view path : {"/api/models/a/b", "/a/b.git/info/refs"}) {
      const auto reply = error_reply(Error(code, "/data/secret.db is broken"), at(path), kBase);
      EXPECT_EQ(text(reply).find("secret"), std::string::npos);
      EXPECT_EQ(field(reply, "X-Error-Message").find("secret"), std::string::npos);
    }
  }
}

TEST(ErrorReply, GitIsAnsweredInPlainTextAndAskedForAPassword) {
  const auto reply =
      error_reply(Error(Code::Unauthenticated, "log in"), at("/a/b.git/info/refs"), kBase);
  EXPECT_EQ(text(reply), "log in\n");
  EXPECT_EQ(field(reply, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(field(reply, "WWW-Authenticate"), "Basic realm=\"Embrace\"");
}

TEST(ErrorReply, LfsReadsMessage) {
  const auto reply = error_reply(Error(Code::Unauthenticated, "log in"),
                                 at("/a/b.git/info/lfs/objects/batch"), kBase);
  EXPECT_EQ(text(reply), R"({"message":"log in"})");
  EXPECT_EQ(field(reply, "Content-Type"), "application/vnd.git-lfs+json");
  EXPECT_EQ(field(reply, "LFS-Authenticate"), "Basic realm=\"Embrace\"");
}

TEST(ErrorReply, TheApiIsAskedForAToken) {
  const auto reply =
      error_reply(Error(Code::Unauthenticated, "log in"), at("/api/models/a/b"), kBase);
  EXPECT_TRUE(field(reply, "WWW-Authenticate").starts_with("Bearer"));
}

TEST(ErrorReply, AMovedRepositoryIsARelativeRedirectBelowThePrefix) {
  const auto error = Error(Code::Moved, "moved").with("repo", "new/name");
  EXPECT_EQ(field(error_reply(error, at("/api/models/a/b/tree/main", "x=1"), kBase), "Location"),
            "/prefix/api/models/new/name/tree/main?x=1");
  EXPECT_EQ(
      field(error_reply(error, at("/a/b.git/info/refs", "service=x"), "http://hub"), "Location"),
      "/new/name.git/info/refs?service=x");
}

TEST(ErrorReply, ClientsLearnWhenToComeAgain) {
  const auto busy = Error(Code::TooMany, "slow down").with("retry_after", "300");
  EXPECT_EQ(field(error_reply(busy, at("/"), kBase), "Retry-After"), "300");
  EXPECT_EQ(field(error_reply(Error(Code::Unavailable, "x"), at("/"), kBase), "Retry-After"), "1");
  EXPECT_EQ(field(error_reply(Error(Code::NotFound, "x"), at("/"), kBase), "Retry-After"),
            "(none)");
}

TEST(ErrorReply, ARangeThatCannotBeServedTellsTheSize) {
  const auto error = Error(Code::RangeInvalid, "x").with("size", "42");
  EXPECT_EQ(field(error_reply(error, at("/"), kBase), "Content-Range"), "bytes */42");
}

TEST(ErrorReply, AConflictSaysWhereTheRepositoryIs) {
  const auto error = Error(Code::Conflict, "there is one").with("page", "datasets/a/b");
  EXPECT_EQ(text(error_reply(error, at("/api/repos/create"), kBase)),
            R"({"error":"there is one","url":"https://hub.example/prefix/datasets/a/b"})");
}

}  // namespace
}  // namespace embrace::api
