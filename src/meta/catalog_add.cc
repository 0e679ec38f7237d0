// Of meta/catalog.h: one addition, as one transaction.

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/strings.h"
#include "meta/catalog.h"
#include "meta/catalog_rows.h"

namespace embrace::meta {
namespace {

using cas::Addition;
using cas::FileRow;
using cas::NewFile;
using cas::NewXorb;
using cas::XetHash;
using cas::XorbRow;

// Additions that run beside each other take their rows in one order, so that none waits for another
// that waits for it: new xorbs by hash, xorbs in use by hash, landmarks by word, files by hash.
class Adding {
 public:
  Adding(db::Session& session, const Addition& addition, Millis now_ms)
      : session_(session), addition_(addition), now_ms_(now_ms) {}

  Result<cas::Added> run() {
    EMB_DO(add_xorbs());
    EMB_DO(use_named_xorbs());
    EMB_DO(add_landmarks());
    EMB_DO(add_files());
    return std::move(added_);
  }

 private:
  struct Known {
    std::int64_t id = 0;
    std::string key;
    std::uint64_t chunk_count = 0;
  };

  Status add_xorbs();
  Status use_named_xorbs();
  Status add_landmarks();
  Status add_files();
  Result<FileRow> add_file(const NewFile& file);

  std::vector<XetHash> hashes_to_use() const;
  Status use_xorbs(const std::vector<XetHash>& hashes);
  Result<const Known*> known(const XetHash& xorb, std::uint64_t chunks) const;

  db::Session& session_;
  const Addition& addition_;
  const Millis now_ms_;
  cas::Added added_;
  std::unordered_map<XetHash, Known> xorbs_;
  std::vector<const NewXorb*> inserted_;
};

template <class T>
std::vector<const T*> by_hash(const std::vector<T>& things) {
  std::vector<const T*> out;
  out.reserve(things.size());
  for (const auto& thing : things) out.push_back(&thing);
  std::ranges::sort(out, {}, [](const T* thing) { return std::pair(thing->hash, thing); });
  return out;
}

Status Adding::add_xorbs() {
  for (const NewXorb* xorb : by_hash(addition_.xorbs)) {
    EMB_TRY(auto row, session_.row<std::int64_t>(
                          "INSERT INTO xorbs (hash, blob_key, chunk_count, stored_bytes, "
                          "unpacked_bytes, created_ms, used_ms) VALUES (:hash, :key, :chunks, "
                          ":stored, :unpacked, :now, :now) ON CONFLICT (hash) DO NOTHING "
                          "RETURNING id",
                          xorb->hash.text(), xorb->key, xorb->chunk_count, xorb->stored_bytes,
                          xorb->unpacked_bytes, now_ms_));
    if (!row) continue;
    inserted_.push_back(xorb);
    xorbs_[xorb->hash] = {std::get<0>(*row), xorb->key, xorb->chunk_count};
  }
  return Done{};
}

Status Adding::use_named_xorbs() {
  EMB_DO(use_xorbs(hashes_to_use()));
  for (const auto& xorb : addition_.xorbs) {
    EMB_TRY(const Known* there, known(xorb.hash, 0));
    // The same key: somebody who did not hear the answer says it again.
    if (there->key != xorb.key) added_.spare_keys.push_back(xorb.key);
  }
  return Done{};
}

std::vector<XetHash> Adding::hashes_to_use() const {
  std::vector<XetHash> out;
  const auto name = [&](const XetHash& xorb) {
    if (!xorbs_.contains(xorb)) out.push_back(xorb);
  };
  for (const auto& xorb : addition_.xorbs) name(xorb.hash);
  for (const auto& extra : addition_.extras) name(extra.xorb);
  for (const auto& file : addition_.files) {
    for (const auto& term : file.terms) name(term.xorb);
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

Status Adding::use_xorbs(const std::vector<XetHash>& hashes) {
  static const detail::LotStatement use(
      "UPDATE xorbs SET used_ms = :now, condemned_ms = NULL WHERE hash IN (",
      cat(") RETURNING id, hash, blob_key, chunk_count"));
  using enum db::Type;
  std::vector<db::Value> wanted;
  wanted.reserve(hashes.size());
  for (const auto& hash : hashes) wanted.emplace_back(hash.text());
  return use.each(
      {now_ms_}, std::move(wanted),
      [&](std::string_view sql, std::vector<db::Value> values) -> Status {
        Status parsed = Done{};
        EMB_DO(session_.query(sql, std::move(values), {Integer, Text, Text, Integer}, SIZE_MAX,
                              [&](std::vector<db::Value>& row) {
                                const auto hash = XetHash::parse(std::get<std::string>(row[1]));
                                if (!hash) {
                                  parsed = fail(hash.error());
                                  return;
                                }
                                xorbs_[*hash] = {
                                    std::get<std::int64_t>(row[0]), std::get<std::string>(row[2]),
                                    static_cast<std::uint64_t>(std::get<std::int64_t>(row[3]))};
                              }));
        return parsed;
      });
}

Result<const Adding::Known*> Adding::known(const XetHash& xorb, std::uint64_t chunks) const {
  const auto found = xorbs_.find(xorb);
  if (found == xorbs_.end()) return fail(cas::unknown_xorb(xorb));
  if (chunks > found->second.chunk_count)
    return fail(cas::short_xorb(xorb, found->second.chunk_count, chunks));
  return &found->second;
}

Status Adding::add_landmarks() {
  struct Row {
    std::int64_t word, xorb_id, position;
    auto operator<=>(const Row&) const = default;
  };
  std::vector<Row> rows;
  for (const NewXorb* xorb : inserted_) {
    const std::int64_t id = xorbs_.at(xorb->hash).id;
    for (const auto& landmark : xorb->landmarks)
      rows.push_back({detail::word_of(landmark.chunk), id, landmark.position});
  }
  for (const auto& [xorb, landmark] : addition_.extras) {
    EMB_TRY(const Known* there, known(xorb, landmark.position + 1ull));
    rows.push_back({detail::word_of(landmark.chunk), there->id, landmark.position});
  }
  // Neighbours in the table are written together.
  std::ranges::sort(rows);
  std::vector<std::int64_t> numbers;
  numbers.reserve(rows.size() * 3);
  for (const auto& [word, xorb_id, position] : rows)
    numbers.insert(numbers.end(), {word, xorb_id, position});
  static const detail::BulkInsert insert("landmarks", "word, xorb_id, position", 3);
  return insert.run(session_, numbers);
}

Status Adding::add_files() {
  std::unordered_map<XetHash, FileRow> rows;
  for (const NewFile* file : by_hash(addition_.files)) {
    EMB_TRY(auto row, add_file(*file));
    rows.emplace(file->hash, row);
  }
  for (const auto& file : addition_.files) added_.files.push_back(rows.at(file.hash));
  return Done{};
}

Result<FileRow> Adding::add_file(const NewFile& file) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(file.terms.size() * 6);
  std::int64_t offset = 0;
  for (const auto& term : file.terms) {
    EMB_TRY(const Known* xorb, known(term.xorb, term.chunk_last));
    const auto bytes = static_cast<std::int64_t>(term.unpacked_bytes);
    numbers.insert(numbers.end(), {0, offset, xorb->id, term.chunk_first, term.chunk_last, bytes});
    offset += bytes;
  }
  EMB_TRY(auto row, session_.row<std::int64_t>(
                        "INSERT INTO xet_files (hash, sha256, size_bytes, created_ms, used_ms) "
                        "VALUES (:hash, :sha256, :size, :now, :now) ON CONFLICT (hash) DO NOTHING "
                        "RETURNING id",
                        file.hash.text(), file.sha256.hex(), file.size_bytes, now_ms_));
  if (!row) {
    // Somebody who just sent it has time to make use of it before the collection takes it away.
    EMB_DO(session_.run("UPDATE xet_files SET used_ms = :now WHERE hash = :hash", now_ms_,
                        file.hash.text()));
    static const std::string find =
        cat("SELECT ", detail::kFileColumns, " FROM xet_files f WHERE f.hash = :hash");
    EMB_TRY(auto there, detail::rows_of<FileRow>(session_, find, {file.hash.text()},
                                                 detail::file_column_types(), &detail::take_file));
    if (there.empty())
      return fail(Code::Internal, cat("The file ", file.hash.text(), " is there and is not."));
    return std::move(there.front());
  }
  const std::int64_t id = std::get<0>(*row);
  for (std::size_t i = 0; i < numbers.size(); i += 6) numbers[i] = id;
  static const detail::BulkInsert insert(
      "xet_terms", "file_id, file_offset, xorb_id, chunk_first, chunk_last, unpacked_bytes", 6);
  EMB_DO(insert.run(session_, numbers));
  return FileRow{.id = id,
                 .hash = file.hash,
                 .sha256 = file.sha256,
                 .size_bytes = file.size_bytes,
                 .created_ms = now_ms_,
                 .used_ms = now_ms_};
}

}  // namespace

Result<cas::Added> SqlCatalog::add(rt::Blocking blocking, const Addition& addition, Millis now_ms) {
  EMB_DO(cas::check_addition(addition));
  return database_.write(
      blocking, [&](db::Session& session) { return Adding(session, addition, now_ms).run(); });
}

}  // namespace embrace::meta
