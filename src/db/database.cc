#include "db/database.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "db/change_watch.h"
#include "db/location.h"
#include "db/session_pool.h"
#include "db/soci_session.h"

namespace embrace::db {
namespace {

constexpr unsigned kFirstRetryMicros = 1000;    // doubles with each attempt ...
constexpr unsigned kLastRetryMicros = 200'000;  // ... up to here

// The file holds hashes of passwords and tokens, so it is made for its owner alone. SQLite gives
// the -wal and -shm files beside it the same rights.
Status make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(errno_error(errno, cat("open the database ", path)));
  File closes_itself(fd);
  return Done{};
}

void sleep_before(unsigned attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const unsigned most = std::min(kFirstRetryMicros << attempt, kLastRetryMicros);
  std::uniform_int_distribution<unsigned> jitter(most / 4, most);
  std::this_thread::sleep_for(std::chrono::microseconds(jitter(random)));
}

}  // namespace

struct Database::Impl {
  Impl(Location where, const Settings& given)
      : location(std::move(where)),
        settings(given),
        readers(location, given, Purpose::Read, std::max(given.read_sessions_max, 1u)),
        // SQLite has one writer at a time; a queue of ours wakes the next at once, its own would
        // poll.
        writers(location, given, Purpose::Write,
                location.dialect == Dialect::Sqlite ? 1 : std::max(given.read_sessions_max, 1u)) {}

  const Location location;
  const Settings settings;
  std::unique_ptr<const ChangeWatch> change_watch;  // null: PostgreSQL
  SessionPool readers;
  SessionPool writers;

  // A connection of its own: PRAGMA data_version tells of the commits of all others.
  std::mutex watcher_mutex;
  std::unique_ptr<SociSession> watcher;
};

Result<std::unique_ptr<Database>> Database::open(rt::Blocking blocking, Settings settings) {
  EMB_TRY(auto location, parse_url(settings.url));
  if (location.dialect == Dialect::Sqlite) EMB_DO(make_private_file(location.path));
  std::unique_ptr<Database> database(
      new Database(std::make_unique<Impl>(std::move(location), settings)));
  // The first writer sets up the file (WAL), or finds out now that there is no server.
  EMB_TRY(auto first, database->lease_writer(blocking));
  first.roll_back();
  auto& impl = *database->impl_;
  if (impl.location.dialect == Dialect::Sqlite) {
    auto watch = ChangeWatch::open(impl.location, impl.settings);
    if (watch)
      impl.change_watch = *std::move(watch);
    else
      log::warn("caches of rows are off", {{"reason", watch.error().message()}});
  }
  return database;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Dialect Database::dialect() const { return impl_->location.dialect; }

std::optional<ChangeStamp> Database::change_stamp() const {
  return impl_->change_watch ? impl_->change_watch->look() : std::nullopt;
}

Result<std::int64_t> Database::data_version(rt::Blocking) {
  if (dialect() != Dialect::Sqlite)
    return fail(Code::NotBuilt, "only SQLite counts the commits of others");
  std::lock_guard lock(impl_->watcher_mutex);
  auto& watcher = impl_->watcher;
  if (!watcher || watcher->is_lost()) {
    EMB_TRY(watcher, SociSession::open(impl_->location, impl_->settings, Purpose::Read));
  }
  auto row = watcher->row<std::int64_t>("PRAGMA data_version");
  if (!row) {
    watcher.reset();
    return fail(std::move(row).error());
  }
  return std::get<0>(row->value());
}

Result<Database::Lease> Database::lease_reader(rt::Blocking) {
  EMB_TRY(auto session, impl_->readers.lend());
  return Lease(*impl_, std::move(session), false);
}

Result<Database::Lease> Database::lease_writer(rt::Blocking) {
  EMB_TRY(auto session, impl_->writers.lend());
  return Lease(*impl_, std::move(session), true);
}

bool Database::should_retry(Lease& lease, unsigned attempt) {
  const bool wanted = static_cast<SociSession&>(lease.session()).should_begin_again();
  if (!wanted || attempt >= kWriteAttemptsMax) return false;
  lease.give_back();  // others use the session while we sleep
  sleep_before(attempt);
  return true;
}

Database::Lease::Lease(Impl& impl, std::unique_ptr<Session> session, bool writes)
    : impl_(&impl), session_(std::move(session)), writes_(writes) {}

Database::Lease::Lease(Lease&&) noexcept = default;

Database::Lease::~Lease() { give_back(); }

Status Database::Lease::commit() {
  EMB_DO(static_cast<SociSession&>(*session_).commit());
  finished_ = true;
  return Done{};
}

void Database::Lease::roll_back() {
  static_cast<SociSession&>(*session_).roll_back();
  finished_ = true;
}

void Database::Lease::give_back() {
  if (!session_) return;
  if (!finished_) roll_back();
  std::unique_ptr<SociSession> session(static_cast<SociSession*>(session_.release()));
  (writes_ ? impl_->writers : impl_->readers).give_back(std::move(session));
}

}  // namespace embrace::db
