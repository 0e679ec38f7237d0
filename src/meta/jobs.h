#pragma once
// The jobs table: durable work, claimed with a lease, retried with backoff, visible to the admin.

#include <optional>
#include <string>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::jobs {

enum class State : std::uint8_t { Waiting = 0, Running = 1, Done = 2, Failed = 3 };

struct Job {
  std::int64_t id = 0;
  std::string kind;    // "git.fold", "lfs.expire_parts" ...
  std::string dedupe;  // one waiting job per (kind, dedupe) when not empty
  std::string json;    // arguments
  State state = State::Waiting;
  int attempts = 0;
  Millis run_after_ms = 0;
  std::optional<Millis> lease_until_ms;
  std::string last_error;
  Millis created_ms = 0;
};

Status add(db::Session&, const Job& job);  // succeeds silently when an equal one is waiting
Result<std::optional<Job>> claim(db::Session&, Millis now_ms,
                                 Millis lease_ms);  // oldest runnable; also expired leases
// Keeps a claimed job longer; false when the claim was lost (the lease had ended and another worker
// took it).
Result<bool> renew(db::Session&, const Job& job, Millis lease_until_ms);
// When the next job becomes runnable, or its lease ends; nullopt when nothing waits or runs.
Result<std::optional<Millis>> next_due(db::Session&);
Status finish(db::Session&, std::int64_t id, Millis now_ms);
// Back to Waiting at `retry_ms`; Failed when nullopt, or when an equal job waits already.
Status fail(db::Session&, std::int64_t id, std::string_view error, std::optional<Millis> retry_ms);
Result<std::vector<Job>> list(db::Session&, std::optional<State> state, std::size_t limit);
// A job that failed, or that waits for a later time, is due at `now_ms`. Conflict when it runs or
// is done, or when an equal one waits already; NotFound.
Status run_again(db::Session&, std::int64_t id, Millis now_ms);
Status forget_finished(db::Session&, Millis before_ms);

}  // namespace embrace::meta::jobs
