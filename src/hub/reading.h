#pragma once
// Reading by commit, tree and path, for the use cases of this room: what is immutable is remembered
// for the whole process, so that the busiest questions (a file's entry at a known commit) need no
// git at all.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/repository.h"
#include "hub/revisions.h"
#include "hub/services.h"

namespace embrace::hub {

// A repository that is borrowed only when a cache could not answer. One thread at a time.
class LazyRepository {
 public:
  LazyRepository(Services& services, const meta::Repo& repo) : services_(services), repo_(repo) {}
  LazyRepository(Services& services, const meta::Repo& repo, git::Repository& open)
      : services_(services), repo_(repo), open_(&open) {}

  Result<git::Repository*> get(rt::Blocking blocking);
  Services& services() { return services_; }
  const meta::Repo& repo() const { return repo_; }

 private:
  Services& services_;
  const meta::Repo& repo_;
  git::Repository* open_ = nullptr;
  std::optional<git::Repositories::Lease> lease_;
};

// As resolve_revision. The default branch, the busiest of all, is answered from the repo row.
Result<Revision> resolve(LazyRepository& repository, rt::Blocking, std::string_view rev);
// The tree of a commit that this repository holds; RevisionNotFound otherwise.
Result<git::Oid> tree_of(LazyRepository& repository, rt::Blocking, const git::Oid& commit);
// EntryNotFound is remembered too: clients probe for many optional files.
Result<git::Entry> entry_at(LazyRepository& repository, rt::Blocking, const git::Oid& tree,
                            std::string_view path);
// Every descendant of a tree, or the children of one of its folders.
using Entries = std::shared_ptr<const std::vector<git::Entry>>;
Result<Entries> entries_of(LazyRepository& repository, rt::Blocking, const git::Oid& tree,
                           std::string_view path, bool recursive);

// What a revision means when that needs nothing but the row; nullopt otherwise. A first segment
// that has such a meaning is the whole revision (split_revision).
std::optional<git::Oid> known_commit(const meta::Repo& repo, std::string_view rev);
// Segments [from, to) with '/' between them.
std::string join(const std::vector<std::string>& segments, std::size_t from, std::size_t to);
// As tree_of and entry_at, from memory alone, so io threads may ask; nullopt when it is not there.
std::optional<git::Oid> known_tree(const meta::Repo& repo, const git::Oid& commit);
// nullopt inside: the tree has nothing at that path.
std::optional<std::optional<git::Entry>> known_entry(const git::Oid& tree, std::string_view path);

Error revision_not_found(std::string_view rev);
// Adds the fact that clients need to remember an absence.
Error with_commit(Error error, const git::Oid& commit);

}  // namespace embrace::hub
