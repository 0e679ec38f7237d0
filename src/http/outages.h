#pragma once
// Outages: who could not be reached a moment ago. While a server is away, each request for it would
// hold a thread until its tries are spent, and the threads are shared with work that needs no such
// server. So after one request gave up, the others fail at once, except that one at a time may look
// whether the server is back.
//
// Threads: any.

#include <chrono>
#include <map>
#include <string>

#include "base/result.h"
#include "base/sync.h"

namespace embrace::http {

class Outages {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // How many tries a request to `origin` ("https://host:port") has: `tries_max`, or 1 when it is
  // the one that looks. Unavailable for the others, until that one says how it ended.
  Result<unsigned> admit(const std::string& origin, unsigned tries_max, Time now);
  // `reached`: the server has answered, whatever it said. Otherwise it is let alone until
  // `rest_until`, for the reason `why`.
  void ended(const std::string& origin, bool reached, const std::string& why, Time rest_until);

 private:
  struct Outage {
    Time rest_until;
    std::string why;
  };
  Sync<std::map<std::string, Outage>> outages_;  // only of servers that are away
};

}  // namespace embrace::http
