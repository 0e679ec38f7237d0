#pragma once
// The database libraries' own handles, out of SOCI's objects. SOCI hides the type information of
// its backends, so the sanitizer's check of dynamic types can't be linked where they are touched;
// that is why they are touched here alone.

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cstddef>

namespace embrace::db {

#define EMB_NO_VPTR [[clang::no_sanitize("vptr")]]

EMB_NO_VPTR inline sqlite_api::sqlite3* sqlite_handle(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}
EMB_NO_VPTR inline PGconn* postgres_handle(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}
EMB_NO_VPTR inline sqlite_api::sqlite3_stmt* sqlite_handle(soci::statement& statement) {
  return static_cast<soci::sqlite3_statement_backend*>(statement.get_backend())->stmt_;
}
EMB_NO_VPTR inline PGresult* postgres_rows(soci::statement& statement) {
  return static_cast<soci::postgresql_statement_backend*>(statement.get_backend())
      ->result_.get_result();
}
EMB_NO_VPTR inline void drop_postgres_rows(soci::statement& statement) {
  static_cast<soci::postgresql_statement_backend*>(statement.get_backend())->result_.reset();
}
// When a statement fails, SOCI looks for the name of each parameter, and throws something else when
// there are none because they are numbered. So they get some.
EMB_NO_VPTR inline void name_postgres_parameters(soci::statement& statement, std::size_t count) {
  static_cast<soci::postgresql_statement_backend*>(statement.get_backend())
      ->names_.assign(count, "value");
}

#undef EMB_NO_VPTR

}  // namespace embrace::db
