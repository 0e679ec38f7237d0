#pragma once
// SqlCatalog: the chunked store's catalog (cas/catalog.h) in SQL. Unlike the other functions of
// this room it begins and ends its own transactions: cas/ knows of none.
//
// An add and the collection may meet. On SQLite one waits for the other. On PostgreSQL both write
// the xorb's row before anything else, so whoever comes second begins again and sees what the first
// one did; a term's foreign key is there in case that is wrong.
//
// Threads and errors: as in cas/catalog.h. Ownership: the database outlives it.

#include "cas/catalog.h"
#include "db/database.h"

namespace embrace::meta {

class SqlCatalog : public cas::Catalog {
 public:
  explicit SqlCatalog(db::Database& database) : database_(database) {}

  Result<std::optional<cas::XorbRow>> find_xorb(rt::Blocking, const cas::XetHash& hash) override;
  Result<std::optional<cas::FileRow>> find_file(rt::Blocking, const cas::XetHash& hash) override;
  Result<std::optional<cas::FileRow>> find_sha256(rt::Blocking, const Digest& sha256) override;
  Result<std::vector<cas::XetHash>> hashes_of(rt::Blocking,
                                              std::span<const Digest> sha256s) override;
  Result<std::vector<cas::Term>> terms(rt::Blocking, std::int64_t file_id, std::uint64_t offset,
                                       std::size_t limit) override;
  Result<std::vector<std::optional<cas::ChunkPlace>>> find_chunks(
      rt::Blocking, std::span<const cas::XetHash> chunks) override;

  Result<cas::Added> add(rt::Blocking, const cas::Addition& addition, Millis now_ms) override;
  Status touch_xorb(rt::Blocking, std::int64_t xorb_id, Millis now_ms) override;
  Result<bool> touch_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) override;
  Status remove_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) override;
  Result<std::vector<cas::FileRow>> list_files(rt::Blocking, std::optional<Digest> after,
                                               std::size_t limit) override;

  Result<bool> replace_blob(rt::Blocking, std::int64_t xorb_id, std::string_view lost_key,
                            const cas::NewXorb& xorb) override;
  Result<bool> forget_lost(rt::Blocking, std::int64_t xorb_id, std::string_view lost_key) override;
  Result<std::vector<cas::XorbRow>> list_xorbs(rt::Blocking, std::int64_t after_id,
                                               std::size_t limit) override;
  Result<std::vector<cas::FileRow>> list_chunkings(rt::Blocking, std::int64_t after_id,
                                                   std::size_t limit) override;
  Result<std::vector<cas::XorbRow>> unused_xorbs(rt::Blocking, Millis used_before_ms,
                                                 std::int64_t after_id, std::size_t limit) override;
  Result<bool> condemn_xorb(rt::Blocking, std::int64_t xorb_id, Millis used_before_ms,
                            Millis now_ms) override;
  Result<bool> remove_condemned(rt::Blocking, std::int64_t xorb_id,
                                Millis condemned_before_ms) override;
  Result<cas::StorageFigures> figures(rt::Blocking) override;

 private:
  db::Database& database_;
};

}  // namespace embrace::meta
