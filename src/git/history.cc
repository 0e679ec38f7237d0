// Walking history: pages of it, its length, and who descends from whom.

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "git/fact_cache.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

constexpr std::size_t kCommitCountsMax = 100'000;

FactCache<Oid, std::uint64_t>& commit_counts() {
  static FactCache<Oid, std::uint64_t> cache(kCommitCountsMax);
  return cache;
}

// Commits, newest first. Nearly all history here is a single line, where the next commit is the
// only parent and nothing else need be read. At the first merge the rest is read whole and ordered:
// children before parents, and by commit time among those that may come next.
class NewestFirst {
 public:
  NewestFirst(Odb& odb, const Oid& from) : odb_(odb), line_(from) {}

  // nullopt at the end.
  Result<std::optional<Oid>> next() {
    if (!line_) return next_of_many();
    const Oid oid = *line_;
    EMB_TRY(CommitLinks links, odb_.links(oid));
    if (links.parents.size() > 1) {
      EMB_DO(read_rest(oid));
      line_.reset();
      return next_of_many();
    }
    if (links.parents.empty()) {
      line_.reset();
    } else {
      line_ = links.parents.front();
    }
    return oid;
  }

 private:
  struct Node {
    CommitLinks links;
    std::size_t children = 0;  // not yet given out
  };
  struct Ready {
    std::int64_t seconds;
    std::size_t order;  // of two commits in the same second, the one found first
    Oid oid;
    bool operator<(const Ready& other) const {
      return seconds != other.seconds ? seconds < other.seconds : order > other.order;
    }
  };

  Status read_rest(const Oid& from) {
    std::vector<Oid> open{from};
    while (!open.empty()) {
      const Oid oid = open.back();
      open.pop_back();
      if (!nodes_.try_emplace(oid).second) continue;
      EMB_TRY(CommitLinks links, odb_.links(oid));
      for (const Oid& parent : links.parents) open.push_back(parent);
      nodes_[oid].links = std::move(links);
    }
    for (auto& [oid, node] : nodes_) {
      for (const Oid& parent : node.links.parents) ++nodes_.at(parent).children;
    }
    ready_.push({nodes_.at(from).links.commit_seconds, given_++, from});
    return Done{};
  }

  std::optional<Oid> next_of_many() {
    if (ready_.empty()) return std::nullopt;
    const Oid oid = ready_.top().oid;
    ready_.pop();
    for (const Oid& parent : nodes_.at(oid).links.parents) {
      Node& node = nodes_.at(parent);
      if (--node.children == 0) ready_.push({node.links.commit_seconds, given_++, parent});
    }
    return oid;
  }

  Odb& odb_;
  std::optional<Oid> line_;
  std::unordered_map<Oid, Node> nodes_;
  std::priority_queue<Ready> ready_;
  std::size_t given_ = 0;
};

Result<std::uint64_t> count_reachable(Odb& odb, const Oid& from) {
  std::unordered_set<Oid> seen{from};
  std::vector<Oid> open{from};
  while (!open.empty()) {
    const Oid oid = open.back();
    open.pop_back();
    EMB_TRY(CommitLinks links, odb.links(oid));
    for (const Oid& parent : links.parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
  }
  return seen.size();
}

}  // namespace

Result<std::vector<Commit>> Repository::log(rt::Blocking blocking, const Oid& from,
                                            std::size_t skip, std::size_t limit) {
  EMB_TRY(Oid start, peel_to_commit(blocking, from));
  NewestFirst walk(*impl_->odb, start);
  std::vector<Commit> page;
  while (page.size() < limit) {
    EMB_TRY(std::optional<Oid> oid, walk.next());
    if (!oid) break;
    if (skip > 0) {
      --skip;
      continue;
    }
    EMB_TRY(Commit found, commit(blocking, *oid));
    page.push_back(std::move(found));
  }
  return page;
}

// Down the line until a commit whose count is known, the first commit, or a merge (whose history is
// counted whole, once).
Result<std::uint64_t> Repository::count_commits(rt::Blocking blocking, const Oid& from) {
  EMB_TRY(Oid start, peel_to_commit(blocking, from));
  Odb& odb = *impl_->odb;
  std::uint64_t passed = 0;
  std::uint64_t below = 0;
  for (Oid at = start;;) {
    if (auto known = commit_counts().find(at)) {
      below = *known;
      break;
    }
    EMB_TRY(CommitLinks links, odb.links(at));
    if (links.parents.size() > 1) {
      EMB_TRY(below, count_reachable(odb, at));
      commit_counts().remember(at, below);
      break;
    }
    ++passed;
    if (links.parents.empty()) break;
    at = links.parents.front();
  }
  commit_counts().remember(start, passed + below);
  return passed + below;
}

// Newest commits first, so that the common question (did the branch only move forward?) ends after
// a few steps.
Result<bool> Repository::is_ancestor(rt::Blocking blocking, const Oid& ancestor,
                                     const Oid& descendant) {
  EMB_TRY(Oid wanted, peel_to_commit(blocking, ancestor));
  EMB_TRY(Oid start, peel_to_commit(blocking, descendant));
  Odb& odb = *impl_->odb;
  std::unordered_set<Oid> seen{start};
  std::priority_queue<std::pair<std::int64_t, Oid>> open;
  open.emplace(0, start);
  while (!open.empty()) {
    const Oid oid = open.top().second;
    open.pop();
    if (oid == wanted) return true;
    EMB_TRY(CommitLinks links, odb.links(oid));
    for (const Oid& parent : links.parents) {
      if (!seen.insert(parent).second) continue;
      if (parent == wanted) return true;
      EMB_TRY(CommitLinks parent_links, odb.links(parent));
      open.emplace(parent_links.commit_seconds, parent);
    }
  }
  return false;
}

}  // namespace embrace::git
