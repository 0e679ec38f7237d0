// Pull requests, as far as writing needs them: opened empty or by a commit, found, listed.

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "hub/commits.h"
#include "hub/publish.h"
#include "hub/repos.h"
#include "hub/write_target.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kPullTitleBytesMax = 800;  // 200 characters
constexpr std::size_t kPullDescriptionBytesMax = 64 << 10;
constexpr std::size_t kPullCommitsMax = 250;  // shown; the newest ones
constexpr std::size_t kBaseCommitsRead = 2'000;
constexpr std::size_t kOldCommitsMax = 64;

// Commits on `head` that are not on `base`, oldest first. Most are told apart by reading both
// histories once; only what is left is asked for one by one, so that a base that ran far ahead
// still gives the right answer.
Result<std::vector<git::Commit>> commits_beyond(rt::Blocking blocking, git::Repository& repository,
                                                const git::Oid& head, const git::Oid& base) {
  std::vector<git::Commit> beyond;
  if (head == base) return beyond;
  EMB_TRY(const auto base_log, repository.log(blocking, base, 0, kBaseCommitsRead));
  std::set<git::Oid> on_base;
  for (const auto& commit : base_log) on_base.insert(commit.oid);
  std::size_t old_ones = 0;
  EMB_TRY(auto head_log, repository.log(blocking, head, 0, kPullCommitsMax + kBaseCommitsRead));
  for (auto& commit : head_log) {
    if (beyond.size() == kPullCommitsMax) break;
    if (on_base.contains(commit.oid)) continue;
    EMB_TRY(const bool is_old, repository.is_ancestor(blocking, commit.oid, base));
    if (is_old && ++old_ones == kOldCommitsMax)
      break;  // deep in the base's own history: nothing new will follow
    if (is_old) continue;
    beyond.push_back(std::move(commit));
  }
  std::reverse(beyond.begin(), beyond.end());
  return beyond;
}

// Its number.
Result<std::int64_t> open_pull(Services& services, rt::Blocking blocking, const WriteTarget& target,
                               const meta::PullRequest& pull) {
  EMB_TRY(auto repository, services.repositories.borrow(
                               blocking, repository_folder(services.settings, target.repo.id)));
  Publication publication;
  publication.repo = target.repo;
  publication.changes = {{.name = "refs/pr/{pull}", .expected = std::nullopt, .next = target.head}};
  publication.pull = pull;
  publication.actor_id = pull.author_id;
  EMB_TRY(const auto published, publish(services, blocking, *repository, std::move(publication)));
  return published.pull_number;
}

}  // namespace

Result<meta::PullRequest> create_pull(Services& services, rt::Blocking blocking,
                                      const auth::Caller& caller, const RepoName& name,
                                      std::string title, std::string description) {
  if (trim(title).empty()) return fail(Code::InvalidArgument, "A pull request needs a title.");
  if (title.size() > kPullTitleBytesMax)
    return fail(Code::InvalidArgument, "The title is too long: at most 200 characters.");
  if (description.size() > kPullDescriptionBytesMax)
    return fail(Code::InvalidArgument, "The description is too long: at most 64 KiB.");
  EMB_TRY(const auto target, find_write_target(services, blocking, caller, name, "HEAD", true));
  auto pull = new_pull(services, caller, target, meta::PullStatus::Draft, std::move(title),
                       std::move(description));
  const auto number = open_pull(services, blocking, target, pull);
  if (!number) return fail(unless_deleted(services, blocking, caller, target.repo, number.error()));
  pull.number = *number;
  return pull;
}

Result<PullDetails> find_pull(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                              const RepoName& name, std::int64_t number) {
  PullDetails details;
  EMB_TRY(details.repo, find_repo(services, blocking, caller, name, auth::Right::See));
  std::optional<meta::RefRow> head, base;
  EMB_DO(services.database.read(blocking, [&](db::Session& s) -> Status {
    EMB_TRY(const auto pull, meta::repos::find_pull(s, details.repo.id, number));
    if (!pull) return fail(Code::NotFound, cat("Pull request ", number, " doesn't exist."));
    details.pull = *pull;
    EMB_TRY(head, meta::repos::find_ref(s, details.repo.id, cat("refs/pr/", number)));
    EMB_TRY(base, meta::repos::find_ref(s, details.repo.id, pull->base_ref));
    return Done{};
  }));
  if (!head) return details;  // the ref of a closed pull request may have been dropped
  EMB_TRY(details.head, git::Oid::parse(head->oid));
  if (!base) return details;
  EMB_TRY(const auto base_oid, git::Oid::parse(base->oid));
  EMB_TRY(auto repository, services.repositories.borrow(
                               blocking, repository_folder(services.settings, details.repo.id)));
  EMB_TRY(details.commits, commits_beyond(blocking, *repository, details.head, base_oid));
  return details;
}

Result<meta::repos::PullPage> list_pulls(Services& services, rt::Blocking blocking,
                                         const auth::Caller& caller, const RepoName& name,
                                         const meta::repos::PullFilter& filter, std::size_t skip,
                                         std::size_t limit) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  limit = std::min<std::size_t>(limit, services.settings.list_page_max);
  return services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::pulls(s, repo.id, filter, skip, limit);
  });
}

}  // namespace embrace::hub
