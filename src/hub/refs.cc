// Branches and tags: making and deleting them.

#include <algorithm>

#include "base/strings.h"
#include "hub/publish.h"
#include "hub/reading.h"
#include "hub/ref_names.h"
#include "hub/repos.h"
#include "hub/revisions.h"
#include "hub/unreached_commit.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr Millis kLockWaitMs = 30'000;

Result<std::optional<git::Oid>> ref_now(Services& services, rt::Blocking blocking,
                                        const meta::Repo& repo, std::string_view ref) {
  EMB_TRY(auto row, services.database.read(blocking, [&](db::Session& session) {
    return meta::repos::find_ref(session, repo.id, ref);
  }));
  if (!row) return std::nullopt;
  EMB_TRY(auto oid, git::Oid::parse(row->oid));
  return oid;
}

Result<git::Repositories::Lease> borrow(Services& services, rt::Blocking blocking,
                                        const meta::Repo& repo) {
  return services.repositories.borrow(blocking, repository_folder(services.settings, repo.id));
}

Result<Published> change_ref(Services& services, rt::Blocking blocking, git::Repository& repository,
                             const meta::Repo& repo, const auth::Caller& caller, RefChange change,
                             std::vector<meta::LfsLink> lfs = {}) {
  Publication publication;
  publication.repo = repo;
  EMB_TRY(publication.pack, repository.finish_pack(blocking));
  publication.changes.push_back(std::move(change));
  publication.lfs = std::move(lfs);
  publication.actor_id = caller.id();
  return publish(services, blocking, repository, std::move(publication));
}

// Where a new branch begins.
Result<Revision> starting_point(Services& services, rt::Blocking blocking,
                                const auth::Caller& caller, const meta::Repo& repo,
                                git::Repository& repository, const NewBranch& branch) {
  if (!branch.empty) {
    return resolve_revision(services, blocking, repo, repository,
                            branch.starting_point.value_or("HEAD"));
  }
  EMB_TRY(auto tree, repository.edit_tree(blocking, git::Oid{}, {}));
  EMB_TRY(const auto commit, repository.write_commit(blocking, tree, {}, signature_of(caller),
                                                     services.clock.now_ms(), "initial commit"));
  return Revision{commit, cat("refs/heads/", branch.branch)};
}

// What a ref at this revision must link: nothing when another ref leads there.
Result<std::vector<meta::LfsLink>> files_of(Services& services, rt::Blocking blocking,
                                            const meta::Repo& repo, git::Repository& repository,
                                            const Revision& revision) {
  if (!revision.ref.empty()) return std::vector<meta::LfsLink>{};
  return files_of_unreached(services, blocking, repo, repository, revision.commit);
}

}  // namespace

Status create_branch(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                     const RepoName& name, const NewBranch& branch) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  EMB_DO(check_new_ref_name(branch.branch, "branch"));
  EMB_TRY(auto guard, services.write_locks.lock(blocking, repo.id, kLockWaitMs));
  const auto ref = "refs/heads/" + branch.branch;
  EMB_TRY(auto now, ref_now(services, blocking, repo, ref));
  const auto exists = cat("Reference ", ref, " already exists");
  if (now && !branch.overwrite) return fail(Code::Conflict, exists);
  EMB_TRY(auto repository, borrow(services, blocking, repo));
  EMB_TRY(const auto start, starting_point(services, blocking, caller, repo, *repository, branch));
  if (now == start.commit) return Done{};
  EMB_TRY(auto files, files_of(services, blocking, repo, *repository, start));
  auto published = change_ref(services, blocking, *repository, repo, caller,
                              {ref, now, start.commit}, std::move(files));
  if (!published) return fail(std::move(published).error());
  return Done{};
}

Status delete_branch(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                     const RepoName& name, std::string_view branch) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  if (branch.starts_with("refs/heads/")) branch.remove_prefix(11);
  const auto ref = cat("refs/heads/", branch);
  if (branch == repo.default_branch) return fail(Code::Denied, "Cannot delete " + ref);
  EMB_TRY(auto guard, services.write_locks.lock(blocking, repo.id, kLockWaitMs));
  EMB_TRY(auto now, ref_now(services, blocking, repo, ref));
  if (!now) return fail(revision_not_found(branch));
  EMB_TRY(auto repository, borrow(services, blocking, repo));
  EMB_TRY([[maybe_unused]] auto published,
          change_ref(services, blocking, *repository, repo, caller, {ref, now, std::nullopt}));
  return Done{};
}

Status create_tag(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                  const RepoName& name, std::string_view rev, std::string_view tag,
                  std::string_view message) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  EMB_DO(check_new_ref_name(tag, "tag"));
  EMB_TRY(auto guard, services.write_locks.lock(blocking, repo.id, kLockWaitMs));
  const auto ref = cat("refs/tags/", tag);
  EMB_TRY(auto now, ref_now(services, blocking, repo, ref));
  if (now) return fail(Code::Conflict, "Tag reference exists already");
  EMB_TRY(auto repository, borrow(services, blocking, repo));
  EMB_TRY(auto target, resolve_revision(services, blocking, repo, *repository, rev));
  EMB_TRY(auto files, files_of(services, blocking, repo, *repository, target));
  auto points_to = target.commit;
  if (!message.empty()) {
    EMB_TRY(points_to, repository->write_tag(blocking, target.commit, tag, signature_of(caller),
                                             services.clock.now_ms(), message));
  }
  EMB_TRY([[maybe_unused]] auto published,
          change_ref(services, blocking, *repository, repo, caller, {ref, std::nullopt, points_to},
                     std::move(files)));
  return Done{};
}

Status delete_tag(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                  const RepoName& name, std::string_view tag) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  if (tag.starts_with("refs/tags/")) tag.remove_prefix(10);
  EMB_TRY(auto guard, services.write_locks.lock(blocking, repo.id, kLockWaitMs));
  const auto ref = cat("refs/tags/", tag);
  EMB_TRY(auto now, ref_now(services, blocking, repo, ref));
  if (!now) return fail(revision_not_found(tag));
  EMB_TRY(auto repository, borrow(services, blocking, repo));
  EMB_TRY([[maybe_unused]] auto published,
          change_ref(services, blocking, *repository, repo, caller, {ref, now, std::nullopt}));
  return Done{};
}

}  // namespace embrace::hub
