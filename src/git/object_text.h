#pragma once
// The text inside git's objects: trees, commits and tags, read and written. Objects may come from a
// stranger's push, so every reader checks what it reads; a broken object is Corrupt.
//
//   tree    ( mode SP name NUL oid[20] )*          mode in octal; sorted as if folders ended in '/'
//   commit  "tree " oid LF ( "parent " oid LF )* "author " who LF "committer " who LF ... LF LF
//   message tag     "object " oid LF "type " word LF ...

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "git/types.h"

namespace embrace::git {

enum class ObjectType : std::uint8_t { Commit = 1, Tree = 2, Blob = 3, Tag = 4 };  // as in packs

struct TreeItem {
  std::uint32_t mode = 0;
  std::string_view name;
  Oid oid;
  bool is_folder() const { return mode == 040000; }
};

EntryKind kind_of_mode(std::uint32_t mode);
std::uint32_t mode_of_kind(EntryKind kind);

// Steps through a tree's bytes without copying; names borrow from them.
class TreeReader {
 public:
  explicit TreeReader(std::string_view bytes) : left_(bytes) {}
  // False at the end, and for good once the tree turns out broken.
  bool next(TreeItem& item);
  bool is_broken() const { return broken_; }

 private:
  std::string_view left_;
  bool broken_ = false;
};

// git's order of names in a tree: <0, 0, >0.
int compare_tree_names(std::string_view a, bool a_is_folder, std::string_view b, bool b_is_folder);
void append_tree_item(std::string& tree, std::uint32_t mode, std::string_view name, const Oid& oid);

Result<Commit> parse_commit(const Oid& oid, std::string_view bytes);
// Only what a walk over history needs; several times faster.
struct CommitLinks {
  Oid tree;
  std::vector<Oid> parents;
  std::int64_t commit_seconds = 0;
};
Result<CommitLinks> parse_commit_links(const Oid& oid, std::string_view bytes);
struct TagTarget {
  Oid oid;
  ObjectType type = ObjectType::Commit;
};
Result<TagTarget> parse_tag(const Oid& oid, std::string_view bytes);

std::string render_commit(const Oid& tree, const std::vector<Oid>& parents, const Person& author,
                          Millis when_ms, std::string_view message);
std::string render_tag(const Oid& target, ObjectType type, std::string_view name,
                       const Person& tagger, Millis when_ms, std::string_view message);

}  // namespace embrace::git
