#include "db/soci_session.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "db/handles.h"
#include "db/sql_failure.h"
#include "db/statement_text.h"

namespace embrace::db {
namespace {

constexpr std::size_t kSqlShownMax = 300;

// PostgreSQL would say "relation exists already, skipping" on our stderr.
void log_notice(void*, const char* message) {
  log::debug("postgres notice", {{"message", trim(message)}});
}

}  // namespace

Result<std::unique_ptr<SociSession>> SociSession::open(const Location& location,
                                                       const Settings& settings, Purpose purpose) {
  std::unique_ptr<SociSession> session(new SociSession(location.dialect, purpose));
  try {
    if (location.dialect == Dialect::Sqlite) {
      const unsigned seconds = settings.busy_timeout_ms / 1000 + 1;
      session->connection_ = std::make_unique<soci::session>(
          soci::sqlite3, cat("dbname=\"", location.path, "\" timeout=", seconds));
      EMB_DO(session->set_up_sqlite(settings));
    } else {
      session->connection_ =
          std::make_unique<soci::session>(soci::postgresql, location.connect_words);
      EMB_DO(session->set_up_postgres(settings));
    }
  } catch (const soci::soci_error& thrown) {
    return fail(session->translate(thrown, {}).while_doing("open the database"));
  }
  return session;
}

SociSession::~SociSession() {
  // What the planner learnt from our queries is written down for the next start.
  if (connection_ && !is_postgres() && purpose_ == Purpose::Write && !lost_) {
    try {
      (void)execute("PRAGMA optimize", {});
    } catch (...) {  // out of memory: it was only a favour
    }
  }
}

sqlite_api::sqlite3* SociSession::sqlite() { return sqlite_handle(*connection_); }

Status SociSession::set_up_sqlite(const Settings& settings) {
  sqlite_api::sqlite3_extended_result_codes(sqlite_handle(*connection_), 1);
  EMB_DO(execute(cat("PRAGMA busy_timeout = ", settings.busy_timeout_ms), {}));
  if (purpose_ == Purpose::Write) {
    std::string mode;
    EMB_DO(query("PRAGMA journal_mode = WAL", {}, {Type::Text}, 1, [&](std::vector<Value>& row) {
      mode = detail::from_value<std::string>(std::move(row[0]));
    }));
    if (mode != "wal") {
      return fail(Code::Unavailable,
                  "SQLite can't use its WAL mode here: put the database on a local disk");
    }
    EMB_DO(
        execute(cat("PRAGMA synchronous = ", settings.sync_every_commit ? "FULL" : "NORMAL"), {}));
    // Checkpoints every 8 MiB: rare enough to batch writes, small enough to keep reads quick.
    EMB_DO(execute("PRAGMA wal_autocheckpoint = 2000", {}));
    EMB_DO(execute("PRAGMA journal_size_limit = 67108864", {}));
    EMB_DO(execute("PRAGMA foreign_keys = ON", {}));
    EMB_DO(execute("PRAGMA analysis_limit = 400", {}));
  } else {
    EMB_DO(execute("PRAGMA query_only = ON", {}));
  }
  // Pages are read from the mapped file, so the cache of each connection may stay small.
  EMB_DO(execute("PRAGMA mmap_size = 1073741824", {}));
  EMB_DO(execute("PRAGMA cache_size = -4096", {}));
  EMB_DO(execute("PRAGMA temp_store = MEMORY", {}));
  // As PostgreSQL does it; it also lets LIKE 'prefix%' use an ordinary index.
  EMB_DO(execute("PRAGMA case_sensitive_like = ON", {}));
  return Done{};
}

Status SociSession::set_up_postgres(const Settings& settings) {
  PGconn* handle = postgres_handle(*connection_);
  PQsetNoticeProcessor(handle, &log_notice, nullptr);
  PQsetErrorVerbosity(handle, PQERRORS_TERSE);  // the details would quote values
  EMB_DO(execute(cat("SET lock_timeout = ", settings.busy_timeout_ms), {}));
  EMB_DO(execute("SET idle_in_transaction_session_timeout = '10min'", {}));
  EMB_DO(execute("SET jit = off", {}));  // made for long queries; ours are short
  EMB_DO(execute("SET standard_conforming_strings = on", {}));
  return Done{};
}

Status SociSession::begin() {
  spoiled_.reset();
  begin_again_ = false;
  if (is_postgres()) {
    EMB_DO(execute(purpose_ == Purpose::Read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                             : "BEGIN ISOLATION LEVEL REPEATABLE READ",
                   {}));
  } else {
    EMB_DO(execute(purpose_ == Purpose::Read ? "BEGIN" : "BEGIN IMMEDIATE", {}));
  }
  return Done{};
}

Status SociSession::commit() {
  if (spoiled_) {
    Error error = *spoiled_;
    roll_back();
    return fail(std::move(error));
  }
  committing_ = true;
  auto done = execute("COMMIT", {});
  committing_ = false;
  if (done) return Done{};
  roll_back();
  return fail(std::move(done).error().while_doing("commit"));
}

void SociSession::roll_back() noexcept {
  spoiled_.reset();
  if (lost_) return;
  if (!is_postgres() && sqlite_api::sqlite3_get_autocommit(sqlite_handle(*connection_)) != 0)
    return;  // done by itself
  if (is_postgres() && PQtransactionStatus(postgres_handle(*connection_)) == PQTRANS_IDLE) return;
  try {
    if (execute("ROLLBACK", {})) return;
  } catch (...) {  // out of memory: the connection is in an unknown state
  }
  lost_ = true;
}

Status SociSession::query(std::string_view sql, std::vector<Value> values,
                          std::vector<Type> columns, std::size_t rows_max,
                          const std::function<void(std::vector<Value>&)>& take_row) {
  return with_statement(sql, values, columns, [&](Prepared& statement) -> Status {
    bool got = statement.execute(std::move(values));
    if (statement.column_count() != columns.size()) {
      return fail(Code::Internal,
                  cat("database: ", statement.column_count(), " columns come back, ",
                      columns.size(), " are read, in: ", sql.substr(0, kSqlShownMax)));
    }
    std::vector<Value> row;
    for (std::size_t taken = 0; got; got = statement.fetch()) {
      if (taken < rows_max) {
        EMB_DO(statement.take(row));
        take_row(row);
        ++taken;
      }
      // INSERT ... RETURNING goes on to its end: SQLite checks foreign keys only there.
      if (taken == rows_max && statement.only_reads()) break;
    }
    return Done{};
  });
}

Result<std::int64_t> SociSession::execute(std::string_view sql, std::vector<Value> values) {
  std::int64_t changed = 0;
  EMB_DO(with_statement(sql, values, {}, [&](Prepared& statement) -> Status {
    statement.execute(std::move(values));
    changed = statement.affected_rows();
    return Done{};
  }));
  return changed;
}

template <class Use>
Status SociSession::with_statement(std::string_view sql, const std::vector<Value>& values,
                                   const std::vector<Type>& columns, Use use) {
  EMB_CHECK(!in_use_, "a row's taker does not use the session that feeds it");
  if (spoiled_ && sql != "ROLLBACK") return fail(*spoiled_);
  for (const auto& value : values) {
    const auto* text = std::get_if<std::string>(&value);
    if (text && text->contains('\0')) {
      return fail(Code::InvalidArgument, "text with a NUL byte can't be stored: remove it");
    }
  }
  auto statement = prepare(sql, values, columns);
  if (!statement) return spoil(std::move(statement).error());
  struct InUse {  // also when take_row throws
    bool& flag;
    Prepared& prepared;
    ~InUse() {
      prepared.finish();
      flag = false;
    }
  };
  in_use_ = true;
  InUse in_use{in_use_, **statement};
  try {
    auto done = use(**statement);
    return done ? done : spoil(std::move(done).error());
  } catch (const soci::soci_error& thrown) {
    return spoil(translate(thrown, sql));
  }
}

Result<Prepared*> SociSession::prepare(std::string_view sql, const std::vector<Value>& values,
                                       const std::vector<Type>& columns) {
  auto found = statements_.find(sql);
  if (found == statements_.end() || !found->second->fits(values, columns)) {
    if (found != statements_.end())
      statements_.erase(found);  // the same text, used with other types
    const auto numbered = number_parameters(sql, dialect_);
    if (numbered.parameters != values.size()) {
      return fail(Code::Internal, cat("database: ", numbered.parameters, " parameters, but ",
                                      values.size(), " values, in: ", sql.substr(0, kSqlShownMax)));
    }
    if (statements_.size() >= kStatementsMax) forget_oldest_statement();
    try {
      auto made =
          std::make_unique<Prepared>(*connection_, dialect_, numbered.text, values, columns);
      found = statements_.emplace(sql, std::move(made)).first;
    } catch (const soci::soci_error& thrown) {
      return fail(translate(thrown, sql));
    }
  }
  found->second->last_used = ++clock_;
  return found->second.get();
}

void SociSession::forget_oldest_statement() {
  auto oldest = statements_.begin();
  for (auto it = statements_.begin(); it != statements_.end(); ++it) {
    if (it->second->last_used < oldest->second->last_used) oldest = it;
  }
  statements_.erase(oldest);
}

Status SociSession::spoil(Error error) {
  if (!spoiled_) spoiled_ = error;
  return fail(std::move(error));
}

Error SociSession::translate(const soci::soci_error& thrown, std::string_view sql) {
  SqlFailure failure;
  std::string state;
  if (const auto* lite = dynamic_cast<const soci::sqlite3_soci_error*>(&thrown)) {
    failure = classify_sqlite(lite->result());
    state = cat("SQLite ", lite->result());
  } else if (const auto* post = dynamic_cast<const soci::postgresql_soci_error*>(&thrown)) {
    failure = classify_postgres(post->sqlstate());
    state = cat("SQLSTATE ", trim(post->sqlstate()));
    // Another node changed the schema under a prepared statement: a fresh connection prepares it
    // anew.
    if (post->sqlstate() == "0A000" && thrown.get_error_message().contains("cached plan")) {
      failure = {.code = Code::Unavailable, .retry = true, .lost = true};
    }
    if (connection_ && PQstatus(postgres_handle(*connection_)) != CONNECTION_OK) {
      failure = {.code = Code::Unavailable, .lost = true};
    }
  }
  if (!connection_ && is_postgres())
    failure = {.code = Code::Unavailable, .lost = true};  // nobody answers
  lost_ = lost_ || failure.lost;
  // A connection lost before COMMIT was sent kept nothing, so the work may be done again elsewhere.
  begin_again_ = begin_again_ || failure.retry || (failure.lost && !committing_);
  // get_error_message(), not what(): the latter quotes the bound values.
  std::string message = cat("database: ", trim(thrown.get_error_message()));
  if (!state.empty()) message += cat(" (", state, ")");
  if (failure.code == Code::Internal && !sql.empty())
    message += cat(" in: ", sql.substr(0, kSqlShownMax));
  return Error(failure.code, std::move(message));
}

}  // namespace embrace::db
