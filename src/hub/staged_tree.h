#pragma once
// StagedTree: a commit's tree with changes on top that are not written yet. Changes apply in order
// and later ones win; deleting what an earlier change added works. Nothing is written before
// write().
//
// Threads: one. Ownership: borrows the Repository.

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "git/repository.h"

namespace embrace::hub {

class StagedTree {
 public:
  struct File {
    git::Oid blob;
    git::EntryKind kind = git::EntryKind::File;
    std::optional<git::LfsPointer> lfs;
  };

  // A zero base: on top of nothing.
  StagedTree(git::Repository& repository, const git::Oid& base_tree)
      : repository_(repository), base_tree_(base_tree) {}

  // The file there now; nullopt for nothing and for folders.
  Result<std::optional<File>> find(rt::Blocking, const std::string& path);
  // A file that is replaced stays executable.
  Status put(rt::Blocking, const std::string& path, File file);
  // EntryNotFound when `from` is no file.
  Status move(rt::Blocking, const std::string& from, const std::string& to);
  enum class Removes : std::uint8_t { FileOrFolder, FolderOnly };
  Status remove(rt::Blocking, const std::string& path, Removes what);

  // Unusable, with both paths, when an added name and another in the same folder could not live
  // side by side in a checkout: one is a file and the other a folder, or they differ only by case
  // or Unicode normalization form.
  Status check_names(rt::Blocking);
  Result<git::Oid> write(rt::Blocking);

 private:
  using Added = std::map<std::string, std::map<std::string, std::string>>;  // folder -> name -> one
                                                                            // path that brings it

  Result<std::optional<git::Entry>> base_entry(rt::Blocking, const std::string& path);
  Result<std::vector<git::Entry>> base_list(rt::Blocking, const std::string& folder,
                                            bool recursive);
  Result<bool> survives(rt::Blocking, const git::Entry& entry);
  Status check_folder(rt::Blocking, const std::string& folder,
                      const std::map<std::string, std::string>& names);
  Status check_file(rt::Blocking, const std::string& path);

  git::Repository& repository_;
  git::Oid base_tree_;
  std::map<std::string, std::optional<File>> changes_;  // nullopt: removed
  std::unordered_map<std::string, std::optional<git::Entry>> base_entries_;
};

}  // namespace embrace::hub
