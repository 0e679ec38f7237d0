#include "meta/overview.h"

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

class Overview : public MetaContract {
 protected:
  std::vector<overview::AccountUse> find(std::string_view search, std::int64_t after = 0,
                                         std::size_t limit = 100,
                                         AccountKind kind = AccountKind::User) {
    return read([&](db::Session& s) { return overview::accounts(s, kind, search, after, limit); })
        .value();
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Overview, every_dialect(), dialect_name);

TEST_P(Overview, AccountsAreFoundByAnyPartOfTheirNames) {
  Account alice = add_account("Alice");
  alice.fullname = "A. Liddell";
  alice.email = "alice@Wonderland.org";
  alice.is_admin = true;
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::update(s, alice); }));
  const Account bob = add_account("bob_1");
  add_account("bobx1");
  add_account("acme", AccountKind::Organization);
  for (std::string_view part : {"LIC", "liddell", "wonderland"}) {
    const auto found = find(part);
    ASSERT_EQ(found.size(), 1u) << part;
    EXPECT_EQ(found[0].account.name, "Alice");
    EXPECT_TRUE(found[0].account.is_admin);
    EXPECT_TRUE(found[0].account.password_hash.empty());
  }
  ASSERT_EQ(find("b_1").size(), 1u) << "an underscore is itself";
  EXPECT_EQ(find("b_1")[0].account.id, bob.id);
  EXPECT_TRUE(find("%").empty());
  EXPECT_TRUE(find("!").empty());
  EXPECT_EQ(find("").size(), 3u);
  EXPECT_EQ(find("", alice.id, 1).size(), 1u);
  EXPECT_EQ(find("", alice.id, 1)[0].account.id, bob.id);
  EXPECT_EQ(find("acme", 0, 9, AccountKind::Organization).size(), 1u);
}

TEST_P(Overview, AccountsSayWhatTheyHoldAndWhenTheyWereUsed) {
  const Account alice = add_account("alice");
  const Account acme = add_account("acme", AccountKind::Organization);
  EXPECT_FALSE(find("alice")[0].used_ms);
  std::array<std::uint8_t, 32> bytes{};
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(accounts::set_member(s, acme.id, alice.id, Role::Admin));
    return accounts::create_session(s, Digest(bytes), alice.id, 5000, 9000);
  }));
  EXPECT_EQ(find("alice")[0].used_ms, 5000);
  Token token;
  token.user_id = alice.id;
  token.secret_sha256 = Digest(bytes);
  token.used_ms = 6000;
  ASSERT_TRUE(write([&](db::Session& s) { return accounts::create_token(s, token); }));
  EXPECT_EQ(find("alice")[0].used_ms, 6000);
  add_repo(alice, "bert");
  add_repo(alice, "gpt");
  EXPECT_EQ(find("alice")[0].repos, 2);
  EXPECT_EQ(find("acme", 0, 9, AccountKind::Organization)[0].members, 1);
}

TEST_P(Overview, AnEmptyHubHasNoGarbageAndADatabase) {
  const auto garbage = read([](db::Session& s) { return overview::garbage(s); }).value();
  EXPECT_EQ(garbage.links.count + garbage.files.count + garbage.xorbs.count, 0u);
  EXPECT_GT(read([](db::Session& s) { return overview::database_bytes(s); }).value(), 4096u);
}

TEST_P(Overview, GarbageIsWhatIsCondemnedAndWhatNobodyLinksTo) {
  const Repo repo = add_repo(add_account("alice"), "bert");
  const std::string a(64, 'a'), b(64, 'b');
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    for (const std::string& sha256 : {a, b}) {
      EMB_DO(
          s.run("INSERT INTO xet_files (hash, sha256, size_bytes, created_ms) VALUES (:hash, "
                ":sha256, 10, 1)",
                sha256, sha256));
    }
    EMB_DO(
        s.run("INSERT INTO repo_lfs (repo_id, sha256, size_bytes, linked_ms, condemned_ms) "
              "VALUES (:repo, :sha256, 10, 1, 2)",
              repo.id, a));
    EMB_DO(
        s.run("INSERT INTO xorbs (hash, blob_key, chunk_count, stored_bytes, unpacked_bytes, "
              "created_ms, used_ms, condemned_ms) VALUES ('x', 'x', 1, 7, 9, 1, 1, 2)"));
    return Done{};
  }));
  const auto garbage = read([](db::Session& s) { return overview::garbage(s); }).value();
  EXPECT_EQ(garbage.links.count, 1u);
  EXPECT_EQ(garbage.links.bytes, 10u);
  EXPECT_EQ(garbage.files.count, 1u);
  EXPECT_EQ(garbage.files.bytes, 10u);
  EXPECT_EQ(garbage.xorbs.count, 1u);
  EXPECT_EQ(garbage.xorbs.bytes, 7u);
}

}  // namespace
}  // namespace embrace::meta
