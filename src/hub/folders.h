#pragma once
// Folders of repositories on this machine's disk.
// Threads: any that may block.

#include <string>
#include <vector>

#include "base/result.h"
#include "hub/settings.h"

namespace embrace::hub {

// Removes a folder with all it holds; what can't be removed is logged and left for housekeeping.
void remove_folder(const std::string& folder);
// Hard-links the packs of `from` into `to` (packs never change): all that hold what `from` held
// when this began. Packs may arrive and be folded meanwhile; nobody is held up. NotFound when the
// folder goes.
Status link_pack_files(const std::string& from, const std::string& to);

// What stands in <data>/git: one for each repository, and what is left of those that never were or
// are no more.
struct RepositoryFolder {
  std::string path;
  std::int64_t repo_id = 0;  // 0: a temporary one
  Millis modified_ms = 0;
};
Result<std::vector<RepositoryFolder>> list_repository_folders(const Settings& settings);

}  // namespace embrace::hub
