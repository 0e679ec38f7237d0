#pragma once
// Reading a repository: info with its files, trees, paths, and the bytes behind resolve and raw.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "cas/xet_hash.h"
#include "git/repository.h"
#include "hub/services.h"
#include "rt/content.h"

namespace embrace::hub {

// GET /api/{T}/{id}[/revision/{rev}].
struct InfoWanted {
  bool files = true;        // siblings
  bool file_sizes = false;  // blobs=true
  bool used_storage = false;
};
struct RepoInfo {
  meta::Repo repo;
  git::Oid sha;
  std::vector<git::Entry> files;  // no folders
};
Result<RepoInfo> repo_info(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                           std::string_view rev, InfoWanted wanted);

// Tree and paths-info.
struct TreeEntry {
  git::Entry entry;
  std::optional<git::Commit> last_commit = std::nullopt;  // with expand
  cas::XetHash xet_hash = {};                             // zero: the caller can't have it by Xet
};
struct TreeQuery {
  std::string rev;
  std::string path;
  bool recursive = false;
  bool expand = false;
  std::size_t limit = 1000;
  std::string cursor;  // from a previous page; InvalidArgument when unreadable
};
struct TreePage {
  git::Oid commit;
  std::vector<TreeEntry> entries;
  std::optional<std::string> next;
};
// Errors after the revision was found carry the fact "repo_commit".
Result<TreePage> list_tree(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                           const TreeQuery& query);
Result<std::vector<TreeEntry>> paths_info(Services&, rt::Blocking, const auth::Caller&,
                                          const RepoName& name, std::string_view rev,
                                          const std::vector<std::string>& paths, bool expand);

// One file, found but not yet opened.
struct FoundFile {
  std::shared_ptr<const meta::Repo> repo;
  git::Oid commit;
  git::Entry entry;
  // "<sha256>" for LFS, "<blob sha1>" otherwise, with quotes.
  std::string etag() const;
};
// EntryNotFound (with "repo_commit") also when the path is a folder. Cheap: clients probe for many
// optional files.
Result<FoundFile> find_file(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                            std::string_view rev, std::string_view path);
// As find_file with the revision and path still joined (raw URLs).
Result<FoundFile> find_file(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                            const std::vector<std::string>& rest);

// The same from memory alone, so io threads may ask: for files of the default branch or of a commit
// that somebody asked for since the database changed. nullopt when memory does not know.
std::optional<Result<FoundFile>> known_file(Services&, const auth::Caller&, const RepoName& name,
                                            const std::vector<std::string>& rest);

// The file's own bytes (resolve), or git's blob (raw).
Result<rt::Content> open_file(Services&, rt::Blocking, const FoundFile& file, std::uint64_t offset,
                              std::uint64_t length);
Result<rt::Content> open_blob(Services&, rt::Blocking, const FoundFile& file, std::uint64_t offset,
                              std::uint64_t length);
void count_download(Services&, const FoundFile& file);

}  // namespace embrace::hub
