#include "meta/jobs.h"

#include "base/strings.h"

namespace embrace::meta::jobs {
namespace {

constexpr auto number(State state) { return static_cast<std::int64_t>(state); }

using JobTuple = std::tuple<std::int64_t, std::string, std::string, std::string, std::int64_t, int,
                            std::int64_t, std::optional<std::int64_t>, std::string, std::int64_t>;

Job to_job(JobTuple row) {
  auto& [id, kind, dedupe, json, state, attempts, run_after_ms, lease_until_ms, last_error,
         created_ms] = row;
  return Job{.id = id,
             .kind = std::move(kind),
             .dedupe = std::move(dedupe),
             .json = std::move(json),
             .state = static_cast<State>(state),
             .attempts = attempts,
             .run_after_ms = run_after_ms,
             .lease_until_ms = lease_until_ms,
             .last_error = std::move(last_error),
             .created_ms = created_ms};
}

constexpr std::string_view kColumns =
    "SELECT id, kind, dedupe, json, state, attempts, run_after_ms, lease_until_ms, last_error, "
    "created_ms FROM jobs ";

template <class... Args>
Result<std::vector<Job>> jobs_where(db::Session& session, std::string_view rest,
                                    const Args&... args) {
  const std::string sql = cat(kColumns, rest);
  EMB_TRY(auto rows,
          session.rows<std::int64_t, std::string, std::string, std::string, std::int64_t, int,
                       std::int64_t, std::optional<std::int64_t>, std::string, std::int64_t>(
              sql, args...));
  std::vector<Job> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(to_job(std::move(row)));
  return out;
}

// The next job to run. On PostgreSQL, rows that another worker is claiming are stepped over, so
// that workers do not queue behind one another; SQLite has one writer at a time anyway.
Result<std::optional<Job>> find_runnable(db::Session& session, Millis now_ms) {
  const std::string_view lock = session.is_postgres() ? " FOR UPDATE SKIP LOCKED" : "";
  EMB_TRY(auto orphans,
          jobs_where(
              session,
              cat("WHERE state = :state AND lease_until_ms <= :now ORDER BY lease_until_ms LIMIT 1",
                  lock),
              number(State::Running), now_ms));
  if (!orphans.empty()) return std::move(orphans.front());
  EMB_TRY(auto waiting,
          jobs_where(
              session,
              cat("WHERE state = :state AND run_after_ms <= :now ORDER BY run_after_ms, id LIMIT 1",
                  lock),
              number(State::Waiting), now_ms));
  if (!waiting.empty()) return std::move(waiting.front());
  return std::nullopt;
}

}  // namespace

Status add(db::Session& session, const Job& job) {
  EMB_DO(session.run(
      "INSERT INTO jobs (kind, dedupe, json, state, attempts, run_after_ms, lease_until_ms, "
      "finished_ms, last_error, created_ms) VALUES (:kind, :dedupe, :json, :state, 0, :run_after, "
      "NULL, "
      "NULL, '', :created) ON CONFLICT DO NOTHING",
      job.kind, job.dedupe, job.json, number(State::Waiting), job.run_after_ms, job.created_ms));
  return Done{};
}

Result<std::optional<Job>> claim(db::Session& session, Millis now_ms, Millis lease_ms) {
  EMB_TRY(auto job, find_runnable(session, now_ms));
  if (!job) return std::nullopt;
  // Compare and swap: `attempts` changes with every claim, so of two workers one finds the row
  // changed.
  EMB_TRY(
      auto changed,
      session.run(
          "UPDATE jobs SET state = :running, attempts = attempts + 1, lease_until_ms = :lease "
          "WHERE id = :id AND state = :state AND attempts = :attempts",
          number(State::Running), now_ms + lease_ms, job->id, number(job->state), job->attempts));
  if (changed == 0) return std::nullopt;  // somebody else's; the next call finds another
  job->state = State::Running;
  job->attempts += 1;
  job->lease_until_ms = now_ms + lease_ms;
  return job;
}

Result<bool> renew(db::Session& session, const Job& job, Millis lease_until_ms) {
  EMB_TRY(auto changed,
          session.run("UPDATE jobs SET lease_until_ms = :lease WHERE id = :id AND state = :running "
                      "AND attempts = :attempts",
                      lease_until_ms, job.id, number(State::Running), job.attempts));
  return changed == 1;
}

Result<std::optional<Millis>> next_due(db::Session& session) {
  EMB_TRY(
      auto row,
      session.row<std::optional<std::int64_t>>(
          "SELECT MIN(due) FROM (SELECT MIN(run_after_ms) AS due FROM jobs WHERE state = :waiting "
          "UNION ALL SELECT MIN(lease_until_ms) AS due FROM jobs WHERE state = :running) soonest",
          number(State::Waiting), number(State::Running)));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Status finish(db::Session& session, std::int64_t id, Millis now_ms) {
  EMB_TRY(auto changed,
          session.run("UPDATE jobs SET state = :done, lease_until_ms = NULL, finished_ms = :now "
                      "WHERE id = :id AND state = :running",
                      number(State::Done), now_ms, id, number(State::Running)));
  if (changed == 0) return embrace::fail(Code::Conflict, cat("The job ", id, " is not running."));
  return Done{};
}

Status fail(db::Session& session, std::int64_t id, std::string_view error,
            std::optional<Millis> retry_ms) {
  std::int64_t changed = 0;
  if (retry_ms) {
    // When an equal job waits already, this one ends here: the waiting one does its work.
    EMB_TRY(changed,
            session.run(
                "UPDATE jobs SET state = :waiting, run_after_ms = :retry, lease_until_ms = NULL, "
                "last_error = :error WHERE id = :id AND state = :running AND (dedupe = '' OR NOT "
                "EXISTS "
                "(SELECT 1 FROM jobs w WHERE w.kind = jobs.kind AND w.dedupe = jobs.dedupe AND "
                "w.state = "
                ":waiting AND w.id <> jobs.id))",
                number(State::Waiting), *retry_ms, error, id, number(State::Running)));
    if (changed == 1) return Done{};
  }
  EMB_TRY(
      changed,
      session.run(
          "UPDATE jobs SET state = :failed, finished_ms = COALESCE(lease_until_ms, run_after_ms), "
          "lease_until_ms = NULL, last_error = :error WHERE id = :id AND state = :running",
          number(State::Failed), error, id, number(State::Running)));
  if (changed == 0) return embrace::fail(Code::Conflict, cat("The job ", id, " is not running."));
  return Done{};
}

Result<std::vector<Job>> list(db::Session& session, std::optional<State> state, std::size_t limit) {
  if (state)
    return jobs_where(session, "WHERE state = :state ORDER BY id DESC LIMIT :limit", number(*state),
                      limit);
  return jobs_where(session, "ORDER BY id DESC LIMIT :limit", limit);
}

Status run_again(db::Session& session, std::int64_t id, Millis now_ms) {
  EMB_TRY(auto changed,
          session.run(
              "UPDATE jobs SET state = :waiting, run_after_ms = :now, attempts = 0, "
              "finished_ms = NULL "
              "WHERE id = :id AND (state = :waiting OR (state = :failed AND (dedupe = '' OR NOT "
              "EXISTS (SELECT 1 FROM jobs w WHERE w.kind = jobs.kind AND w.dedupe = jobs.dedupe "
              "AND w.state = :waiting))))",
              number(State::Waiting), now_ms, id, number(State::Failed)));
  if (changed == 1) return Done{};
  EMB_TRY(auto found, jobs_where(session, "WHERE id = :id", id));
  if (found.empty()) return embrace::fail(Code::NotFound, cat("There is no job ", id, "."));
  switch (found[0].state) {
    case State::Running:
      return embrace::fail(Code::Conflict, cat("The job ", id, " is running."));
    case State::Done:
      return embrace::fail(Code::Conflict, cat("The job ", id, " is done."));
    case State::Waiting:
    case State::Failed:
      break;
  }
  return embrace::fail(Code::Conflict, "An equal job waits already.");
}

Status forget_finished(db::Session& session, Millis before_ms) {
  EMB_DO(session.run("DELETE FROM jobs WHERE state IN (:done, :failed) AND finished_ms < :before",
                     number(State::Done), number(State::Failed), before_ms));
  return Done{};
}

}  // namespace embrace::meta::jobs
