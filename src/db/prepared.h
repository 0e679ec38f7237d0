#pragma once
// Prepared: one statement, compiled once, with the places its values come from and its columns go
// to. SOCI is told the addresses of those places once; a call only refills them, which is what
// makes a cached statement cheap.
//
// PostgreSQL speaks text both ways, so there every place is text: a parameter then never changes
// its type, and what SQLite calls an integer (a count, a sum, a comparison) reads as one here too.
//
// Threads: those of its session. Methods throw soci::soci_error; the session turns that into an
// Error.

#include <soci/soci.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "db/session.h"

namespace embrace::db {

class Prepared {
 public:
  // Prepares. `values` and `columns` say which types the places have; a NULL fits every type.
  Prepared(soci::session& session, Dialect dialect, const std::string& text,
           const std::vector<Value>& values, const std::vector<Type>& columns);
  Prepared(const Prepared&) = delete;

  bool fits(const std::vector<Value>& values, const std::vector<Type>& columns) const;

  bool execute(std::vector<Value> values);  // true: the first row is there
  bool fetch();                             // true: the next row is there
  Status take(std::vector<Value>& row);     // Internal when a column is not what was asked for
  std::int64_t affected_rows();
  bool only_reads();           // so it may be left half-way
  std::size_t column_count();  // known after execute()
  void finish() noexcept;      // gives back locks and memory; after each execute()

  std::uint64_t last_used = 0;  // the session's clock, for throwing out the least recently used

 private:
  struct Place {
    Type type = Type::Text;    // as bound
    Type wanted = Type::Text;  // as asked for (columns)
    soci::indicator state = soci::i_ok;
    long long integer = 0;
    double real = 0;
    std::string text;
  };
  void fill(Place& place, Value&& value) const;

  const Dialect dialect_;
  std::vector<Place> parameters_;  // never resized: SOCI holds addresses into both
  std::vector<Place> columns_;
  soci::statement statement_;
};

}  // namespace embrace::db
