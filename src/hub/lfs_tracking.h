#pragma once
// Large files must be marked in .gitattributes, or a clone shows their pointers.

#include <string>
#include <vector>

#include "hub/staged_tree.h"

namespace embrace::hub {

// Appends a line for each of `paths` that the tree's .gitattributes does not cover.
Status track_lfs_paths(rt::Blocking, git::Repository&, StagedTree& tree,
                       std::vector<std::string> paths);

}  // namespace embrace::hub
