#include "meta/catalog_rows.h"

#include "base/strings.h"

namespace embrace::meta::detail {

const std::string_view kXorbColumns =
    "x.id, x.hash, x.blob_key, x.chunk_count, x.stored_bytes, x.unpacked_bytes, x.created_ms, "
    "x.used_ms, x.condemned_ms";
const std::string_view kFileColumns =
    "f.id, f.hash, f.sha256, f.size_bytes, f.created_ms, f.used_ms";

std::vector<db::Type> xorb_column_types(std::size_t more) {
  using enum db::Type;
  std::vector<db::Type> types = {Integer, Text,    Text,    Integer, Integer,
                                 Integer, Integer, Integer, Integer};
  types.resize(types.size() + more, Integer);
  return types;
}

const std::vector<db::Type>& file_column_types() {
  using enum db::Type;
  static const std::vector<db::Type> types = {Integer, Text, Text, Integer, Integer, Integer};
  return types;
}

namespace {

template <class T>
T value(std::vector<db::Value>& values, std::size_t at) {
  return db::detail::from_value<T>(std::move(values[at]));
}

std::unexpected<Error> no_hash(std::string_view table, std::int64_t id) {
  return fail(Code::Corrupt,
              cat("database: the row ", id, " of ", table, " has a hash that is none"));
}

}  // namespace

Result<cas::XorbRow> take_xorb(std::vector<db::Value>& values) {
  cas::XorbRow row;
  row.id = value<std::int64_t>(values, 0);
  const auto hash = cas::XetHash::parse(value<std::string>(values, 1));
  if (!hash) return no_hash("xorbs", row.id);
  row.hash = *hash;
  row.key = value<std::string>(values, 2);
  row.chunk_count = value<std::uint32_t>(values, 3);
  row.stored_bytes = value<std::uint64_t>(values, 4);
  row.unpacked_bytes = value<std::uint64_t>(values, 5);
  row.created_ms = value<Millis>(values, 6);
  row.used_ms = value<Millis>(values, 7);
  row.condemned_ms = value<std::optional<Millis>>(values, 8);
  return row;
}

Result<cas::FileRow> take_file(std::vector<db::Value>& values) {
  cas::FileRow row;
  row.id = value<std::int64_t>(values, 0);
  const auto hash = cas::XetHash::parse(value<std::string>(values, 1));
  const auto sha256 = Digest::parse(value<std::string>(values, 2));
  if (!hash || !sha256) return no_hash("xet_files", row.id);
  row.hash = *hash;
  row.sha256 = *sha256;
  row.size_bytes = value<std::uint64_t>(values, 3);
  row.created_ms = value<Millis>(values, 4);
  row.used_ms = value<Millis>(values, 5);
  return row;
}

std::string lot_parameters(std::size_t size, std::string_view prefix) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += cat(i == 0 ? ":" : ", :", prefix, i);
  return out;
}

LotStatement::LotStatement(std::string_view before, std::string_view behind)
    : large_(cat(before, lot_parameters(kLot, "v"), behind)),
      small_(cat(before, lot_parameters(kSmallLot, "v"), behind)) {}

BulkInsert::BulkInsert(std::string_view table, std::string_view columns, std::size_t width)
    : width_(width) {
  for (std::size_t lot = 0; lot < std::size(kLots); ++lot) {
    sql_[lot] = cat("INSERT INTO ", table, " (", columns, ") VALUES ");
    for (std::size_t i = 0; i < kLots[lot]; ++i)
      sql_[lot] += cat(i == 0 ? "(" : ", (", lot_parameters(width, cat("r", i, "_")), ")");
    sql_[lot] += " ON CONFLICT DO NOTHING";
  }
}

Status BulkInsert::run(db::Session& session, const std::vector<std::int64_t>& numbers) const {
  auto at = numbers.begin();
  for (std::size_t lot = 0; lot < std::size(kLots); ++lot) {
    const auto size = static_cast<std::ptrdiff_t>(kLots[lot] * width_);
    for (; numbers.end() - at >= size; at += size)
      EMB_DO(session.execute(sql_[lot], std::vector<db::Value>(at, at + size)));
  }
  return Done{};
}

}  // namespace embrace::meta::detail
