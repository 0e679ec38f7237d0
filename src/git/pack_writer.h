#pragma once
// Writes the staged objects as a pack and its index, durably.

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
