// Products at the machine's limit: decoding as a ratio to a plain read of as many bytes, prompts as
// a ratio to the multipliers' peak, both measured in the same seconds. The counter `ratio` is the
// median of paired ratios; bench/decoding.py writes it down. Where there are tiles of bfloats,
// `of_tiles` is the ratio to theirs.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <random>
#include <string>

#include "transformers/kernels/level.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/machine_limits.h"
#include "transformers/kernels/weight_memory.h"

#if defined(__x86_64__)

namespace embrace::transformers {
namespace {

// One layer of a model of 1.1 billion weights (2048 wide), repeated until no cache holds them.
constexpr std::size_t kWidth = 2048;
constexpr std::size_t kBytes = std::size_t{400} << 20;
constexpr std::size_t kPromptRows = 512;
constexpr int kPairs = 15;

// Of all threads: what others do on a busy machine counts less than by the clock on the wall.
double processor_time() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Case {
  const char* name;
  DType stored;
  Precision precision;
  limits::Peak peak;
};
constexpr Case kCases[] = {
    {"f32", DType::F32, Precision::F32, limits::kF32},
    {"bf16", DType::F32, Precision::BF16, limits::kBfloats},
    {"q8_0", DType::F32, Precision::Q8_0, limits::kBytes},
    {"q4_0", DType::F32, Precision::Q4_0, limits::kBytes},
    {"q4_k", DType::Q4_K, Precision::AsStored, limits::kBytes},
    {"q6_k", DType::Q6_K, Precision::AsStored, limits::kBytes},
};

Linear make_linear(const Case& one) {
  std::vector<std::byte> bytes(kWidth * kWidth / block_elements(one.stored) *
                               block_bytes(one.stored));
  std::mt19937 random(1);
  if (one.stored == DType::F32) {
    for (std::size_t i = 0; i < kWidth * kWidth; ++i) {
      const float value = static_cast<float>(random() % 2001) * 1e-4f - 0.1f;
      std::memcpy(bytes.data() + i * 4, &value, 4);
    }
  } else {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0x3f);  // finite scales
  }
  const auto side = static_cast<std::int64_t>(kWidth);
  return *Linear::make({one.stored, {side, side}, bytes}, nullptr, one.precision);
}

Matrix make_rows(std::size_t rows) {
  Matrix matrix(rows, kWidth);
  std::mt19937 random(2);
  for (float& value : matrix.all()) value = static_cast<float>(random() % 2001) * 1e-3f - 1;
  return matrix;
}

void decode(benchmark::State& state, const Case& one, unsigned threads) {
  Team team(threads);
  std::vector<Linear> layers;
  std::size_t bytes = 0;
  while (bytes < kBytes) {
    layers.push_back(make_linear(one));
    bytes += layers.back().memory_bytes();
  }
  WeightMemory memory = WeightMemory::allocate(bytes);
  std::memset(memory.data(), 1, bytes);
  const Matrix in = make_rows(1);
  Matrix out;
  std::vector<double> ratios;
  std::vector<double> speeds;
  for (auto _ : state) {
    for (int pair = 0; pair < kPairs; ++pair) {
      double start = processor_time();
      team.run(threads, [&](std::size_t part) {
        limits::read_all_of(memory.data() + bytes * part / threads / 64 * 64,
                            memory.data() + bytes * (part + 1) / threads);
      });
      const double plain = processor_time() - start;
      start = processor_time();
      for (const Linear& layer : layers) layer.apply(team, in, out);
      const double ours = processor_time() - start;
      ratios.push_back(plain / ours);
      speeds.push_back(static_cast<double>(bytes) * threads / ours * 1e-9);
    }
  }
  state.counters["ratio"] = median(ratios);
  state.counters["GB/s"] = median(speeds);
}

// Operations are those of one thread, however many there are.
void prompt(benchmark::State& state, const Case& one, unsigned threads) {
  Team team(threads);
  const Linear layer = make_linear(one);
  const Matrix in = make_rows(kPromptRows);
  Matrix out;
  layer.apply(team, in, out);
  std::vector<double> ratios;
  std::vector<double> of_tiles;
  std::vector<double> speeds;
  for (auto _ : state) {
    for (int pair = 0; pair < kPairs; ++pair) {
      constexpr long kRounds = 200'000;
      double start = processor_time();
      one.peak.run(kRounds);
      const double peak = kRounds * one.peak.operations / (processor_time() - start);
      start = processor_time();
      layer.apply(team, in, out);
      const double ours = 2.0 * kPromptRows * kWidth * kWidth / (processor_time() - start);
      ratios.push_back(ours / peak);
      speeds.push_back(ours * 1e-9);
      if (level() < Level::Amx) continue;
      start = processor_time();
      limits::kTiles.run(kRounds / 4);
      of_tiles.push_back(ours /
                         (kRounds / 4 * limits::kTiles.operations / (processor_time() - start)));
    }
  }
  if (!of_tiles.empty()) state.counters["of_tiles"] = median(of_tiles);
  state.counters["ratio"] = median(ratios);
  state.counters["Gop/s"] = median(speeds);
}

const bool kRegistered = [] {
  if (level() < Level::Avx512Bf16) return false;  // the peaks are this level's
  for (const Case& one : kCases) {
    for (const unsigned threads : {1u, 2u}) {
      const std::string ending = std::string(one.name) + "/" + std::to_string(threads);
      benchmark::RegisterBenchmark(("decode/" + ending).c_str(), decode, one, threads)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
      benchmark::RegisterBenchmark(("prompt/" + ending).c_str(), prompt, one, threads)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace embrace::transformers
#endif
