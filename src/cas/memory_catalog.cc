#include "cas/memory_catalog.h"

#include "base/strings.h"

namespace embrace::cas {
namespace {

template <class Map, class Key>
auto find_row(const Map& rows, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = rows.find(key);
  if (found == rows.end()) return std::nullopt;
  return found->second;
}

}  // namespace

Result<std::optional<XorbRow>> MemoryCatalog::find_xorb(rt::Blocking, const XetHash& hash) {
  return tables_.with([&](Tables& t) -> std::optional<XorbRow> {
    const auto id = find_row(t.xorb_ids, hash);
    return id ? find_row(t.xorbs, *id) : std::nullopt;
  });
}

Result<std::optional<FileRow>> MemoryCatalog::find_file(rt::Blocking, const XetHash& hash) {
  return tables_.with([&](Tables& t) -> std::optional<FileRow> {
    const auto id = find_row(t.file_ids, hash);
    return id ? find_row(t.files, *id) : std::nullopt;
  });
}

Result<std::optional<FileRow>> MemoryCatalog::find_sha256(rt::Blocking, const Digest& sha256) {
  return tables_.with([&](Tables& t) -> std::optional<FileRow> {
    const auto chunkings = t.by_sha256.find(sha256);
    if (chunkings == t.by_sha256.end()) return std::nullopt;
    return find_row(t.files, chunkings->second.begin()->first);
  });
}

Result<std::vector<XetHash>> MemoryCatalog::hashes_of(rt::Blocking,
                                                      std::span<const Digest> sha256s) {
  return tables_.with([&](Tables& t) {
    std::vector<XetHash> out;
    for (const auto& sha256 : sha256s) {
      const auto chunkings = t.by_sha256.find(sha256);
      out.push_back(chunkings == t.by_sha256.end() ? XetHash{} : chunkings->second.begin()->second);
    }
    return out;
  });
}

Result<std::vector<Term>> MemoryCatalog::terms(rt::Blocking, std::int64_t file_id,
                                               std::uint64_t offset, std::size_t limit) {
  return tables_.with([&](Tables& t) {
    std::vector<Term> out;
    for (const auto& [begins, row] : find_row(t.terms, file_id).value_or(Terms{})) {
      if (out.size() == limit) break;
      if (begins + row.unpacked_bytes <= offset) continue;
      out.push_back({.xorb = t.xorbs.at(row.xorb_id),
                     .chunk_first = row.chunk_first,
                     .chunk_last = row.chunk_last,
                     .file_offset = begins,
                     .unpacked_bytes = row.unpacked_bytes});
    }
    return out;
  });
}

Result<std::vector<std::optional<ChunkPlace>>> MemoryCatalog::find_chunks(
    rt::Blocking, std::span<const XetHash> chunks) {
  return tables_.with([&](Tables& t) {
    std::vector<std::optional<ChunkPlace>> out;
    for (const auto& chunk : chunks) {
      const auto place = find_row(t.landmarks, chunk.first_word());
      out.emplace_back();
      if (place)
        out.back() = ChunkPlace{.xorb = t.xorbs.at(place->xorb_id), .position = place->position};
    }
    return out;
  });
}

Result<Added> MemoryCatalog::add(rt::Blocking, const Addition& addition, Millis now_ms) {
  EMB_DO(check_addition(addition));
  return tables_.with([&](Tables& t) -> Result<Added> {
    EMB_DO(t.check_named(addition));  // nothing can fail afterwards
    Added added;
    for (const auto& xorb : addition.xorbs) t.add_xorb(xorb, now_ms, added);
    for (const auto& [xorb, landmark] : addition.extras) {
      t.use(xorb, now_ms);
      t.landmarks.try_emplace(landmark.chunk.first_word(),
                              Place{t.xorb_ids.at(xorb), landmark.position});
    }
    for (const auto& file : addition.files) t.add_file(file, now_ms, added);
    return added;
  });
}

Status MemoryCatalog::Tables::check_named(const Addition& addition) const {
  std::unordered_map<XetHash, std::uint32_t> chunk_counts;  // the first one counts
  for (const auto& xorb : addition.xorbs) chunk_counts.try_emplace(xorb.hash, xorb.chunk_count);
  const auto check = [&](const XetHash& xorb, std::uint64_t chunks) -> Status {
    const auto id = find_row(xorb_ids, xorb);
    const auto count = id ? xorbs.at(*id).chunk_count : find_row(chunk_counts, xorb).value_or(0);
    if (count == 0) return fail(unknown_xorb(xorb));
    if (chunks > count) return fail(short_xorb(xorb, count, chunks));
    return Done{};
  };
  for (const auto& file : addition.files) {
    for (const auto& term : file.terms) EMB_DO(check(term.xorb, term.chunk_last));
  }
  for (const auto& [xorb, landmark] : addition.extras)
    EMB_DO(check(xorb, landmark.position + 1ull));
  return Done{};
}

void MemoryCatalog::Tables::add_xorb(const NewXorb& xorb, Millis now_ms, Added& added) {
  const auto [there, is_new] = xorb_ids.try_emplace(xorb.hash, last_id + 1);
  if (!is_new) {
    // The same key: somebody who did not hear the answer says it again.
    if (xorbs.at(there->second).key != xorb.key) added.spare_keys.push_back(xorb.key);
    return use(xorb.hash, now_ms);
  }
  const std::int64_t id = ++last_id;
  xorbs[id] = {.id = id,
               .hash = xorb.hash,
               .key = xorb.key,
               .chunk_count = xorb.chunk_count,
               .stored_bytes = xorb.stored_bytes,
               .unpacked_bytes = xorb.unpacked_bytes,
               .created_ms = now_ms,
               .used_ms = now_ms,
               .condemned_ms = std::nullopt};
  for (const auto& landmark : xorb.landmarks)
    landmarks.try_emplace(landmark.chunk.first_word(), Place{id, landmark.position});
}

void MemoryCatalog::Tables::add_file(const NewFile& file, Millis now_ms, Added& added) {
  for (const auto& term : file.terms) use(term.xorb, now_ms);
  const auto [there, is_new] = file_ids.try_emplace(file.hash, last_id + 1);
  if (!is_new) {
    FileRow& row = files.at(there->second);
    row.used_ms = now_ms;
    added.files.push_back(row);
    return;
  }
  const std::int64_t id = ++last_id;
  files[id] = {.id = id,
               .hash = file.hash,
               .sha256 = file.sha256,
               .size_bytes = file.size_bytes,
               .created_ms = now_ms,
               .used_ms = now_ms};
  by_sha256[file.sha256].emplace(id, file.hash);
  std::uint64_t offset = 0;
  for (const auto& term : file.terms) {
    const std::int64_t xorb_id = xorb_ids.at(term.xorb);
    terms[id][offset] = {xorb_id, term.chunk_first, term.chunk_last, term.unpacked_bytes};
    ++uses_of[xorb_id];
    offset += term.unpacked_bytes;
  }
  added.files.push_back(files.at(id));
}

void MemoryCatalog::Tables::use(const XetHash& xorb, Millis now_ms) {
  auto& row = xorbs.at(xorb_ids.at(xorb));
  row.used_ms = now_ms;
  row.condemned_ms.reset();
}

Status MemoryCatalog::touch_xorb(rt::Blocking, std::int64_t xorb_id, Millis now_ms) {
  return tables_.with([&](Tables& t) -> Status {
    const auto found = t.xorbs.find(xorb_id);
    if (found == t.xorbs.end()) return fail(Code::NotFound, "This xorb is gone.");
    t.use(found->second.hash, now_ms);
    return Done{};
  });
}

Result<bool> MemoryCatalog::touch_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) {
  return tables_.with([&](Tables& t) {
    const auto chunkings = t.by_sha256.find(sha256);
    if (chunkings == t.by_sha256.end()) return false;
    for (const auto& [file_id, hash] : chunkings->second) t.files.at(file_id).used_ms = now_ms;
    return true;
  });
}

Status MemoryCatalog::remove_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) {
  return tables_.with([&](Tables& t) -> Status {
    const auto chunkings = t.by_sha256.extract(sha256);
    if (chunkings.empty()) return Done{};
    for (const auto& [file_id, hash] : chunkings.mapped()) t.drop_file(file_id, now_ms);
    return Done{};
  });
}

void MemoryCatalog::Tables::drop_file(std::int64_t file_id, Millis now_ms) {
  for (const auto& [begins, term] : terms[file_id]) {
    xorbs.at(term.xorb_id).used_ms = now_ms;
    if (--uses_of.at(term.xorb_id) == 0) uses_of.erase(term.xorb_id);
  }
  terms.erase(file_id);
  file_ids.erase(files.at(file_id).hash);
  files.erase(file_id);
}

Result<std::vector<FileRow>> MemoryCatalog::list_files(rt::Blocking, std::optional<Digest> after,
                                                       std::size_t limit) {
  return tables_.with([&](Tables& t) {
    std::vector<FileRow> out;
    auto at = after ? t.by_sha256.upper_bound(*after) : t.by_sha256.begin();
    for (; at != t.by_sha256.end() && out.size() < limit; ++at)
      out.push_back(t.files.at(at->second.begin()->first));
    return out;
  });
}

Result<std::vector<XorbRow>> MemoryCatalog::list_xorbs(rt::Blocking, std::int64_t after_id,
                                                       std::size_t limit) {
  return tables_.with([&](Tables& t) {
    std::vector<XorbRow> out;
    auto at = t.xorbs.upper_bound(after_id);
    for (; at != t.xorbs.end() && out.size() < limit; ++at) out.push_back(at->second);
    return out;
  });
}

Result<std::vector<FileRow>> MemoryCatalog::list_chunkings(rt::Blocking, std::int64_t after_id,
                                                           std::size_t limit) {
  return tables_.with([&](Tables& t) {
    std::vector<FileRow> out;
    auto at = t.files.upper_bound(after_id);
    for (; at != t.files.end() && out.size() < limit; ++at) out.push_back(at->second);
    return out;
  });
}

Result<std::vector<XorbRow>> MemoryCatalog::unused_xorbs(rt::Blocking, Millis used_before_ms,
                                                         std::int64_t after_id, std::size_t limit) {
  return tables_.with([&](Tables& t) {
    std::vector<XorbRow> out;
    auto at = t.xorbs.upper_bound(after_id);
    for (; at != t.xorbs.end() && out.size() < limit; ++at) {
      if (at->second.used_ms < used_before_ms && !t.is_used(at->first)) out.push_back(at->second);
    }
    return out;
  });
}

Result<bool> MemoryCatalog::condemn_xorb(rt::Blocking, std::int64_t xorb_id, Millis used_before_ms,
                                         Millis now_ms) {
  return tables_.with([&](Tables& t) {
    const auto found = t.xorbs.find(xorb_id);
    if (found == t.xorbs.end() || found->second.used_ms >= used_before_ms || t.is_used(xorb_id))
      return false;
    if (!found->second.condemned_ms) found->second.condemned_ms = now_ms;
    return true;
  });
}

Result<bool> MemoryCatalog::remove_condemned(rt::Blocking, std::int64_t xorb_id,
                                             Millis condemned_before_ms) {
  return tables_.with([&](Tables& t) {
    const auto found = t.xorbs.find(xorb_id);
    if (found == t.xorbs.end() || t.is_used(xorb_id)) return false;
    if (!found->second.condemned_ms || *found->second.condemned_ms >= condemned_before_ms)
      return false;
    t.drop_xorb(xorb_id);
    return true;
  });
}

void MemoryCatalog::Tables::drop_xorb(std::int64_t xorb_id) {
  std::erase_if(landmarks, [&](const auto& entry) { return entry.second.xorb_id == xorb_id; });
  xorb_ids.erase(xorbs.at(xorb_id).hash);
  xorbs.erase(xorb_id);
}

Result<bool> MemoryCatalog::replace_blob(rt::Blocking, std::int64_t xorb_id,
                                         std::string_view lost_key, const NewXorb& xorb) {
  return tables_.with([&](Tables& t) {
    const auto found = t.xorbs.find(xorb_id);
    if (found == t.xorbs.end() || found->second.key != lost_key) return false;
    found->second.key = xorb.key;
    found->second.stored_bytes = xorb.stored_bytes;
    return true;
  });
}

Result<bool> MemoryCatalog::forget_lost(rt::Blocking, std::int64_t xorb_id,
                                        std::string_view lost_key) {
  return tables_.with([&](Tables& t) {
    const auto found = t.xorbs.find(xorb_id);
    if (found == t.xorbs.end() || found->second.key != lost_key || t.is_used(xorb_id)) return false;
    t.drop_xorb(xorb_id);
    return true;
  });
}

Result<StorageFigures> MemoryCatalog::figures(rt::Blocking) {
  return tables_.with([](Tables& t) {
    StorageFigures out{.files = t.files.size(), .xorbs = t.xorbs.size()};
    for (const auto& [id, file] : t.files) out.logical_bytes += file.size_bytes;
    for (const auto& [id, xorb] : t.xorbs) {
      out.unpacked_bytes += xorb.unpacked_bytes;
      out.stored_bytes += xorb.stored_bytes;
    }
    return out;
  });
}

}  // namespace embrace::cas
