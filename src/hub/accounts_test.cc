#include "hub/accounts.h"

#include "hub/hub_fixture.h"

namespace embrace::hub {
namespace {

class AccountsTest : public HubTest {
 protected:
  Result<meta::Account> create(std::string name, std::string password = "") {
    NewUser user;
    user.name = std::move(name);
    user.password = std::move(password);
    return create_user(services(), blocking, user);
  }
  Result<auth::Caller> log_in(std::string token) {
    auth::Credentials credentials;
    credentials.kind = auth::Credentials::Kind::Token;
    credentials.token = std::move(token);
    return authenticator->authenticate(blocking, credentials, "peer");
  }
};

TEST_F(AccountsTest, NamesAreUniqueWithoutRegardToCase) {
  must(create("Alice"));
  auto again = create("alice");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::Conflict);
  EXPECT_EQ(create_organization(services(), blocking, "ALICE", "", "Alice").error().code(),
            Code::Conflict);
  EXPECT_EQ(must(find_account(services(), blocking, "ALICE")).name, "Alice");
}

TEST_F(AccountsTest, BadInputIsRefused) {
  EXPECT_EQ(create("api").error().code(), Code::InvalidArgument);
  EXPECT_EQ(create("Admin").error().code(), Code::InvalidArgument) << "a page has this address";
  EXPECT_EQ(create("a b").error().code(), Code::InvalidArgument);
  EXPECT_EQ(create("bob", "short").error().code(), Code::InvalidArgument);
  NewUser user{.name = "bob", .email = "nowhere", .fullname = "", .password = ""};
  EXPECT_EQ(create_user(services(), blocking, user).error().code(), Code::InvalidArgument);
  EXPECT_EQ(find_account(services(), blocking, "bob").error().code(), Code::NotFound);
}

TEST_F(AccountsTest, MembershipsReachTheCaller) {
  must(create("alice"));
  must(create("bob"));
  must(create_organization(services(), blocking, "acme", "Acme", "alice"));
  auto token =
      must(create_token(services(), blocking, {.user = "bob", .role = meta::TokenRole::Write}));
  EXPECT_EQ(must(log_in(token.value)).memberships.size(), 0u);
  must(set_member(services(), blocking, "acme", "bob", meta::Role::Write));
  ASSERT_EQ(must(log_in(token.value)).memberships.size(), 1u) << "the cache was told";
  auto seen = must(overview(services(), blocking, "acme", meta::AccountKind::Organization));
  EXPECT_EQ(seen.users, 2);
  EXPECT_EQ(must(overview(services(), blocking, "bob", meta::AccountKind::User)).orgs.size(), 1u);
  EXPECT_EQ(overview(services(), blocking, "bob", meta::AccountKind::Organization).error().code(),
            Code::NotFound);
  must(remove_member(services(), blocking, "acme", "bob"));
  EXPECT_EQ(must(log_in(token.value)).memberships.size(), 0u);
}

TEST_F(AccountsTest, OverviewsDoNotTellOfPrivateRepositories) {
  const auto alice = user("alice");
  make_repo(alice, "alice/open");
  make_repo(alice, "alice/secret", RepoType::Model, true);
  make_repo(alice, "alice/data", RepoType::Dataset, true);
  const auto seen = must(overview(services(), blocking, "alice", meta::AccountKind::User));
  EXPECT_EQ(seen.models, 1);
  EXPECT_EQ(seen.datasets, 0);
}

TEST_F(AccountsTest, AnOrganizationKeepsAnAdministrator) {
  must(create("alice"));
  must(create_organization(services(), blocking, "acme", "", "alice"));
  EXPECT_EQ(remove_member(services(), blocking, "acme", "alice").error().code(), Code::Conflict);
  EXPECT_EQ(set_member(services(), blocking, "acme", "alice", meta::Role::Read).error().code(),
            Code::Conflict);
  must(create("bob"));
  must(set_member(services(), blocking, "acme", "bob", meta::Role::Admin));
  EXPECT_TRUE(remove_member(services(), blocking, "acme", "alice"));
}

TEST_F(AccountsTest, TokensMayBeGiven) {
  must(create("alice"));
  NewToken wanted{.user = "alice",
                  .display_name = "ci",
                  .role = meta::TokenRole::Read,
                  .value = "hf_abcdefgh12"};
  auto minted = must(create_token(services(), blocking, wanted));
  EXPECT_EQ(minted.value, "hf_abcdefgh12");
  EXPECT_EQ(minted.token.hint, "gh12");
  EXPECT_EQ(must(log_in("hf_abcdefgh12")).name(), "alice");
  EXPECT_EQ(create_token(services(), blocking, wanted).error().code(), Code::Conflict);
  for (std::string value : {"hf_short", "xx_abcdefgh12", "hf_abc-efgh12"}) {
    wanted.value = value;
    EXPECT_EQ(create_token(services(), blocking, wanted).error().code(), Code::InvalidArgument)
        << value;
  }
  wanted.value.clear();
  EXPECT_TRUE(must(create_token(services(), blocking, wanted)).value.starts_with("hf_"));
  wanted.user = "nobody";
  EXPECT_EQ(create_token(services(), blocking, wanted).error().code(), Code::NotFound);
}

TEST_F(AccountsTest, TheFirstStartMakesAnAdministratorOnce) {
  auto first = must(ensure_admin(services(), blocking));
  ASSERT_TRUE(first);
  auto caller = must(log_in(first->token));
  EXPECT_TRUE(caller.is_site_admin());
  EXPECT_TRUE(authenticator->log_in(blocking, first->name, first->password, "peer"));
  EXPECT_FALSE(must(ensure_admin(services(), blocking)));
}

TEST_F(AccountsTest, TheSigningKeyStays) {
  const auto key = must(ensure_signing_key(blocking, *database));
  EXPECT_GE(key.size(), 40u);
  EXPECT_EQ(must(ensure_signing_key(blocking, *database)), key);
}

}  // namespace
}  // namespace embrace::hub
