#pragma once
// FaultyBackend wraps another backend and fails on purpose, by script or by seed. For tests of what
// stands above: whatever fails, nothing half-done may be visible.
//
//   backend.fail_at(Operation::Write, 2);        // the third write from now fails, once
//   backend.fail_randomly(seed, 10);             // about every tenth call fails; print the seed
//
// A failing call does nothing below. Threads: any. Ownership: the backend below outlives this one.

#include <cstdint>
#include <map>
#include <memory>
#include <random>

#include "base/sync.h"
#include "blob/backend.h"

namespace embrace::blob {

class FaultyBackend : public Backend {
 public:
  enum class Operation : std::uint8_t { Stat, Open, Read, Create, Write, Commit, Remove, List };

  explicit FaultyBackend(Backend& below) : below_(below) {}

  // The call after `skip` more of its kind fails with `error`, once. Replaces the plan of that
  // kind.
  void fail_at(Operation operation, std::uint64_t skip,
               Error error = Error(Code::Unavailable, "the disk is full (on purpose)"));
  // One in `one_in` calls of any kind fails; 0 ends it.
  void fail_randomly(std::uint64_t seed, unsigned one_in);
  std::uint64_t failures() const;

  Result<Stat> stat(rt::Blocking, const Key& key) override;
  Result<rt::Content> open(rt::Blocking, const Key& key, std::uint64_t offset,
                           std::uint64_t length) override;
  // Asks before every piece, so that a plan can stop a read in its middle.
  Status read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
              const std::function<Status(std::string_view)>& take) override;
  Result<std::unique_ptr<Writer>> create(rt::Blocking) override;
  Status remove(rt::Blocking, const Key& key) override;
  Result<Listing> list(rt::Blocking, std::string_view prefix, std::string_view after,
                       std::size_t limit) override;

 private:
  friend class FaultyWriter;

  struct Plan {
    std::uint64_t skip = 0;
    Error error;
  };
  struct State {
    std::map<Operation, Plan> plans;
    std::mt19937_64 random;
    unsigned one_in = 0;
    std::uint64_t failures = 0;
  };

  Status ask(Operation operation);

  Backend& below_;
  Sync<State> state_;
};

}  // namespace embrace::blob
