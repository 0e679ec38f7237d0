#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "hub/card_rule.h"
#include "hub/commits.h"
#include "hub/lfs_links.h"
#include "hub/lfs_tracking.h"
#include "hub/publish.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "hub/staged_tree.h"
#include "hub/write_target.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr unsigned kCommitAttemptsMax = 5;
constexpr Millis kWriteLockWaitMs = 60'000;
constexpr std::size_t kCommitMessageBytesMax = 256 << 10;
constexpr auto kStaleMessage =
    "The branch was updated since you opened this page. Please refresh and try again.";

// An Operation once its bytes are in the pack writer: small, and good for any number of attempts.
struct Change {
  Operation::Kind kind = Operation::Kind::File;
  std::string path;
  std::string old_path;
  std::optional<git::Oid> blob;             // what to put; nullopt: move old_path, or delete
  std::optional<Digest> sha256;             // the large file that this change refers to
  std::optional<std::uint64_t> size_bytes;  // of that file, as the client says
  std::optional<git::LfsPointer> pointer;   // once the link rule was checked
};

bool is_deletion(Operation::Kind kind) {
  return kind != Operation::Kind::File && kind != Operation::Kind::LfsFile;
}

bool is_parent_name(std::string_view text) {
  return text.size() >= 5 && text.size() <= 40 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A pull request's title from a commit's summary, which may be long: its first line, cut.
std::string title_from(std::string_view summary) {
  constexpr std::size_t kCharactersMax = 200;
  auto line = trim(summary);
  line = line.substr(0, line.find_first_of("\r\n"));
  std::size_t characters = 0, end = 0;
  for (; end < line.size(); ++end) {
    const bool is_start = (static_cast<std::uint8_t>(line[end]) & 0xc0) != 0x80;
    if (is_start && ++characters > kCharactersMax) break;
  }
  return std::string(line.substr(0, end));
}

class Draft final : public CommitDraft {
 public:
  Draft(Services& services, auth::Caller caller, WriteTarget target, bool create_pull,
        git::Repositories::Lease repository)
      : services_(services),
        caller_(std::move(caller)),
        target_(std::move(target)),
        create_pull_(create_pull),
        repository_(std::move(repository)) {}

  Status set_header(rt::Blocking blocking, CommitHeader header) override;
  Status add(rt::Blocking blocking, Operation operation) override {
    return explained(blocking, take(blocking, std::move(operation)));
  }
  Result<CommitOutcome> finish(rt::Blocking blocking) override {
    return explained(blocking, build_and_publish(blocking));
  }

 private:
  template <class T>
  Result<T> explained(rt::Blocking blocking, Result<T> done) {
    if (done) return done;
    return fail(unless_deleted(services_, blocking, caller_, target_.repo, done.error()));
  }
  Status take(rt::Blocking blocking, Operation operation);
  Result<CommitOutcome> build_and_publish(rt::Blocking blocking);
  Status check_limits(const Operation& operation);
  Status resolve_lfs(rt::Blocking blocking);
  Result<git::Oid> read_head(rt::Blocking blocking);
  Result<git::Oid> choose_parent(rt::Blocking blocking, const git::Oid& head);
  Result<git::Oid> build_commit(rt::Blocking blocking, const git::Oid& parent);
  Status apply(rt::Blocking blocking, StagedTree& tree) const;
  Result<std::vector<std::string>> new_lfs_paths(rt::Blocking blocking, StagedTree& tree) const;
  Status check_readme(rt::Blocking blocking, StagedTree& tree, const git::Oid& base_tree);
  Result<CommitOutcome> publish_once(rt::Blocking blocking, const git::Oid& head);
  Publication publication(const git::Oid& head, const git::Oid& commit) const;

  // Constant after construction.
  Services& services_;
  const auth::Caller caller_;
  WriteTarget target_;  // its repo row is read again by finish()
  const bool create_pull_;

  // Gathered.
  git::Repositories::Lease repository_;
  std::optional<CommitHeader> header_;
  std::vector<Change> changes_;
  std::uint64_t bytes_ = 0;
  bool finished_ = false;

  std::vector<meta::LfsLink> links_;
};

Status Draft::set_header(rt::Blocking, CommitHeader header) {
  if (header_) return fail(Code::InvalidArgument, "The commit has two headers.");
  if (trim(header.summary).empty())
    return fail(Code::InvalidArgument,
                "The commit needs a summary: its first line may not be empty.");
  if (header.summary.size() + header.description.size() > kCommitMessageBytesMax) {
    return fail(Code::TooLarge,
                cat("The commit message is longer than ", kCommitMessageBytesMax, " bytes."));
  }
  if (header.summary.find('\0') != std::string::npos ||
      header.description.find('\0') != std::string::npos) {
    return fail(Code::InvalidArgument, "The commit message holds a NUL character.");
  }
  if (header.parent_commit) {
    header.parent_commit = to_lower(*header.parent_commit);
    if (!is_parent_name(*header.parent_commit)) {
      return fail(
          Code::InvalidArgument,
          "parentCommit must be a commit id: 40 hex digits, or at least the first 5 of them.");
    }
  }
  header_ = std::move(header);
  return Done{};
}

Status Draft::check_limits(const Operation& operation) {
  const auto& settings = services_.settings;
  if (changes_.size() >= settings.commit_operations_max) {
    return fail(Code::TooLarge, cat("A commit may hold at most ", settings.commit_operations_max,
                                    " operations: make several commits."));
  }
  if (operation.bytes.size() > settings.regular_file_bytes_max) {
    return fail(Code::TooLarge,
                cat("\"", operation.path, "\" is larger than ", settings.regular_file_bytes_max,
                    " bytes: upload it as a large file (LFS) and commit it as lfsFile."));
  }
  bytes_ += operation.bytes.size();
  if (bytes_ > settings.commit_body_bytes_max) {
    return fail(Code::TooLarge, cat("A commit may hold at most ", settings.commit_body_bytes_max,
                                    " bytes: make several commits."));
  }
  return Done{};
}

Status Draft::take(rt::Blocking blocking, Operation operation) {
  if (is_deletion(operation.kind) && operation.path.ends_with('/')) operation.path.pop_back();
  EMB_DO(git::check_path(operation.path));
  if (!operation.old_path.empty()) EMB_DO(git::check_path(operation.old_path));
  EMB_DO(check_limits(operation));

  Change change;
  change.kind = operation.kind;
  change.path = std::move(operation.path);
  change.old_path = std::move(operation.old_path);
  if (operation.kind == Operation::Kind::File && operation.has_bytes) {
    EMB_TRY(change.blob, repository_->write_blob(blocking, operation.bytes));
    // The text of a pointer is a reference to a large file, however it was sent.
    if (const auto pointer = git::LfsPointer::parse(operation.bytes)) {
      change.sha256 = pointer->sha256;
      change.size_bytes = pointer->size_bytes;
    }
  } else if (operation.kind == Operation::Kind::LfsFile && operation.has_sha256) {
    change.sha256 = operation.sha256;
    change.size_bytes = operation.size_bytes;
  } else if (!is_deletion(operation.kind) && change.old_path.empty()) {
    return fail(Code::InvalidArgument,
                cat("\"", change.path, "\" has neither content nor an old path."));
  }
  changes_.push_back(std::move(change));
  return Done{};
}

// The link rule (hub/lfs_links.h), then the pointers.
Status Draft::resolve_lfs(rt::Blocking blocking) {
  std::vector<Digest> wanted;
  for (const auto& change : changes_) {
    if (change.sha256) wanted.push_back(*change.sha256);
  }
  EMB_TRY(const auto links, find_lfs_links(services_, blocking, target_.repo.id, wanted));
  for (auto& change : changes_) {
    if (!change.sha256) continue;
    const auto link = links.find(*change.sha256);
    if (link == links.end()) {
      return fail(Code::Unusable, cat("LFS pointer pointed to a file that does not exist: \"",
                                      change.path, "\" (sha256 ", change.sha256->hex(),
                                      "). Upload the file to this repository first."));
    }
    if (change.size_bytes && *change.size_bytes != link->second.size_bytes) {
      return fail(Code::Unusable,
                  cat("\"", change.path, "\" is said to have ", *change.size_bytes,
                      " bytes, but the uploaded file has ", link->second.size_bytes, "."));
    }
    change.pointer =
        git::LfsPointer{.sha256 = *change.sha256, .size_bytes = link->second.size_bytes};
    if (!change.blob) {
      EMB_TRY(change.blob, repository_->write_blob(blocking, change.pointer->render()));
    }
    links_.push_back(link->second);
  }
  return Done{};
}

Status Draft::apply(rt::Blocking blocking, StagedTree& tree) const {
  for (const auto& change : changes_) {
    if (is_deletion(change.kind)) {
      const bool folder = change.kind == Operation::Kind::DeleteFolder;
      EMB_DO(tree.remove(
          blocking, change.path,
          folder ? StagedTree::Removes::FolderOnly : StagedTree::Removes::FileOrFolder));
    } else if (!change.blob) {
      EMB_DO(tree.move(blocking, change.old_path, change.path));
    } else {
      const bool renames = !change.old_path.empty() && change.old_path != change.path;
      if (renames) EMB_DO(tree.move(blocking, change.old_path, change.path));
      EMB_DO(tree.put(blocking, change.path, {.blob = *change.blob, .lfs = change.pointer}));
    }
  }
  return Done{};
}

// Hands off when the commit writes .gitattributes itself.
Result<std::vector<std::string>> Draft::new_lfs_paths(rt::Blocking blocking,
                                                      StagedTree& tree) const {
  std::vector<std::string> paths;
  for (const auto& change : changes_) {
    if (change.path == ".gitattributes" || change.old_path == ".gitattributes")
      return std::vector<std::string>();
    const bool is_move = !is_deletion(change.kind) && !change.blob;
    if (change.kind != Operation::Kind::LfsFile && !is_move) continue;
    EMB_TRY(const auto file, tree.find(blocking, change.path));
    if (file && file->lfs) paths.push_back(change.path);
  }
  return paths;
}

Status Draft::check_readme(rt::Blocking blocking, StagedTree& tree, const git::Oid& base_tree) {
  EMB_TRY(const auto readme, tree.find(blocking, "README.md"));
  if (!readme || readme->lfs || readme->kind == git::EntryKind::Symlink ||
      readme->kind == git::EntryKind::Submodule)
    return Done{};
  const auto found = repository_->find(blocking, base_tree, "README.md");
  const auto before = found ? std::optional(found->oid) : std::nullopt;
  return check_new_card(services_, blocking, *repository_, target_.repo.name.type, readme->blob,
                        before);
}

Result<git::Oid> Draft::build_commit(rt::Blocking blocking, const git::Oid& parent) {
  EMB_TRY(const auto base, repository_->commit(blocking, parent));
  StagedTree tree(*repository_, base.tree);
  EMB_DO(apply(blocking, tree));
  EMB_TRY(auto lfs_paths, new_lfs_paths(blocking, tree));
  EMB_DO(track_lfs_paths(blocking, *repository_, tree, std::move(lfs_paths)));
  EMB_DO(tree.check_names(blocking));
  EMB_DO(check_readme(blocking, tree, base.tree));
  EMB_TRY(const auto root, tree.write(blocking));
  const auto message = header_->description.empty()
                           ? header_->summary
                           : cat(header_->summary, "\n\n", header_->description);
  return repository_->write_commit(blocking, root, {parent}, signature_of(caller_),
                                   services_.clock.now_ms(), message);
}

// The repository may have been deleted, closed or renamed while the body arrived.
Result<git::Oid> Draft::read_head(rt::Blocking blocking) {
  EMB_TRY(auto repo, services_.database.read(blocking, [&](db::Session& s) {
    return meta::repos::find_by_id(s, target_.repo.id);
  }));
  if (!repo) return fail(auth::repo_not_found(caller_));
  target_.repo = *std::move(repo);
  if (create_pull_) {
    EMB_DO(check_propose(caller_, target_.repo));
  } else {
    EMB_DO(check_ref_write(services_, blocking, caller_, target_.repo, target_.ref));
  }
  EMB_TRY(const auto row, services_.database.read(blocking, [&](db::Session& s) {
    return meta::repos::find_ref(s, target_.repo.id, target_.ref);
  }));
  if (!row) return fail(revision_not_found(target_.ref));
  return git::Oid::parse(row->oid);
}

// The head; or, for a new pull request, an older commit of the branch when the caller named it.
Result<git::Oid> Draft::choose_parent(rt::Blocking blocking, const git::Oid& head) {
  const auto& named = header_->parent_commit;
  if (!named || head.hex().starts_with(*named)) return head;
  if (!create_pull_ || named->size() < 7) return fail(Code::Stale, kStaleMessage);
  const auto parent = repository_->expand(blocking, *named);
  if (!parent) return fail(revision_not_found(*named));
  EMB_TRY(const bool is_on_branch, repository_->is_ancestor(blocking, *parent, head));
  if (!is_on_branch) return fail(Code::Stale, kStaleMessage);
  return *parent;
}

Publication Draft::publication(const git::Oid& head, const git::Oid& commit) const {
  Publication publication;
  publication.repo = target_.repo;
  publication.lfs = links_;
  publication.actor_id = caller_.id();
  publication.payer_id = payer_of(caller_, target_.repo);
  if (!create_pull_) {
    publication.changes = {{.name = target_.ref, .expected = head, .next = commit}};
    return publication;
  }
  publication.changes = {{.name = "refs/pr/{pull}", .expected = std::nullopt, .next = commit}};
  publication.pull = new_pull(services_, caller_, target_, meta::PullStatus::Open,
                              title_from(header_->summary), header_->description);
  return publication;
}

Result<CommitOutcome> Draft::publish_once(rt::Blocking blocking, const git::Oid& head) {
  EMB_TRY(const auto parent, choose_parent(blocking, head));
  EMB_TRY(const auto commit, build_commit(blocking, parent));
  EMB_TRY(const auto published,
          publish(services_, blocking, *repository_, publication(head, commit)));
  return CommitOutcome{
      .repo = target_.repo, .commit = commit, .pull_number = published.pull_number};
}

Result<CommitOutcome> Draft::build_and_publish(rt::Blocking blocking) {
  EMB_CHECK(!std::exchange(finished_, true), "a draft is finished once");
  if (!header_) return fail(Code::InvalidArgument, "The commit has no header.");
  EMB_DO(resolve_lfs(blocking));
  std::optional<WriteLocks::Guard> guard;
  if (!create_pull_) {  // a new pull request moves no ref that others write
    EMB_TRY(auto taken, services_.write_locks.lock(blocking, target_.repo.id, kWriteLockWaitMs));
    guard.emplace(std::move(taken));
  }
  for (unsigned attempt = 1;; ++attempt) {
    EMB_TRY(const auto head, read_head(blocking));
    auto outcome = publish_once(blocking, head);
    if (outcome || outcome.error().code() != Code::Conflict) return outcome;
    if (attempt == kCommitAttemptsMax) {
      return fail(Code::Conflict, cat("Others are committing to ", target_.ref,
                                      " at the same time: please try again."));
    }
  }
}

}  // namespace

Result<std::unique_ptr<CommitDraft>> begin_commit(Services& services, rt::Blocking blocking,
                                                  const auth::Caller& caller,
                                                  const CommitTarget& target) {
  EMB_TRY(auto where, find_write_target(services, blocking, caller, target.name, target.rev,
                                        target.create_pull));
  auto repository =
      services.repositories.borrow(blocking, repository_folder(services.settings, where.repo.id));
  if (!repository) {
    return fail(
        unless_deleted(services, blocking, caller, where.repo, std::move(repository).error()));
  }
  return std::unique_ptr<CommitDraft>(std::make_unique<Draft>(
      services, caller, std::move(where), target.create_pull, *std::move(repository)));
}

}  // namespace embrace::hub
