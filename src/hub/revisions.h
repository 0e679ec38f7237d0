#pragma once
// Revisions: from what a client wrote (branch, tag, commit, prefix, full ref, HEAD) to a commit,
// and the refs themselves: branches, tags, history, squash (hub-api 1.3, 11).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/caller.h"
#include "git/repository.h"
#include "hub/services.h"

namespace embrace::hub {

struct Revision {
  git::Oid commit;
  std::string ref;  // the full ref name; empty when a commit id was given
};

// RevisionNotFound: "Invalid rev id: {rev}".
Result<Revision> resolve_revision(Services&, rt::Blocking, const meta::Repo& repo,
                                  git::Repository& repository, std::string_view rev);

// `rest` is what follows a verb in a raw path, decoded segment by segment: "{rev}/{path...}" where
// a revision may span several segments. Splits it by the rules of hub-api 1.3.
struct RevisionAndPath {
  std::string rev;
  std::string path;
};
Result<RevisionAndPath> split_revision(Services&, rt::Blocking, const meta::Repo& repo,
                                       const std::vector<std::string>& rest);

struct NamedRef {
  std::string name;  // "main"
  std::string ref;   // "refs/heads/main"
  git::Oid commit;   // peeled
};
struct RefList {
  std::vector<NamedRef> branches, converts, tags, pulls;
};
Result<RefList> list_refs(Services&, rt::Blocking, const auth::Caller&, const RepoName& name);

struct NewBranch {
  std::string branch;
  std::optional<std::string> starting_point;
  bool empty = false;
  bool overwrite = false;
};
Status create_branch(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                     const NewBranch& branch);
Status delete_branch(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                     std::string_view branch);
Status create_tag(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                  std::string_view rev, std::string_view tag, std::string_view message);
Status delete_tag(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                  std::string_view tag);

struct History {
  std::vector<git::Commit> commits;
  std::uint64_t total = 0;
};
Result<History> list_commits(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                             std::string_view rev, std::size_t skip, std::size_t limit);

// One commit with the branch's tree and no parent takes its place.
Result<git::Oid> super_squash(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                              std::string_view branch, std::string_view message);

}  // namespace embrace::hub
