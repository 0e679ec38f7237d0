#include "hub/repos.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "hub/card_reuse.h"
#include "hub/card_rule.h"
#include "hub/folders.h"
#include "hub/full_text.h"
#include "hub/new_repo.h"
#include "hub/publish.h"
#include "hub/quota.h"
#include "hub/staged_tree.h"
#include "hub/young_packs.h"
#include "json/writer.h"
#include "meta/accounts.h"
#include "meta/repos.h"
#include "meta/storage.h"

namespace embrace::hub {
namespace {

constexpr Millis kLockWaitMs = 30'000;

Result<RepoLookup> look_up(db::Session& session, const RepoName& name) {
  RepoLookup lookup;
  EMB_TRY(lookup.repo, meta::repos::find(session, name));
  if (lookup.repo) return lookup;
  EMB_TRY(auto target, meta::repos::find_redirect(session, name));
  if (!target) return lookup;
  lookup.is_redirect = true;
  EMB_TRY(lookup.repo, meta::repos::find_by_id(session, *target));
  return lookup;
}

Status check_new_name(const RepoName& name) {
  EMB_DO(check_repo_name(name.name));
  return Done{};
}

Status check_new_repo(const Settings& settings, const NewRepo& repo) {
  EMB_DO(check_new_name(repo.name));
  if (repo.name.type == RepoType::Space) {
    constexpr std::string_view kSdks[] = {"gradio", "docker", "static", "streamlit"};
    if (std::ranges::find(kSdks, repo.sdk) == std::end(kSdks)) {
      return fail(Code::InvalidArgument,
                  "\"sdk\" must be one of [gradio, docker, static, streamlit]");
    }
  }
  if (repo.files.size() > settings.commit_operations_max)
    return fail(Code::TooLarge, "too many files");
  std::set<std::string_view> paths;
  for (const auto& file : repo.files) {
    EMB_DO(git::check_path(file.path));
    if (!paths.insert(file.path).second)
      return fail(Code::InvalidArgument, cat("two files at ", file.path));
    if (file.bytes.size() > settings.regular_file_bytes_max) {
      return fail(Code::TooLarge,
                  cat(file.path, " is too large for the initial commit: upload it afterwards"));
    }
    // The link rule (hub/lfs_links.h): a repository that does not exist yet has received no object,
    // so no pointer in its first commit can be honest.
    if (git::LfsPointer::parse(file.bytes)) {
      return fail(Code::Unusable,
                  cat("LFS pointer pointed to a file that does not exist: \"", file.path,
                      "\". Create the repository first, then upload the file to it."));
    }
  }
  return Done{};
}

// Fills in head_oid, card and packs from the files, which must be what a commit would take.
Status write_initial_commit(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                            const NewRepo& wanted, const std::string& folder, Birth& birth) {
  EMB_TRY(auto repository, git::Repository::open(blocking, folder));
  StagedTree staged(*repository, git::Oid{});
  for (const auto& file : initial_files(wanted)) {
    StagedTree::File put;
    EMB_TRY(put.blob, repository->write_blob(blocking, file.bytes));
    EMB_DO(staged.put(blocking, file.path, put));
  }
  EMB_DO(staged.check_names(blocking));
  if (std::ranges::find(wanted.files, "README.md", &InitialFile::path) != wanted.files.end()) {
    EMB_TRY(const auto readme, staged.find(blocking, "README.md"));
    EMB_DO(check_new_card(services, blocking, *repository, wanted.name.type, readme->blob,
                          std::nullopt));
  }
  EMB_TRY(auto tree, staged.write(blocking));
  EMB_TRY(auto commit, repository->write_commit(blocking, tree, {}, signature_of(caller),
                                                birth.row.created_ms, "initial commit"));
  EMB_TRY(auto pack, repository->finish_pack(blocking));
  if (pack) birth.packs.push_back(*pack);
  birth.row.head_oid = commit.hex();
  EMB_TRY(birth.row.card, index_tree(services, blocking, *repository, wanted.name.type, tree));
  EMB_TRY(birth.card_text, read_card_text(blocking, *repository, tree));
  return Done{};
}

// The row of a repository that is about to be; checks rights and that the name is free (again,
// later, in the transaction).
Result<Birth> prepare_birth(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                            NewRepo& wanted) {
  if (wanted.name.ns.empty()) wanted.name.ns = caller.name();
  EMB_TRY(auto ns, creatable_namespace(services, blocking, caller, wanted.name.ns));
  EMB_DO(check_new_repo(services.settings, wanted));
  wanted.name.ns = ns.name;
  EMB_TRY(auto taken, services.database.read(blocking, [&](db::Session& session) {
    return meta::repos::find(session, wanted.name);
  }));
  if (taken) return fail(already_exists(taken->name));
  Birth birth;
  birth.row.name = wanted.name;
  birth.row.namespace_id = ns.id;
  birth.row.creator_id = birth.actor_id = caller.id();
  birth.row.is_private = wanted.is_private;
  birth.row.created_ms = birth.row.modified_ms = services.clock.now_ms();
  return birth;
}

Error moved_to(const RepoName& name) {
  return Error(Code::Moved, "The repository is now " + name.id()).with("repo", name.id());
}

Result<SharedRepo> permit(const auth::Caller& caller, const RepoName& name, RepoRows::Known lookup,
                          auth::Right right) {
  if (!lookup->repo) return fail(auth::repo_not_found(caller));
  const meta::Repo& repo = *lookup->repo;
  // Whether it may be seen comes first: a redirect must not tell where a private repository went.
  EMB_DO(auth::check(caller, repo, auth::Right::See));
  if (lookup->is_redirect || repo.name != name) return fail(moved_to(repo.name));
  if (right != auth::Right::See) EMB_DO(auth::check(caller, repo, right));
  return SharedRepo(std::move(lookup), &repo);
}

Status add_event(Services& services, db::Session& session, const auth::Caller& caller,
                 std::string_view kind, const meta::Repo& repo, std::string_view before) {
  json::Writer facts;
  facts.begin_object().field("type", to_string(repo.name.type)).field("repo", repo.name.id());
  if (!before.empty()) facts.field("from", before);
  return meta::repos::add_event(
      session, {std::string(kind), repo.id, caller.id(), facts.end_object().take()},
      services.clock.now_ms());
}

}  // namespace

Result<SharedRepo> share_repo(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                              const RepoName& name, auth::Right right) {
  if (name.ns.empty())
    return fail(auth::repo_not_found(caller));  // a legacy id: this hub never had any
  const auto stamp = services.database.change_stamp();
  RepoRows::Known lookup = stamp ? services.repo_rows->find(name, *stamp) : nullptr;
  if (!lookup) {
    EMB_TRY(auto fresh, services.database.read(blocking, [&](db::Session& session) {
      return look_up(session, name);
    }));
    lookup = std::make_shared<const RepoLookup>(std::move(fresh));
    if (stamp) services.repo_rows->put(name, *stamp, lookup);
  }
  return permit(caller, name, std::move(lookup), right);
}

Result<meta::Repo> find_repo(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                             const RepoName& name, auth::Right right) {
  EMB_TRY(auto shared, share_repo(services, blocking, caller, name, right));
  return *shared;
}

std::optional<Result<SharedRepo>> known_repo(Services& services, const auth::Caller& caller,
                                             const RepoName& name, auth::Right right) {
  const auto stamp = services.database.change_stamp();
  auto lookup = stamp ? services.repo_rows->find(name, *stamp) : nullptr;
  if (!lookup) return std::nullopt;
  return permit(caller, name, std::move(lookup), right);
}

Error unless_deleted(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                     const meta::Repo& repo, Error error) {
  const auto row = services.database.read(
      blocking, [&](db::Session& session) { return meta::repos::find_by_id(session, repo.id); });
  const bool is_deleted = row && (!*row || (*row)->created_ms != repo.created_ms);
  return is_deleted ? auth::repo_not_found(caller) : error;
}

Result<meta::Repo> create_repo(Services& services, rt::Blocking blocking,
                               const auth::Caller& caller, NewRepo repo) {
  EMB_TRY(auto birth, prepare_birth(services, blocking, caller, repo));
  EMB_TRY(auto folder, NewFolder::create(services, blocking));
  EMB_DO(write_initial_commit(services, blocking, caller, repo, folder.path(), birth));
  return give_birth(services, blocking, caller, std::move(folder), birth);
}

Status delete_repo(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                   const RepoName& name) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Manage));
  EMB_TRY(auto guard, services.write_locks.lock(blocking, repo.id, kLockWaitMs));
  EMB_DO(services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto row, meta::repos::find_by_id(session, repo.id));
    if (!row || row->created_ms != repo.created_ms) return fail(auth::repo_not_found(caller));
    EMB_DO(add_event(services, session, caller, "repo.deleted", *row, ""));
    return meta::repos::remove(session, repo.id);
  }));
  const auto folder = repository_folder(services.settings, repo.id);
  services.repositories.forget(folder);
  remove_folder(folder);
  return Done{};
}

Result<meta::Repo> move_repo(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                             const RepoName& from, const RepoName& to) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, from, auth::Right::Manage));
  if (to.type != from.type)
    return fail(Code::InvalidArgument, "a repository can't change its type by moving");
  if (to.ns.empty())
    return fail(Code::InvalidArgument, "\"toRepo\" must be of the form \"namespace/name\"");
  EMB_DO(check_new_name(to));
  EMB_TRY(auto ns, creatable_namespace(services, blocking, caller, to.ns));
  RepoName target{to.type, ns.name, to.name};
  return services.database.write(blocking, [&](db::Session& session) -> Result<meta::Repo> {
    EMB_TRY(auto row, meta::repos::find_by_id(session, repo.id));
    if (!row || row->name != repo.name)
      return fail(Code::Conflict, "the repository was moved or deleted meanwhile");
    EMB_TRY(auto old_ns, meta::accounts::find_by_id(session, row->namespace_id));
    const bool is_between_users = old_ns && old_ns->id != ns.id &&
                                  old_ns->kind == meta::AccountKind::User &&
                                  ns.kind == meta::AccountKind::User;
    if (is_between_users && !caller.is_site_admin()) {
      return fail(Code::Denied, "A repository can't be moved from one user to another");
    }
    EMB_TRY(auto taken, meta::repos::find(session, target));
    if (taken && taken->id != row->id) {
      return fail(Error(Code::Conflict, cat("The ", to_string(target.type), " ", taken->name.id(),
                                            " already exists"))
                      .with("repo", taken->name.id()));
    }
    if (auto freed = free_redirect(session, caller, target, row->id); !freed) {
      if (freed.error().code() != Code::Conflict) return fail(std::move(freed).error());
      return fail(Code::Conflict, cat("The name ", target.id(),
                                      " already exists: it leads to a repository that "
                                      "was moved away from it"));
    }
    if (row->namespace_id != ns.id) {
      EMB_TRY(const auto links, meta::storage::links_of(session, row->id));
      EMB_DO(check_quota(services, session, ns.id, links));
    }
    EMB_DO(meta::repos::rename(session, row->id, target, ns.id));
    // Another spelling of the same name needs no redirect: lookup ignores case.
    if (!taken) EMB_DO(meta::repos::add_redirect(session, row->name, row->id));
    EMB_TRY(auto moved, meta::repos::find_by_id(session, row->id));
    if (!moved) return fail(Code::Internal, "the moved repository's row is gone");
    EMB_DO(add_event(services, session, caller, "repo.moved", *moved, row->name.id()));
    return *std::move(moved);
  });
}

Result<meta::Repo> update_settings(Services& services, rt::Blocking blocking,
                                   const auth::Caller& caller, const RepoName& name,
                                   const RepoSettings& change) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Manage));
  return services.database.write(blocking, [&](db::Session& session) -> Result<meta::Repo> {
    EMB_TRY(auto row, meta::repos::find_by_id(session, repo.id));
    if (!row || row->created_ms != repo.created_ms) return fail(auth::repo_not_found(caller));
    row->is_private = change.is_private.value_or(row->is_private);
    row->gating = change.gating.value_or(row->gating);
    row->discussions_disabled = change.discussions_disabled.value_or(row->discussions_disabled);
    EMB_DO(meta::repos::update_settings(session, *row));
    EMB_DO(add_event(services, session, caller, "repo.settings", *row, ""));
    return *std::move(row);
  });
}

Result<meta::Repo> duplicate_repo(Services& services, rt::Blocking blocking,
                                  const auth::Caller& caller, const RepoName& from, NewRepo to,
                                  Visibility visibility) {
  EMB_TRY(const auto source, find_repo(services, blocking, caller, from, auth::Right::Read));
  to.name.type = source.name.type;
  to.sdk = source.card.sdk.empty() ? "static" : source.card.sdk;  // the card comes with the copy
  EMB_TRY(auto birth, prepare_birth(services, blocking, caller, to));
  EMB_TRY(auto folder, NewFolder::create(services, blocking));
  // What is only in rows yet, or in files that nobody has synced, is not for linking.
  EMB_DO(settle_young_packs(services, blocking, source.id));
  if (auto linked = link_pack_files(repository_folder(services.settings, source.id), folder.path());
      !linked) {
    return fail(unless_deleted(services, blocking, caller, source, std::move(linked).error()));
  }
  EMB_TRY(birth.packs, git::list_packs(blocking, folder.path()));
  birth.row.head_oid = source.head_oid;
  birth.row.card = source.card;
  // A copy is never more open than its source, unless the caller says so and may.
  birth.row.gating = source.gating;
  birth.row.is_private = visibility == Visibility::Private ||
                         (visibility == Visibility::AsSource && source.is_private);
  birth.copy_of = source.id;
  birth.event = "repo.duplicated";
  return give_birth(services, blocking, caller, std::move(folder), birth);
}

}  // namespace embrace::hub
