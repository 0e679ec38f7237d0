#pragma once
// What a push brings: the walk over its new commits and the trees they changed.

#include <vector>

#include "base/result.h"
#include "git/odb.h"
#include "git/smart_http.h"

namespace embrace::git {

// Blobs of commits reachable from `tips` and not from `known` that no parent has at the same place,
// each once. Unusable when a name that they bring breaks check_path, or when there is too much to
// look through; InvalidArgument when a tip leads to no commit. What it costs goes with the objects
// of the push, not with the paths that they spell.
Result<std::vector<Quarantine::NewBlob>> find_incoming_blobs(Odb& odb, const std::vector<Oid>& tips,
                                                             const std::vector<Oid>& known);

}  // namespace embrace::git
