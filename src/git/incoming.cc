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
    std::vector<Oid> order;
    while (waiting_new_ > 0) {
      const Oid oid = open_.top().second;
      open_.pop();
      Seen& seen = seen_.at(oid);
      seen.waiting = false;
      if (!seen.is_known) {
        --waiting_new_;
        order.push_back(oid);
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

class BlobCollector {
 public:
  explicit BlobCollector(Odb& odb) : odb_(odb) {}

  // Reports what `tree` has and none of `olds` (the same folder in the commit's parents) has.
  Status compare(const Oid& tree, const std::vector<Oid>& olds, const std::string& prefix,
                 int depth) {
    if (depth > kDepthMax) return fail(Code::Unusable, cat("folders nest deeper than ", kDepthMax));
    if (std::ranges::find(olds, tree) != olds.end()) return Done{};
    // A tree that was looked through before, in the same place, has nothing new to say. In another
    // place its paths are new.
    if (!looked_through_.insert(cat(tree.hex(), prefix)).second) return Done{};
    EMB_TRY(Object object, odb_.read(tree, ObjectType::Tree));
    EMB_TRY(auto old_items, items_of(olds));
    TreeReader reader(object.bytes());
    TreeItem item;
    while (reader.next(item)) EMB_DO(visit(item, old_items, prefix, depth));
    if (reader.is_broken()) return damaged_tree(tree);
    return Done{};
  }

  std::vector<Quarantine::NewBlob> take() { return std::move(found_); }

 private:
  struct OldItem {
    std::uint32_t mode;
    Oid oid;
  };
  using OldItems = std::unordered_multimap<std::string, OldItem>;

  Result<OldItems> items_of(const std::vector<Oid>& trees) {
    OldItems items;
    for (const Oid& tree : trees) {
      EMB_TRY(Object object, odb_.read(tree, ObjectType::Tree));
      TreeReader reader(object.bytes());
      TreeItem item;
      while (reader.next(item)) items.emplace(std::string(item.name), OldItem{item.mode, item.oid});
      if (reader.is_broken()) return damaged_tree(tree);
    }
    return items;
  }

  Status visit(const TreeItem& item, const OldItems& old_items, const std::string& prefix,
               int depth) {
    std::vector<Oid> old_folders;
    auto [old, end] = old_items.equal_range(std::string(item.name));
    for (; old != end; ++old) {
      if (old->second.mode == item.mode && old->second.oid == item.oid) return Done{};
      if (old->second.mode == 0040000) old_folders.push_back(old->second.oid);
    }
    std::string path = cat(prefix, item.name);
    EMB_DO(check_path(path));
    const EntryKind kind = kind_of_mode(item.mode);
    if (kind == EntryKind::Folder) return compare(item.oid, old_folders, path + "/", depth + 1);
    if (kind == EntryKind::Submodule || !reported_.insert(item.oid).second) return Done{};
    EMB_TRY(ObjectHeader header, odb_.header(item.oid));
    if (header.type != ObjectType::Blob) {
      return fail(Code::InvalidArgument,
                  cat("the push names ", item.oid.hex(), " as a file, but it is none"));
    }
    found_.push_back({.oid = item.oid, .path = std::move(path), .size_bytes = header.size_bytes});
    return Done{};
  }

  Odb& odb_;
  std::unordered_set<std::string> looked_through_;
  std::unordered_set<Oid> reported_;
  std::vector<Quarantine::NewBlob> found_;
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
