#pragma once
// CacheFolder: what was fetched of one repository, in the layout of the official huggingface_hub,
// which reads and writes it, too:
//
//   CACHE/models--ns--name/
//     blobs/ETAG                    contents, by the name that the server gives them
//     blobs/ETAG.incomplete         what has arrived of one
//     refs/main                     the commit that a branch or tag was at
//     snapshots/COMMIT/a/b.json  -> ../../../blobs/ETAG
//     .no_exist/COMMIT/c.json       an empty file: the commit has no c.json
//     .tmp/                         refs and links until they are renamed, so that no reader of the
//                                   folders above meets them
//   CACHE/.locks/models--ns--name/ETAG.lock     held (flock) while a blob arrives
//
// Names of files and revisions come from servers: those that would lead elsewhere are refused.
//
// Threads and processes: any. A blob appears whole, by renaming.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/repo_name.h"
#include "base/result.h"

namespace embrace::transformers {

// Of 40 digits: a commit, whose files never change.
bool is_commit(std::string_view revision);
// InvalidArgument for a path that is not one of plain names between slashes.
Status check_relative_path(std::string_view path);
// InvalidArgument for what can't be the name of a blob.
Status check_etag(std::string_view etag);

class CacheFolder {
 public:
  CacheFolder(const std::filesystem::path& cache, const RepoName& repo);

  // The commit that a revision was at when it was last asked for; itself for a commit.
  std::optional<std::string> find_commit(std::string_view revision) const;
  // Makes the commit's snapshot, too: the official client calls a cache broken whose revisions lead
  // to none.
  Status keep_commit(std::string_view revision, std::string_view commit) const;

  std::filesystem::path snapshot(std::string_view commit) const;
  std::filesystem::path file(std::string_view commit, std::string_view path) const;
  std::filesystem::path blob(std::string_view etag) const;
  bool is_known_absent(std::string_view commit, std::string_view path) const;
  Status keep_absence(std::string_view commit, std::string_view path) const;

  // Waits for whoever fetches this blob.
  Result<File> lock(std::string_view etag) const;
  // Makes file(commit, path) a link to the blob.
  Status link(std::string_view commit, std::string_view path, std::string_view etag) const;

 private:
  // A name in .tmp that nobody has.
  Result<std::string> fresh_name() const;

  std::filesystem::path root_;
  std::filesystem::path locks_;
};

}  // namespace embrace::transformers
