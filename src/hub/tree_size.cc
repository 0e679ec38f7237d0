#include "hub/tree_size.h"

#include "base/immutable_cache.h"
#include "hub/reading.h"
#include "hub/repos.h"

namespace embrace::hub {
namespace {

ImmutableCache<git::Oid, std::uint64_t>& size_cache() {
  static ImmutableCache<git::Oid, std::uint64_t> cache(20'000);
  return cache;
}

std::string_view trim_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

Result<std::uint64_t> size_below(LazyRepository& repository, rt::Blocking blocking,
                                 const git::Oid& commit, std::string_view path) {
  EMB_TRY(auto tree, tree_of(repository, blocking, commit));
  if (!path.empty()) {
    EMB_TRY(auto entry, entry_at(repository, blocking, tree, path));
    if (!entry.is_folder()) return fail(Code::NotFound, "Entry not found", Tag::EntryNotFound);
    tree = entry.oid;
  }
  if (auto known = size_cache().find(tree)) return *known;
  EMB_TRY(auto entries, entries_of(repository, blocking, tree, "", true));
  std::uint64_t total = 0;
  for (const auto& entry : *entries) total += entry.is_folder() ? 0 : entry.size_bytes();
  size_cache().put(tree, total);
  return total;
}

}  // namespace

Result<std::uint64_t> tree_size(Services& services, rt::Blocking blocking,
                                const auth::Caller& caller, const RepoName& name,
                                std::string_view rev, std::string_view path) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  LazyRepository repository(services, repo);
  EMB_TRY(auto revision, resolve(repository, blocking, rev));
  auto size = size_below(repository, blocking, revision.commit, trim_slashes(path));
  if (!size) return fail(with_commit(std::move(size).error(), revision.commit));
  return size;
}

}  // namespace embrace::hub
