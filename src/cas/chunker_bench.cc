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

template <typename Find>
void scan(benchmark::State& state, Find find) {
  const std::string bytes = noise(64 << 10);
  for (auto _ : state) {
    std::uint64_t hash = 0;
    benchmark::DoNotOptimize(find(hash, bytes, ~std::uint64_t{0}));
  }
  state.SetBytesProcessed(state.iterations() * bytes.size());
}
BENCHMARK_CAPTURE(scan, plainly, find_gear_match_plainly);
BENCHMARK_CAPTURE(scan, fastest, find_gear_match);

// In registers, then each of strip_scans().
void scan_by(benchmark::State& state) {
  const auto way = static_cast<std::size_t>(state.range(0));
  if (way > strip_scans().size()) return state.SkipWithError("not on this processor");
  const StripScan by = way == 0 ? nullptr : strip_scans()[way - 1];
  scan(state, [by](std::uint64_t& hash, std::string_view bytes, std::uint64_t mask) {
    return find_gear_match_by(by, hash, bytes, mask);
  });
}
BENCHMARK(scan_by)->DenseRange(0, 2);

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
