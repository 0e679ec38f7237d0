#pragma once
// MetaContract: an empty, migrated database of each dialect. Every test of this room runs on both:
// the sentences in *_test.cc are the real definition of the functions in the headers.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/strings.h"
#include "db/database.h"
#include "meta/accounts.h"
#include "meta/repos.h"
#include "meta/schema.h"
#include "testing/postgres_server.h"
#include "testing/temp_folder.h"

namespace embrace::meta {

class MetaContract : public ::testing::TestWithParam<db::Dialect> {
 protected:
  void SetUp() override {
    const bool sqlite = GetParam() == db::Dialect::Sqlite;
    if (!sqlite && ::testing::postgres_is_switched_off()) GTEST_SKIP() << "EMB_TEST_POSTGRES=off";
    settings_.url =
        sqlite ? "sqlite://" + folder_ / "hub.db" : ::testing::postgres_url_of_fresh_database();
    settings_.sync_every_commit = false;
    auto opened = db::Database::open(blocking_, settings_);
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = *std::move(opened);
    auto migrated = db::migrate(blocking_, *database_, migrations());
    ASSERT_TRUE(migrated) << migrated.error().message();
  }

  // Each in a transaction of its own.
  template <class F>
  auto write(F fn) {
    return database_->write(blocking_, fn);
  }
  template <class F>
  auto read(F fn) {
    return database_->read(blocking_, fn);
  }

  Account add_account(std::string name, AccountKind kind = AccountKind::User) {
    Account account;
    account.name = std::move(name);
    account.kind = kind;
    account.created_ms = 1000;
    return write([&](db::Session& s) { return accounts::create(s, account); }).value();
  }

  static RepoName name_of(std::string_view id, RepoType type = RepoType::Model) {
    return RepoName::parse(type, id).value();
  }

  // In the namespace `owner`, which need not be what the name says.
  Repo add_repo(const Account& owner, std::string_view name, Repo repo = {}) {
    repo.name = RepoName{repo.name.type, owner.name, std::string(name)};
    repo.namespace_id = owner.id;
    repo.creator_id = owner.id;
    if (repo.created_ms == 0) repo.created_ms = 1000;
    return write([&](db::Session& s) { return repos::create(s, repo); }).value();
  }

  // A large file of the store, as the catalog keeps it; its bytes do not matter here.
  void add_file(const Digest& sha256, std::uint64_t size_bytes, Millis now_ms = 1000) {
    ASSERT_TRUE(write([&](db::Session& s) {
      return s.run(
          "INSERT INTO xet_files (hash, sha256, size_bytes, created_ms, used_ms) "
          "VALUES (:hash, :sha256, :size, :now, :now)",
          cat("hash of ", sha256.hex()), sha256.hex(), size_bytes, now_ms);
    }));
  }

  const rt::Blocking blocking_ = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder_;
  db::Settings settings_;
  std::unique_ptr<db::Database> database_;
};

// For INSTANTIATE_TEST_SUITE_P.
inline auto every_dialect() {
  return ::testing::Values(db::Dialect::Sqlite, db::Dialect::Postgres);
}
inline std::string dialect_name(const ::testing::TestParamInfo<db::Dialect>& info) {
  return info.param == db::Dialect::Sqlite ? "Sqlite" : "Postgres";
}

}  // namespace embrace::meta
