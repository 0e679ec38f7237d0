#pragma once
// Permits bound how many git processes run at once, for fetches and for pushes. Taking one never
// waits: a full house answers 503 with Retry-After, and clients come again.

#include <atomic>
#include <memory>

#include "base/result.h"
#include "hub/settings.h"

namespace embrace::api {

class Permit {
 public:
  explicit Permit(std::atomic<std::uint32_t>* taken) : taken_(taken) {}
  Permit(Permit&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Permit& operator=(Permit&&) = delete;
  ~Permit() {
    if (taken_) taken_->fetch_sub(1);
  }

 private:
  std::atomic<std::uint32_t>* taken_;
};

class Permits {
 public:
  explicit Permits(std::uint32_t most) : most_(most) {}
  Result<Permit> take() {
    if (taken_.fetch_add(1) < most_) return Permit(&taken_);
    taken_.fetch_sub(1);
    return std::unexpected(
        Error(Code::Unavailable, "Too many git operations are running: try again shortly")
            .with("retry_after", "2"));
  }

 private:
  const std::uint32_t most_;
  std::atomic<std::uint32_t> taken_{0};
};

// One set each for the whole process; the first call's settings fix the size.
Permits& fetch_permits(const hub::Settings& settings);
Permits& push_permits(const hub::Settings& settings);

}  // namespace embrace::api
