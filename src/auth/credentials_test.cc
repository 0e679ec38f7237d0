#include <gtest/gtest.h>

#include "auth/authenticator.h"
#include "base/strings.h"

namespace embrace::auth {
namespace {

using Kind = Credentials::Kind;

Credentials basic(std::string_view plain) {
  return Credentials::parse("Basic " + to_base64(plain), std::nullopt);
}

TEST(Credentials, BearerIsAToken) {
  for (const char* header : {"Bearer hf_abc", "bearer hf_abc", "  BEARER   hf_abc  "}) {
    const auto found = Credentials::parse(header, std::nullopt);
    EXPECT_EQ(found.kind, Kind::Token) << header;
    EXPECT_EQ(found.token, "hf_abc");
  }
}

TEST(Credentials, BasicIsATokenWhenItLooksLikeOne) {
  EXPECT_EQ(basic("hf_user:hf_secret").token, "hf_secret");
  EXPECT_EQ(basic(":hf_secret").token, "hf_secret");
  EXPECT_EQ(basic("hf_secret:").token, "hf_secret");
  EXPECT_EQ(basic("hf_secret:").kind, Kind::Token);
}

TEST(Credentials, BasicIsElseAPassword) {
  const auto found = basic("alice:pa:ss w\xc3\xb6rd");
  EXPECT_EQ(found.kind, Kind::Password);
  EXPECT_EQ(found.user, "alice");
  EXPECT_EQ(found.password, "pa:ss w\xc3\xb6rd");
  EXPECT_EQ(basic("alice:").kind, Kind::Password);
}

TEST(Credentials, WhatCannotBeReadIsNotAnonymous) {
  for (const char* header :
       {"", " ", "Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \x01", "Basic",
        "Basic !!!", "Basic YWxpY2U=", "Digest username=x", "hf_abc"}) {
    EXPECT_EQ(Credentials::parse(header, std::nullopt).kind, Kind::Unreadable) << header;
  }
}

TEST(Credentials, HostileBasicIsUnreadable) {
  EXPECT_EQ(basic("no colon").kind, Kind::Unreadable);
  EXPECT_EQ(basic(":password").kind, Kind::Unreadable);
  EXPECT_EQ(basic(std::string_view("al\0ice:x", 8)).kind, Kind::Unreadable);
  EXPECT_EQ(basic("alice:line\r\nbreak").kind, Kind::Unreadable);
  EXPECT_EQ(basic("alice:\xff\xfe").kind, Kind::Unreadable);
  EXPECT_EQ(basic("alice:" + std::string(2000, 'x')).kind, Kind::Unreadable);
  EXPECT_EQ(basic("x:hf_" + std::string(2000, 'x')).kind, Kind::Unreadable);
  EXPECT_EQ(basic("x:hf_a b").kind, Kind::Unreadable);
  EXPECT_EQ(Credentials::parse("Basic " + std::string(100'000, 'A'), std::nullopt).kind,
            Kind::Unreadable);
}

TEST(Credentials, TheSessionCookieIsFoundAmongOthers) {
  const auto found = Credentials::parse(std::nullopt, "a=1; embrace_session=abc_-; b=2");
  EXPECT_EQ(found.kind, Kind::Cookie);
  EXPECT_EQ(found.token, "abc_-");
  for (const char* header : {"", "a=1", "embrace_session",
                             "embrace_session=", "xembrace_session=abc", "embrace_sessions=abc"}) {
    EXPECT_EQ(Credentials::parse(std::nullopt, header).kind, Kind::None) << header;
  }
  EXPECT_EQ(Credentials::parse(std::nullopt, "embrace_session=a b").kind, Kind::Unreadable);
}

TEST(Credentials, TheHeaderWinsOverTheCookie) {
  EXPECT_EQ(Credentials::parse("Bearer hf_abc", "embrace_session=abc").kind, Kind::Token);
  EXPECT_EQ(Credentials::parse("nonsense", "embrace_session=abc").kind, Kind::Unreadable);
  EXPECT_EQ(Credentials::parse(std::nullopt, std::nullopt).kind, Kind::None);
}

}  // namespace
}  // namespace embrace::auth
