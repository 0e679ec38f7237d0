#pragma once
// Writing by the commit API (hub-api 8): what to upload how, and the commit itself.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "git/repository.h"
#include "hub/services.h"
#include "meta/repos.h"

namespace embrace::hub {

struct PreuploadFile {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::string sample;  // the first bytes, decoded
};
struct PreuploadAnswer {
  std::string path;  // as asked
  bool is_lfs = false;
  bool should_ignore = false;
  std::string oid;  // what is there now: sha256, blob sha1, or empty
};
struct Preupload {
  std::string rev;
  bool create_pull = false;
  std::vector<PreuploadFile> files;
  std::optional<std::string> git_attributes, git_ignore;  // override the revision's own
};
struct PreuploadResult {
  git::Oid commit;
  std::vector<PreuploadAnswer> files;
};
Result<PreuploadResult> preupload(Services&, rt::Blocking, const auth::Caller&,
                                  const RepoName& name, const Preupload& asked);

struct Operation {
  enum class Kind : std::uint8_t { File, LfsFile, DeleteFile, DeleteFolder, DeleteEntry };
  Kind kind = Kind::File;
  std::string path;
  std::string bytes;       // File, decoded
  bool has_bytes = false;  // File without content but with old_path: a rename
  Digest sha256;           // LfsFile
  bool has_sha256 = false;
  std::optional<std::uint64_t> size_bytes;  // LfsFile; looked up when missing
  std::string old_path;
};

struct CommitHeader {
  std::string summary;
  std::string description;
  std::optional<std::string> parent_commit;
};

struct CommitOutcome {
  meta::Repo repo;
  git::Oid commit;
  std::int64_t pull_number = 0;  // with create_pull
};

// A commit that is being received: operations are taken one by one, so that a body of gigabytes
// never sits in memory whole (regular files go into the pack writer at once). Made by begin_commit,
// which checks rights and the revision first. One thread at a time; drop it to give up.
class CommitDraft {
 public:
  virtual ~CommitDraft() = default;
  virtual Status set_header(rt::Blocking, CommitHeader header) = 0;
  virtual Status add(rt::Blocking, Operation operation) = 0;
  // Applies the operations in order on top of the head. Stale (412) for another parent, Conflict
  // (409) when other writers won every time. Repeats on top of the new head when no parent was
  // named.
  virtual Result<CommitOutcome> finish(rt::Blocking) = 0;
};
struct CommitTarget {
  RepoName name;
  std::string rev;
  bool create_pull = false;
};
Result<std::unique_ptr<CommitDraft>> begin_commit(Services&, rt::Blocking, const auth::Caller&,
                                                  const CommitTarget& target);

// The NDJSON form, line by line (hub-api 8.5). Feed any slices; lines longer than the limit are
// TooLarge, unknown keys InvalidArgument. finish() takes the last line, which may lack its newline.
class NdjsonCommitParser {
 public:
  struct Line {
    std::optional<CommitHeader> header;
    std::optional<Operation> operation;
  };
  explicit NdjsonCommitParser(std::uint64_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}
  Result<std::vector<Line>> feed(std::string_view bytes);
  Result<std::vector<Line>> finish();

 private:
  std::uint64_t line_bytes_max_;
  std::uint64_t line_number_ = 0;
  bool header_seen_ = false;
  std::string partial_;
};
// The JSON form: {summary, description, parentCommit, files, lfsFiles, deletedEntries ...}.
Result<std::vector<NdjsonCommitParser::Line>> parse_json_commit(std::string_view body);

// Opens an empty pull request (POST discussions with pullRequest:true): refs/pr/N at the base's
// head, Draft.
Result<meta::PullRequest> create_pull(Services&, rt::Blocking, const auth::Caller&,
                                      const RepoName& name, std::string title,
                                      std::string description);
struct PullDetails {
  meta::Repo repo;
  meta::PullRequest pull;
  git::Oid head;
  std::vector<git::Commit> commits;  // on the pull request, not on its base, oldest first
};
Result<PullDetails> find_pull(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                              std::int64_t number);
// Newest first, without descriptions, filtered and counted (for all pages) in SQL. At most
// list_page_max at once.
Result<meta::repos::PullPage> list_pulls(Services&, rt::Blocking, const auth::Caller&,
                                         const RepoName& name,
                                         const meta::repos::PullFilter& filter, std::size_t skip,
                                         std::size_t limit);

}  // namespace embrace::hub
