// Reading one revision: commits, trees, files.

#include <optional>

#include "base/strings.h"
#include "git/fact_cache.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

// What a listing says about a blob. True forever, for every repository.
struct BlobFacts {
  std::uint64_t bytes = 0;
  std::optional<LfsPointer> lfs;
};

constexpr std::size_t kBlobFactsMax = 400'000;  // about 130 bytes each

FactCache<Oid, BlobFacts>& blob_facts_cache() {
  static FactCache<Oid, BlobFacts> cache(kBlobFactsMax);
  return cache;
}

Result<BlobFacts> blob_facts(Odb& odb, const Oid& oid) {
  if (auto known = blob_facts_cache().find(oid)) return *known;
  EMB_TRY(ObjectHeader header, odb.header(oid));
  BlobFacts facts{header.size_bytes, std::nullopt};
  if (header.size_bytes < LfsPointer::kBytesMax) {
    EMB_TRY(Object blob, odb.read(oid, ObjectType::Blob));
    facts.lfs = LfsPointer::parse(blob.bytes());
  }
  blob_facts_cache().remember(oid, facts);
  return facts;
}

Result<Entry> make_entry(Odb& odb, const TreeItem& item, std::string path) {
  Entry entry;
  entry.kind = kind_of_mode(item.mode);
  entry.path = std::move(path);
  entry.oid = item.oid;
  switch (entry.kind) {
    case EntryKind::Folder:
    case EntryKind::Submodule:  // its commit lives in another repository
      break;
    case EntryKind::File:
    case EntryKind::Executable:
    case EntryKind::Symlink: {
      EMB_TRY(BlobFacts facts, blob_facts(odb, item.oid));
      entry.blob_bytes = facts.bytes;
      if (entry.kind != EntryKind::Symlink) entry.lfs = facts.lfs;
      break;
    }
  }
  return entry;
}

constexpr int kDepthMax = 512;  // a path of 1000 bytes can't be deeper; a hostile tree can
constexpr std::uint64_t kOpenTreeBytesMax = std::uint64_t{256} << 20;  // on one way down

class Lister {
 public:
  Lister(Odb& odb, bool recursive, std::size_t entries_max)
      : odb_(odb), recursive_(recursive), entries_max_(entries_max) {}

  Status list(const Oid& folder, const std::string& prefix, int depth) {
    if (depth > kDepthMax) return fail(Code::TooLarge, cat("folders nest deeper than ", kDepthMax));
    EMB_TRY(Object tree, odb_.read(folder, ObjectType::Tree));
    const std::uint64_t tree_bytes = tree.bytes().size();
    if (open_bytes_ += tree_bytes; open_bytes_ > kOpenTreeBytesMax) {
      return fail(Code::TooLarge, "the folders on one path hold too many names");
    }
    TreeReader reader(tree.bytes());
    TreeItem item;
    while (reader.next(item)) {
      if (entries_.size() >= entries_max_) {
        return fail(Code::TooLarge, cat("the folder has more than ", entries_max_, " entries"));
      }
      std::string path;
      path.reserve(prefix.size() + item.name.size());
      path.append(prefix).append(item.name);
      EMB_TRY(Entry entry, make_entry(odb_, item, std::move(path)));
      const bool descend = recursive_ && entry.is_folder();
      const std::string below = descend ? entry.path + "/" : std::string();
      entries_.push_back(std::move(entry));
      if (descend) EMB_DO(list(item.oid, below, depth + 1));
    }
    if (reader.is_broken()) return damaged_tree(folder);
    open_bytes_ -= tree_bytes;
    return Done{};
  }

  std::vector<Entry> take() { return std::move(entries_); }

 private:
  Odb& odb_;
  const bool recursive_;
  const std::size_t entries_max_;
  std::vector<Entry> entries_;
  std::uint64_t open_bytes_ = 0;  // of the trees between the root and here
};

}  // namespace

std::unexpected<Error> entry_not_found() {
  return fail(Code::NotFound, "Entry not found", Tag::EntryNotFound);
}

std::unexpected<Error> damaged_tree(const Oid& tree) {
  return fail(Code::Corrupt,
              cat("tree ", tree.hex(), " is damaged; restore the repository's packs"));
}

namespace {

// The item called `name`. The name is copied out of the tree by the caller's path, so it stays
// valid.
Result<TreeItem> find_child(Odb& odb, const Oid& folder, std::string_view name) {
  EMB_TRY(Object tree, odb.read(folder, ObjectType::Tree));
  TreeReader reader(tree.bytes());
  TreeItem item;
  while (reader.next(item)) {
    if (item.name == name) {
      item.name = name;
      return item;
    }
  }
  if (reader.is_broken()) return damaged_tree(folder);
  return entry_not_found();
}

}  // namespace

Result<TreeItem> find_item(Odb& odb, const Oid& tree, std::string_view path) {
  TreeItem item{.mode = 0040000, .name = {}, .oid = tree};
  while (!path.empty()) {
    if (!item.is_folder()) return entry_not_found();
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    EMB_TRY(item, find_child(odb, item.oid, name));
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
  }
  return item;
}

Result<Oid> find_folder(Odb& odb, const Oid& tree, std::string_view path) {
  EMB_TRY(TreeItem item, find_item(odb, tree, path));
  if (!item.is_folder()) return entry_not_found();
  return item.oid;
}

Result<Commit> Repository::commit(rt::Blocking, const Oid& oid) {
  EMB_TRY(TagTarget target, impl_->odb->peel(oid));
  EMB_TRY(Object object, impl_->odb->read(target.oid, ObjectType::Commit));
  return parse_commit(target.oid, object.bytes());
}

Result<Oid> Repository::peel_to_commit(rt::Blocking, const Oid& oid) {
  EMB_TRY(TagTarget target, impl_->odb->peel(oid));
  if (target.type != ObjectType::Commit) {
    return fail(Code::NotFound, cat("object ", oid.hex(), " leads to no commit"));
  }
  return target.oid;
}

Result<Oid> Repository::expand(rt::Blocking, std::string_view hex_prefix) {
  constexpr std::size_t digits_min = 7;
  if (hex_prefix.size() < digits_min || hex_prefix.size() > 40) {
    return fail(Code::NotFound, "an abbreviated commit id has 7 to 40 digits");
  }
  const std::string lower = to_lower(hex_prefix);
  if (lower.find_first_not_of("0123456789abcdef") != lower.npos) {
    return fail(Code::NotFound, "an abbreviated commit id has only hex digits");
  }
  EMB_TRY(std::vector<Oid> candidates, impl_->odb->expand(lower));
  std::optional<Oid> found;
  for (const Oid& candidate : candidates) {
    EMB_TRY(ObjectHeader header, impl_->odb->header(candidate));
    if (header.type != ObjectType::Commit) continue;
    if (found) return fail(Code::Conflict, cat(hex_prefix, " is ambiguous; give more digits"));
    found = candidate;
  }
  if (!found) return fail(Code::NotFound, cat("no commit begins with ", hex_prefix));
  return *found;
}

Result<Entry> Repository::find(rt::Blocking, const Oid& tree, std::string_view path) {
  EMB_TRY(TreeItem item, find_item(*impl_->odb, tree, path));
  return make_entry(*impl_->odb, item, std::string(path));
}

Result<std::vector<Entry>> Repository::list(rt::Blocking, const Oid& tree, std::string_view path,
                                            bool recursive, std::size_t entries_max) {
  EMB_TRY(Oid folder, find_folder(*impl_->odb, tree, path));
  Lister lister(*impl_->odb, recursive, entries_max);
  EMB_DO(lister.list(folder, path.empty() ? std::string() : cat(path, "/"), 0));
  return lister.take();
}

Result<std::string> Repository::read_blob(rt::Blocking, const Oid& blob, std::uint64_t bytes_max) {
  EMB_TRY(ObjectHeader header, impl_->odb->header(blob));
  if (header.size_bytes > bytes_max) {
    return fail(Code::TooLarge, cat("blob ", blob.hex(), " has ", header.size_bytes,
                                    " bytes; the limit here is ", bytes_max));
  }
  EMB_TRY(Object object, impl_->odb->read(blob, ObjectType::Blob));
  return std::string(object.bytes());
}

Result<std::uint64_t> Repository::blob_size(rt::Blocking, const Oid& blob) {
  EMB_TRY(ObjectHeader header, impl_->odb->header(blob));
  if (header.type != ObjectType::Blob) {
    return fail(Code::NotFound, cat("object ", blob.hex(), " is not a blob"));
  }
  return header.size_bytes;
}

}  // namespace embrace::git
