#pragma once
// What a Repository is made of; shared by the files that implement it.

#include <memory>
#include <string>

#include "git/odb.h"
#include "git/repository.h"

namespace embrace::git {

struct Repository::Impl {
  std::string folder;
  std::unique_ptr<Odb> odb;
  bool writable = true;  // false for a view into a quarantine
};

// The root folder's tree, or the folder at `path` below it. EntryNotFound when there is none.
Result<TreeItem> find_item(Odb& odb, const Oid& tree, std::string_view path);
Result<Oid> find_folder(Odb& odb, const Oid& tree, std::string_view path);

std::unexpected<Error> entry_not_found();
std::unexpected<Error> damaged_tree(const Oid& tree);

}  // namespace embrace::git
