#pragma once
// Lane: what the connections of one io thread share. Nothing in it is locked, because that thread
// alone touches it; counters are the exception, read by /metrics.

#include <array>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_set>

#include "http/server.h"

namespace embrace::http {

class Connection;
using SteadyTime = std::chrono::steady_clock::time_point;

// How often deadlines are looked at, and so how late a timeout may be.
inline constexpr std::chrono::milliseconds kTick{200};

// One writer, any reader: an ordinary add, without the lock prefix.
class Counter {
 public:
  void add(std::uint64_t by) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class Lane {
 public:
  Lane(boost::asio::any_io_executor executor, const Settings& settings, const Handler& handler,
       std::atomic<std::uint64_t>& connections_open);

  // Reads the clock, ends the waits that took too long, renews the date.
  void tick();
  // From now on every connection closes after its current response; idle ones close at once.
  void start_draining();
  void close_all();

  std::string next_request_id();

  // Constant after construction.
  const boost::asio::any_io_executor executor;
  const Settings& settings;
  const Handler& handler;
  std::atomic<std::uint64_t>& connections_open;  // of all lanes

  // io thread only.
  std::unordered_set<Connection*> connections;
  SteadyTime now;    // as of the last tick
  std::string date;  // for the Date field
  bool draining = false;

  // Written by the io thread, read by any.
  Counter accepted;
  Counter refused;
  Counter requests;
  Counter bytes_in;
  Counter bytes_out;

 private:
  std::int64_t date_seconds_ = 0;
  std::string id_prefix_;
  std::uint64_t id_next_ = 0;
};

// The deadline of whatever a connection waits for. Moving it is an assignment: the lane's tick
// compares it, so no timer is set or cancelled for a request.
class Watch {
 public:
  explicit Watch(const Lane& lane) : lane_(lane) {}

  void within(std::chrono::seconds time) {
    deadline_ = lane_.now + kTick + time;
    expired_ = false;
  }
  void pause() { deadline_ = SteadyTime::max(); }
  bool expired() const { return expired_; }
  // For the tick: true when the wait has to be cancelled.
  bool check() {
    if (deadline_ > lane_.now) return false;
    expired_ = true;
    return true;
  }

 private:
  const Lane& lane_;
  SteadyTime deadline_ = SteadyTime::max();
  bool expired_ = false;
};

// Whether the other side of a connection keeps up. One that sends or takes a byte now and then
// would hold on to its request, and to the memory behind it, for ever. Measured by the lane's
// clock, which costs nothing to read: a wait counts when a tick falls into it. The time in which we
// did something else does not count.
class Pace {
 public:
  explicit Pace(const Lane& lane) : lane_(lane) {}

  void begin() {
    waited_ = {};
    bytes_ = 0;
  }
  // We waited from `asked` on for these bytes. false: for `over` in all, it was slower than that.
  bool keeps(SteadyTime asked, std::size_t bytes, std::uint64_t bytes_per_second_min,
             std::chrono::seconds over);

 private:
  const Lane& lane_;
  SteadyTime::duration waited_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace embrace::http
