#pragma once
// Worker: claims jobs from the queue and runs them on the pool, one handler per kind, with lease
// renewal by re-claim, exponential backoff and a limit of attempts. Safe with many nodes: the claim
// is a compare-and-swap in SQL, and handlers are idempotent.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "meta/jobs.h"
#include "rt/blocking.h"

namespace embrace::jobs {

using Handler = std::function<Status(rt::Blocking, const meta::jobs::Job&)>;

class Worker {
 public:
  Worker(db::Database& database, Clock& clock, unsigned threads = 1);
  ~Worker();                                       // stop()
  void handle(std::string kind, Handler handler);  // before start()
  // Repeats: adds a job of this kind every `every_ms` (one waiting at a time).
  void schedule(std::string kind, Millis every_ms);
  void start();
  void stop();  // finishes the job in hand
  void wake();  // a job was just added
  // Runs everything that is due now on this thread, for tests and `embrace admin`.
  Status run_due(rt::Blocking);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::jobs
