// last_commits: for many paths at once, the newest commit that changed each.
//
// A path follows one line through history, as `git log -1 -- path` does: from a commit to the first
// parent that has the same thing at that path, until no parent has. So all paths that stand at the
// same commit walk together, and a commit costs the reading of those trees that differ from its
// parent's and lead to a path still asked for.

#include <algorithm>
#include <map>
#include <memory>
#include <queue>
#include <unordered_map>

#include "base/strings.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

// The paths asked for, as a tree of names. `question` is the index of the answer for this very
// path.
struct Asked {
  std::vector<std::size_t> questions;
  std::map<std::string, Asked, std::less<>> below;
  bool is_empty() const { return questions.empty() && below.empty(); }
};

void add_question(Asked& root, std::string_view path, std::size_t question) {
  Asked* at = &root;
  for (std::string_view name : split(path, '/')) {
    if (name.empty()) continue;
    auto child = at->below.find(name);
    if (child == at->below.end()) child = at->below.emplace(std::string(name), Asked{}).first;
    at = &child->second;
  }
  at->questions.push_back(question);
}

void merge_into(Asked& target, Asked&& source) {
  target.questions.insert(target.questions.end(), source.questions.begin(), source.questions.end());
  for (auto& [name, child] : source.below) merge_into(target.below[name], std::move(child));
}

struct Item {
  std::uint32_t mode = 0;  // 0: nothing there
  Oid oid;
  bool operator==(const Item&) const = default;
  Oid folder() const { return mode == 0040000 ? oid : Oid(); }
};

class Splitter {
 public:
  explicit Splitter(Odb& odb) : odb_(odb) {}

  // Moves out of `asked` what differs between the two items (here or below) and returns it.
  Result<Asked> take_differing(Asked& asked, const Item& mine, const Item& theirs) {
    Asked differing;
    if (mine == theirs) return differing;
    differing.questions = std::exchange(asked.questions, {});
    if (asked.below.empty()) return differing;
    EMB_TRY(auto my_items, items_of(mine.folder(), asked));
    EMB_TRY(auto their_items, items_of(theirs.folder(), asked));
    std::size_t i = 0;
    for (auto child = asked.below.begin(); child != asked.below.end(); ++i) {
      EMB_TRY(Asked below, take_differing(child->second, my_items[i], their_items[i]));
      if (!below.is_empty()) differing.below.emplace(child->first, std::move(below));
      child = child->second.is_empty() ? asked.below.erase(child) : std::next(child);
    }
    return differing;
  }

 private:
  // For each name in asked.below, in its order, what the folder has there.
  Result<std::vector<Item>> items_of(const Oid& folder, const Asked& asked) {
    std::vector<Item> items(asked.below.size());
    if (folder.is_zero()) return items;
    EMB_TRY(Object tree, odb_.read(folder, ObjectType::Tree));
    // Few names: find each in passing. Many: a table of positions made once.
    std::unordered_map<std::string_view, std::size_t> positions;
    positions.reserve(asked.below.size());
    std::size_t i = 0;
    for (const auto& [name, child] : asked.below) positions.emplace(name, i++);
    TreeReader reader(tree.bytes());
    TreeItem item;
    while (reader.next(item)) {
      if (auto at = positions.find(item.name); at != positions.end()) {
        items[at->second] = Item{.mode = item.mode, .oid = item.oid};
      }
    }
    if (reader.is_broken()) return damaged_tree(folder);
    return items;
  }

  Odb& odb_;
};

void collect_questions(const Asked& asked, std::vector<std::size_t>& into) {
  into.insert(into.end(), asked.questions.begin(), asked.questions.end());
  for (const auto& [name, child] : asked.below) collect_questions(child, into);
}

constexpr std::uint32_t kFolderMode = 0040000;

class LastCommits {
 public:
  LastCommits(Odb& odb, std::size_t questions, SteadyTime until)
      : odb_(odb), until_(until), splitter_(odb), answers_(questions) {}

  // Until everything is answered, or the time is over.
  Status walk(const Oid& from, Asked asked) {
    EMB_TRY(CommitLinks links, odb_.links(from));
    arrive(from, std::move(links), std::move(asked));
    while (!open_.empty() && !is_late()) {
      const Oid oid = open_.top().second;
      open_.pop();
      auto node = standing_.extract(oid);
      EMB_DO(leave(oid, node.mapped().links, std::move(node.mapped().asked)));
    }
    return Done{};
  }

  const std::vector<Oid>& answers() const { return answers_; }

 private:
  bool is_late() const { return std::chrono::steady_clock::now() > until_; }

  struct Standing {
    CommitLinks links;
    Asked asked;
  };

  void arrive(const Oid& oid, CommitLinks links, Asked asked) {
    auto [at, is_new] = standing_.try_emplace(oid);
    if (is_new) {
      open_.emplace(links.commit_seconds, oid);
      at->second = Standing{std::move(links), std::move(asked)};
    } else {
      merge_into(at->second.asked, std::move(asked));
    }
  }

  Status leave(const Oid& oid, const CommitLinks& links, Asked asked) {
    const Item mine{.mode = kFolderMode, .oid = links.tree};
    if (links.parents.empty()) {
      EMB_TRY(Asked present, splitter_.take_differing(asked, mine, Item{}));
      answer(present, oid);
      return Done{};
    }
    for (const Oid& parent : links.parents) {
      if (is_late()) return Done{};
      EMB_TRY(CommitLinks parent_links, odb_.links(parent));
      const Item theirs{.mode = kFolderMode, .oid = parent_links.tree};
      EMB_TRY(Asked differing, splitter_.take_differing(asked, mine, theirs));
      if (!asked.is_empty()) arrive(parent, std::move(parent_links), std::move(asked));
      asked = std::move(differing);
      if (asked.is_empty()) return Done{};
    }
    answer(asked, oid);
    return Done{};
  }

  void answer(const Asked& asked, const Oid& oid) {
    std::vector<std::size_t> questions;
    collect_questions(asked, questions);
    for (std::size_t question : questions) answers_[question] = oid;
  }

  Odb& odb_;
  const SteadyTime until_;
  Splitter splitter_;
  std::vector<Oid> answers_;  // zero: none
  std::unordered_map<Oid, Standing> standing_;
  std::priority_queue<std::pair<std::int64_t, Oid>> open_;  // newest first
};

}  // namespace

Result<std::vector<std::optional<Commit>>> Repository::last_commits(
    rt::Blocking blocking, const Oid& from, const std::vector<std::string>& paths,
    std::chrono::milliseconds time_max) {
  const SteadyTime until = std::chrono::steady_clock::now() + time_max;
  EMB_TRY(Oid start, peel_to_commit(blocking, from));
  Asked asked;
  for (std::size_t i = 0; i < paths.size(); ++i) add_question(asked, paths[i], i);
  LastCommits search(*impl_->odb, paths.size(), until);
  EMB_DO(search.walk(start, std::move(asked)));
  std::vector<std::optional<Commit>> found(paths.size());
  std::unordered_map<Oid, Commit> read;  // many paths share a commit
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Oid& oid = search.answers()[i];
    if (oid.is_zero()) continue;
    auto at = read.find(oid);
    if (at == read.end()) {
      EMB_TRY(Commit parsed, commit(blocking, oid));
      at = read.emplace(oid, std::move(parsed)).first;
    }
    found[i] = at->second;
  }
  return found;
}

}  // namespace embrace::git
