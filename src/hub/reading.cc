#include "hub/reading.h"

#include "base/immutable_cache.h"
#include "base/strings.h"

namespace embrace::hub {
namespace {

// Whether a commit is in a repository depends on the repository, so its row is part of the key;
// created_ms tells a deleted repository from a later one that was given the same id.
struct CommitKey {
  std::int64_t repo_id = 0;
  Millis created_ms = 0;
  git::Oid commit;
  bool operator==(const CommitKey&) const = default;
};
struct CommitKeyHash {
  std::size_t operator()(const CommitKey& key) const {
    return std::hash<git::Oid>{}(key.commit) ^
           static_cast<std::size_t>(key.repo_id * 0x9e3779b97f4a7c15);
  }
};

struct PathKey {
  git::Oid tree;
  std::string path;
  bool recursive = false;  // listings only
  bool operator==(const PathKey&) const = default;
};
struct PathKeyHash {
  std::size_t operator()(const PathKey& key) const {
    return std::hash<git::Oid>{}(key.tree) ^ (std::hash<std::string>{}(key.path) << 1) ^
           (key.recursive ? 1u : 0u);
  }
};

ImmutableCache<CommitKey, git::Oid, CommitKeyHash>& tree_cache() {
  static ImmutableCache<CommitKey, git::Oid, CommitKeyHash> cache(50'000);
  return cache;
}

// nullopt inside: the tree has nothing at that path.
ImmutableCache<PathKey, std::optional<git::Entry>, PathKeyHash>& entry_cache() {
  static ImmutableCache<PathKey, std::optional<git::Entry>, PathKeyHash> cache(50'000);
  return cache;
}

ImmutableCache<PathKey, Entries, PathKeyHash>& listing_cache() {
  static ImmutableCache<PathKey, Entries, PathKeyHash> cache(200'000);  // counted in entries
  return cache;
}

}  // namespace

Result<git::Repository*> LazyRepository::get(rt::Blocking blocking) {
  if (!open_) {
    auto lease =
        services_.repositories.borrow(blocking, repository_folder(services_.settings, repo_.id));
    if (!lease) return fail(std::move(lease).error().while_doing("open " + repo_.name.id()));
    lease_.emplace(*std::move(lease));
    open_ = &**lease_;
  }
  return open_;
}

Result<git::Oid> tree_of(LazyRepository& repository, rt::Blocking blocking,
                         const git::Oid& commit) {
  const CommitKey key{repository.repo().id, repository.repo().created_ms, commit};
  if (auto known = tree_cache().find(key)) return *known;
  EMB_TRY(auto* git, repository.get(blocking));
  auto read = git->commit(blocking, commit);
  if (!read) {
    // An object of another kind is no revision either.
    const auto code = read.error().code();
    if (code == Code::NotFound || code == Code::InvalidArgument)
      return fail(revision_not_found(commit.hex()));
    return fail(std::move(read).error());
  }
  tree_cache().put(key, read->tree);
  return read->tree;
}

Result<git::Entry> entry_at(LazyRepository& repository, rt::Blocking blocking, const git::Oid& tree,
                            std::string_view path) {
  PathKey key{tree, std::string(path)};
  auto answer = entry_cache().find(key);
  if (!answer) {
    EMB_TRY(auto* git, repository.get(blocking));
    auto found = git->find(blocking, tree, path);
    if (!found && found.error().tag() != Tag::EntryNotFound) return found;
    answer = found ? std::optional(*std::move(found)) : std::nullopt;
    entry_cache().put(key, *answer);
  }
  if (!*answer) return fail(Code::NotFound, "Entry not found", Tag::EntryNotFound);
  return **std::move(answer);
}

Result<Entries> entries_of(LazyRepository& repository, rt::Blocking blocking, const git::Oid& tree,
                           std::string_view path, bool recursive) {
  PathKey key{tree, std::string(path), recursive};
  if (auto known = listing_cache().find(key)) return *known;
  EMB_TRY(auto* git, repository.get(blocking));
  auto listed = git->list(blocking, tree, path, recursive);
  if (!listed) {
    if (listed.error().tag() == Tag::EntryNotFound) {
      return fail(Code::NotFound, "Entry not found", Tag::EntryNotFound);
    }
    return fail(std::move(listed).error());
  }
  // A submodule is a commit of another repository: nothing here can be downloaded, and clients take
  // every entry for a file or a folder.
  std::erase_if(*listed,
                [](const git::Entry& entry) { return entry.kind == git::EntryKind::Submodule; });
  auto entries = std::make_shared<const std::vector<git::Entry>>(*std::move(listed));
  listing_cache().put(key, entries, entries->size() + 1);
  return entries;
}

std::optional<git::Oid> known_tree(const meta::Repo& repo, const git::Oid& commit) {
  return tree_cache().find({repo.id, repo.created_ms, commit});
}

std::optional<std::optional<git::Entry>> known_entry(const git::Oid& tree, std::string_view path) {
  return entry_cache().find({tree, std::string(path)});
}

Error revision_not_found(std::string_view rev) {
  return Error(Code::NotFound, cat("Invalid rev id: ", rev), Tag::RevisionNotFound);
}

Error with_commit(Error error, const git::Oid& commit) {
  return std::move(error).with("repo_commit", commit.hex());
}

}  // namespace embrace::hub
