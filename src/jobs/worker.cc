#include "jobs/worker.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"

namespace embrace::jobs {
namespace {

using meta::jobs::Job;

constexpr Millis kLeaseMs = 60'000;       // a worker that dies holds its job for this long
constexpr Millis kRenewEveryMs = 20'000;  // so a lease survives two renewals that fail
constexpr Millis kPollEveryMs = 5'000;    // other nodes add jobs too, and can't wake us
constexpr Millis kRetryFirstMs = 10'000;  // then four times as long each time
constexpr int kAttemptsMax = 5;
constexpr std::size_t kErrorBytesMax = 2'000;

Millis retry_delay_ms(int attempts) {
  Millis delay = kRetryFirstMs;
  for (int i = 1; i < attempts; ++i) delay *= 4;
  return delay;
}

}  // namespace

struct Worker::Impl {
  Impl(db::Database& db, Clock& time, unsigned count)
      : database(db), clock(time), thread_count(count) {}

  struct Schedule {
    std::string kind;
    Millis every_ms;
    Millis next_ms;
  };

  // Constant after start().
  db::Database& database;
  Clock& clock;
  const unsigned thread_count;
  std::unordered_map<std::string, Handler> handlers;
  std::vector<std::thread> threads;

  // Guarded by `mutex`.
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::uint64_t wakes = 0;
  std::vector<Schedule> schedules;
  std::map<std::int64_t, Job> in_hand;  // by id: whose leases to renew

  Status add_scheduled(rt::Blocking blocking);
  Result<std::optional<Job>> claim(rt::Blocking blocking);
  Status run(rt::Blocking blocking, const Job& job);
  Status call_handler(rt::Blocking blocking, const Job& job);
  Result<bool> run_next(rt::Blocking blocking);
  void renew_leases(rt::Blocking blocking);
  void work(rt::Blocking blocking);
  void keep_leases(rt::Blocking blocking);
  Millis pause_ms(rt::Blocking blocking);
};

// Adds what the schedules owe. A job that still waits from the last time is not added again.
Status Worker::Impl::add_scheduled(rt::Blocking blocking) {
  const Millis now_ms = clock.now_ms();
  std::vector<std::string> due;
  {
    std::lock_guard lock(mutex);
    for (auto& schedule : schedules) {
      if (schedule.next_ms > now_ms) continue;
      schedule.next_ms = now_ms + schedule.every_ms;
      due.push_back(schedule.kind);
    }
  }
  if (due.empty()) return Done{};
  return database.write(blocking, [&](db::Session& session) -> Status {
    for (const auto& kind : due) {
      EMB_DO(meta::jobs::add(session, Job{.kind = kind,
                                          .dedupe = kind,
                                          .json = "{}",
                                          .run_after_ms = now_ms,
                                          .lease_until_ms = {},
                                          .last_error = {},
                                          .created_ms = now_ms}));
    }
    return Done{};
  });
}

Result<std::optional<Job>> Worker::Impl::claim(rt::Blocking blocking) {
  const Millis now_ms = clock.now_ms();
  // Look before taking SQLite's only write lock: most looks find nothing.
  EMB_TRY(auto due, database.read(blocking, [](db::Session& session) {
    return meta::jobs::next_due(session);
  }));
  if (!due || *due > now_ms) return std::nullopt;
  return database.write(
      blocking, [&](db::Session& session) { return meta::jobs::claim(session, now_ms, kLeaseMs); });
}

// The wall around a job: whatever goes wrong inside becomes its error.
Status Worker::Impl::call_handler(rt::Blocking blocking, const Job& job) {
  if (job.attempts > kAttemptsMax)
    return fail(Code::Internal, "Its worker stopped in the middle, every time.");
  const auto handler = handlers.find(job.kind);
  if (handler == handlers.end())
    return fail(Code::NotBuilt, cat("Nothing here handles jobs of kind ", job.kind, "."));
  try {
    return handler->second(blocking, job);
  } catch (const std::exception& problem) {
    return fail(Code::Internal, problem.what());
  }
}

Status Worker::Impl::run(rt::Blocking blocking, const Job& job) {
  {
    std::lock_guard lock(mutex);
    in_hand.emplace(job.id, job);
  }
  const Status outcome = call_handler(blocking, job);
  {
    std::lock_guard lock(mutex);
    in_hand.erase(job.id);
  }
  changed.notify_all();  // keep_leases() may be waiting for the last one
  const Millis now_ms = clock.now_ms();
  if (outcome) {
    return database.write(blocking, [&](db::Session& session) {
      return meta::jobs::finish(session, job.id, now_ms);
    });
  }
  std::string error = outcome.error().message().substr(0, kErrorBytesMax);
  if (!is_valid_utf8(error)) error = "(an error message that is not UTF-8)";
  std::optional<Millis> retry_ms;
  if (job.attempts < kAttemptsMax && outcome.error().code() != Code::NotBuilt) {
    retry_ms = now_ms + retry_delay_ms(job.attempts);
  }
  log::warn(retry_ms ? "a job failed and will be tried again" : "a job failed for good",
            {{"job", job.id}, {"kind", job.kind}, {"attempt", job.attempts}, {"error", error}});
  return database.write(blocking, [&](db::Session& session) {
    return meta::jobs::fail(session, job.id, error, retry_ms);
  });
}

// One job, if one is due. A Conflict means that our lease had ended and the job was another's by
// then.
Result<bool> Worker::Impl::run_next(rt::Blocking blocking) {
  EMB_TRY(auto job, claim(blocking));
  if (!job) return false;
  if (auto recorded = run(blocking, *job); !recorded) {
    if (recorded.error().code() != Code::Conflict) return fail(std::move(recorded).error());
    log::warn("a job outlived its lease", {{"job", job->id}, {"kind", job->kind}});
  }
  return true;
}

void Worker::Impl::renew_leases(rt::Blocking blocking) {
  std::map<std::int64_t, Job> jobs;
  {
    std::lock_guard lock(mutex);
    jobs = in_hand;
  }
  const Millis until_ms = clock.now_ms() + kLeaseMs;
  for (const auto& [id, job] : jobs) {
    auto renewed = database.write(
        blocking, [&](db::Session& session) { return meta::jobs::renew(session, job, until_ms); });
    if (!renewed)
      log::warn("could not renew a job's lease",
                {{"job", id}, {"error", renewed.error().message()}});
  }
}

Millis Worker::Impl::pause_ms(rt::Blocking blocking) {
  auto due =
      database.read(blocking, [](db::Session& session) { return meta::jobs::next_due(session); });
  const Millis now_ms = clock.now_ms();
  Millis pause = kPollEveryMs;
  if (due && *due) pause = std::min(pause, **due - now_ms);
  std::lock_guard lock(mutex);
  for (const auto& schedule : schedules) pause = std::min(pause, schedule.next_ms - now_ms);
  return std::max<Millis>(pause, 1);
}

void Worker::Impl::work(rt::Blocking blocking) {
  for (;;) {
    std::uint64_t seen;
    {
      std::lock_guard lock(mutex);
      if (stopping) return;
      seen = wakes;
    }
    Millis pause = 1;
    try {
      auto added = add_scheduled(blocking);
      auto ran = added ? run_next(blocking) : Result<bool>(std::unexpected(added.error()));
      if (ran && *ran) continue;
      if (!ran) {
        log::error("the job queue can't be read", {{"error", ran.error().message()}});
        pause = kPollEveryMs;
      } else {
        pause = pause_ms(blocking);
      }
    } catch (const std::exception& problem) {
      log::error("a job worker stumbled", {{"error", problem.what()}});
      pause = kPollEveryMs;
    }
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::milliseconds(pause),
                     [&] { return stopping || wakes != seen; });
  }
}

// Ends when nothing is in hand any more, so that a long last job keeps its lease while stop() waits
// for it.
void Worker::Impl::keep_leases(rt::Blocking blocking) {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, std::chrono::milliseconds(kRenewEveryMs),
                       [&] { return stopping && in_hand.empty(); });
      if (stopping && in_hand.empty()) return;
    }
    try {
      renew_leases(blocking);
    } catch (const std::exception& problem) {
      log::error("could not renew leases", {{"error", problem.what()}});
    }
  }
}

Worker::Worker(db::Database& database, Clock& clock, unsigned threads)
    : impl_(std::make_unique<Impl>(database, clock, threads)) {}

Worker::~Worker() { stop(); }

void Worker::handle(std::string kind, Handler handler) {
  EMB_CHECK(impl_->threads.empty(), "handlers are added before start()");
  impl_->handlers[std::move(kind)] = std::move(handler);
}

void Worker::schedule(std::string kind, Millis every_ms) {
  EMB_CHECK(every_ms > 0, "a schedule has a period");
  const Millis now_ms = impl_->clock.now_ms();
  std::lock_guard lock(impl_->mutex);
  impl_->schedules.push_back({std::move(kind), every_ms, now_ms});
}

void Worker::start() {
  EMB_CHECK(impl_->threads.empty(), "a worker is started once");
  // These threads are ours alone and may wait as long as they like: what Blocking asks for.
  const auto blocking = rt::Blocking::on_main_thread();
  for (unsigned i = 0; i < impl_->thread_count; ++i) {
    impl_->threads.emplace_back([impl = impl_.get(), blocking] { impl->work(blocking); });
  }
  impl_->threads.emplace_back([impl = impl_.get(), blocking] { impl->keep_leases(blocking); });
}

void Worker::stop() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  for (auto& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

void Worker::wake() {
  {
    std::lock_guard lock(impl_->mutex);
    ++impl_->wakes;
  }
  impl_->changed.notify_all();
}

Status Worker::run_due(rt::Blocking blocking) {
  EMB_DO(impl_->add_scheduled(blocking));
  for (;;) {
    EMB_TRY(const bool ran, impl_->run_next(blocking));
    if (!ran) return Done{};
  }
}

}  // namespace embrace::jobs
