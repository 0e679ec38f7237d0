// The body of HubTest, and proof that it stands.

#include "hub/hub_fixture.h"

#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"
#include "blob/local_backend.h"
#include "db/migrations.h"
#include "hub/young_packs.h"
#include "meta/accounts.h"
#include "meta/repos.h"
#include "meta/schema.h"
#include "testing/postgres_server.h"

namespace embrace::hub {
namespace {

bool is_postgres_asked_for() {
  const char* word = std::getenv("EMB_HUB_TEST_DATABASE");
  return word && std::string_view(word) == "postgres";
}

// A database of the test's own, migrated.
std::unique_ptr<db::Database> fresh_database(rt::Blocking blocking, const std::string& folder,
                                             db::Dialect dialect) {
  db::Settings settings;
  const bool is_postgres = dialect == db::Dialect::Postgres || is_postgres_asked_for();
  settings.url =
      is_postgres ? ::testing::postgres_url_of_fresh_database() : "sqlite://" + folder + "/hub.db";
  settings.sync_every_commit = false;
  settings.read_sessions_max = 4;
  auto database = must(db::Database::open(blocking, settings));
  must(db::migrate(blocking, *database, meta::migrations()));
  return database;
}

}  // namespace

HubTest::HubTest(db::Dialect dialect) : repositories(64) {
  settings.data_folder = folder.path();
  must(make_folders(folder / "git"));
  must(make_folders(folder / "blobs"));
  database = fresh_database(blocking, folder.path(), dialect);
  backend = must(blob::LocalBackend::open(blocking, folder / "blobs"));
  // What is remembered for the whole process is named by ids and times, which are alike in every
  // hub.
  static Millis hubs = 0;
  clock.advance_ms(++hubs);
  catalog = std::make_unique<meta::SqlCatalog>(*database);
  objects = std::make_unique<cas::ChunkedStore>(*backend, *catalog, clock);
  authenticator = std::make_unique<auth::Authenticator>(*database, clock);
  jobs = std::make_unique<jobs::Worker>(*database, clock);
  services_.reset(new Services{settings, *database, repositories, *objects, *objects,
                               *authenticator, *jobs, clock, write_locks, "test signing key"});
  must(open_young_packs(services(), blocking));
}

HubTest::~HubTest() = default;

auth::Caller HubTest::caller_of(const meta::Account& account, meta::TokenRole role) {
  auth::Caller caller;
  caller.user = account;
  caller.token = meta::Token{};
  caller.token->user_id = account.id;
  caller.token->role = role;
  caller.memberships = must(database->read(blocking, [&](db::Session& session) {
    return meta::accounts::orgs_of(session, account.id);
  }));
  return caller;
}

auth::Caller HubTest::user(std::string_view who, meta::TokenRole token) {
  auto account = must(database->write(blocking, [&](db::Session& session) -> Result<meta::Account> {
    EMB_TRY(auto found, meta::accounts::find(session, who));
    if (found) return *found;
    meta::Account fresh;
    fresh.name = who;
    fresh.fullname = who;
    fresh.email = cat(who, "@example.org");
    fresh.created_ms = clock.now_ms();
    return meta::accounts::create(session, fresh);
  }));
  return caller_of(account, token);
}

auth::Caller HubTest::admin(std::string_view who) {
  auto caller = user(who, meta::TokenRole::Admin);
  caller.user->is_admin = true;
  must(database->write(blocking, [&](db::Session& session) {
    return meta::accounts::update(session, *caller.user);
  }));
  return caller;
}

meta::Account HubTest::organization(std::string_view who, std::string_view owner) {
  const auto owner_id = user(owner).id();
  return must(database->write(blocking, [&](db::Session& session) -> Result<meta::Account> {
    EMB_TRY(auto found, meta::accounts::find(session, who));
    if (found) return *found;
    meta::Account fresh;
    fresh.kind = meta::AccountKind::Organization;
    fresh.name = who;
    fresh.fullname = who;
    fresh.created_ms = clock.now_ms();
    EMB_TRY(auto made, meta::accounts::create(session, fresh));
    EMB_DO(meta::accounts::set_member(session, made.id, owner_id, meta::Role::Admin));
    return made;
  }));
}

void HubTest::join(std::string_view org, std::string_view who, meta::Role role) {
  const auto user_id = user(who).id();
  must(database->write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto found, meta::accounts::find(session, org));
    if (!found) return fail(Code::NotFound, "no such organization");
    return meta::accounts::set_member(session, found->id, user_id, role);
  }));
}

RepoName HubTest::name(std::string_view id, RepoType type) {
  return must(RepoName::parse(type, id));
}

meta::Repo HubTest::make_repo(const auth::Caller& caller, std::string_view id, RepoType type,
                              bool is_private) {
  NewRepo repo;
  repo.name = name(id, type);
  repo.is_private = is_private;
  if (type == RepoType::Space) repo.sdk = "gradio";
  return must(create_repo(services(), blocking, caller, repo));
}

meta::Repo HubTest::reload(const meta::Repo& repo) {
  auto found = must(database->read(
      blocking, [&](db::Session& session) { return meta::repos::find_by_id(session, repo.id); }));
  if (!found) throw std::runtime_error("the repository is gone");
  return *found;
}

git::Oid HubTest::edit(const auth::Caller& caller, const meta::Repo& repo,
                       const std::vector<InitialFile>& files,
                       const std::vector<std::string>& removed, std::vector<meta::LfsLink> lfs,
                       std::string_view ref) {
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  const auto parent = head(repo, ref);
  const auto base = parent.is_zero() ? git::Oid{} : must(repository->commit(blocking, parent)).tree;
  std::vector<git::TreeEdit> edits;
  for (const auto& file : files) {
    git::TreeEdit put;
    put.path = file.path;
    put.blob = must(repository->write_blob(blocking, file.bytes));
    edits.push_back(put);
  }
  for (const auto& path : removed)
    edits.push_back({git::TreeEdit::Kind::Remove, path, {}, git::EntryKind::File});
  const auto tree = must(repository->edit_tree(blocking, base, edits));
  const std::vector<git::Oid> parents =
      parent.is_zero() ? std::vector<git::Oid>{} : std::vector<git::Oid>{parent};
  clock.advance_ms(1000);
  Publication publication;
  const auto commit = must(repository->write_commit(
      blocking, tree, parents, {caller.name(), caller.user->email}, clock.now_ms(), "edit"));
  publication.repo = repo;
  publication.changes.push_back(
      {std::string(ref), parent.is_zero() ? std::nullopt : std::optional(parent), commit});
  publication.lfs = std::move(lfs);
  publication.actor_id = caller.id();
  must(publish(services(), blocking, *repository, std::move(publication)));
  return commit;
}

git::Oid HubTest::put_files(const auth::Caller& caller, const meta::Repo& repo,
                            const std::vector<InitialFile>& files, std::string_view ref) {
  return edit(caller, repo, files, {}, {}, ref);
}

git::Oid HubTest::put_file(const auth::Caller& caller, const meta::Repo& repo,
                           std::string_view path, std::string_view bytes, std::string_view ref) {
  return put_files(caller, repo, {{std::string(path), std::string(bytes)}}, ref);
}

git::Oid HubTest::remove_file(const auth::Caller& caller, const meta::Repo& repo,
                              std::string_view path) {
  return edit(caller, repo, {}, {std::string(path)}, {}, "refs/heads/main");
}

Digest HubTest::put_object(std::string_view bytes) {
  auto ingest = must(objects->create(blocking));
  must(ingest->write(blocking, bytes));
  return must(ingest->finish(blocking, std::nullopt)).sha256;
}

Digest HubTest::put_lfs_file(const auth::Caller& caller, const meta::Repo& repo,
                             std::string_view path, std::string_view bytes) {
  const auto sha256 = put_object(bytes);
  const git::LfsPointer pointer{sha256, bytes.size()};
  // As an upload does it: the link comes before the commit.
  must(database->write(blocking, [&](db::Session& session) {
    return meta::repos::link_lfs(session, repo.id, {{sha256, bytes.size()}}, clock.now_ms());
  }));
  edit(caller, repo, {{std::string(path), pointer.render()}}, {}, {{sha256, bytes.size()}},
       "refs/heads/main");
  return sha256;
}

git::Oid HubTest::head(const meta::Repo& repo, std::string_view ref) {
  auto row = must(database->read(blocking, [&](db::Session& session) {
    return meta::repos::find_ref(session, repo.id, ref);
  }));
  return row ? must(git::Oid::parse(row->oid)) : git::Oid{};
}

TEST_F(HubTest, AFreshRepositoryHasOneCommit) {
  auto acme = user("acme");
  auto repo = make_repo(acme, "acme/bert");
  EXPECT_EQ(repo.name.id(), "acme/bert");
  EXPECT_FALSE(head(repo).is_zero());
  EXPECT_EQ(head(repo).hex(), repo.head_oid);
}

}  // namespace embrace::hub
