// The tree of a revision, in pages, and single paths of it.

#include <algorithm>

#include "base/strings.h"
#include "hub/files.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "hub/xet.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kExpandPageMax = 100;

// Later pages read the commit of the first one: a listing that spans a push would otherwise skip or
// repeat files.
struct Cursor {
  git::Oid commit;
  std::size_t offset = 0;

  std::string render() const { return to_base64url(cat(commit.hex(), ':', offset)); }
  static Result<Cursor> parse(std::string_view text) {
    const auto bytes = from_base64url(text);
    if (bytes && bytes->size() > 41 && (*bytes)[40] == ':') {
      const auto commit = git::Oid::parse(std::string_view(*bytes).substr(0, 40));
      const auto offset = parse_uint(std::string_view(*bytes).substr(41));
      if (commit && offset) return Cursor{*commit, static_cast<std::size_t>(*offset)};
    }
    return fail(Code::InvalidArgument,
                "the cursor is not one that this server gave: begin again without it");
  }
};

std::string_view trim_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// Entries whose history is too long to be read in time go without.
Status add_last_commits(const Services& services, LazyRepository& lazy, rt::Blocking blocking,
                        const git::Oid& commit, std::vector<TreeEntry>& entries) {
  if (entries.empty()) return Done{};
  std::vector<std::string> paths;
  paths.reserve(entries.size());
  for (const auto& item : entries) paths.push_back(item.entry.path);
  EMB_TRY(auto* repository, lazy.get(blocking));
  EMB_TRY(auto commits,
          repository->last_commits(blocking, commit, paths,
                                   std::chrono::milliseconds(services.settings.history_time_ms)));
  for (std::size_t i = 0; i < entries.size() && i < commits.size(); ++i)
    entries[i].last_commit = std::move(commits[i]);
  return Done{};
}

Status fill_page(const Services& services, LazyRepository& repository, rt::Blocking blocking,
                 const TreeQuery& query, std::size_t offset, std::size_t limit, TreePage& page) {
  EMB_TRY(auto tree, tree_of(repository, blocking, page.commit));
  const auto path = trim_slashes(query.path);
  EMB_TRY(auto entries, entries_of(repository, blocking, tree, path, query.recursive));
  const auto begin = std::min(offset, entries->size());
  const auto end = std::min(begin + limit, entries->size());
  page.entries.reserve(end - begin);
  for (auto i = begin; i < end; ++i) page.entries.push_back({(*entries)[i]});
  if (end < entries->size()) page.next = Cursor{page.commit, end}.render();
  if (query.expand)
    return add_last_commits(services, repository, blocking, page.commit, page.entries);
  return Done{};
}

// Not for those who see the names of a gated repository's files and may not read them.
Status add_xet_hashes(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                      const meta::Repo& repo, std::vector<TreeEntry>& entries) {
  if (!auth::may(caller, repo, auth::Right::Read)) return Done{};
  std::vector<git::LfsPointer> pointers;
  std::vector<TreeEntry*> large;
  for (auto& item : entries) {
    if (!item.entry.lfs) continue;
    pointers.push_back(*item.entry.lfs);
    large.push_back(&item);
  }
  EMB_TRY(const auto hashes, xet_hashes(services, blocking, repo, pointers));
  for (std::size_t i = 0; i < large.size(); ++i) large[i]->xet_hash = hashes[i];
  return Done{};
}

}  // namespace

Result<TreePage> list_tree(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                           const RepoName& name, const TreeQuery& query) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  LazyRepository repository(services, repo);
  std::size_t limit_max = services.settings.tree_page_max;
  if (query.expand) limit_max = std::min(limit_max, kExpandPageMax);
  const auto limit = std::clamp<std::size_t>(query.limit, 1, limit_max);
  TreePage page;
  std::size_t offset = 0;
  if (query.cursor.empty()) {
    EMB_TRY(auto revision, resolve(repository, blocking, query.rev));
    page.commit = revision.commit;
  } else {
    EMB_TRY(auto cursor, Cursor::parse(query.cursor));
    page.commit = cursor.commit;
    offset = cursor.offset;
  }
  if (auto filled = fill_page(services, repository, blocking, query, offset, limit, page);
      !filled) {
    return fail(with_commit(std::move(filled).error(), page.commit));
  }
  EMB_DO(add_xet_hashes(services, blocking, caller, repo, page.entries));
  return page;
}

Result<std::vector<TreeEntry>> paths_info(Services& services, rt::Blocking blocking,
                                          const auth::Caller& caller, const RepoName& name,
                                          std::string_view rev,
                                          const std::vector<std::string>& paths, bool expand) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  if (paths.size() > services.settings.paths_info_max) {
    return fail(Code::TooLarge, cat("at most ", services.settings.paths_info_max,
                                    " paths can be asked for at once"));
  }
  LazyRepository repository(services, repo);
  EMB_TRY(auto revision, resolve(repository, blocking, rev));
  EMB_TRY(auto tree, tree_of(repository, blocking, revision.commit));
  std::vector<TreeEntry> found;
  for (const auto& path : paths) {
    const auto trimmed = trim_slashes(path);
    if (trimmed.empty()) continue;  // the root is no entry of its own
    auto entry = entry_at(repository, blocking, tree, trimmed);
    if (entry && entry->kind == git::EntryKind::Submodule) continue;  // as in listings
    if (entry) {
      found.push_back({*std::move(entry)});
    } else if (entry.error().tag() != Tag::EntryNotFound) {
      return fail(with_commit(std::move(entry).error(), revision.commit));
    }
  }
  if (expand) EMB_DO(add_last_commits(services, repository, blocking, revision.commit, found));
  EMB_DO(add_xet_hashes(services, blocking, caller, repo, found));
  return found;
}

}  // namespace embrace::hub
