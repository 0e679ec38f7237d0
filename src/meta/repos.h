#pragma once
// Repositories: rows, old names, refs, packs, card index, LFS links and locks, pull requests,
// events. SQL only: rules live in hub/.

#include <optional>
#include <string_view>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::repos {

Result<Repo> create(db::Session&, const Repo& repo);  // fills id; Conflict when the name is taken
// By name without regard to case; the row has the canonical spelling.
Result<std::optional<Repo>> find(db::Session&, const RepoName& name);
Result<std::optional<Repo>> find_by_id(db::Session&, std::int64_t id);
// Settings only: is_private, gating, is_disabled, discussions_disabled, default_branch.
Status update_settings(db::Session&, const Repo& repo);
Status rename(db::Session&, std::int64_t repo_id, const RepoName& to, std::int64_t namespace_id);
Status remove(db::Session&, std::int64_t repo_id);  // and every row that hangs on it
Status count_downloads(db::Session&, std::int64_t repo_id, std::int64_t count, Millis now_ms);
// Lets days older than thirty fall out of `downloads`; for a daily job.
Status refresh_download_windows(db::Session&, Millis now_ms);

// Old names redirect for ever: a redirect keeps its name from being taken by anyone but the
// repository it points to (hub-api 1.2; features U05).
Status add_redirect(db::Session&, const RepoName& from, std::int64_t repo_id);
Result<std::optional<std::int64_t>> find_redirect(db::Session&, const RepoName& from);
Status remove_redirect(db::Session&, const RepoName& from);

// Refs. change_ref is the compare-and-swap at the heart of publish: `expected` nullopt = must not
// exist, `next` nullopt = delete. Conflict when the row is not as expected.
Result<std::vector<RefRow>> refs(db::Session&, std::int64_t repo_id);
Result<std::optional<RefRow>> find_ref(db::Session&, std::int64_t repo_id, std::string_view name);
Status change_ref(db::Session&, std::int64_t repo_id, std::string_view name,
                  std::optional<std::string_view> expected, std::optional<std::string_view> next);
// After the refs were changed: refs_version + 1, and when the default branch moved its oid and
// time.
Status touch(db::Session&, std::int64_t repo_id, std::optional<std::string_view> head_oid,
             std::optional<Millis> modified_ms);

Status add_pack(db::Session&, std::int64_t repo_id, const PackRow& pack);
Result<std::vector<PackRow>> packs(db::Session&, std::int64_t repo_id);
// Conflict, and nothing changed, when one of `gone` is not there any more.
Status replace_packs(db::Session&, std::int64_t repo_id, const std::vector<PackRow>& gone,
                     const std::vector<PackRow>& come);

Status set_card(db::Session&, std::int64_t repo_id,
                const CardIndex& card);  // and its rows in repo_tags

// LFS objects this repository has referred to or received (what "already part of this repo" means).
// The one way to a link, beside copy_lfs_links: in the same transaction the files count as used, so
// that none of them is dropped meanwhile (storage.h). Unusable, "upload it again", when one is
// gone. A new link counts for `payer_id`, or for the repository's namespace without one; an old one
// comes to count for the namespace, and never for somebody else.
Status link_lfs(db::Session&, std::int64_t repo_id, const std::vector<LfsLink>& links,
                Millis now_ms, std::optional<std::int64_t> payer_id = std::nullopt);
// Those of the files whose links count for somebody else than the repository's namespace.
Result<std::vector<LfsLink>> lfs_of_payers(db::Session&, std::int64_t repo_id,
                                           const std::vector<Digest>& files);
// Those of the files whose links nobody used since.
Result<std::vector<Digest>> old_lfs(db::Session&, std::int64_t repo_id,
                                    const std::vector<Digest>& files, Millis used_before_ms);
// Somebody was told that the repository has these: links older than `used_before_ms` count as used.
Status keep_lfs(db::Session&, std::int64_t repo_id, const std::vector<Digest>& files,
                Millis used_before_ms, Millis now_ms);
Result<std::optional<LfsLink>> find_lfs(db::Session&, std::int64_t repo_id, const Digest& sha256);
struct LfsRow {
  LfsLink link;
  Millis linked_ms = 0;
};
Result<std::vector<LfsRow>> lfs_links(db::Session&, std::int64_t repo_id,
                                      std::string_view after_sha256_hex, std::size_t limit);
Status unlink_lfs(db::Session&, std::int64_t repo_id, const Digest& sha256);
Result<bool> is_lfs_linked_anywhere(db::Session&, const Digest& sha256);
// Links whose file is gone are not copied.
Status copy_lfs_links(db::Session&, std::int64_t from_repo_id, std::int64_t to_repo_id,
                      Millis now_ms);

Result<LfsLock> create_lock(db::Session&, const LfsLock& lock);  // Conflict when the path is locked
Result<std::vector<LfsLock>> locks(db::Session&, std::int64_t repo_id,
                                   std::string_view path /* "" = all */, std::int64_t after_id,
                                   std::size_t limit);
Result<std::optional<LfsLock>> find_lock(db::Session&, std::int64_t repo_id, std::int64_t lock_id);
Status remove_lock(db::Session&, std::int64_t repo_id, std::int64_t lock_id);

// Numbers are given from 1 per repository, in the transaction that creates the row.
Result<PullRequest> create_pull(db::Session&, const PullRequest& pull);  // fills number
Result<std::optional<PullRequest>> find_pull(db::Session&, std::int64_t repo_id,
                                             std::int64_t number);
// Newest first, without their descriptions: those may be long, and a list shows none. `total` is
// how many pass the filter on all pages together.
struct PullFilter {
  std::optional<bool> is_open;  // Draft and Open, or Closed and Merged
  std::string author;           // without case; "": anybody
};
struct PullPage {
  std::vector<PullRequest> pulls;
  std::uint64_t total = 0;
};
Result<PullPage> pulls(db::Session&, std::int64_t repo_id, const PullFilter& filter,
                       std::size_t skip, std::size_t limit);
Status set_pull_status(db::Session&, std::int64_t repo_id, std::int64_t number, PullStatus status);

Status add_event(db::Session&, const Event& event, Millis now_ms);
struct EventRow {
  std::int64_t id = 0;
  Event event;
  Millis created_ms = 0;
};
Result<std::vector<EventRow>> events_after(db::Session&, std::int64_t after_id, std::size_t limit);

}  // namespace embrace::meta::repos
