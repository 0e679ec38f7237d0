#pragma once
// The link rule: a repository may refer to a large file only when it received that file itself (an
// upload under a grant for this repository, or a copy by somebody who may read the source). Knowing
// a sha256 is never enough, or whoever guesses the hash of a private file could commit a pointer to
// it and read it.

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "git/types.h"
#include "hub/services.h"
#include "meta/types.h"

namespace embrace::hub {

using LfsLinks = std::unordered_map<Digest, meta::LfsLink>;

// Those of `objects` that are linked to the repository and present in the store.
Result<LfsLinks> find_lfs_links(Services&, rt::Blocking, std::int64_t repo_id,
                                const std::vector<Digest>& objects);

// The same rule when a file is read, so that no hole in a writer ever gives bytes away: a pointer
// in a tree counts only when its object is linked to this repository, with this size. EntryNotFound
// otherwise; a deleted link (hub/lfs.h) counts at once. `repo` must be as the request found it:
// answers are remembered until its refs_version moves.
Status require_lfs_link(Services&, rt::Blocking, const meta::Repo& repo,
                        const git::LfsPointer& pointer);

// That the rule was found kept before, from memory alone, so io threads may ask.
bool is_known_lfs_link(const meta::Repo& repo, const git::LfsPointer& pointer);

// Somebody was told that the repository has these and may rely on it: garbage collection lets them
// be for as long as if they had been linked now.
Status keep_lfs_links(Services&, rt::Blocking, std::int64_t repo_id,
                      const std::vector<Digest>& objects);

// Somebody who may write relies on these, too: what counted for who proposed them counts for the
// repository's namespace from now on. Denied when its quota does not allow it.
Status adopt_lfs_links(Services&, rt::Blocking, std::int64_t repo_id,
                       const std::vector<Digest>& objects);

// Whether an object may be linked to the repository. RepoNotFound when the repository has gone
// meanwhile, Denied when the quota of the payer (nullopt: the repository's namespace) does not
// allow it (quota.h).
Status check_lfs_link(Services&, db::Session&, std::int64_t repo_id, const meta::LfsLink& link,
                      std::optional<std::int64_t> payer_id);
// Links it, after that check.
Status link_lfs_object(Services&, rt::Blocking, std::int64_t repo_id, const meta::LfsLink& link,
                       std::optional<std::int64_t> payer_id = std::nullopt);

}  // namespace embrace::hub
