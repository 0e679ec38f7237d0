#include "hub/card_reuse.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/immutable_cache.h"
#include "base/strings.h"
#include "cas/chunked_store.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::uint64_t kReadBlobBytesMax = 64u << 20;
constexpr std::size_t kIndexCacheBytes = 32u << 20;

// What index_card() depends on (card.h), and its answer for one tree.
struct Indexed {
  std::map<std::string, git::Oid> sources;
  std::map<std::string, std::int64_t, std::less<>> formats;  // how many files have each
  std::int64_t used_bytes = 0;
  meta::CardIndex card;

  void count(const git::Entry& file, int sign) {
    used_bytes += sign * static_cast<std::int64_t>(file.size_bytes());
    if (auto format = file_format(file.path); !format.empty()) {
      auto& files = formats[std::string(format)];
      files += sign;
      if (files == 0) formats.erase(std::string(format));
    }
    if (!is_card_source(file.path)) return;
    if (sign > 0)
      sources[file.path] = file.oid;
    else if (auto known = sources.find(file.path);
             known != sources.end() && known->second == file.oid)
      sources.erase(known);
  }

  bool has_same_base(const Indexed& other) const {
    return sources == other.sources &&
           std::ranges::equal(
               formats, other.formats, {}, [](const auto& f) { return f.first; },
               [](const auto& f) { return f.first; });
  }
  std::size_t cost_bytes() const {
    std::size_t bytes = 1000 + card.card_json.size() + card.config_json.size() +
                        card.safetensors_json.size() + card.gguf_json.size();
    for (const auto& tag : card.tags) bytes += tag.size() + 32;
    for (const auto& [path, oid] : sources) bytes += path.size() + 100;
    return bytes;
  }
};

// The repository belongs to the key because it decides which large files may be read.
struct Key {
  git::Oid tree;
  RepoType type;
  std::int64_t repo_id;
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  std::size_t operator()(const Key& key) const {
    return std::hash<git::Oid>{}(key.tree) + static_cast<std::size_t>(key.type) +
           static_cast<std::size_t>(key.repo_id) * 0x9e3779b97f4a7c15;
  }
};
using IndexedPtr = std::shared_ptr<const Indexed>;

ImmutableCache<Key, IndexedPtr, KeyHash>& cache() {
  static ImmutableCache<Key, IndexedPtr, KeyHash> cache(kIndexCacheBytes);
  return cache;
}

// A file that can't be read is left out. So is one that is not linked (hub/lfs_links.h): an index
// must not tell what a repository may not read.
std::string read_object(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                        const git::LfsPointer& pointer, std::size_t bytes_max) {
  const auto link = services.database.read(blocking, [&](db::Session& session) {
    return meta::repos::find_lfs(session, repo_id, pointer.sha256);
  });
  if (!link || !*link || (*link)->size_bytes != pointer.size_bytes) return {};
  const auto length = std::min<std::uint64_t>(pointer.size_bytes, bytes_max);
  auto bytes = services.chunks.read(blocking, pointer.sha256, 0, length);
  return bytes ? *std::move(bytes) : std::string();
}

std::string read_start(Services& services, rt::Blocking blocking, git::Repository& repository,
                       std::int64_t repo_id, const git::Entry& entry, std::size_t bytes_max) {
  if (entry.lfs) return read_object(services, blocking, repo_id, *entry.lfs, bytes_max);
  if (entry.blob_bytes > kReadBlobBytesMax) return {};
  auto bytes = repository.read_blob(blocking, entry.oid, kReadBlobBytesMax);
  if (!bytes) return {};
  if (bytes->size() > bytes_max) bytes->resize(bytes_max);
  return *std::move(bytes);
}

Result<IndexedPtr> index_whole(Services& services, rt::Blocking blocking,
                               git::Repository& repository, const Key& key) {
  EMB_TRY(auto files, repository.list(blocking, key.tree, "", true));
  auto indexed = std::make_shared<Indexed>();
  for (const auto& file : files) {
    if (!file.is_folder()) indexed->count(file, +1);
  }
  indexed->card = index_card(key.type, files, [&](const git::Entry& entry, std::size_t bytes_max) {
    return read_start(services, blocking, repository, key.repo_id, entry, bytes_max);
  });
  return indexed;
}

// Walks two trees side by side and counts what only one of them has. Only folders that differ are
// opened.
class Difference {
 public:
  Difference(rt::Blocking blocking, git::Repository& repository, git::Oid before, git::Oid after,
             Indexed& counts)
      : blocking_(blocking),
        repository_(repository),
        before_(before),
        after_(after),
        counts_(counts) {}

  Status walk(const std::string& path) {
    EMB_TRY(auto old_entries, repository_.list(blocking_, before_, path, false));
    EMB_TRY(auto new_entries, repository_.list(blocking_, after_, path, false));
    std::unordered_map<std::string_view, const git::Entry*> old_by_path;
    for (const auto& entry : old_entries) old_by_path.emplace(entry.path, &entry);
    // Removals first: a source that was replaced is taken out before its successor comes in.
    std::vector<const git::Entry*> changed;
    for (const auto& entry : new_entries) {
      auto old = old_by_path.find(entry.path);
      if (old != old_by_path.end() && old->second->oid == entry.oid &&
          old->second->kind == entry.kind) {
        old_by_path.erase(old);
        continue;
      }
      if (old != old_by_path.end() && old->second->is_folder() && entry.is_folder()) {
        old_by_path.erase(old);
        EMB_DO(walk(entry.path));
        continue;
      }
      changed.push_back(&entry);
    }
    for (const auto& [old_path, entry] : old_by_path) EMB_DO(count(before_, *entry, -1));
    for (const auto* entry : changed) EMB_DO(count(after_, *entry, +1));
    return Done{};
  }

 private:
  Status count(const git::Oid& tree, const git::Entry& entry, int sign) {
    if (!entry.is_folder()) {
      counts_.count(entry, sign);
      return Done{};
    }
    EMB_TRY(auto below, repository_.list(blocking_, tree, entry.path, true));
    for (const auto& file : below) {
      if (!file.is_folder()) counts_.count(file, sign);
    }
    return Done{};
  }

  rt::Blocking blocking_;
  git::Repository& repository_;
  const git::Oid before_, after_;
  Indexed& counts_;
};

// nullptr when the old index can't be reused.
Result<IndexedPtr> reuse(rt::Blocking blocking, git::Repository& repository, const IndexedPtr& old,
                         const git::Oid& before, const git::Oid& after) {
  auto indexed = std::make_shared<Indexed>(*old);
  EMB_DO(Difference(blocking, repository, before, after, *indexed).walk(""));
  if (indexed->used_bytes < 0 || !indexed->has_same_base(*old)) return IndexedPtr();
  indexed->card.used_bytes = static_cast<std::uint64_t>(indexed->used_bytes);
  return indexed;
}

}  // namespace

Result<meta::CardIndex> index_commit(Services& services, rt::Blocking blocking,
                                     git::Repository& repository, const meta::Repo& repo,
                                     const git::Oid& old_head, const git::Oid& new_head) {
  EMB_TRY(auto commit, repository.commit(blocking, new_head));
  const Key key{commit.tree, repo.name.type, repo.id};
  if (auto known = cache().find(key)) return (*known)->card;

  IndexedPtr indexed;
  if (!old_head.is_zero()) {
    EMB_TRY(auto old_commit, repository.commit(blocking, old_head));
    if (auto old = cache().find({old_commit.tree, repo.name.type, repo.id})) {
      EMB_TRY(indexed, reuse(blocking, repository, *old, old_commit.tree, commit.tree));
    }
  }
  if (!indexed) {
    EMB_TRY(indexed, index_whole(services, blocking, repository, key));
  }
  cache().put(key, indexed, indexed->cost_bytes());
  return indexed->card;
}

Result<meta::CardIndex> index_tree(Services& services, rt::Blocking blocking,
                                   git::Repository& repository, RepoType type, const git::Oid& tree,
                                   std::int64_t repo_id) {
  const Key key{tree, type, repo_id};
  EMB_TRY(auto indexed, index_whole(services, blocking, repository, key));
  cache().put(key, indexed, indexed->cost_bytes());
  return indexed->card;
}

bool is_same_index(const meta::CardIndex& a, const meta::CardIndex& b) {
  const auto all = [](const meta::CardIndex& c) {
    return std::tie(c.card_json, c.tags, c.pipeline_tag, c.library_name, c.license, c.sdk,
                    c.description, c.config_json, c.safetensors_json, c.gguf_json, c.num_parameters,
                    c.used_bytes);
  };
  return all(a) == all(b);
}

}  // namespace embrace::hub
