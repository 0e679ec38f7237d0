#pragma once
// Database: SQL for everybody, on SQLite (WAL; default) or PostgreSQL 15+. Two dialects, one code.
//
//   auto status = database.write(blocking, [&](db::Session& s) -> Status {
//     EMB_TRY(auto changed, s.run("UPDATE refs SET oid = :oid WHERE repo_id = :repo", oid,
//     repo_id));
//     ...
//   });
//
// SQL text uses :named parameters, bound in the order in which they first appear. Parameter types:
// std::int64_t (and other integers), double, bool (stored as 0/1), std::string / string_view, and
// std::optional of those. Column types of rows(): std::int64_t, double, std::string, and
// std::optional of those for columns that may be NULL.
//
// Errors: a unique or foreign-key violation is Conflict; a busy or lost database Unavailable; text
// that holds a NUL byte InvalidArgument. A failed statement spoils its transaction, in both
// dialects: later statements fail with the same error and so does the commit, so a function returns
// such an error, and writes that may meet a twin say ON CONFLICT. Isolation: read() sees one
// snapshot. write() is alone on SQLite; on PostgreSQL it is REPEATABLE READ, so a row that somebody
// else changed meanwhile makes it start again, but rows that were only read are not watched: a
// write that depends on a row updates that row (compare-and-swap). Threads: read() and write() from
// any pool thread. SQLite writers queue behind one lock; a write() inside a write() of the same
// thread waits for itself until it is Unavailable.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "db/session.h"
#include "rt/blocking.h"

namespace embrace::db {

struct Settings {
  // "sqlite:///path/to/file.db" or "postgresql://user:password@host:port/name"
  std::string url;
  unsigned read_sessions_max = 8;
  unsigned busy_timeout_ms = 10'000;
  bool sync_every_commit =
      true;  // SQLite: synchronous=FULL; false: NORMAL (may lose the last commits on power loss)
};

// What a SQLite database looked like at some moment: equal to another stamp when nobody, other
// processes included, has committed in between.
struct ChangeStamp {
  std::array<std::uint32_t, 12> words{};
  bool operator==(const ChangeStamp&) const = default;
};

enum class Dialect : std::uint8_t { Sqlite, Postgres };

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(rt::Blocking, Settings settings);
  ~Database();

  Dialect dialect() const;

  // fn: Result<T>(Session&), inside one read transaction (a snapshot).
  template <class F>
  std::invoke_result_t<F&, Session&> read(rt::Blocking blocking, F fn) {
    auto lease = lease_reader(blocking);
    if (!lease) return std::unexpected(std::move(lease).error());
    return finish(*lease, fn(lease->session()));
  }

  // fn: Result<T>(Session&), inside one write transaction: committed when fn returns a value,
  // rolled back when it returns an error or throws. Serialization failures are retried with a fresh
  // transaction (so fn must be safe to run again), at most kWriteAttemptsMax times.
  template <class F>
  std::invoke_result_t<F&, Session&> write(rt::Blocking blocking, F fn) {
    for (unsigned attempt = 1;; ++attempt) {
      auto lease = lease_writer(blocking);
      if (!lease) return std::unexpected(std::move(lease).error());
      auto result = finish(*lease, fn(lease->session()));
      if (result || !should_retry(*lease, attempt)) return result;
    }
  }

  static constexpr unsigned kWriteAttemptsMax = 10;

  // SQLite: a number that differs from its last answer when anybody, other processes too, has
  // committed since. PostgreSQL has none: NotBuilt.
  Result<std::int64_t> data_version(rt::Blocking);

  // For caches: take a stamp, read, and keep what was read with the stamp; it is current as long as
  // a fresh stamp equals that one. Waits for nothing, so io threads may ask. nullopt on PostgreSQL,
  // where nothing can be known without asking.
  std::optional<ChangeStamp> change_stamp() const;

 private:
  struct Impl;
  // A session on loan with its transaction begun; rolls back when dropped unfinished.
  class Lease {
   public:
    Lease(Impl& impl, std::unique_ptr<Session> session, bool writes);
    Lease(Lease&&) noexcept;
    ~Lease();
    Session& session() { return *session_; }
    Status commit();
    void roll_back();
    void give_back();

   private:
    Impl* impl_;
    std::unique_ptr<Session> session_;
    bool writes_;
    bool finished_ = false;
  };

  template <class R>
  static R finish(Lease& lease, R result) {
    if (!result) {
      lease.roll_back();
      return result;
    }
    if (auto done = lease.commit(); !done) return std::unexpected(std::move(done).error());
    return result;
  }

  explicit Database(std::unique_ptr<Impl> impl);
  Result<Lease> lease_reader(rt::Blocking);
  Result<Lease> lease_writer(rt::Blocking);
  static bool should_retry(Lease& lease, unsigned attempt);  // sleeps with jitter before saying yes

  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::db
