#pragma once
// Taking large files out of history: every commit that shows a pointer to one of them is written
// again without that path, and so is every commit after it.

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "git/repository.h"

namespace embrace::hub {

using DigestSet = std::unordered_set<Digest>;
using CommitMap = std::unordered_map<git::Oid, git::Oid>;  // old -> new, only those that changed

// Writes into the repository's pack; the caller finishes and publishes it. TooLarge when the tips
// have more history than kRewriteCommitsMax. Authors, dates and messages stay; signatures of other
// tools can't.
inline constexpr std::size_t kRewriteCommitsMax = 200'000;
Result<CommitMap> rewrite_without(rt::Blocking, git::Repository& repository,
                                  const std::vector<git::Oid>& tips, const DigestSet& objects);

}  // namespace embrace::hub
