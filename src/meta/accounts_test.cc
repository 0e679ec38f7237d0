#include "meta/accounts.h"

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

class Accounts : public MetaContract {};
INSTANTIATE_TEST_SUITE_P(Every, Accounts, every_dialect(), dialect_name);

Digest digest_of(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return Digest(bytes);
}

TEST_P(Accounts, NamesAreFoundAndTakenWithoutRegardToCase) {
  const Account alice = add_account("Alice");
  EXPECT_GT(alice.id, 0);
  auto found = read([](db::Session& s) { return accounts::find(s, "aLICE"); }).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "Alice");
  EXPECT_EQ(found->created_ms, 1000);
  Account shouting;
  shouting.name = "ALICE";
  auto again = write([&shouting](db::Session& s) { return accounts::create(s, shouting); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::Conflict);
  EXPECT_FALSE(read([](db::Session& s) { return accounts::find(s, "bob"); }).value());
}

TEST_P(Accounts, UpdateKeepsWhatItMayNotChange) {
  Account account = add_account("alice");
  account.fullname = "Alice Liddell";
  account.email = "alice@example.org";
  account.password_hash = "$argon2id$";
  account.is_admin = account.is_disabled = true;
  account.created_ms = 5;
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::update(s, account); }));
  auto found = read([&](db::Session& s) { return accounts::find_by_id(s, account.id); }).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->fullname, "Alice Liddell");
  EXPECT_EQ(found->email, "alice@example.org");
  EXPECT_EQ(found->password_hash, "$argon2id$");
  EXPECT_TRUE(found->is_admin && found->is_disabled);
  EXPECT_EQ(found->created_ms, 1000);
  account.id = 99;
  EXPECT_EQ(write([&](db::Session& s) { return accounts::update(s, account); }).error().code(),
            Code::NotFound);
}

TEST_P(Accounts, ListsGoOnAfterAnId) {
  const Account alice = add_account("alice");
  add_account("acme", AccountKind::Organization);
  const Account bob = add_account("bob");
  auto first =
      read([](db::Session& s) { return accounts::list(s, AccountKind::User, 0, 1); }).value();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].id, alice.id);
  auto rest = read([&](db::Session& s) {
                return accounts::list(s, AccountKind::User, alice.id, 10);
              }).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].id, bob.id);
  EXPECT_EQ(
      read([](db::Session& s) { return accounts::count(s, AccountKind::Organization); }).value(),
      1);
}

TEST_P(Accounts, ProfilesAreEmptyUntilTheyAreWritten) {
  const Account alice = add_account("alice");
  auto find = [&] {
    return read([&](db::Session& s) { return accounts::find_profile(s, alice.id); });
  };
  EXPECT_EQ(find()->details + find()->homepage, "");
  ASSERT_TRUE(write([&](db::Session& s) {
    return accounts::set_profile(s, alice.id, {.details = "models", .homepage = "https://a.org"});
  }));
  EXPECT_EQ(find()->details, "models");
  EXPECT_EQ(find()->homepage, "https://a.org");
  EXPECT_EQ(read([](db::Session& s) { return accounts::find_profile(s, 99); }).error().code(),
            Code::NotFound);
  EXPECT_EQ(write([](db::Session& s) { return accounts::set_profile(s, 99, {}); }).error().code(),
            Code::NotFound);
}

TEST_P(Accounts, OnlyUsersWhoMayLogInCountAsAdministrators) {
  auto count = [&] {
    return read([](db::Session& s) { return accounts::count_admins(s); }).value();
  };
  Account alice = add_account("alice");
  EXPECT_EQ(count(), 0);
  alice.is_admin = true;
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::update(s, alice); }));
  EXPECT_EQ(count(), 1);
  alice.is_disabled = true;
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::update(s, alice); }));
  EXPECT_EQ(count(), 0);
}

TEST_P(Accounts, OneSessionMayOutliveTheOthers) {
  const Account alice = add_account("alice");
  for (std::uint8_t byte : {1, 2, 3}) {
    ASSERT_TRUE(write([&](db::Session& s) {
      return accounts::create_session(s, digest_of(byte), alice.id, 0, 100);
    }));
  }
  auto lives = [&](std::uint8_t byte) {
    return read([&](db::Session& s) { return accounts::find_session(s, digest_of(byte), 50); })
        .value()
        .has_value();
  };
  ASSERT_TRUE(write(
      [&](db::Session& s) { return accounts::remove_sessions_of(s, alice.id, digest_of(2)); }));
  EXPECT_TRUE(!lives(1) && lives(2) && !lives(3));
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::remove_sessions_of(s, alice.id); }));
  EXPECT_FALSE(lives(2));
}

TEST_P(Accounts, MembershipsAreSeenFromBothSides) {
  const Account acme = add_account("acme", AccountKind::Organization);
  const Account alice = add_account("alice");
  ASSERT_TRUE(write(
      [&](db::Session& s) { return accounts::set_member(s, acme.id, alice.id, Role::Read); }));
  ASSERT_TRUE(write(
      [&](db::Session& s) { return accounts::set_member(s, acme.id, alice.id, Role::Write); }));
  auto orgs = read([&](db::Session& s) { return accounts::orgs_of(s, alice.id); }).value();
  ASSERT_EQ(orgs.size(), 1u);
  EXPECT_EQ(orgs[0].org_name, "acme");
  EXPECT_EQ(orgs[0].user_name, "alice");
  EXPECT_EQ(orgs[0].role, Role::Write);
  EXPECT_EQ(
      read([&](db::Session& s) { return accounts::members_of(s, acme.id, 0, 10); }).value().size(),
      1u);
  EXPECT_TRUE(read([&](db::Session& s) { return accounts::members_of(s, acme.id, alice.id, 10); })
                  .value()
                  .empty());
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::remove_member(s, acme.id, alice.id); }));
  EXPECT_EQ(write([&](db::Session& s) { return accounts::remove_member(s, acme.id, alice.id); })
                .error()
                .code(),
            Code::NotFound);
  auto stranger =
      write([&](db::Session& s) { return accounts::set_member(s, acme.id, 999, Role::Read); });
  EXPECT_EQ(stranger.error().code(), Code::Conflict);
}

TEST_P(Accounts, TokensAreFoundByTheHashOfTheirSecret) {
  const Account alice = add_account("alice");
  const Token wanted{.user_id = alice.id,
                     .display_name = "laptop",
                     .role = TokenRole::Write,
                     .secret_sha256 = digest_of(1),
                     .hint = "wxyz",
                     .created_ms = 7,
                     .expires_ms = 9,
                     .used_ms = {}};
  const Token token =
      write([&](db::Session& s) { return accounts::create_token(s, wanted); }).value();
  EXPECT_EQ(write([&](db::Session& s) { return accounts::create_token(s, wanted); }).error().code(),
            Code::Conflict);
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::touch_token(s, token.id, 8); }));
  auto found = read([](db::Session& s) { return accounts::find_token(s, digest_of(1)); }).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, token.id);
  EXPECT_EQ(found->role, TokenRole::Write);
  EXPECT_EQ(found->display_name, "laptop");
  EXPECT_EQ(found->hint, "wxyz");
  EXPECT_EQ(found->expires_ms, 9);
  EXPECT_EQ(found->used_ms, 8);
  EXPECT_FALSE(read([](db::Session& s) { return accounts::find_token(s, digest_of(2)); }).value());
  EXPECT_EQ(read([&](db::Session& s) { return accounts::tokens_of(s, alice.id); }).value().size(),
            1u);
  EXPECT_EQ(write([&](db::Session& s) { return accounts::remove_token(s, alice.id + 1, token.id); })
                .error()
                .code(),
            Code::NotFound);
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::remove_token(s, alice.id, token.id); }));
  EXPECT_FALSE(read([](db::Session& s) { return accounts::find_token(s, digest_of(1)); }).value());
}

TEST_P(Accounts, SessionsEndWhenTheyExpire) {
  const Account alice = add_account("alice");
  ASSERT_TRUE(write(
      [&](db::Session& s) { return accounts::create_session(s, digest_of(3), alice.id, 10, 20); }));
  EXPECT_EQ(
      read([](db::Session& s) { return accounts::find_session(s, digest_of(3), 19); }).value(),
      alice.id);
  EXPECT_FALSE(
      read([](db::Session& s) { return accounts::find_session(s, digest_of(3), 20); }).value());
  ASSERT_TRUE(write([](db::Session& s) { return accounts::remove_expired_sessions(s, 19); }));
  EXPECT_TRUE(
      read([](db::Session& s) { return accounts::find_session(s, digest_of(3), 19); }).value());
  ASSERT_TRUE(write([](db::Session& s) { return accounts::remove_session(s, digest_of(3)); }));
  EXPECT_FALSE(
      read([](db::Session& s) { return accounts::find_session(s, digest_of(3), 19); }).value());
}

TEST_P(Accounts, RemovingTakesTokensSessionsAndMembershipsAlong) {
  const Account acme = add_account("acme", AccountKind::Organization);
  const Account alice = add_account("alice");
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(accounts::set_member(s, acme.id, alice.id, Role::Admin));
    EMB_DO(accounts::create_token(s, Token{.user_id = alice.id,
                                           .display_name = "t",
                                           .secret_sha256 = digest_of(1),
                                           .hint = "",
                                           .expires_ms = {},
                                           .used_ms = {}}));
    return accounts::create_session(s, digest_of(3), alice.id, 10, 20);
  }));
  const Repo repo = add_repo(alice, "bert");
  EXPECT_EQ(write([&](db::Session& s) { return accounts::remove(s, alice.id); }).error().code(),
            Code::Conflict);
  ASSERT_TRUE(write([&](db::Session& s) { return repos::remove(s, repo.id); }));
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::remove(s, alice.id); }));
  EXPECT_FALSE(read([](db::Session& s) { return accounts::find_token(s, digest_of(1)); }).value());
  EXPECT_FALSE(
      read([](db::Session& s) { return accounts::find_session(s, digest_of(3), 11); }).value());
  EXPECT_TRUE(read([&](db::Session& s) { return accounts::members_of(s, acme.id, 0, 10); })
                  .value()
                  .empty());
}

TEST_P(Accounts, SettingsAreReplaced) {
  EXPECT_FALSE(
      read([](db::Session& s) { return accounts::find_setting(s, "signing_key"); }).value());
  ASSERT_TRUE(write([](db::Session& s) { return accounts::set_setting(s, "signing_key", "one"); }));
  ASSERT_TRUE(write([](db::Session& s) { return accounts::set_setting(s, "signing_key", "two"); }));
  EXPECT_EQ(read([](db::Session& s) { return accounts::find_setting(s, "signing_key"); }).value(),
            "two");
}

TEST_P(Accounts, SearchBeginsWithBeginnings) {
  for (const char* name : {"hugbert", "Bert", "bertha", "x_y", "xay"}) add_account(name);
  add_account("bert-org", AccountKind::Organization);
  const auto names = [&](std::string_view text, std::size_t limit = 10,
                         AccountKind kind = AccountKind::User) {
    auto found = read([&](db::Session& s) { return accounts::search(s, kind, text, limit); });
    EXPECT_TRUE(found) << found.error().message();
    std::string out;
    for (const auto& account : *found) out += (out.empty() ? "" : " ") + account.name;
    return out;
  };
  EXPECT_EQ(names("BERT"), "Bert bertha hugbert");
  EXPECT_EQ(names("bert", 2), "Bert bertha");
  EXPECT_EQ(names("bert", 10, AccountKind::Organization), "bert-org");
  EXPECT_EQ(names("x_y"), "x_y") << "a pattern's signs are only themselves";
  EXPECT_EQ(names("%"), "");
  auto bert = read([&](db::Session& s) { return accounts::find(s, "bert"); }).value().value();
  bert.is_disabled = true;
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::update(s, bert); }));
  EXPECT_EQ(names("bert"), "bertha hugbert");
}

}  // namespace
}  // namespace embrace::meta
