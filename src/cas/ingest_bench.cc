// Ingest against its denominator: the same bytes through sha256 alone. The goal is 0.9 of that rate
// where the disk is not slower. EMB_BENCH_FOLDER chooses the disk.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "base/strings.h"
#include "blob/local_backend.h"
#include "cas/whole_object_store.h"
#include "crypto/sha256.h"

namespace embrace::cas {
namespace {

const rt::Blocking kBlocking = rt::Blocking::on_main_thread();
constexpr std::size_t kPiece = 128 << 10;  // as a connection hands it on

std::string folder() {
  const char* chosen = std::getenv("EMB_BENCH_FOLDER");
  return chosen ? chosen : "ingest-bench-data";
}

// The first bytes differ each time, or the store would find the object there.
std::string piece_for(std::uint64_t serial) {
  std::string piece(kPiece, 'x');
  piece.replace(0, 20, cat(1'000'000'000'000'000'000ull + serial), 0, 19);
  return piece;
}

void hash_alone(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string piece = piece_for(0);
  for (auto _ : state) {
    crypto::Sha256 hash;
    for (std::size_t at = 0; at < size; at += kPiece) hash.update(piece);
    benchmark::DoNotOptimize(hash.finish());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void ingest(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  auto backend = blob::LocalBackend::open(kBlocking, folder());
  if (!backend) return state.SkipWithError(backend.error().message().c_str());
  WholeObjectStore store(**backend);
  std::uint64_t serial = 0;
  for (auto _ : state) {
    const std::string piece = piece_for(++serial);
    auto writer = store.create(kBlocking);
    for (std::size_t at = 0; writer && at < size; at += kPiece) {
      if (!(*writer)->write(kBlocking, piece)) return state.SkipWithError("write failed");
    }
    auto stored = (*writer)->finish(kBlocking, std::nullopt);
    if (!stored) return state.SkipWithError(stored.error().message().c_str());
    state.PauseTiming();
    (void)store.remove(kBlocking, stored->sha256);
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  std::filesystem::remove_all(folder());
}

BENCHMARK(hash_alone)
    ->Arg(64 << 20)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ingest)
    ->Arg(128 << 10)
    ->Arg(1 << 20)
    ->Arg(64 << 20)
    ->Arg(512 << 20)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace embrace::cas
