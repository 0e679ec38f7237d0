#include "hub/lfs_rewrite.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::hub {
namespace {

class Rewriter {
 public:
  Rewriter(git::Repository& repository, const DigestSet& objects)
      : repository_(repository), objects_(objects) {}

  // Oldest first within one tip; commits that an earlier tip brought are skipped.
  Status rewrite(rt::Blocking blocking, const git::Oid& tip) {
    if (seen_.contains(tip)) return Done{};
    EMB_TRY(const auto log, repository_.log(blocking, tip, 0, kRewriteCommitsMax + 1));
    for (auto commit = log.rbegin(); commit != log.rend(); ++commit) {
      if (!seen_.insert(commit->oid).second) continue;
      if (seen_.size() > kRewriteCommitsMax) {
        return fail(Code::TooLarge, cat("The history is longer than ", kRewriteCommitsMax,
                                        " commits: rewrite it in a clone and push."));
      }
      EMB_DO(rewrite_commit(blocking, *commit));
    }
    return Done{};
  }
  CommitMap take() { return std::move(map_); }

 private:
  Status rewrite_commit(rt::Blocking blocking, const git::Commit& commit) {
    EMB_TRY(const auto tree, clean_tree(blocking, commit.tree));
    auto parents = commit.parents;
    for (auto& parent : parents) {
      if (const auto changed = map_.find(parent); changed != map_.end()) parent = changed->second;
    }
    if (tree == commit.tree && parents == commit.parents) return Done{};
    const auto message =
        commit.message.empty() ? commit.title : cat(commit.title, "\n\n", commit.message);
    EMB_TRY(const auto rewritten, repository_.write_commit(blocking, tree, parents, commit.author,
                                                           commit.author_ms, message));
    map_.emplace(commit.oid, rewritten);
    return Done{};
  }

  Result<git::Oid> clean_tree(rt::Blocking blocking, const git::Oid& tree) {
    if (const auto known = trees_.find(tree); known != trees_.end()) return known->second;
    EMB_TRY(const auto paths, paths_to_drop(blocking, tree));
    git::Oid cleaned = tree;
    if (!paths.empty()) {
      std::vector<git::TreeEdit> edits;
      for (const auto& path : paths) {
        auto& edit = edits.emplace_back();
        edit.kind = git::TreeEdit::Kind::Remove;
        edit.path = path;
      }
      EMB_TRY(cleaned, repository_.edit_tree(blocking, tree, edits));
    }
    trees_.emplace(tree, cleaned);
    return cleaned;
  }

  // Relative to `folder`. Remembered per folder: from commit to commit most folders stay the same.
  Result<std::vector<std::string>> paths_to_drop(rt::Blocking blocking, const git::Oid& folder) {
    if (const auto known = drops_.find(folder); known != drops_.end()) return known->second;
    std::vector<std::string> paths;
    EMB_TRY(const auto children, repository_.list(blocking, folder, "", false));
    for (const auto& child : children) {
      if (child.lfs && objects_.contains(child.lfs->sha256)) paths.push_back(child.path);
      if (!child.is_folder()) continue;
      EMB_TRY(const auto below, paths_to_drop(blocking, child.oid));
      for (const auto& path : below) paths.push_back(cat(child.path, "/", path));
    }
    drops_.emplace(folder, paths);
    return paths;
  }

  git::Repository& repository_;
  const DigestSet& objects_;
  CommitMap map_;
  std::unordered_set<git::Oid> seen_;
  std::unordered_map<git::Oid, git::Oid> trees_;
  std::unordered_map<git::Oid, std::vector<std::string>> drops_;
};

}  // namespace

Result<CommitMap> rewrite_without(rt::Blocking blocking, git::Repository& repository,
                                  const std::vector<git::Oid>& tips, const DigestSet& objects) {
  Rewriter rewriter(repository, objects);
  for (const auto& tip : tips) EMB_DO(rewriter.rewrite(blocking, tip));
  return rewriter.take();
}

}  // namespace embrace::hub
