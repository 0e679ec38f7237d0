#pragma once
// Where a write goes: a branch, or the ref of a pull request, and whether this caller may write
// there. Shared by the commit API, LFS and git push, so that the three agree (hub-api 1.13).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/access.h"
#include "git/types.h"
#include "hub/services.h"

namespace embrace::hub {

struct WriteTarget {
  meta::Repo repo;
  std::string ref;  // "refs/heads/main", "refs/pr/3"
  git::Oid head;    // of the ref, as it was read
};

// `rev` as clients write it: "main", "refs/heads/main", "refs/pr/3", "HEAD". RevisionNotFound for
// everything that is no branch or pull request (commits are made on branches; branches are never
// created by committing). With `create_pull` the ref is the base of the new pull request and the
// right asked for is Propose.
Result<WriteTarget> find_write_target(Services&, rt::Blocking, const auth::Caller&,
                                      const RepoName& name, std::string_view rev, bool create_pull);

// A pull request of this caller to the target, as it will be written.
meta::PullRequest new_pull(Services&, const auth::Caller&, const WriteTarget& target,
                           meta::PullStatus status, std::string title, std::string description);

// The number N of "refs/pr/N"; nullopt for any other ref.
std::optional<std::int64_t> parse_pull_ref(std::string_view ref);

// May the caller change this full ref? Branches and tags: Write. Pull requests: Write, or Propose
// for their author. Denied for every other namespace of refs.
Status check_ref_write(Services&, rt::Blocking, const auth::Caller&, const meta::Repo& repo,
                       std::string_view ref);

// May the caller open pull requests here?
Status check_propose(const auth::Caller&, const meta::Repo& repo);
// For whose storage what the caller sends to the repository counts: their own while they may only
// propose, or else whoever may open a pull request could fill the owner's. Nullopt: the
// repository's namespace. Once somebody who may write sends or commits the same file, it is the
// namespace's.
std::optional<std::int64_t> payer_of(const auth::Caller&, const meta::Repo& repo);

}  // namespace embrace::hub
