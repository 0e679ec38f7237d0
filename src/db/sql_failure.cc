#include "db/sql_failure.h"

#include <sqlite3.h>

namespace embrace::db {

SqlFailure classify_sqlite(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {.code = Code::Conflict};
    default:
      break;
  }
  switch (extended_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
      return {.code = Code::Unavailable};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {.code = Code::Corrupt};
    case SQLITE_TOOBIG:
      return {.code = Code::TooLarge};
    case SQLITE_IOERR:  // the file may be on its way out; a fresh connection tells
      return {.code = Code::Unavailable, .lost = true};
    default:
      return {};
  }
}

SqlFailure classify_postgres(std::string_view sqlstate) {
  const auto is_class = [&](std::string_view two) { return sqlstate.starts_with(two); };
  if (sqlstate == "23505" || sqlstate == "23503" || sqlstate == "23001")
    return {.code = Code::Conflict};
  if (sqlstate == "40001" || sqlstate == "40P01") return {.code = Code::Unavailable, .retry = true};
  if (sqlstate == "55P03" || sqlstate == "57014")
    return {.code = Code::Unavailable};                    // waited too long
  if (is_class("53")) return {.code = Code::Unavailable};  // out of something
  if (sqlstate == "22021" || sqlstate == "22P05")
    return {.code = Code::InvalidArgument};  // not UTF-8
  if (is_class("08") || is_class("57P") || sqlstate == "25P03" || sqlstate == "     ") {
    return {.code = Code::Unavailable, .lost = true};
  }
  return {};
}

}  // namespace embrace::db
