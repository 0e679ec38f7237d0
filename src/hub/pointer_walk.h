#pragma once
// PointerWalk: which large files the commits of a repository refer to. Goes through history commit
// by commit and folder by folder, each once, however many share it; a second walk from other tips
// looks only at what the first one did not see.
//
// Threads: one at a time. Errors: the repository's; after one the walk knows less than it saw, and
// must not go on.

#include <functional>
#include <unordered_set>

#include "git/repository.h"

namespace embrace::hub {

class PointerWalk {
 public:
  // Told of each pointer (again when several folders hold it); false ends the walk for good.
  using Visit = std::function<bool(const git::LfsPointer& pointer)>;
  explicit PointerWalk(Visit visit) : visit_(std::move(visit)) {}

  // Everything that can be reached from a commit, or from a tag of one.
  Status walk(rt::Blocking, git::Repository& repository, const git::Oid& tip);

 private:
  Status walk_folders(rt::Blocking, git::Repository& repository, const git::Oid& root);

  Visit visit_;
  bool is_over_ = false;
  std::unordered_set<git::Oid> seen_;  // commits and folders
};

}  // namespace embrace::hub
