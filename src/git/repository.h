#pragma once
// git::Repository: one repository's objects, read from and written to its folder of packs.
//
// The folder (bare repository layout) is a projection: refs live in SQL (meta/repos.h), and objects
// are immutable packs. So this class knows commits, trees and blobs, and no branch.
//
// Threads: a Repository is used by one thread at a time; Repositories (below) lends them out.
// Errors: a missing object is NotFound, a damaged one Corrupt.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "git/changes.h"
#include "git/types.h"
#include "git/young_pack.h"
#include "rt/blocking.h"

namespace embrace::git {

class Repository {
 public:
  // Makes an empty bare repository at `folder` (which must not exist), configured for serving:
  // uploadpack.allowAnySHA1InWant, uploadpack.allowFilter, no hooks.
  static Status create(rt::Blocking, const std::string& folder);
  static Result<std::unique_ptr<Repository>> open(rt::Blocking, const std::string& folder);
  ~Repository();

  // Reading.
  Result<Commit> commit(rt::Blocking, const Oid& oid);       // also through an annotated tag
  Result<Oid> peel_to_commit(rt::Blocking, const Oid& oid);  // tag object -> commit
  Result<Oid> expand(rt::Blocking,
                     std::string_view hex_prefix);  // 7..40 digits, of a commit; NotFound, or
                                                    // Conflict when ambiguous
  Result<Entry> find(rt::Blocking, const Oid& tree,
                     std::string_view path);  // "" = the root folder; Tag::EntryNotFound
  // Children of a folder, or with `recursive` every descendant, folders included, parents first,
  // git order. EntryNotFound when `path` is missing or a file. At most entries_max, TooLarge above.
  Result<std::vector<Entry>> list(rt::Blocking, const Oid& tree, std::string_view path,
                                  bool recursive, std::size_t entries_max = 1'000'000);
  Result<std::string> read_blob(rt::Blocking, const Oid& blob, std::uint64_t bytes_max);
  Result<std::uint64_t> blob_size(rt::Blocking, const Oid& blob);

  // History, newest first (topological, then by time). A page of it, and its length.
  Result<std::vector<Commit>> log(rt::Blocking, const Oid& from, std::size_t skip,
                                  std::size_t limit);
  Result<std::uint64_t> count_commits(rt::Blocking, const Oid& from);
  // For each path, the newest commit reachable from `from` that changed it (a folder: anything
  // below). nullopt for what was not found within time_max.
  Result<std::vector<std::optional<Commit>>> last_commits(rt::Blocking, const Oid& from,
                                                          const std::vector<std::string>& paths,
                                                          std::chrono::milliseconds time_max);
  Result<bool> is_ancestor(rt::Blocking, const Oid& ancestor, const Oid& descendant);

  // For people to look at, within limits (git/changes.h). A zero tree is the empty one.
  Result<Diff> diff(rt::Blocking, const Oid& old_tree, const Oid& new_tree,
                    const DiffLimits& limits);
  // TooLarge when it takes longer than time_max.
  Result<Comparison> compare(rt::Blocking, const Oid& base, const Oid& head,
                             std::size_t commits_max, std::chrono::milliseconds time_max);
  Result<PathHistory> path_history(rt::Blocking, const Oid& from, std::string_view path,
                                   std::size_t skip, std::size_t limit,
                                   std::chrono::milliseconds time_max);
  // EntryNotFound; Unusable for what has no lines (a folder, binary or LFS files); TooLarge.
  Result<Blame> blame(rt::Blocking, const Oid& from, std::string_view path,
                      const BlameLimits& limits);

  // Writing: objects gather in memory, large sums in a nameless file (git/staging.h), until
  // finish_pack() writes them as one durable pack (and its index) into the folder. Dropping the
  // Repository or calling discard() forgets them.
  Result<Oid> write_blob(rt::Blocking, std::string_view bytes);
  Result<Oid> edit_tree(rt::Blocking, const Oid& base_tree /* zero: empty */,
                        const std::vector<TreeEdit>& edits);
  Result<Oid> write_commit(rt::Blocking, const Oid& tree, const std::vector<Oid>& parents,
                           const Person& author, Millis when_ms, std::string_view message);
  Result<Oid> write_tag(rt::Blocking, const Oid& target, std::string_view name,
                        const Person& tagger, Millis when_ms, std::string_view message);
  Result<std::optional<Pack>> finish_pack(rt::Blocking);  // nullopt: nothing new was written
  // The gathered objects as a pack in memory; they stay gathered. nullopt when there are none, or
  // when the pack would be larger than `bytes_max`.
  Result<std::optional<YoungPack>> young_pack(rt::Blocking, std::uint64_t bytes_max);
  void discard();

  const std::string& folder() const;

 private:
  friend class Quarantine;    // opens one over its own packs and the repository's
  friend class Repositories;  // tells it whom to ask for missing objects
  struct Impl;
  explicit Repository(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A cache of open repositories: opening costs milliseconds, borrowing microseconds. A lease returns
// the Repository when it ends (discarding unfinished writes). forget() drops the idle ones of a
// folder (after its packs were folded, or it was deleted). Threads: any pool thread.
class Repositories {
 public:
  explicit Repositories(std::size_t idle_max = 256);
  ~Repositories();

  class Lease {
   public:
    Lease(Lease&&) noexcept;
    ~Lease();
    Repository* operator->() { return repository_.get(); }
    Repository& operator*() { return *repository_; }

   private:
    friend class Repositories;
    Lease(Repositories& home, std::unique_ptr<Repository> repository);
    Repositories* home_;
    std::unique_ptr<Repository> repository_;
    std::uint64_t generation_ = 0;
  };

  Result<Lease> borrow(rt::Blocking, const std::string& folder);
  void forget(const std::string& folder);

  // Asked when a repository lacks an object: true when more packs are in its folder now. Set before
  // the first is borrowed.
  using Supply = std::function<bool(rt::Blocking, const std::string& folder)>;
  void on_missing(Supply supply);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes packed-refs and HEAD into the folder, so that git's own programs see these refs. Atomic.
// A ref whose name breaks check_ref_name is left out, with a warning in the log.
struct Ref {
  std::string name;  // "refs/heads/main"
  Oid oid;
};
Status project_refs(rt::Blocking, const std::string& folder, const std::vector<Ref>& refs,
                    std::string_view head_branch);

// Folds many small packs into few (git repack --geometric). Safe while others read. Returns the
// packs the folder holds afterwards.
Result<std::vector<Pack>> fold_packs(rt::Blocking, const std::string& folder);
Result<std::vector<Pack>> list_packs(rt::Blocking, const std::string& folder);
// git fsck --connectivity-only from these tips; Corrupt with git's words.
Status check_connectivity(rt::Blocking, const std::string& folder, const std::vector<Oid>& tips);

}  // namespace embrace::git
