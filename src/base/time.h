#pragma once
// Time and randomness are passed in, so that tests own them.

#include <chrono>
#include <cstdint>
#include <string>

namespace embrace {

// Milliseconds since 1970 in UTC: how every row and every wire format of ours counts.
using Millis = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Millis now_ms() const = 0;
};

// Threads: safe from any.
class SystemClock : public Clock {
 public:
  Millis now_ms() const override;
};

// "2024-05-03T10:11:12.000Z": the only form the Python client can read.
std::string to_iso8601(Millis time);

}  // namespace embrace
