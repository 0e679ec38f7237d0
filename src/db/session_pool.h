#pragma once
// SessionPool: a bounded number of sessions, lent one to a caller. Who waits longest is served
// first: a returned session is handed to that caller, so a busy thread can't keep it for itself.
//
// Threads: safe from any. Ownership: every session is back, or destroyed, before its pool ends.

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "db/location.h"
#include "db/soci_session.h"

namespace embrace::db {

class SessionPool {
 public:
  SessionPool(const Location& location, const Settings& settings, Purpose purpose,
              unsigned sessions_max);

  // With its transaction begun. A session whose connection died while it lay here is replaced,
  // once. Unavailable when all are lent for longer than busy_timeout_ms.
  Result<std::unique_ptr<SociSession>> lend();
  void give_back(std::unique_ptr<SociSession> session);

 private:
  struct Waiter {
    std::condition_variable served;
    std::unique_ptr<SociSession> session;
    bool may_open = false;  // a lost session left room for a new one
  };

  // A session, or null: there is room to open one (already counted in open_).
  Result<std::unique_ptr<SociSession>> take_or_make_room();
  Result<std::unique_ptr<SociSession>> open_counted();
  void leave_room();

  // Constant after construction.
  const Location location_;
  const Settings settings_;
  const Purpose purpose_;
  const unsigned sessions_max_;

  // Guarded.
  std::mutex mutex_;
  unsigned open_ = 0;
  std::vector<std::unique_ptr<SociSession>>
      idle_;  // the latest returned is lent first: its caches are warm
  std::list<Waiter*> waiting_;
};

}  // namespace embrace::db
