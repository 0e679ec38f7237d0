// BLAKE3 beside SHA-256, on one thread, for each generation of processors that this one knows.

#include <benchmark/benchmark.h>
#include <hwy/highway.h>

#include <random>
#include <string>
#include <vector>

#include "crypto/blake3.h"
#include "crypto/sha256.h"

namespace embrace::crypto {
namespace {

std::string noise(std::size_t count) {
  std::mt19937_64 random(1);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void sha256_whole(benchmark::State& state) {
  const std::string bytes = noise(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sha256_whole)->Arg(64 << 10)->Arg(1 << 20);

void blake3_whole(benchmark::State& state, std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  const std::string bytes = noise(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(blake3(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
  hwy::SetSupportedTargetsForTest(0);
}

// Messages as chunks of files are: 8 to 128 KiB, of any length.
void blake3_of_chunks(benchmark::State& state, std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  const std::string bytes = noise(4 << 20);
  std::mt19937 random(2);
  std::vector<std::string_view> messages;
  for (std::string_view rest = bytes; !rest.empty();) {
    messages.push_back(rest.substr(0, 8192 + random() % (120 << 10)));
    rest.remove_prefix(messages.back().size());
  }
  std::vector<Blake3Hash> out(messages.size());
  for (auto _ : state) {
    blake3_keyed_many({}, messages, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * bytes.size());
  hwy::SetSupportedTargetsForTest(0);
}

// Messages as a tree's nodes are: a line for each of 3 to 9 children.
void blake3_of_tree_nodes(benchmark::State& state, std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  const std::string bytes = noise(1 << 16);
  std::mt19937 random(3);
  std::vector<std::string_view> messages;
  for (int i = 0; i < 200; ++i) {
    messages.push_back(std::string_view(bytes).substr(random() % 1000, 73 * (3 + random() % 7)));
  }
  std::vector<Blake3Hash> out(messages.size());
  for (auto _ : state) {
    blake3_keyed_many({}, messages, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * messages.size());
  hwy::SetSupportedTargetsForTest(0);
}

const bool registered = [] {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const std::string name = hwy::TargetName(target);
    benchmark::RegisterBenchmark(("blake3_whole/" + name).c_str(), blake3_whole, target)
        ->Arg(64 << 10)
        ->Arg(1 << 20);
    benchmark::RegisterBenchmark(("blake3_of_chunks/" + name).c_str(), blake3_of_chunks, target);
    benchmark::RegisterBenchmark(("blake3_of_tree_nodes/" + name).c_str(), blake3_of_tree_nodes,
                                 target);
  }
  return true;
}();

}  // namespace
}  // namespace embrace::crypto
