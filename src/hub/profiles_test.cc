#include "hub/profiles.h"

#include "base/strings.h"
#include "hub/account_rules.h"
#include "hub/accounts.h"
#include "hub/hub_fixture.h"

namespace embrace::hub {
namespace {

class ProfilesTest : public HubTest {
 protected:
  // As a browser's session speaks for a user.
  auth::Caller person(std::string_view name) {
    auth::Caller caller = user(name);
    caller.token.reset();
    return caller;
  }
  Code code(const auto& result) { return result ? Code::Internal : result.error().code(); }
  auth::Authenticator::Session log_in(std::string_view name, std::string_view password) {
    return must(authenticator->log_in(blocking, name, password, "10.0.0.1"));
  }
  bool is_alive(const auth::Authenticator::Session& session) {
    auth::Credentials credentials;
    credentials.kind = auth::Credentials::Kind::Cookie;
    credentials.token = session.cookie;
    return authenticator->authenticate(blocking, credentials, "10.0.0.1").has_value();
  }
};

TEST_F(ProfilesTest, PeopleChangeWhatTheySayOfThemselves) {
  const auto alice = person("alice");
  const auto edited = must(edit_own_profile(services(), blocking, alice,
                                            {.fullname = "Alice L.",
                                             .email = "a@example.org",
                                             .details = "two\nlines",
                                             .homepage = "https://example.org/~a?b=c"}));
  EXPECT_EQ(edited.account.fullname, "Alice L.");
  EXPECT_EQ(edited.account.email, "a@example.org");
  const auto only_one = must(edit_own_profile(
      services(), blocking, alice,
      {.fullname = "", .email = std::nullopt, .details = std::nullopt, .homepage = std::nullopt}));
  EXPECT_EQ(only_one.account.fullname, "alice");
  EXPECT_EQ(only_one.shown.details, "two\nlines");
  const auto seen = must(overview(services(), blocking, "alice", meta::AccountKind::User));
  EXPECT_EQ(seen.profile.homepage, "https://example.org/~a?b=c");
}

TEST_F(ProfilesTest, WhatCouldRunOrBreakALinkIsRefused) {
  for (std::string_view bad : {"javascript:alert(1)", "JAVASCRIPT://x", "ftp://a", "https://",
                               "http:///x", "example.org", "https://a\" onclick=\"x", "https://a<b",
                               "https://a b", "https://a\nb", "data:text/html,x"})
    EXPECT_EQ(code(check_homepage(bad)), Code::InvalidArgument) << bad;
  EXPECT_TRUE(check_homepage(""));
  EXPECT_TRUE(check_homepage("HTTP://example.org:8080/a"));
  EXPECT_EQ(code(check_details(std::string(3000, 'a'))), Code::InvalidArgument);
  EXPECT_EQ(code(check_details("bell\a")), Code::InvalidArgument);
  EXPECT_EQ(code(check_details("\xff")), Code::InvalidArgument);
  EXPECT_EQ(code(check_fullname("two\nlines")), Code::InvalidArgument);
}

TEST_F(ProfilesTest, OnlyAPersonOrAnAdminTokenSpeaksForAUser) {
  const ProfileChange change{.fullname = "Mallory",
                             .email = std::nullopt,
                             .details = std::nullopt,
                             .homepage = std::nullopt};
  for (const auto role : {meta::TokenRole::Read, meta::TokenRole::Write})
    EXPECT_EQ(code(edit_own_profile(services(), blocking, user("alice", role), change)),
              Code::Denied);
  EXPECT_TRUE(
      edit_own_profile(services(), blocking, user("alice", meta::TokenRole::Admin), change));
  EXPECT_EQ(code(edit_own_profile(services(), blocking, anonymous(), change)),
            Code::Unauthenticated);
  EXPECT_EQ(code(own_profile(services(), blocking, anonymous())), Code::Unauthenticated);
}

TEST_F(ProfilesTest, AChangedPasswordEndsEveryOtherSession) {
  const auto alice = person("alice");
  must(set_password(services(), blocking, "alice", "the old one"));
  const auto mine = log_in("alice", "the old one");
  const auto other = log_in("alice", "the old one");
  PasswordChange change{.current = "wrong guess",
                        .password = "the new one",
                        .peer = "10.0.0.1",
                        .session_cookie = mine.cookie};
  EXPECT_EQ(code(change_password(services(), blocking, alice, change)), Code::Denied);
  EXPECT_TRUE(is_alive(other));
  change.current = "the old one";
  change.password = "short";
  EXPECT_EQ(code(change_password(services(), blocking, alice, change)), Code::InvalidArgument);
  change.password = "the new one";
  must(change_password(services(), blocking, alice, change));
  EXPECT_TRUE(is_alive(mine));
  EXPECT_FALSE(is_alive(other));
  EXPECT_FALSE(authenticator->log_in(blocking, "alice", "the old one", "10.0.0.2"));
  change.current = "the new one";
  change.session_cookie.clear();
  must(change_password(services(), blocking, alice, change));
  EXPECT_FALSE(is_alive(mine));
}

TEST_F(ProfilesTest, GuessesAtTheCurrentPasswordAreSlowedDown) {
  const auto alice = person("alice");
  must(set_password(services(), blocking, "alice", "the old one"));
  PasswordChange change{
      .current = "", .password = "the new one", .peer = "10.0.0.1", .session_cookie = ""};
  Code last = Code::Internal;
  for (int i = 0; i < 12; ++i) {
    change.current = cat("guess ", i);
    last = code(change_password(services(), blocking, alice, change));
  }
  EXPECT_EQ(last, Code::TooMany);
  change.current = "the old one";
  EXPECT_EQ(code(change_password(services(), blocking, alice, change)), Code::TooMany);
}

TEST_F(ProfilesTest, OrganizationsAreChangedByTheirAdministrators) {
  user("bob");
  user("carol");
  ASSERT_EQ(code(found_organization(services(), blocking, anonymous(), "acme", "")),
            Code::Unauthenticated);
  ASSERT_EQ(code(found_organization(services(), blocking, user("alice", meta::TokenRole::Read),
                                    "acme", "")),
            Code::Denied);
  must(found_organization(services(), blocking, user("alice"), "acme", "Acme Ltd"));
  const auto alice = user("alice");
  must(put_member(services(), blocking, alice, "acme", "bob", meta::Role::Write));
  const ProfileChange change{.fullname = "Acme Inc",
                             .email = std::nullopt,
                             .details = "we make things",
                             .homepage = std::nullopt};
  EXPECT_EQ(must(edit_organization(services(), blocking, alice, "acme", change)).account.fullname,
            "Acme Inc");
  for (const auto& other : {user("bob"), user("carol"), user("alice", meta::TokenRole::Read)}) {
    EXPECT_EQ(code(edit_organization(services(), blocking, other, "acme", change)), Code::Denied);
    EXPECT_EQ(code(put_member(services(), blocking, other, "acme", "carol", meta::Role::Read)),
              Code::Denied);
    EXPECT_EQ(code(drop_member(services(), blocking, other, "acme", "alice")), Code::Denied);
  }
  EXPECT_EQ(code(edit_organization(services(), blocking, alice, "bob", change)), Code::NotFound);
  EXPECT_EQ(code(edit_organization(services(), blocking, alice, "none", change)), Code::NotFound);
  EXPECT_TRUE(edit_organization(services(), blocking, admin("root"), "acme", change));
}

TEST_F(ProfilesTest, OrganizationsOfOneUserAreLimited) {
  const auto alice = user("alice");
  const auto found = [&](const auth::Caller& caller, std::string_view name) {
    return found_organization(services(), blocking, caller, name, "");
  };
  settings.organizations_per_user_max = 2;
  must(found(alice, "org-1"));
  must(found(alice, "org-2"));
  const auto refused = found(alice, "org-3");
  ASSERT_EQ(code(refused), Code::Denied);
  EXPECT_TRUE(refused.error().message().contains("2")) << refused.error().message();
  EXPECT_EQ(code(find_account(services(), blocking, "org-3")), Code::NotFound);
  user("bob");
  must(put_member(services(), blocking, user("alice"), "org-1", "bob", meta::Role::Admin));
  must(drop_member(services(), blocking, user("alice"), "org-1", "alice"));
  must(found(user("alice"), "org-3"));
  must(put_member(services(), blocking, user("alice"), "org-3", "bob", meta::Role::Write));
  must(found(user("bob"), "org-4"));
  EXPECT_EQ(code(found(user("bob"), "org-5")), Code::Denied) << "org-1 and org-4";

  settings.organizations_per_user_max = 0;
  EXPECT_EQ(code(found(user("carol"), "org-6")), Code::Denied);
  must(found(admin("root"), "org-6"));
  must(create_organization(services(), blocking, "org-7", "", "alice"));
}

TEST_F(ProfilesTest, MembersMayLeaveButNotTheLastAdministrator) {
  user("bob");
  must(found_organization(services(), blocking, user("alice"), "acme", ""));
  must(put_member(services(), blocking, user("alice"), "acme", "bob", meta::Role::Read));
  must(drop_member(services(), blocking, user("bob"), "acme", "Bob"));
  EXPECT_TRUE(user("bob").memberships.empty());
  EXPECT_EQ(code(drop_member(services(), blocking, user("alice"), "acme", "alice")),
            Code::Conflict);
  EXPECT_EQ(
      code(put_member(services(), blocking, user("alice"), "acme", "alice", meta::Role::Read)),
      Code::Conflict);
}

}  // namespace
}  // namespace embrace::hub
