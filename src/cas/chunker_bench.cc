// Cutting noise into chunks, and the rolling hash alone where it never matches. The denominator is
// the plain walk, one byte after the other.

#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "cas/chunker.h"
#include "cas/gear_hash.h"

namespace embrace::cas {
namespace {

std::string noise(std::size_t count) {
  std::mt19937_64 random(1);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

template <auto kFind>
void scan(benchmark::State& state) {
  const std::string bytes = noise(64 << 10);
  for (auto _ : state) {
    std::uint64_t hash = 0;
    benchmark::DoNotOptimize(kFind(hash, bytes, ~std::uint64_t{0}));
  }
  state.SetBytesProcessed(state.iterations() * bytes.size());
}
BENCHMARK(scan<find_gear_match_plainly>)->Name("scan_plainly");
BENCHMARK(scan<find_gear_match>)->Name("scan");

void cut_noise(benchmark::State& state) {
  const std::string bytes = noise(16 << 20);
  for (auto _ : state) {
    Chunker chunker;
    std::size_t chunks = 0;
    for (std::string_view rest = bytes; !rest.empty();) {
      const Chunker::Step step = chunker.next(rest.substr(0, state.range(0)));
      rest.remove_prefix(step.taken);
      chunks += step.is_cut;
    }
    benchmark::DoNotOptimize(chunks);
  }
  state.SetBytesProcessed(state.iterations() * bytes.size());
}
BENCHMARK(cut_noise)->Arg(16 << 20)->Arg(128 << 10)->Arg(4 << 10);

}  // namespace
}  // namespace embrace::cas
