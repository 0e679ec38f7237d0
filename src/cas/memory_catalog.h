#pragma once
// MemoryCatalog: a catalog in maps. For tests, and for trying things out without a database.
//
// Threads and errors: as in catalog.h.

#include <map>
#include <unordered_map>
#include <utility>

#include "base/sync.h"
#include "cas/catalog.h"

namespace embrace::cas {

class MemoryCatalog : public Catalog {
 public:
  Result<std::optional<XorbRow>> find_xorb(rt::Blocking, const XetHash& hash) override;
  Result<std::optional<FileRow>> find_file(rt::Blocking, const XetHash& hash) override;
  Result<std::optional<FileRow>> find_sha256(rt::Blocking, const Digest& sha256) override;
  Result<std::vector<XetHash>> hashes_of(rt::Blocking, std::span<const Digest> sha256s) override;
  Result<std::vector<Term>> terms(rt::Blocking, std::int64_t file_id, std::uint64_t offset,
                                  std::size_t limit) override;
  Result<std::vector<std::optional<ChunkPlace>>> find_chunks(
      rt::Blocking, std::span<const XetHash> chunks) override;
  Result<Added> add(rt::Blocking, const Addition& addition, Millis now_ms) override;
  Status touch_xorb(rt::Blocking, std::int64_t xorb_id, Millis now_ms) override;
  Result<bool> touch_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) override;
  Status remove_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) override;
  Result<std::vector<FileRow>> list_files(rt::Blocking, std::optional<Digest> after,
                                          std::size_t limit) override;
  Result<bool> replace_blob(rt::Blocking, std::int64_t xorb_id, std::string_view lost_key,
                            const NewXorb& xorb) override;
  Result<bool> forget_lost(rt::Blocking, std::int64_t xorb_id, std::string_view lost_key) override;
  Result<std::vector<XorbRow>> list_xorbs(rt::Blocking, std::int64_t after_id,
                                          std::size_t limit) override;
  Result<std::vector<FileRow>> list_chunkings(rt::Blocking, std::int64_t after_id,
                                              std::size_t limit) override;
  Result<std::vector<XorbRow>> unused_xorbs(rt::Blocking, Millis used_before_ms,
                                            std::int64_t after_id, std::size_t limit) override;
  Result<bool> condemn_xorb(rt::Blocking, std::int64_t xorb_id, Millis used_before_ms,
                            Millis now_ms) override;
  Result<bool> remove_condemned(rt::Blocking, std::int64_t xorb_id,
                                Millis condemned_before_ms) override;
  Result<StorageFigures> figures(rt::Blocking) override;

 private:
  struct TermRow {
    std::int64_t xorb_id = 0;
    std::uint32_t chunk_first = 0;
    std::uint32_t chunk_last = 0;
    std::uint64_t unpacked_bytes = 0;
  };
  struct Place {
    std::int64_t xorb_id = 0;
    std::uint32_t position = 0;
  };
  using Terms = std::map<std::uint64_t, TermRow>;  // by offset
  struct Tables {
    std::int64_t last_id = 0;
    std::map<std::int64_t, XorbRow> xorbs;
    std::map<std::int64_t, FileRow> files;
    std::map<std::int64_t, Terms> terms;  // by file
    std::unordered_map<XetHash, std::int64_t> xorb_ids;
    std::unordered_map<XetHash, std::int64_t> file_ids;
    std::map<Digest, std::map<std::int64_t, XetHash>> by_sha256;
    std::unordered_map<std::uint64_t, Place> landmarks;     // by first word
    std::unordered_map<std::int64_t, std::size_t> uses_of;  // terms that name a xorb

    bool is_used(std::int64_t xorb_id) const { return uses_of.contains(xorb_id); }
    Status check_named(const Addition& addition) const;
    void add_xorb(const NewXorb& xorb, Millis now_ms, Added& added);
    void add_file(const NewFile& file, Millis now_ms, Added& added);
    void use(const XetHash& xorb, Millis now_ms);
    void drop_xorb(std::int64_t xorb_id);
    void drop_file(std::int64_t file_id, Millis now_ms);
  };

  Sync<Tables> tables_;
};

}  // namespace embrace::cas
