#pragma once
// Rows of the catalog's tables, and statements about many values at once. Private to meta.

#include <string>
#include <string_view>
#include <vector>

#include "cas/catalog.h"
#include "db/session.h"

namespace embrace::meta::detail {

// "x.id, x.hash, ...": for `SELECT <columns> FROM xorbs x`, alone or before other columns.
extern const std::string_view kXorbColumns;
extern const std::string_view kFileColumns;  // FROM xet_files f
// The types of those columns, and then of `more` integers.
std::vector<db::Type> xorb_column_types(std::size_t more = 0);
const std::vector<db::Type>& file_column_types();
// Corrupt when a hash is none.
Result<cas::XorbRow> take_xorb(std::vector<db::Value>& values);
Result<cas::FileRow> take_file(std::vector<db::Value>& values);
constexpr std::size_t kBehindXorb = 9;  // the place of the first value after a xorb's

// All rows of a query, each through `take`.
template <class Row>
Result<std::vector<Row>> rows_of(db::Session& session, std::string_view sql,
                                 std::vector<db::Value> values, std::vector<db::Type> types,
                                 Result<Row> (*take)(std::vector<db::Value>&)) {
  std::vector<Row> out;
  Status taken = Done{};
  EMB_DO(session.query(sql, std::move(values), std::move(types), SIZE_MAX,
                       [&](std::vector<db::Value>& row) {
                         if (!taken) return;
                         auto got = take(row);
                         if (got)
                           out.push_back(*std::move(got));
                         else
                           taken = fail(std::move(got).error());
                       }));
  EMB_DO(taken);
  return out;
}

// Lots: a statement names kLot values, or kSmallLot, whatever their number, so that it stays
// prepared. A lot that is not full repeats its last value.
constexpr std::size_t kLot = 64;
constexpr std::size_t kSmallLot = 4;
std::string lot_parameters(std::size_t size, std::string_view prefix);  // ":p0, :p1, ..."
class LotStatement {
 public:
  // `before` and `behind` what stands in the parentheses of IN.
  LotStatement(std::string_view before, std::string_view behind);
  // Calls use(sql, values) for each lot; `first` are the values of parameters before the lot.
  template <class Use>
  Status each(const std::vector<db::Value>& first, std::vector<db::Value> wanted, Use use) const {
    for (std::size_t at = 0; at < wanted.size();) {
      const std::size_t size = wanted.size() - at > kSmallLot ? kLot : kSmallLot;
      std::vector<db::Value> values = first;
      for (std::size_t i = at; i < at + size; ++i)
        values.push_back(wanted[std::min(i, wanted.size() - 1)]);
      EMB_DO(use(size == kLot ? large_ : small_, std::move(values)));
      at += size;
    }
    return Done{};
  }

 private:
  std::string large_, small_;
};

// INSERT of rows of integers, many to a statement. A row that is there already stays.
class BulkInsert {
 public:
  BulkInsert(std::string_view table, std::string_view columns, std::size_t width);
  // `numbers`: rows of `width`, one after another.
  Status run(db::Session& session, const std::vector<std::int64_t>& numbers) const;

 private:
  static constexpr std::size_t kLots[] = {64, 8, 1};
  std::size_t width_;
  std::string sql_[std::size(kLots)];
};

// The first word of a chunk's hash, as SQL has it.
inline std::int64_t word_of(const cas::XetHash& chunk) {
  return static_cast<std::int64_t>(chunk.first_word());
}

}  // namespace embrace::meta::detail
