// How two commits stand to each other.

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "git/repository_impl.h"

namespace embrace::git {
namespace {

constexpr std::uint8_t kOfBase = 1, kOfHead = 2;
constexpr std::uint8_t kBelowBoth = 4;  // an ancestor of a common one: of no more interest

// Newest first from both commits at once, each commit passing what it is reachable from to its
// parents, until all that is open lies below a common ancestor (as git's merge-base does it).
class Painter {
 public:
  Painter(Odb& odb, SteadyTime until) : odb_(odb), until_(until) {}

  Status paint(const Oid& base, const Oid& head) {
    EMB_DO(reach(base, kOfBase));
    EMB_DO(reach(head, kOfHead));
    while (interesting_ > 0) {
      if (++steps_ % 64 == 0 && std::chrono::steady_clock::now() > until_) {
        return fail(Code::TooLarge,
                    "the two revisions are too far apart to be compared in time; name closer ones");
      }
      const Oid oid = open_.top().second;
      open_.pop();
      Node& node = nodes_.at(oid);
      node.is_open = false;
      if ((node.flags & kBelowBoth) == 0) --interesting_;
      std::uint8_t flags = node.flags;
      if ((flags & (kOfBase | kOfHead)) == (kOfBase | kOfHead)) {
        if ((flags & kBelowBoth) == 0) common_.push_back(oid);
        flags |= kBelowBoth;
      }
      order_.push_back(oid);
      const std::vector<Oid> parents = node.parents;  // reach() moves the nodes
      for (const Oid& parent : parents) EMB_DO(reach(parent, flags));
    }
    return Done{};
  }

  // One that was found common first, and proved to lie below another later, is not the best.
  std::optional<Oid> best_common() const {
    for (const Oid& oid : common_) {
      if ((nodes_.at(oid).flags & kBelowBoth) == 0) return oid;
    }
    return std::nullopt;
  }

  std::vector<Oid> only_of_head() const {
    std::vector<Oid> out;
    std::unordered_map<Oid, bool> seen;
    for (const Oid& oid : order_) {
      if (nodes_.at(oid).flags == kOfHead && seen.try_emplace(oid, true).second) out.push_back(oid);
    }
    return out;
  }

 private:
  struct Node {
    std::uint8_t flags = 0;
    bool is_open = false;
    std::int64_t seconds = 0;
    std::vector<Oid> parents;
  };

  Status reach(const Oid& oid, std::uint8_t flags) {
    auto [at, is_new] = nodes_.try_emplace(oid);
    Node& node = at->second;
    if (is_new) {
      EMB_TRY(CommitLinks links, odb_.links(oid));
      node.seconds = links.commit_seconds;
      node.parents = std::move(links.parents);
    }
    if ((node.flags | flags) == node.flags && !is_new) return Done{};
    const bool was_interesting = node.is_open && (node.flags & kBelowBoth) == 0;
    node.flags |= flags;
    const bool is_interesting = (node.flags & kBelowBoth) == 0;
    if (!node.is_open) {
      node.is_open = true;
      open_.emplace(node.seconds, oid);
    }
    if (is_interesting && !was_interesting) ++interesting_;
    if (!is_interesting && was_interesting) --interesting_;
    return Done{};
  }

  Odb& odb_;
  const SteadyTime until_;
  std::unordered_map<Oid, Node> nodes_;
  std::priority_queue<std::pair<std::int64_t, Oid>> open_;
  std::size_t interesting_ = 0;  // open nodes that are not below both
  std::size_t steps_ = 0;
  std::vector<Oid> order_;   // as they were left
  std::vector<Oid> common_;  // the same
};

}  // namespace

Result<Comparison> Repository::compare(rt::Blocking blocking, const Oid& base, const Oid& head,
                                       std::size_t commits_max,
                                       std::chrono::milliseconds time_max) {
  EMB_TRY(const Oid from, peel_to_commit(blocking, base));
  EMB_TRY(const Oid to, peel_to_commit(blocking, head));
  Painter painter(*impl_->odb, std::chrono::steady_clock::now() + time_max);
  EMB_DO(painter.paint(from, to));
  Comparison comparison;
  comparison.merge_base = painter.best_common();
  const std::vector<Oid> ahead = painter.only_of_head();
  comparison.ahead = ahead.size();
  for (const Oid& oid : ahead) {
    if (comparison.commits.size() >= commits_max) break;
    EMB_TRY(Commit found, commit(blocking, oid));
    comparison.commits.push_back(std::move(found));
  }
  return comparison;
}

}  // namespace embrace::git
