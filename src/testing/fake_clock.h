#pragma once
// FakeClock: time that moves only when the test says so.

#include <atomic>

#include "base/time.h"

namespace testing {

class FakeClock : public embrace::Clock {
 public:
  embrace::Millis now_ms() const override { return now_.load(); }
  void advance_ms(embrace::Millis by) { now_ += by; }

 private:
  std::atomic<embrace::Millis> now_{1'700'000'000'000};
};

}  // namespace testing
