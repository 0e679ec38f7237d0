// edit_tree: applies edits in order to a tree that is loaded folder by folder, only where an edit
// leads, and writes back only what changed.

#include <algorithm>
#include <map>
#include <memory>

#include "base/strings.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

struct Folder;

struct Child {
  std::uint32_t mode = 0;
  Oid oid;
  std::unique_ptr<Folder>
      folder;  // loaded (and perhaps edited) contents, when a folder was entered
  bool is_folder() const { return mode == 0040000; }
};

// Invariant: but for the root, no folder in the edited tree is empty. Put creates folders only on
// the way to a file, Remove takes emptied folders away.
struct Folder {
  std::map<std::string, Child, std::less<>> children;
  bool edited = false;
};

class TreeEditor {
 public:
  explicit TreeEditor(Odb& odb) : odb_(odb) {}

  Status load(const Oid& tree, Folder& into) {
    if (tree.is_zero()) return Done{};
    EMB_TRY(Object object, odb_.read(tree, ObjectType::Tree));
    TreeReader reader(object.bytes());
    TreeItem item;
    while (reader.next(item)) {
      // Sorted input, nearly in the map's own order: inserting at the end is quick.
      into.children.emplace_hint(into.children.end(), std::string(item.name),
                                 Child{.mode = item.mode, .oid = item.oid, .folder = {}});
    }
    if (reader.is_broken()) return damaged_tree(tree);
    return Done{};
  }

  Status apply(Folder& root, const TreeEdit& edit) {
    return edit.kind == TreeEdit::Kind::Put ? put(root, edit) : remove(root, edit.path);
  }

  Result<Oid> write(Folder& folder) {
    struct Line {
      std::string_view name;
      const Child* child;
    };
    std::vector<Line> lines;
    lines.reserve(folder.children.size());
    for (auto& [name, child] : folder.children) {
      if (child.folder && child.folder->edited) {
        EMB_TRY(child.oid, write(*child.folder));
      }
      lines.push_back({name, &child});
    }
    std::ranges::sort(lines, [](const Line& a, const Line& b) {
      return compare_tree_names(a.name, a.child->is_folder(), b.name, b.child->is_folder()) < 0;
    });
    std::string bytes;
    for (const Line& line : lines)
      append_tree_item(bytes, line.child->mode, line.name, line.child->oid);
    return odb_.stage(ObjectType::Tree, std::move(bytes));
  }

 private:
  Result<Folder*> enter(Child& child) {
    if (!child.folder) {
      child.folder = std::make_unique<Folder>();
      EMB_DO(load(child.oid, *child.folder));
    }
    return child.folder.get();
  }

  // As `git add` does it: a file takes the place of a folder of that name, and the other way round.
  Status put(Folder& root, const TreeEdit& edit) {
    EMB_DO(check_path(edit.path));
    EMB_DO(check_target(edit));
    Folder* at = &root;
    std::string_view path = edit.path;
    for (std::size_t slash; (slash = path.find('/')) != path.npos; path.remove_prefix(slash + 1)) {
      at->edited = true;
      Child& child = child_named(*at, path.substr(0, slash));
      if (!child.is_folder()) child = Child{.mode = 0040000, .oid = {}, .folder = {}};
      EMB_TRY(at, enter(child));
    }
    at->edited = true;
    child_named(*at, path) =
        Child{.mode = mode_of_kind(edit.entry), .oid = edit.blob, .folder = {}};
    return Done{};
  }

  Status check_target(const TreeEdit& edit) {
    if (edit.entry == EntryKind::Submodule || odb_.seems_to_exist(edit.blob)) return Done{};
    EMB_DO(odb_.header(edit.blob));
    return Done{};
  }

  static Child& child_named(Folder& folder, std::string_view name) {
    auto at = folder.children.lower_bound(name);
    if (at == folder.children.end() || at->first != name) {
      at = folder.children.emplace_hint(at, std::string(name), Child{});
    }
    return at->second;
  }

  Status remove(Folder& root, std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    struct Step {
      Folder* folder;
      std::map<std::string, Child, std::less<>>::iterator child;
    };
    std::vector<Step> steps;
    Folder* at = &root;
    for (;;) {
      const std::size_t slash = path.find('/');
      auto child = at->children.find(path.substr(0, slash));
      if (child == at->children.end()) return missing();
      steps.push_back({at, child});
      if (slash == path.npos) break;
      if (!child->second.is_folder()) return missing();
      EMB_TRY(at, enter(child->second));
      path.remove_prefix(slash + 1);
    }
    bool emptied = true;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      step->folder->edited = true;
      if (!emptied) continue;
      step->folder->children.erase(step->child);
      emptied = step->folder->children.empty();
    }
    return Done{};
  }

  static std::unexpected<Error> missing() {
    return fail(Code::NotFound, "A file with this name doesn't exist", Tag::EntryNotFound);
  }

  Odb& odb_;
};

}  // namespace

Result<Oid> Repository::edit_tree(rt::Blocking, const Oid& base_tree,
                                  const std::vector<TreeEdit>& edits) {
  TreeEditor editor(*impl_->odb);
  Folder root;
  EMB_DO(editor.load(base_tree, root));
  for (const TreeEdit& edit : edits) {
    if (auto done = editor.apply(root, edit); !done) {
      // The text of a missing entry is part of the wire contract; the path travels beside it.
      return fail(std::move(done).error().with("path", edit.path));
    }
  }
  return editor.write(root);
}

}  // namespace embrace::git
