#pragma once
// KnownFolders makes folders whose names survive a crash, and remembers which it has made sure of.
//
// A file that was synced inside a new folder is still lost when the folder's own name was not. That
// a folder exists proves nothing: another thread or process may have made it a moment ago and not
// synced its parent yet. So the first use of each folder by this process syncs the parent, and
// later ones cost a look into a set.
//
// Threads: any.

#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"
#include "base/sync.h"

namespace embrace::blob {

class KnownFolders {
 public:
  explicit KnownFolders(std::string root) : root_(std::move(root)) {}

  // Makes <root>/<relative>, each level durably. `relative` is a parsed key's folder, or empty.
  Status ensure(std::string_view relative);
  // Somebody removed it: the next ensure() makes it again.
  void forget(std::string_view relative);

 private:
  const std::string root_;
  Sync<std::unordered_set<std::string>> known_;
};

}  // namespace embrace::blob
