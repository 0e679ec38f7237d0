#include "hub/staged_tree.h"

#include <utility>

#include "base/strings.h"
#include "hub/name_folding.h"

namespace embrace::hub {
namespace {

Error no_such_file(std::string_view path) {
  return {Code::NotFound, cat("A file with this name doesn't exist: ", path), Tag::EntryNotFound};
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : cat(folder, '/', name);
}

git::TreeEdit removal_of(const std::string& path) {
  git::TreeEdit edit;
  edit.kind = git::TreeEdit::Kind::Remove;
  edit.path = path;
  return edit;
}

Error file_and_folder(std::string_view path) {
  return {Code::Unusable, cat("\"", path,
                              "\" would be a file and a folder at once: delete or rename one of "
                              "them in the same commit.")};
}

Error same_when_folded(std::string_view path, std::string_view other) {
  return {Code::Unusable, cat("\"", path, "\" differs from \"", other,
                              "\" only by letter case or Unicode form, and many file systems can't "
                              "hold both: choose another name.")};
}

}  // namespace

Result<std::optional<git::Entry>> StagedTree::base_entry(rt::Blocking blocking,
                                                         const std::string& path) {
  if (base_tree_.is_zero()) return std::nullopt;
  if (const auto known = base_entries_.find(path); known != base_entries_.end())
    return known->second;
  auto entry = repository_.find(blocking, base_tree_, path);
  if (!entry && entry.error().code() != Code::NotFound) return fail(std::move(entry).error());
  std::optional<git::Entry> found;
  if (entry) found = *std::move(entry);
  base_entries_.emplace(path, found);
  return found;
}

Result<std::vector<git::Entry>> StagedTree::base_list(rt::Blocking blocking,
                                                      const std::string& folder, bool recursive) {
  if (base_tree_.is_zero()) return std::vector<git::Entry>();
  if (!folder.empty()) {
    EMB_TRY(const auto entry, base_entry(blocking, folder));
    if (!entry || !entry->is_folder()) return std::vector<git::Entry>();
  }
  return repository_.list(blocking, base_tree_, folder, recursive);
}

Result<std::optional<StagedTree::File>> StagedTree::find(rt::Blocking blocking,
                                                         const std::string& path) {
  if (const auto change = changes_.find(path); change != changes_.end()) return change->second;
  EMB_TRY(const auto entry, base_entry(blocking, path));
  if (!entry || entry->is_folder()) return std::nullopt;
  return File{.blob = entry->oid, .kind = entry->kind, .lfs = entry->lfs};
}

Status StagedTree::put(rt::Blocking blocking, const std::string& path, File file) {
  EMB_TRY(const auto now, find(blocking, path));
  if (now && now->kind == git::EntryKind::Executable) file.kind = git::EntryKind::Executable;
  changes_.insert_or_assign(path, std::move(file));
  return Done{};
}

Status StagedTree::move(rt::Blocking blocking, const std::string& from, const std::string& to) {
  EMB_TRY(auto file, find(blocking, from));
  if (!file) return fail(no_such_file(from));
  changes_.insert_or_assign(from, std::nullopt);
  changes_.insert_or_assign(to, *std::move(file));
  return Done{};
}

Status StagedTree::remove(rt::Blocking blocking, const std::string& path, Removes what) {
  EMB_TRY(const auto file, find(blocking, path));
  if (file) {
    if (what == Removes::FolderOnly) return fail(no_such_file(cat(path, "/")));
    changes_.insert_or_assign(path, std::nullopt);
    return Done{};
  }
  bool found = false;
  const auto prefix = cat(path, '/');
  for (auto at = changes_.lower_bound(prefix);
       at != changes_.end() && at->first.starts_with(prefix); ++at) {
    found |= std::exchange(at->second, std::nullopt).has_value();
  }
  EMB_TRY(const auto below, base_list(blocking, path, true));
  for (const auto& entry : below) {
    if (!entry.is_folder()) found |= changes_.try_emplace(entry.path, std::nullopt).second;
  }
  if (!found) return fail(no_such_file(path));
  return Done{};
}

// Is there still something at this entry of the base, once the changes apply?
Result<bool> StagedTree::survives(rt::Blocking blocking, const git::Entry& entry) {
  const auto is_kept = [this](const std::string& path) {
    const auto change = changes_.find(path);
    return change == changes_.end() || change->second.has_value();
  };
  if (!entry.is_folder()) return is_kept(entry.path);
  EMB_TRY(const auto below, base_list(blocking, entry.path, true));
  for (const auto& file : below) {
    if (!file.is_folder() && is_kept(file.path)) return true;
  }
  return false;
}

// A file may not stand where a folder stays.
Status StagedTree::check_file(rt::Blocking blocking, const std::string& path) {
  EMB_TRY(const auto entry, base_entry(blocking, path));
  if (!entry || !entry->is_folder()) return Done{};
  EMB_TRY(const bool stays, survives(blocking, *entry));
  if (stays) return fail(file_and_folder(path));
  return Done{};
}

Status StagedTree::check_folder(rt::Blocking blocking, const std::string& folder,
                                const std::map<std::string, std::string>& names) {
  if (!folder.empty()) {
    EMB_TRY(const auto file, find(blocking, folder));
    if (file) return fail(file_and_folder(folder));
  }
  std::unordered_map<std::string, std::string>
      folded;  // new names only: what was there before is not this commit's doing
  for (const auto& [name, bringer] : names) {
    const auto path = join(folder, name);
    if (bringer == path) EMB_DO(check_file(blocking, path));
    EMB_TRY(const auto before, base_entry(blocking, path));
    if (before) continue;
    const auto [other, is_new] = folded.emplace(fold_name(name), path);
    if (!is_new) return fail(same_when_folded(path, other->second));
  }
  if (folded.empty()) return Done{};
  EMB_TRY(const auto neighbours, base_list(blocking, folder, false));
  for (const auto& neighbour : neighbours) {
    const auto slash = neighbour.path.rfind('/');
    const auto name =
        slash == std::string::npos ? neighbour.path : neighbour.path.substr(slash + 1);
    const auto same = folded.find(fold_name(name));
    if (same == folded.end()) continue;
    EMB_TRY(const bool stays, survives(blocking, neighbour));
    if (stays) return fail(same_when_folded(same->second, neighbour.path));
  }
  return Done{};
}

Status StagedTree::check_names(rt::Blocking blocking) {
  Added added;
  for (const auto& [path, file] : changes_) {
    if (!file) continue;
    for (std::size_t start = 0; start != std::string::npos;) {
      const auto slash = path.find('/', start);
      const auto folder = start == 0 ? std::string() : path.substr(0, start - 1);
      const auto name = path.substr(start, slash == std::string::npos ? slash : slash - start);
      added[folder].emplace(name, path);
      start = slash == std::string::npos ? slash : slash + 1;
    }
  }
  for (const auto& [folder, names] : added) EMB_DO(check_folder(blocking, folder, names));
  return Done{};
}

Result<git::Oid> StagedTree::write(rt::Blocking blocking) {
  std::vector<git::TreeEdit> edits;  // removals first: a file may take a folder's place
  for (const auto& [path, file] : changes_) {
    EMB_TRY(const auto before, base_entry(blocking, path));
    if (!file && before && !before->is_folder()) edits.push_back(removal_of(path));
  }
  for (const auto& [path, file] : changes_) {
    if (!file) continue;
    EMB_TRY(const auto before, base_entry(blocking, path));
    if (before && before->oid == file->blob && before->kind == file->kind) continue;
    edits.push_back(
        {.kind = git::TreeEdit::Kind::Put, .path = path, .blob = file->blob, .entry = file->kind});
  }
  if (edits.empty()) return base_tree_;
  return repository_.edit_tree(blocking, base_tree_, edits);
}

}  // namespace embrace::hub
