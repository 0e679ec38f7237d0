// History: pages of it, and replacing it by one commit.

#include "base/immutable_cache.h"
#include "base/strings.h"
#include "hub/publish.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "hub/revisions.h"

namespace embrace::hub {
namespace {

constexpr Millis kLockWaitMs = 30'000;
constexpr std::size_t kSquashMessageBytesMax = 2'000;

ImmutableCache<git::Oid, std::uint64_t>& length_cache() {
  static ImmutableCache<git::Oid, std::uint64_t> cache(10'000);
  return cache;
}

Result<std::uint64_t> history_length(git::Repository& repository, rt::Blocking blocking,
                                     const git::Oid& commit) {
  if (auto known = length_cache().find(commit)) return *known;
  EMB_TRY(auto total, repository.count_commits(blocking, commit));
  length_cache().put(commit, total);
  return total;
}

}  // namespace

Result<History> list_commits(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                             const RepoName& name, std::string_view rev, std::size_t skip,
                             std::size_t limit) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  LazyRepository lazy(services, repo);
  EMB_TRY(auto revision, resolve(lazy, blocking, rev));
  EMB_TRY(auto* repository, lazy.get(blocking));
  History history;
  EMB_TRY(history.total, history_length(*repository, blocking, revision.commit));
  limit = std::min<std::size_t>(limit, services.settings.log_page_max);
  if (skip < history.total && limit > 0) {
    EMB_TRY(history.commits, repository->log(blocking, revision.commit, skip, limit));
  }
  return history;
}

Result<git::Oid> super_squash(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                              const RepoName& name, std::string_view branch,
                              std::string_view message) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  if (message.size() > kSquashMessageBytesMax) {
    return fail(Code::InvalidArgument, "the message is too long: at most 500 characters");
  }
  EMB_TRY(auto guard, services.write_locks.lock(blocking, repo.id, kLockWaitMs));
  EMB_TRY(auto repository,
          services.repositories.borrow(blocking, repository_folder(services.settings, repo.id)));
  // Read again under the lock, so that the row's head is the one that gets replaced.
  EMB_TRY(repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  EMB_TRY(auto revision, resolve_revision(services, blocking, repo, *repository, branch));
  if (!revision.ref.starts_with("refs/heads/")) {
    return fail(Code::InvalidArgument,
                cat("only a branch can be squashed, and ", branch, " is none"));
  }
  EMB_TRY(auto head, repository->commit(blocking, revision.commit));
  EMB_TRY(auto squashed,
          repository->write_commit(
              blocking, head.tree, {}, signature_of(caller), services.clock.now_ms(),
              message.empty() ? std::string_view("Super-squash branch using Embrace") : message));
  Publication publication;
  publication.repo = repo;
  EMB_TRY(publication.pack, repository->finish_pack(blocking));
  publication.changes.push_back({revision.ref, revision.commit, squashed});
  publication.actor_id = caller.id();
  EMB_TRY([[maybe_unused]] auto published,
          publish(services, blocking, *repository, std::move(publication)));
  return squashed;
}

}  // namespace embrace::hub
