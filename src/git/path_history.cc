// The history of one path, and who wrote each of its lines.

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

// What stands at the path in a commit; mode 0: nothing.
struct Item {
  std::uint32_t mode = 0;
  Oid oid;
  bool operator==(const Item&) const = default;
};

Result<Item> item_at(Odb& odb, const Oid& tree, std::string_view path) {
  auto found = find_item(odb, tree, path);
  if (found) return Item{found->mode, found->oid};
  if (found.error().tag() == Tag::EntryNotFound) return Item{};
  return fail(std::move(found).error());
}

// A commit on the way down, with what it has at the path.
struct Stand {
  Oid oid;
  CommitLinks links;
  Item item;
};

class PathWalk {
 public:
  PathWalk(Odb& odb, std::string_view path, SteadyTime until)
      : odb_(odb), path_(path), until_(until) {}

  Status check_time() const {
    if (std::chrono::steady_clock::now() <= until_) return Done{};
    return fail(Code::TooLarge, cat("the history of ", path_, " is too long to be read in time"));
  }

  Result<Stand> stand_on(const Oid& commit) {
    if (++steps_ % 64 == 0) EMB_DO(check_time());
    Stand stand;
    stand.oid = commit;
    EMB_TRY(stand.links, odb_.links(commit));
    EMB_TRY(stand.item, item_at(odb_, stand.links.tree, path_));
    return stand;
  }

 private:
  Odb& odb_;
  const std::string_view path_;
  const SteadyTime until_;
  std::size_t steps_ = 0;
};

struct OlderFirst {
  bool operator()(const Stand& a, const Stand& b) const {
    return a.links.commit_seconds != b.links.commit_seconds
               ? a.links.commit_seconds < b.links.commit_seconds
               : a.oid < b.oid;
  }
};

}  // namespace

Result<PathHistory> Repository::path_history(rt::Blocking blocking, const Oid& from,
                                             std::string_view path, std::size_t skip,
                                             std::size_t limit,
                                             std::chrono::milliseconds time_max) {
  EMB_TRY(const Oid start, peel_to_commit(blocking, from));
  PathWalk walk(*impl_->odb, path, std::chrono::steady_clock::now() + time_max);
  std::priority_queue<Stand, std::vector<Stand>, OlderFirst> open;
  std::unordered_set<Oid> seen{start};
  EMB_TRY(Stand first, walk.stand_on(start));
  open.push(std::move(first));
  PathHistory history;
  while (!open.empty()) {
    const Stand at = open.top();
    open.pop();
    std::vector<Stand> parents;
    bool is_change = at.links.parents.empty() && at.item != Item{};
    for (const Oid& parent : at.links.parents) {
      EMB_TRY(Stand stand, walk.stand_on(parent));
      if (stand.item == at.item) {  // the version that was taken
        parents.clear();
        parents.push_back(std::move(stand));
        is_change = false;
        break;
      }
      is_change = true;
      parents.push_back(std::move(stand));
    }
    for (Stand& parent : parents) {
      if (seen.insert(parent.oid).second) open.push(std::move(parent));
    }
    if (!is_change) continue;
    if (skip > 0) {
      --skip;
      continue;
    }
    if (history.commits.size() >= limit) {
      history.has_more = true;
      break;
    }
    EMB_TRY(Commit found, commit(blocking, at.oid));
    history.commits.push_back(std::move(found));
  }
  return history;
}

namespace {

// Lines of the file as it is now, [first, first + count), that stand at `here` in an older version
// of it.
struct Span {
  std::uint32_t first = 0, here = 0, count = 0;
};

class Blamer {
 public:
  Blamer(Odb& odb, std::string_view path, const BlameLimits& limits, SteadyTime until)
      : odb_(odb), path_(path), limits_(limits), walk_(odb, path, until), until_(until) {}

  Status run(const Oid& start) {
    EMB_TRY(Stand first, walk_.stand_on(start));
    EMB_TRY(const Object text, read(first.item));
    const auto lines = lines_of_text(text.bytes());
    if (lines.size() > limits_.lines_max)
      return fail(Code::TooLarge, cat("the file has more than ", limits_.lines_max, " lines"));
    owners_.assign(lines.size(), Oid());
    arrive(std::move(first), {{0, 0, static_cast<std::uint32_t>(lines.size())}});
    while (!open_.empty()) {
      const Stand at = open_.top();
      open_.pop();
      auto spans = spans_.extract(at.oid);
      if (!spans.empty()) EMB_DO(leave(at, std::move(spans.mapped())));
    }
    return Done{};
  }

  const std::vector<Oid>& owners() const { return owners_; }

 private:
  using Spans = std::vector<Span>;

  void arrive(Stand stand, Spans spans) {
    Spans& there = spans_[stand.oid];
    there.insert(there.end(), spans.begin(), spans.end());
    open_.push(std::move(stand));
  }

  // What a parent has as well is the parent's; the rest is of this commit.
  Status leave(const Stand& at, Spans spans) {
    std::vector<Stand> parents;
    for (const Oid& parent : at.links.parents) {
      EMB_TRY(Stand stand, walk_.stand_on(parent));
      if (stand.item == at.item) {
        arrive(std::move(stand), std::move(spans));
        return Done{};
      }
      parents.push_back(std::move(stand));
    }
    for (Stand& parent : parents) {
      if (spans.empty()) return Done{};
      if (!is_file(parent.item)) continue;
      EMB_TRY(ObjectHeader header, odb_.header(parent.item.oid));
      if (header.size_bytes > limits_.file_bytes_max) continue;  // lines end here
      EMB_TRY(const Object before, odb_.read(parent.item.oid, ObjectType::Blob));
      EMB_TRY(const Object after, odb_.read(at.item.oid, ObjectType::Blob));
      const auto changes =
          diff_lines(lines_of_text(before.bytes()), lines_of_text(after.bytes()), until_);
      EMB_DO(walk_.check_time());  // a diff that was cut short would name the wrong author
      Spans passed = take_unchanged(spans, changes);
      if (!passed.empty()) arrive(std::move(parent), std::move(passed));
    }
    for (const Span& span : spans) {
      std::fill_n(owners_.begin() + span.first, span.count, at.oid);
    }
    return Done{};
  }

  // Moves what `changes` leave alone out of `spans`, to where it stood before.
  static Spans take_unchanged(Spans& spans, const std::vector<LineChange>& changes) {
    Spans passed, kept;
    for (const Span& span : spans) {
      std::uint32_t at = span.here;
      const std::uint32_t end = span.here + span.count;
      auto change = std::ranges::partition_point(
          changes, [&](const LineChange& one) { return one.new_end <= span.here; });
      while (at < end) {
        const bool none_left = change == changes.end();
        const std::uint32_t changed_from = none_left ? end : std::clamp(change->new_begin, at, end);
        if (changed_from > at) {
          // Lines before the next change are as far from its beginning on both sides.
          const std::uint32_t there =
              none_left
                  ? (changes.empty() ? at : changes.back().old_end + (at - changes.back().new_end))
                  : change->old_begin - (change->new_begin - at);
          passed.push_back({span.first + (at - span.here), there, changed_from - at});
          at = changed_from;
        }
        if (none_left || at >= end) continue;
        const std::uint32_t changed_to = std::clamp(change->new_end, at, end);
        if (changed_to > at) kept.push_back({span.first + (at - span.here), at, changed_to - at});
        at = changed_to;
        if (change->new_end <= at) ++change;
      }
    }
    spans = std::move(kept);
    return passed;
  }

  static bool is_file(const Item& item) {
    return item.mode != 0 && kind_of_mode(item.mode) != EntryKind::Folder &&
           kind_of_mode(item.mode) != EntryKind::Submodule;
  }

  Result<Object> read(const Item& item) {
    if (item.mode == 0) return entry_not_found();
    if (!is_file(item)) return fail(Code::Unusable, cat(path_, " is not a file"));
    EMB_TRY(ObjectHeader header, odb_.header(item.oid));
    if (header.size_bytes > limits_.file_bytes_max) {
      return fail(Code::TooLarge, cat("the file is larger than ", limits_.file_bytes_max,
                                      " bytes: who wrote its lines is not looked for"));
    }
    EMB_TRY(Object blob, odb_.read(item.oid, ObjectType::Blob));
    if (looks_binary(blob.bytes()) || LfsPointer::parse(blob.bytes()))
      return fail(Code::Unusable, cat(path_, " has no lines: it is a binary file"));
    return blob;
  }

  Odb& odb_;
  const std::string_view path_;
  const BlameLimits& limits_;
  PathWalk walk_;
  const SteadyTime until_;
  std::vector<Oid> owners_;  // of each line
  std::unordered_map<Oid, Spans> spans_;
  std::priority_queue<Stand, std::vector<Stand>, OlderFirst> open_;
};

}  // namespace

Result<Blame> Repository::blame(rt::Blocking blocking, const Oid& from, std::string_view path,
                                const BlameLimits& limits) {
  EMB_TRY(const Oid start, peel_to_commit(blocking, from));
  Blamer blamer(*impl_->odb, path, limits, std::chrono::steady_clock::now() + limits.time_max);
  EMB_DO(blamer.run(start));
  Blame blame;
  std::unordered_map<Oid, std::size_t> known;
  const std::vector<Oid>& owners = blamer.owners();
  for (std::uint32_t i = 0; i < owners.size(); ++i) {
    if (i > 0 && owners[i] == owners[i - 1]) {
      ++blame.ranges.back().lines;
      continue;
    }
    const auto [at, is_new] = known.try_emplace(owners[i], blame.commits.size());
    if (is_new) {
      EMB_TRY(Commit found, commit(blocking, owners[i]));
      blame.commits.push_back(std::move(found));
    }
    blame.ranges.push_back({.commit = at->second, .first = i + 1, .lines = 1});
  }
  return blame;
}

}  // namespace embrace::git
