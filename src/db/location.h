#pragma once
// Where a database is: Settings::url, taken apart. Error messages never show the URL of a
// PostgreSQL server, because it may hold a password.

#include <string>
#include <string_view>

#include "base/result.h"
#include "db/database.h"

namespace embrace::db {

struct Location {
  Dialect dialect = Dialect::Sqlite;
  std::string path;           // SQLite: of the file
  std::string connect_words;  // PostgreSQL: libpq's key='value' list
};

// "sqlite:///path/to/file.db" (or "sqlite://relative.db"), "postgresql://..." in every form that
// libpq reads.
Result<Location> parse_url(std::string_view url);

}  // namespace embrace::db
