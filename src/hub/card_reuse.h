#pragma once
// The card index of a commit, at the price of what changed: publish() needs it at every commit to
// the default branch, and reading a whole tree for one changed file would cost more than the commit
// itself.

#include "git/repository.h"
#include "hub/card.h"
#include "hub/services.h"

namespace embrace::hub {

// The index of this commit's tree. `old_head` (zero: none) is where the branch was, whose index is
// in repo.card. Remembers a few facts per repository in memory; forgetting them costs time only.
Result<meta::CardIndex> index_commit(Services& services, rt::Blocking, git::Repository& repository,
                                     const meta::Repo& repo, const git::Oid& old_head,
                                     const git::Oid& new_head);
// The index of a tree, computed from all of it whatever is remembered. Large files are read when
// they are linked to the repository `repo_id`; one that is not born yet (0) has none.
Result<meta::CardIndex> index_tree(Services& services, rt::Blocking, git::Repository& repository,
                                   RepoType type, const git::Oid& tree, std::int64_t repo_id = 0);
bool is_same_index(const meta::CardIndex& a, const meta::CardIndex& b);

}  // namespace embrace::hub
