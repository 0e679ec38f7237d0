#include "blob/backend_contract.h"

#include "base/time.h"
#include "blob/faulty_backend.h"
#include "blob/local_backend.h"
#include "blob/memory_backend.h"
#include "blob/s3_store_test.h"

namespace embrace::blob {
namespace {

const SystemClock kClock;

std::unique_ptr<Backend> make_local(const std::string& folder) {
  return LocalBackend::open(kBlocking, folder).value();
}

std::unique_ptr<Backend> make_memory(const std::string&) {
  return std::make_unique<MemoryBackend>(kClock);
}

// A wrapper that was told of no faults is as good as what it wraps.
struct OwnMemory {
  MemoryBackend memory{kClock};
};
struct WrappedMemory : private OwnMemory, public FaultyBackend {
  WrappedMemory() : FaultyBackend(memory) {}
};

std::unique_ptr<Backend> make_wrapped(const std::string&) {
  return std::make_unique<WrappedMemory>();
}

INSTANTIATE_TEST_SUITE_P(Local, BackendContract, ::testing::Values(make_local));
INSTANTIATE_TEST_SUITE_P(Memory, BackendContract, ::testing::Values(make_memory));
INSTANTIATE_TEST_SUITE_P(Faulty, BackendContract, ::testing::Values(make_wrapped));

std::vector<BackendMaker> makers_on_s3() {
  if (::testing::s3_is_switched_off()) return {};
  return {make_s3};
}
INSTANTIATE_TEST_SUITE_P(S3, BackendContract, ::testing::ValuesIn(makers_on_s3()));

}  // namespace
}  // namespace embrace::blob
