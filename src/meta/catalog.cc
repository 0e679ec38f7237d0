#include "meta/catalog.h"

#include <limits>
#include <unordered_map>

#include "base/strings.h"
#include "meta/catalog_rows.h"

namespace embrace::meta {

using cas::ChunkPlace;
using cas::FileRow;
using cas::StorageFigures;
using cas::Term;
using cas::XetHash;
using cas::XorbRow;

namespace {

Result<std::vector<XorbRow>> xorbs_of(db::Session& session, std::string_view condition,
                                      std::vector<db::Value> values) {
  return detail::rows_of<XorbRow>(
      session, cat("SELECT ", detail::kXorbColumns, " FROM xorbs x WHERE ", condition),
      std::move(values), detail::xorb_column_types(), &detail::take_xorb);
}

Result<std::vector<FileRow>> files_of(db::Session& session, std::string_view condition,
                                      std::vector<db::Value> values) {
  return detail::rows_of<FileRow>(
      session, cat("SELECT ", detail::kFileColumns, " FROM xet_files f WHERE ", condition),
      std::move(values), detail::file_column_types(), &detail::take_file);
}

template <class Row>
std::optional<Row> first_of(std::vector<Row> rows) {
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::int64_t signed_limit(std::size_t limit) {
  return static_cast<std::int64_t>(
      std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

Result<Term> take_term(std::vector<db::Value>& values) {
  const auto number = [&](std::size_t i) {
    return db::detail::from_value<std::uint64_t>(std::move(values[detail::kBehindXorb + i]));
  };
  EMB_TRY(auto xorb, detail::take_xorb(values));
  return Term{.xorb = std::move(xorb),
              .chunk_first = static_cast<std::uint32_t>(number(0)),
              .chunk_last = static_cast<std::uint32_t>(number(1)),
              .file_offset = number(2),
              .unpacked_bytes = number(3)};
}

struct FoundWord {
  std::int64_t word = 0;
  ChunkPlace place;
};
Result<FoundWord> take_place(std::vector<db::Value>& values) {
  const auto word = db::detail::from_value<std::int64_t>(std::move(values[detail::kBehindXorb]));
  const auto position =
      db::detail::from_value<std::uint32_t>(std::move(values[detail::kBehindXorb + 1]));
  EMB_TRY(auto xorb, detail::take_xorb(values));
  return FoundWord{word, {.xorb = std::move(xorb), .position = position}};
}

}  // namespace

Result<std::optional<XorbRow>> SqlCatalog::find_xorb(rt::Blocking blocking, const XetHash& hash) {
  return database_.read(blocking, [&](db::Session& session) -> Result<std::optional<XorbRow>> {
    EMB_TRY(auto rows, xorbs_of(session, "x.hash = :hash", {hash.text()}));
    return first_of(std::move(rows));
  });
}

Result<std::optional<FileRow>> SqlCatalog::find_file(rt::Blocking blocking, const XetHash& hash) {
  return database_.read(blocking, [&](db::Session& session) -> Result<std::optional<FileRow>> {
    EMB_TRY(auto rows, files_of(session, "f.hash = :hash", {hash.text()}));
    return first_of(std::move(rows));
  });
}

Result<std::optional<FileRow>> SqlCatalog::find_sha256(rt::Blocking blocking,
                                                       const Digest& sha256) {
  return database_.read(blocking, [&](db::Session& session) -> Result<std::optional<FileRow>> {
    EMB_TRY(auto rows,
            files_of(session, "f.sha256 = :sha256 ORDER BY f.id LIMIT 1", {sha256.hex()}));
    return first_of(std::move(rows));
  });
}

Result<std::vector<XetHash>> SqlCatalog::hashes_of(rt::Blocking blocking,
                                                   std::span<const Digest> sha256s) {
  static const detail::LotStatement ask(
      cat("SELECT ", detail::kFileColumns, " FROM xet_files f WHERE f.sha256 IN ("),
      ") ORDER BY f.id");
  return database_.read(blocking, [&](db::Session& session) -> Result<std::vector<XetHash>> {
    std::unordered_map<Digest, XetHash> found;
    std::vector<db::Value> wanted;
    wanted.reserve(sha256s.size());
    for (const auto& sha256 : sha256s) wanted.emplace_back(sha256.hex());
    EMB_DO(ask.each(
        {}, std::move(wanted), [&](std::string_view sql, std::vector<db::Value> values) -> Status {
          EMB_TRY(auto rows,
                  detail::rows_of<FileRow>(session, sql, std::move(values),
                                           detail::file_column_types(), &detail::take_file));
          for (const auto& row : rows) found.try_emplace(row.sha256, row.hash);
          return Done{};
        }));
    std::vector<XetHash> out;
    out.reserve(sha256s.size());
    for (const auto& sha256 : sha256s) {
      const auto at = found.find(sha256);
      out.push_back(at == found.end() ? XetHash{} : at->second);
    }
    return out;
  });
}

Result<std::vector<Term>> SqlCatalog::terms(rt::Blocking blocking, std::int64_t file_id,
                                            std::uint64_t offset, std::size_t limit) {
  if (offset > std::numeric_limits<std::int64_t>::max()) return std::vector<Term>{};
  // Terms of a file touch, so the first is the last one that begins at or before the offset; only
  // behind the end of the file does it hold nothing of what was asked for.
  static const std::string sql = cat(
      "SELECT ", detail::kXorbColumns,
      ", t.chunk_first, t.chunk_last, t.file_offset, t.unpacked_bytes "
      "FROM xet_terms t JOIN xorbs x ON x.id = t.xorb_id "
      "WHERE t.file_id = :file AND t.file_offset >= (SELECT MAX(s.file_offset) FROM xet_terms s "
      "WHERE s.file_id = :file AND s.file_offset <= :offset) "
      "AND t.file_offset + t.unpacked_bytes > :offset ORDER BY t.file_offset LIMIT :limit");
  return database_.read(blocking, [&](db::Session& session) {
    return detail::rows_of<Term>(session, sql,
                                 {file_id, static_cast<std::int64_t>(offset), signed_limit(limit)},
                                 detail::xorb_column_types(4), &take_term);
  });
}

Result<std::vector<std::optional<ChunkPlace>>> SqlCatalog::find_chunks(
    rt::Blocking blocking, std::span<const XetHash> chunks) {
  static const detail::LotStatement ask(
      cat("SELECT ", detail::kXorbColumns,
          ", l.word, l.position FROM landmarks l JOIN xorbs x ON x.id = l.xorb_id "
          "WHERE l.word IN ("),
      ")");
  using Places = std::vector<std::optional<ChunkPlace>>;
  return database_.read(blocking, [&](db::Session& session) -> Result<Places> {
    std::unordered_map<std::int64_t, ChunkPlace> found;
    std::vector<db::Value> wanted;
    wanted.reserve(chunks.size());
    for (const auto& chunk : chunks) wanted.emplace_back(detail::word_of(chunk));
    EMB_DO(ask.each(
        {}, std::move(wanted), [&](std::string_view sql, std::vector<db::Value> values) -> Status {
          EMB_TRY(auto rows, detail::rows_of<FoundWord>(session, sql, std::move(values),
                                                        detail::xorb_column_types(2), &take_place));
          for (auto& row : rows) found.try_emplace(row.word, std::move(row.place));
          return Done{};
        }));
    Places out(chunks.size());
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const auto at = found.find(detail::word_of(chunks[i]));
      if (at != found.end()) out[i] = at->second;
    }
    return out;
  });
}

Status SqlCatalog::touch_xorb(rt::Blocking blocking, std::int64_t xorb_id, Millis now_ms) {
  return database_.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto changed,
            session.run("UPDATE xorbs SET used_ms = :now, condemned_ms = NULL WHERE id = :id",
                        now_ms, xorb_id));
    if (changed == 0) return fail(Code::NotFound, "This xorb is gone.");
    return Done{};
  });
}

Result<bool> SqlCatalog::touch_sha256(rt::Blocking blocking, const Digest& sha256, Millis now_ms) {
  return database_.write(blocking, [&](db::Session& session) -> Result<bool> {
    EMB_TRY(auto changed, session.run("UPDATE xet_files SET used_ms = :now WHERE sha256 = :sha256",
                                      now_ms, sha256.hex()));
    return changed > 0;
  });
}

Status SqlCatalog::remove_sha256(rt::Blocking blocking, const Digest& sha256, Millis now_ms) {
  return database_.write(blocking, [&](db::Session& session) -> Status {
    EMB_DO(
        session.run("UPDATE xorbs SET used_ms = :now WHERE id IN (SELECT t.xorb_id "
                    "FROM xet_terms t JOIN xet_files f ON f.id = t.file_id "
                    "WHERE f.sha256 = :sha256)",
                    now_ms, sha256.hex()));
    EMB_DO(session.run("DELETE FROM xet_files WHERE sha256 = :sha256", sha256.hex()));  // and terms
    return Done{};
  });
}

Result<std::vector<FileRow>> SqlCatalog::list_files(rt::Blocking blocking,
                                                    std::optional<Digest> after,
                                                    std::size_t limit) {
  return database_.read(blocking, [&](db::Session& session) {
    return files_of(session,
                    "f.sha256 > :after AND NOT EXISTS (SELECT 1 FROM xet_files e "
                    "WHERE e.sha256 = f.sha256 AND e.id < f.id) ORDER BY f.sha256 LIMIT :limit",
                    {after ? after->hex() : std::string(), signed_limit(limit)});
  });
}

Result<std::vector<XorbRow>> SqlCatalog::list_xorbs(rt::Blocking blocking, std::int64_t after_id,
                                                    std::size_t limit) {
  return database_.read(blocking, [&](db::Session& session) {
    return xorbs_of(session, "x.id > :after ORDER BY x.id LIMIT :limit",
                    {after_id, signed_limit(limit)});
  });
}

Result<std::vector<FileRow>> SqlCatalog::list_chunkings(rt::Blocking blocking,
                                                        std::int64_t after_id, std::size_t limit) {
  return database_.read(blocking, [&](db::Session& session) {
    return files_of(session, "f.id > :after ORDER BY f.id LIMIT :limit",
                    {after_id, signed_limit(limit)});
  });
}

Result<std::vector<XorbRow>> SqlCatalog::unused_xorbs(rt::Blocking blocking, Millis used_before_ms,
                                                      std::int64_t after_id, std::size_t limit) {
  return database_.read(blocking, [&](db::Session& session) {
    return xorbs_of(session,
                    "x.id > :after AND x.used_ms < :before AND NOT EXISTS (SELECT 1 "
                    "FROM xet_terms t WHERE t.xorb_id = x.id) ORDER BY x.id LIMIT :limit",
                    {after_id, used_before_ms, signed_limit(limit)});
  });
}

Result<bool> SqlCatalog::condemn_xorb(rt::Blocking blocking, std::int64_t xorb_id,
                                      Millis used_before_ms, Millis now_ms) {
  return database_.write(blocking, [&](db::Session& session) -> Result<bool> {
    EMB_TRY(auto changed,
            session.run("UPDATE xorbs SET condemned_ms = COALESCE(condemned_ms, :now) "
                        "WHERE id = :id AND used_ms < :before AND NOT EXISTS (SELECT 1 "
                        "FROM xet_terms t WHERE t.xorb_id = xorbs.id)",
                        now_ms, xorb_id, used_before_ms));
    return changed > 0;
  });
}

Result<bool> SqlCatalog::remove_condemned(rt::Blocking blocking, std::int64_t xorb_id,
                                          Millis condemned_before_ms) {
  return database_.write(blocking, [&](db::Session& session) -> Result<bool> {
    EMB_TRY(auto changed,
            session.run("DELETE FROM xorbs WHERE id = :id AND condemned_ms < :before "
                        "AND NOT EXISTS (SELECT 1 FROM xet_terms t WHERE t.xorb_id = xorbs.id)",
                        xorb_id, condemned_before_ms));
    return changed > 0;  // and its landmarks
  });
}

Result<bool> SqlCatalog::replace_blob(rt::Blocking blocking, std::int64_t xorb_id,
                                      std::string_view lost_key, const cas::NewXorb& xorb) {
  return database_.write(blocking, [&](db::Session& session) -> Result<bool> {
    EMB_TRY(auto changed, session.run("UPDATE xorbs SET blob_key = :key, stored_bytes = :stored "
                                      "WHERE id = :id AND blob_key = :lost",
                                      xorb.key, xorb.stored_bytes, xorb_id, lost_key));
    return changed > 0;
  });
}

Result<bool> SqlCatalog::forget_lost(rt::Blocking blocking, std::int64_t xorb_id,
                                     std::string_view lost_key) {
  return database_.write(blocking, [&](db::Session& session) -> Result<bool> {
    EMB_TRY(auto changed,
            session.run("DELETE FROM xorbs WHERE id = :id AND blob_key = :lost "
                        "AND NOT EXISTS (SELECT 1 FROM xet_terms t WHERE t.xorb_id = xorbs.id)",
                        xorb_id, lost_key));
    return changed > 0;  // and its landmarks
  });
}

Result<StorageFigures> SqlCatalog::figures(rt::Blocking blocking) {
  return database_.read(blocking, [](db::Session& session) -> Result<StorageFigures> {
    StorageFigures out;
    EMB_TRY(auto files,
            (session.row<std::uint64_t, std::uint64_t>(
                "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM xet_files")));
    EMB_TRY(auto xorbs, (session.row<std::uint64_t, std::uint64_t, std::uint64_t>(
                            "SELECT COUNT(*), CAST(COALESCE(SUM(unpacked_bytes), 0) AS BIGINT), "
                            "CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) FROM xorbs")));
    if (files) std::tie(out.files, out.logical_bytes) = *files;
    if (xorbs) std::tie(out.xorbs, out.unpacked_bytes, out.stored_bytes) = *xorbs;
    return out;
  });
}

}  // namespace embrace::meta
