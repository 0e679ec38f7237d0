#pragma once
// HubTest: a whole hub below HTTP in a temporary folder, for tests of the use cases. On SQLite,
// unless the test class asks for PostgreSQL; EMB_HUB_TEST_DATABASE=postgres puts every test on
// PostgreSQL.
//
//   class RevisionsTest : public HubTest {};
//   TEST_F(RevisionsTest, TagsArePeeled) {
//     auto acme = user("acme");
//     auto repo = make_repo(acme, "acme/bert");
//     auto oid = put_file(acme, repo, "config.json", "{}");
//     ...
//   }

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "blob/backend.h"
#include "cas/chunked_store.h"
#include "git/repository.h"
#include "hub/publish.h"
#include "hub/repos.h"
#include "hub/services.h"
#include "meta/catalog.h"
#include "testing/fake_clock.h"
#include "testing/temp_folder.h"

namespace embrace::hub {

// Stops the test with the error's own words.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("unexpected error: " + result.error().message());
  return *std::move(result);
}

class HubTest : public ::testing::Test {
 protected:
  explicit HubTest(db::Dialect dialect = db::Dialect::Sqlite);
  ~HubTest() override;

  // A user, made on first use, calling with a token of this role.
  auth::Caller user(std::string_view name, meta::TokenRole token = meta::TokenRole::Write);
  auth::Caller admin(std::string_view name);
  auth::Caller anonymous() const { return {}; }
  // An organization, made on first use; the caller's memberships are read when user() is called.
  meta::Account organization(std::string_view name, std::string_view owner);
  void join(std::string_view org, std::string_view name, meta::Role role);

  static RepoName name(std::string_view id, RepoType type = RepoType::Model);
  meta::Repo make_repo(const auth::Caller& caller, std::string_view id,
                       RepoType type = RepoType::Model, bool is_private = false);
  meta::Repo reload(const meta::Repo& repo);

  // One commit on `ref`, made with git::Repository and publish().
  git::Oid put_files(const auth::Caller& caller, const meta::Repo& repo,
                     const std::vector<InitialFile>& files,
                     std::string_view ref = "refs/heads/main");
  git::Oid put_file(const auth::Caller& caller, const meta::Repo& repo, std::string_view path,
                    std::string_view bytes, std::string_view ref = "refs/heads/main");
  git::Oid remove_file(const auth::Caller& caller, const meta::Repo& repo, std::string_view path);
  // Stores the bytes as a large object, links them to the repository and commits the pointer.
  Digest put_lfs_file(const auth::Caller& caller, const meta::Repo& repo, std::string_view path,
                      std::string_view bytes);
  Digest put_object(std::string_view bytes);
  git::Oid head(const meta::Repo& repo, std::string_view ref = "refs/heads/main");
  std::string folder_of(const meta::Repo& repo) const {
    return repository_folder(settings, repo.id);
  }

  const rt::Blocking blocking = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder;
  ::testing::FakeClock clock;
  Settings settings;
  std::unique_ptr<db::Database> database;
  git::Repositories repositories;
  std::unique_ptr<blob::Backend> backend;
  std::unique_ptr<meta::SqlCatalog> catalog;
  std::unique_ptr<cas::ChunkedStore> objects;
  std::unique_ptr<auth::Authenticator> authenticator;
  std::unique_ptr<jobs::Worker> jobs;
  WriteLocks write_locks;
  std::unique_ptr<Services> services_;
  Services& services() { return *services_; }

 private:
  git::Oid edit(const auth::Caller& caller, const meta::Repo& repo,
                const std::vector<InitialFile>& files, const std::vector<std::string>& removed,
                std::vector<meta::LfsLink> lfs, std::string_view ref);
  auth::Caller caller_of(const meta::Account& account, meta::TokenRole role);
};

}  // namespace embrace::hub
