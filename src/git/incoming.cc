#include "git/incoming.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

// Commits reachable from tips but not from known. Both sides are walked together, newest first, and
// a commit's colour goes on to its parents; the walk ends when only known ones are left. With
// clocks that run backwards some known commits may come out as new, which costs a second look at
// them and no more.
class NewCommits {
 public:
  explicit NewCommits(Odb& odb) : odb_(odb) {}

  Status add(const Oid& oid, bool is_known) {
    auto [at, is_new] = seen_.try_emplace(oid);
    Seen& seen = at->second;
    if (!is_new && (seen.is_known || !is_known)) return Done{};
    if (is_new) {
      EMB_TRY(CommitLinks links, odb_.links(oid));
      seen.links = std::move(links);
    } else if (!seen.waiting) {
      // It was passed as new and turns out to be known: so are all its ancestors.
      seen.is_known = true;
      return spread_known(seen.links.parents);
    } else {
      --waiting_new_;
    }
    seen.is_known = is_known;
    if (is_new) {
      seen.waiting = true;
      open_.emplace(seen.links.commit_seconds, oid);
    }
    if (!is_known) ++waiting_new_;
    return Done{};
  }

  Result<std::vector<Oid>> walk() {
    constexpr std::size_t new_commits_max = 5'000'000;
    std::vector<Oid> order;
    while (waiting_new_ > 0) {
      const Oid oid = open_.top().second;
      open_.pop();
      Seen& seen = seen_.at(oid);
      seen.waiting = false;
      if (!seen.is_known) {
        --waiting_new_;
        order.push_back(oid);
        if (order.size() > new_commits_max) {
          return fail(Code::Unusable, cat("the push brings more than ", new_commits_max,
                                          " commits: push its history in parts"));
        }
      }
      const bool is_known = seen.is_known;
      const std::vector<Oid> parents = seen.links.parents;  // add() may move the table
      for (const Oid& parent : parents) EMB_DO(add(parent, is_known));
    }
    std::erase_if(order, [this](const Oid& oid) { return seen_.at(oid).is_known; });
    return order;
  }

 private:
  struct Seen {
    CommitLinks links;
    bool is_known = false;
    bool waiting = false;
  };

  Status spread_known(std::vector<Oid> open) {
    while (!open.empty()) {
      auto at = seen_.find(open.back());
      open.pop_back();
      if (at == seen_.end() || at->second.is_known) continue;
      at->second.is_known = true;
      if (at->second.waiting) --waiting_new_;
      const auto& parents = at->second.links.parents;
      open.insert(open.end(), parents.begin(), parents.end());
    }
    return Done{};
  }

  Odb& odb_;
  std::unordered_map<Oid, Seen> seen_;
  std::priority_queue<std::pair<std::int64_t, Oid>> open_;
  std::size_t waiting_new_ = 0;
};

constexpr int kDepthMax = 512;

// A pack of a kilobyte can describe more paths than there are atoms in a disk: ten levels of ten
// names for one and the same tree are 10^10. So the walk counts what it does, never what the paths
// add up to: each tree is looked through once, and all of it ends at a budget that the largest
// honest pushes stay below.
constexpr std::uint64_t kItemsReadMax = 100'000'000;
constexpr std::size_t kBlobsMax = 3'000'000;                           // about 150 bytes each
constexpr std::uint64_t kOpenTreeBytesMax = std::uint64_t{256} << 20;  // from the root to here

// The same folder in a parent, read beside the new one: both are in git's order.
class OldFolder {
 public:
  explicit OldFolder(Object tree) : tree_(std::move(tree)), reader_(tree_.bytes()) { step(); }

  // The item that stands where `item` does, if any. To be asked in the order of the new tree.
  const TreeItem* beside(const TreeItem& item) {
    while (has_item_ && order_to(item) < 0) step();
    return has_item_ && order_to(item) == 0 ? &item_ : nullptr;
  }
  std::uint64_t items_read() const { return items_read_; }
  std::uint64_t bytes() const { return tree_.bytes().size(); }
  bool is_broken() const { return reader_.is_broken(); }

 private:
  void step() {
    has_item_ = reader_.next(item_);
    ++items_read_;
  }
  int order_to(const TreeItem& item) const {
    return compare_tree_names(item_.name, item_.is_folder(), item.name, item.is_folder());
  }

  Object tree_;
  TreeReader reader_;
  TreeItem item_;
  bool has_item_ = false;
  std::uint64_t items_read_ = 0;
};

class BlobCollector {
 public:
  explicit BlobCollector(Odb& odb) : odb_(odb) {}

  // Reports what `tree` has and none of `olds` (the same folder in the commit's parents) has.
  Status compare(const Oid& tree, const std::vector<Oid>& olds, const std::string& prefix,
                 int depth) {
    if (depth > kDepthMax) return fail(Code::Unusable, cat("folders nest deeper than ", kDepthMax));
    if (std::ranges::find(olds, tree) != olds.end()) return Done{};
    // Seen before: its names are checked, and its blobs reported, or known from a parent of the
    // commit that had it then. Only its paths are longer or shorter here.
    if (auto seen = longest_below_.find(tree); seen != longest_below_.end())
      return check_length(prefix, seen->second);
    const std::uint64_t open_before = open_bytes_;
    EMB_TRY(Object object, open(tree));
    EMB_TRY(auto old_folders, open_all(olds));
    std::size_t longest = 0;
    TreeReader reader(object.bytes());
    TreeItem item;
    while (reader.next(item)) {
      EMB_DO(spend(1));
      EMB_TRY(const std::size_t length, visit(item, old_folders, prefix, depth));
      longest = std::max(longest, length);
    }
    if (reader.is_broken()) return damaged_tree(tree);
    for (const OldFolder& old : old_folders) EMB_DO(spend(old.items_read()));
    longest_below_.emplace(tree, longest);
    open_bytes_ = open_before;
    return Done{};
  }

  std::vector<Quarantine::NewBlob> take() { return std::move(found_); }

 private:
  Result<Object> open(const Oid& tree) {
    EMB_TRY(Object object, odb_.read(tree, ObjectType::Tree));
    open_bytes_ += object.bytes().size();
    if (open_bytes_ > kOpenTreeBytesMax) {
      return fail(Code::Unusable, cat("the folders on one path hold more than ",
                                      kOpenTreeBytesMax >> 20, " MiB of names"));
    }
    return object;
  }

  Result<std::vector<OldFolder>> open_all(std::vector<Oid> trees) {
    std::ranges::sort(trees);  // many parents may share it
    const auto repeated = std::ranges::unique(trees);
    trees.erase(repeated.begin(), repeated.end());
    std::vector<OldFolder> folders;
    for (const Oid& tree : trees) {
      EMB_DO(spend(1));
      EMB_TRY(Object object, open(tree));
      folders.emplace_back(std::move(object));
    }
    return folders;
  }

  Status spend(std::uint64_t items) {
    items_read_ += items;
    if (items_read_ <= kItemsReadMax) return Done{};
    return fail(Code::Unusable, "the push changes too many folders: push its history in parts");
  }

  static Status check_length(const std::string& prefix, std::size_t below) {
    if (prefix.size() + below <= kPathBytesMax) return Done{};
    return fail(Code::Unusable,
                cat("a path below \"", prefix, "\" can't be used: it is longer than ",
                    kPathBytesMax, " bytes"));
  }

  // The length of the longest path from this item's folder that begins with it.
  Result<std::size_t> visit(const TreeItem& item, std::vector<OldFolder>& old_folders,
                            const std::string& prefix, int depth) {
    std::vector<Oid> old_trees;
    for (OldFolder& old : old_folders) {
      const TreeItem* beside = old.beside(item);
      if (beside == nullptr) continue;
      if (beside->mode == item.mode && beside->oid == item.oid) return item.name.size();
      if (beside->is_folder()) old_trees.push_back(beside->oid);
    }
    std::string path = cat(prefix, item.name);
    EMB_DO(check_path(path));
    const EntryKind kind = kind_of_mode(item.mode);
    if (kind == EntryKind::Folder) {
      EMB_DO(compare(item.oid, old_trees, path + "/", depth + 1));
      const auto below = longest_below_.find(item.oid);  // absent when it is an old one, unchanged
      return item.name.size() + 1 + (below == longest_below_.end() ? 0 : below->second);
    }
    if (kind == EntryKind::Submodule || !reported_.insert(item.oid).second) return item.name.size();
    EMB_DO(report(item, std::move(path)));
    return item.name.size();
  }

  Status report(const TreeItem& item, std::string path) {
    EMB_TRY(ObjectHeader header, odb_.header(item.oid));
    if (header.type != ObjectType::Blob) {
      return fail(Code::InvalidArgument,
                  cat("the push names ", item.oid.hex(), " as a file, but it is none"));
    }
    if (found_.size() >= kBlobsMax) {
      return fail(Code::Unusable, cat("the push brings more than ", kBlobsMax,
                                      " new files: push its history in parts"));
    }
    found_.push_back({.oid = item.oid, .path = std::move(path), .size_bytes = header.size_bytes});
    return Done{};
  }

  Odb& odb_;
  std::unordered_map<Oid, std::size_t> longest_below_;  // of the trees looked through
  std::unordered_set<Oid> reported_;
  std::vector<Quarantine::NewBlob> found_;
  std::uint64_t items_read_ = 0;
  std::uint64_t open_bytes_ = 0;
};

}  // namespace

Result<std::vector<Quarantine::NewBlob>> find_incoming_blobs(Odb& odb, const std::vector<Oid>& tips,
                                                             const std::vector<Oid>& known) {
  NewCommits commits(odb);
  for (const Oid& oid : known) {
    EMB_TRY(TagTarget target, odb.peel(oid));
    if (target.type == ObjectType::Commit) EMB_DO(commits.add(target.oid, true));
  }
  for (const Oid& tip : tips) {
    EMB_TRY(TagTarget target, odb.peel(tip));
    if (target.type != ObjectType::Commit) {
      return fail(Code::InvalidArgument, cat("object ", tip.hex(), " leads to no commit"));
    }
    EMB_DO(commits.add(target.oid, false));
  }
  EMB_TRY(std::vector<Oid> fresh, commits.walk());
  BlobCollector blobs(odb);
  for (const Oid& oid : fresh) {
    EMB_TRY(CommitLinks links, odb.links(oid));
    std::vector<Oid> olds;
    for (const Oid& parent : links.parents) {
      EMB_TRY(CommitLinks parent_links, odb.links(parent));
      olds.push_back(parent_links.tree);
    }
    EMB_DO(blobs.compare(links.tree, olds, "", 0));
  }
  return blobs.take();
}

}  // namespace embrace::git
