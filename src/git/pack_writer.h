#pragma once
// Writes a pack and its index (both version 2, see docs/formats/git-folder.md) from the staged
// objects. No deltas: a commit's few objects gain little from them, and folding packs makes them
// later.

#include <string>

#include "base/result.h"
#include "git/odb.h"
#include "git/types.h"

namespace embrace::git {

// Durable on return: <pack_folder>/pack-<sha1>.pack and .idx, the pack first, so that whoever sees
// an index finds its pack.
Result<Pack> write_pack(const Odb& odb, const std::string& pack_folder);

// The number of objects that a pack's header promises.
Result<Pack> describe_pack(const std::string& pack_folder, std::string name);

}  // namespace embrace::git
