#pragma once
// ChangeWatch: whether a SQLite database has changed, told without asking SQLite.
//
// SQLite's processes share the index of the write-ahead log through a mapped file, and its first
// 48 bytes (WalIndexHdr, documented in "WAL-mode File Format") are replaced by each commit before
// that commit returns: a counter, the log's length and checksums. So whoever remembers those bytes
// knows with one look at memory whether anything was committed since, by whichever process.
//
// The look is one at SQLite's own mapping. We must not map the file ourselves: closing our
// descriptor would drop the locks that SQLite holds on the same file (POSIX locks belong to the
// process). The mapping lives as long as a connection that uses it, so we keep one for nothing
// else.
//
// Threads: look() from any, at any time; it never waits.

#include <cstdint>
#include <memory>
#include <optional>

#include "db/database.h"
#include "db/soci_session.h"

namespace embrace::db {

class ChangeWatch {
 public:
  // After a connection has made the database a WAL one.
  static Result<std::unique_ptr<ChangeWatch>> open(const Location& location,
                                                   const Settings& settings);

  // nullopt when the bytes are not what this version of the format promises.
  std::optional<ChangeStamp> look() const;

 private:
  explicit ChangeWatch(std::unique_ptr<SociSession> anchor) : anchor_(std::move(anchor)) {}

  // Constant after construction.
  std::unique_ptr<SociSession> anchor_;        // keeps the mapping
  const std::uint32_t* log_header_ = nullptr;  // in the mapping; other processes write it
};

}  // namespace embrace::db
