#include "db/session_pool.h"

#include <utility>

#include "base/strings.h"

namespace embrace::db {

SessionPool::SessionPool(const Location& location, const Settings& settings, Purpose purpose,
                         unsigned sessions_max)
    : location_(location), settings_(settings), purpose_(purpose), sessions_max_(sessions_max) {}

Result<std::unique_ptr<SociSession>> SessionPool::lend() {
  EMB_TRY(auto session, take_or_make_room());
  if (!session) {
    EMB_TRY(session, open_counted());
  } else if (auto begun = session->begin(); begun) {
    return session;
  } else if (!session->is_lost()) {
    give_back(std::move(session));
    return fail(std::move(begun).error());
  } else {  // the server restarted, or the network gave up, while the session lay idle
    session.reset();
    EMB_TRY(session, open_counted());
  }
  if (auto begun = session->begin(); !begun) {
    give_back(std::move(session));
    return fail(std::move(begun).error());
  }
  return session;
}

Result<std::unique_ptr<SociSession>> SessionPool::take_or_make_room() {
  std::unique_lock lock(mutex_);
  if (!idle_.empty()) {
    auto session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }
  if (open_ < sessions_max_) {
    ++open_;
    return nullptr;
  }
  Waiter me;
  const auto place = waiting_.insert(waiting_.end(), &me);
  const auto is_served = [&] { return me.session || me.may_open; };
  if (!me.served.wait_for(lock, std::chrono::milliseconds(settings_.busy_timeout_ms), is_served)) {
    waiting_.erase(place);
    return fail(Code::Unavailable,
                cat("all ", sessions_max_, purpose_ == Purpose::Write ? " writing" : " reading",
                    " database sessions are busy: try again later"));
  }
  return std::move(me.session);
}

Result<std::unique_ptr<SociSession>> SessionPool::open_counted() {
  auto session = SociSession::open(location_, settings_, purpose_);
  if (!session) leave_room();
  return session;
}

void SessionPool::give_back(std::unique_ptr<SociSession> session) {
  if (session->is_lost()) {
    session.reset();  // outside the lock: closing may talk to the server
    leave_room();
    return;
  }
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    idle_.push_back(std::move(session));
    return;
  }
  Waiter& first = *waiting_.front();
  waiting_.pop_front();
  first.session = std::move(session);
  first.served.notify_one();  // under the lock: the waiter may vanish as soon as it is released
}

void SessionPool::leave_room() {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    --open_;
    return;
  }
  Waiter& first = *waiting_.front();
  waiting_.pop_front();
  first.may_open = true;
  first.served.notify_one();
}

}  // namespace embrace::db
