#include "blob/faulty_backend.h"

#include <utility>

namespace embrace::blob {

class FaultyWriter : public Writer {
 public:
  FaultyWriter(FaultyBackend& backend, std::unique_ptr<Writer> below)
      : backend_(backend), below_(std::move(below)) {}

  Status write(rt::Blocking blocking, std::string_view bytes) override {
    EMB_DO(backend_.ask(FaultyBackend::Operation::Write));
    return below_->write(blocking, bytes);
  }
  Status commit(rt::Blocking blocking, const Key& key) override {
    EMB_DO(backend_.ask(FaultyBackend::Operation::Commit));
    return below_->commit(blocking, key);
  }
  void expect_no_reader() override { below_->expect_no_reader(); }
  std::uint64_t written_bytes() const override { return below_->written_bytes(); }

 private:
  FaultyBackend& backend_;
  std::unique_ptr<Writer> below_;
};

void FaultyBackend::fail_at(Operation operation, std::uint64_t skip, Error error) {
  state_.with(
      [&](State& state) { state.plans.insert_or_assign(operation, Plan{skip, std::move(error)}); });
}

void FaultyBackend::fail_randomly(std::uint64_t seed, unsigned one_in) {
  state_.with([&](State& state) {
    state.random.seed(seed);
    state.one_in = one_in;
  });
}

std::uint64_t FaultyBackend::failures() const {
  return state_.with([](const State& state) { return state.failures; });
}

Status FaultyBackend::ask(Operation operation) {
  return state_.with([&](State& state) -> Status {
    if (const auto plan = state.plans.find(operation); plan != state.plans.end()) {
      if (plan->second.skip == 0) {
        Error error = std::move(plan->second.error);
        state.plans.erase(plan);
        ++state.failures;
        return fail(std::move(error));
      }
      --plan->second.skip;
    }
    if (state.one_in > 0 && state.random() % state.one_in == 0) {
      ++state.failures;
      return fail(Code::Unavailable, "the storage is away (on purpose, by seed)");
    }
    return Done{};
  });
}

Result<Stat> FaultyBackend::stat(rt::Blocking blocking, const Key& key) {
  EMB_DO(ask(Operation::Stat));
  return below_.stat(blocking, key);
}

Result<rt::Content> FaultyBackend::open(rt::Blocking blocking, const Key& key, std::uint64_t offset,
                                        std::uint64_t length) {
  EMB_DO(ask(Operation::Open));
  return below_.open(blocking, key, offset, length);
}

Status FaultyBackend::read(rt::Blocking blocking, const Key& key, std::uint64_t offset,
                           std::uint64_t length,
                           const std::function<Status(std::string_view)>& take) {
  return below_.read(blocking, key, offset, length, [&](std::string_view piece) -> Status {
    EMB_DO(ask(Operation::Read));
    return take(piece);
  });
}

Result<std::unique_ptr<Writer>> FaultyBackend::create(rt::Blocking blocking) {
  EMB_DO(ask(Operation::Create));
  EMB_TRY(auto writer, below_.create(blocking));
  return std::make_unique<FaultyWriter>(*this, std::move(writer));
}

Status FaultyBackend::remove(rt::Blocking blocking, const Key& key) {
  EMB_DO(ask(Operation::Remove));
  return below_.remove(blocking, key);
}

Result<Listing> FaultyBackend::list(rt::Blocking blocking, std::string_view prefix,
                                    std::string_view after, std::size_t limit) {
  EMB_DO(ask(Operation::List));
  return below_.list(blocking, prefix, after, limit);
}

}  // namespace embrace::blob
