// Administration of the large files that a repository holds: listed, deleted, copied from another
// repository.

#include <algorithm>
#include <unordered_map>

#include "base/strings.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "hub/lfs_rewrite.h"
#include "hub/publish.h"
#include "hub/quota.h"
#include "hub/repos.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kLfsFilesPageMax = 1000;
constexpr std::size_t kLfsDeletionsMax = 1000;
constexpr std::size_t kLfsCopiesMax = 500;
constexpr std::size_t kRefsSearchedMax = 32;  // for the names of files
constexpr Millis kRewriteLockWaitMs = 120'000;
constexpr unsigned kRewriteAttemptsMax = 3;

// Where a large file is shown.
struct Place {
  std::string path;
  std::string ref;
  git::Oid head;
};
using Places = std::unordered_map<Digest, Place>;

Status search_ref(rt::Blocking blocking, git::Repository& repository, const std::string& ref,
                  const git::Oid& head, std::unordered_map<Digest, bool>& wanted, Places& places) {
  EMB_TRY(const auto commit, repository.commit(blocking, head));
  EMB_TRY(const auto entries, repository.list(blocking, commit.tree, "", true));
  for (const auto& entry : entries) {
    if (!entry.lfs) continue;
    const auto want = wanted.find(entry.lfs->sha256);
    if (want == wanted.end() || want->second) continue;
    want->second = true;
    places.emplace(entry.lfs->sha256, Place{.path = entry.path, .ref = ref, .head = head});
  }
  return Done{};
}

// The default branch first, then the others in order, until every file has a place.
Result<Places> find_places(Services& services, rt::Blocking blocking, const meta::Repo& repo,
                           git::Repository& repository,
                           const std::vector<meta::repos::LfsRow>& rows) {
  std::unordered_map<Digest, bool> wanted;
  for (const auto& row : rows) wanted.emplace(row.link.sha256, false);
  EMB_TRY(auto refs, services.database.read(
                         blocking, [&](db::Session& s) { return meta::repos::refs(s, repo.id); }));
  const auto main_ref = cat("refs/heads/", repo.default_branch);
  const auto main_row = std::ranges::find(refs, main_ref, &meta::RefRow::name);
  if (main_row != refs.end()) std::rotate(refs.begin(), main_row, main_row + 1);
  Places places;
  std::size_t searched = 0;
  for (const auto& row : refs) {
    if (places.size() == wanted.size() || searched++ == kRefsSearchedMax) break;
    EMB_TRY(const auto head, git::Oid::parse(row.oid));
    EMB_DO(search_ref(blocking, repository, row.name, head, wanted, places));
  }
  return places;
}

// The commit that last wrote each path, asked once for all paths of one head.
Status add_commits(Services& services, rt::Blocking blocking, git::Repository& repository,
                   const Places& places, std::vector<LfsFileRow>& rows) {
  std::unordered_map<git::Oid, std::vector<LfsFileRow*>> by_head;
  for (auto& row : rows) {
    if (const auto place = places.find(row.sha256); place != places.end())
      by_head[place->second.head].push_back(&row);
  }
  for (const auto& [head, members] : by_head) {
    std::vector<std::string> paths;
    for (const auto* row : members) paths.push_back(row->filename);
    EMB_TRY(const auto commits,
            repository.last_commits(blocking, head, paths,
                                    std::chrono::milliseconds(services.settings.history_time_ms)));
    for (std::size_t i = 0; i < members.size(); ++i) {
      members[i]->commit = (commits[i] ? commits[i]->oid : head).hex();
    }
  }
  return Done{};
}

bool is_rewritable(std::string_view ref) {
  return ref.starts_with("refs/heads/") || ref.starts_with("refs/pr/") ||
         ref.starts_with("refs/convert/");
}

// What the refs must become. Tags name one state for ever and stay.
Result<std::vector<RefChange>> rewrite_refs(Services& services, rt::Blocking blocking,
                                            const meta::Repo& repo, git::Repository& repository,
                                            const DigestSet& objects) {
  EMB_TRY(const auto refs, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::refs(s, repo.id);
  }));
  std::vector<RefChange> candidates;
  std::vector<git::Oid> tips;
  for (const auto& row : refs) {
    if (!is_rewritable(row.name)) continue;
    EMB_TRY(const auto oid, git::Oid::parse(row.oid));
    candidates.push_back({.name = row.name, .expected = oid, .next = std::nullopt});
    tips.push_back(oid);
  }
  EMB_TRY(const auto rewritten, rewrite_without(blocking, repository, tips, objects));
  std::vector<RefChange> changes;
  for (auto& candidate : candidates) {
    const auto next = rewritten.find(*candidate.expected);
    if (next == rewritten.end()) continue;
    candidate.next = next->second;
    changes.push_back(std::move(candidate));
  }
  return changes;
}

Status rewrite_history_without(Services& services, rt::Blocking blocking,
                               const auth::Caller& caller, const meta::Repo& repo,
                               const DigestSet& objects) {
  EMB_TRY(const auto guard, services.write_locks.lock(blocking, repo.id, kRewriteLockWaitMs));
  for (unsigned attempt = 1;; ++attempt) {
    EMB_TRY(auto repository,
            services.repositories.borrow(blocking, repository_folder(services.settings, repo.id)));
    Publication publication;
    publication.repo = repo;
    publication.actor_id = caller.id();
    EMB_TRY(publication.changes, rewrite_refs(services, blocking, repo, *repository, objects));
    if (publication.changes.empty()) return Done{};
    EMB_TRY(publication.pack, repository->finish_pack(blocking));
    const auto published = publish(services, blocking, *repository, std::move(publication));
    if (published) return Done{};
    if (published.error().code() != Code::Conflict || attempt == kRewriteAttemptsMax)
      return fail(published.error());
  }
}

}  // namespace

Result<LfsFilePage> list_lfs_files(Services& services, rt::Blocking blocking,
                                   const auth::Caller& caller, const RepoName& name,
                                   std::string_view cursor, std::size_t limit) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  if (!cursor.empty() && !Digest::parse(cursor))
    return fail(Code::InvalidArgument, "The cursor is not one that this server gave.");
  limit = limit == 0 ? kLfsFilesPageMax : std::min(limit, kLfsFilesPageMax);
  EMB_TRY(auto links, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::lfs_links(s, repo.id, cursor, limit + 1);
  }));
  LfsFilePage page;
  if (links.size() > limit) {
    links.resize(limit);
    page.next = links.back().link.sha256.hex();
  }
  EMB_TRY(auto repository,
          services.repositories.borrow(blocking, repository_folder(services.settings, repo.id)));
  EMB_TRY(const auto places, find_places(services, blocking, repo, *repository, links));
  for (const auto& row : links) {
    LfsFileRow file{.sha256 = row.link.sha256,
                    .size_bytes = row.link.size_bytes,
                    .filename = {},
                    .commit = git::Oid().hex(),
                    .pushed_ms = row.linked_ms,
                    .ref = {}};
    if (const auto place = places.find(file.sha256); place != places.end()) {
      file.filename = place->second.path;
      file.ref = place->second.ref;
    }
    page.rows.push_back(std::move(file));
  }
  EMB_DO(add_commits(services, blocking, *repository, places, page.rows));
  return page;
}

// History first: should the unlinking fail after it, what is left over is a link that nothing
// refers to. The version moves with the links, because readers remember them by it (lfs_links.h).
Status delete_lfs_files(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                        const RepoName& name, const std::vector<Digest>& objects,
                        bool rewrite_history) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  if (objects.empty() || objects.size() > kLfsDeletionsMax) {
    return fail(Code::InvalidArgument, cat("Name 1 to ", kLfsDeletionsMax, " files to delete."));
  }
  if (rewrite_history) {
    EMB_DO(rewrite_history_without(services, blocking, caller, repo,
                                   DigestSet(objects.begin(), objects.end())));
  }
  return services.database.write(blocking, [&](db::Session& s) -> Status {
    for (const auto& sha256 : objects) EMB_DO(meta::repos::unlink_lfs(s, repo.id, sha256));
    return meta::repos::touch(s, repo.id, std::nullopt, std::nullopt);
  });
}

Result<std::vector<LfsCopyFailure>> duplicate_lfs_files(Services& services, rt::Blocking blocking,
                                                        const auth::Caller& caller,
                                                        const RepoName& from, const RepoName& to,
                                                        const std::vector<Digest>& objects) {
  EMB_TRY(const auto source, find_repo(services, blocking, caller, from, auth::Right::Read));
  EMB_TRY(const auto target, find_repo(services, blocking, caller, to, auth::Right::Write));
  if (objects.size() > kLfsCopiesMax)
    return fail(Code::InvalidArgument,
                cat("At most ", kLfsCopiesMax, " files may be copied at once."));
  EMB_TRY(const auto links, find_lfs_links(services, blocking, source.id, objects));
  std::vector<LfsCopyFailure> failures;
  std::vector<meta::LfsLink> copies;
  for (const auto& sha256 : objects) {
    if (const auto link = links.find(sha256); link != links.end()) {
      copies.push_back(link->second);
    } else {
      failures.push_back(
          {.sha256 = sha256, .error = cat("The file is not part of ", source.name.id(), ".")});
    }
  }
  EMB_DO(services.database.write(blocking, [&](db::Session& s) -> Status {
    EMB_DO(check_quota(services, s, target.namespace_id, copies));
    return meta::repos::link_lfs(s, target.id, copies, services.clock.now_ms());
  }));
  return failures;
}

}  // namespace embrace::hub
