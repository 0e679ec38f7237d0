// Does the catalog slow down as it grows? Each bench runs on a catalog of so many landmarks (its
// first argument; a xorb to every sixteen), which grows on from one to the next. In SQLite without
// sync, or with EMB_BENCH_POSTGRES=1 in a PostgreSQL of its own. `anon_mib` is what the process
// keeps in memory beside the mapped file.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "base/strings.h"
#include "meta/catalog.h"
#include "meta/schema.h"
#include "testing/postgres_server.h"
#include "testing/temp_folder.h"

namespace embrace::meta {
namespace {

constexpr std::uint64_t kLandmarksPerXorb = 16;

cas::XetHash hash_of(std::uint64_t kind, std::uint64_t number) {
  std::array<std::uint8_t, cas::XetHash::kBytes> bytes{};
  std::mt19937_64 random(number * 4 + kind);
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, 8);
  }
  return cas::XetHash(bytes);
}

double anonymous_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) / 1024;
  }
  return 0;
}

struct Store {
  rt::Blocking blocking = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder;
  std::unique_ptr<db::Database> database =
      db::Database::open(blocking, {.url = std::getenv("EMB_BENCH_POSTGRES")
                                               ? ::testing::postgres_url_of_fresh_database()
                                               : "sqlite://" + folder / "hub.db",
                                    .sync_every_commit = false})
          .value();
  std::unique_ptr<SqlCatalog> catalog;
  std::uint64_t xorbs = 0, landmarks = 0, files = 0;

  Store() {
    (void)db::migrate(blocking, *database, migrations()).value();
    catalog = std::make_unique<SqlCatalog>(*database);
  }

  // A file of new xorbs, in runs of chunks that alternate between them.
  cas::Addition make(std::uint64_t xorb_count, std::uint64_t landmarks_each,
                     std::uint64_t term_count) {
    cas::Addition out;
    for (std::uint64_t i = 0; i < xorb_count; ++i) {
      cas::NewXorb xorb{.hash = hash_of(0, xorbs),
                        .key = cat("xorbs/ab/cd/", hash_of(0, xorbs).text(), ".0123456789abcdef"),
                        .chunk_count = 1024,
                        .stored_bytes = 50 << 20,
                        .unpacked_bytes = 64 << 20};
      for (std::uint64_t k = 0; k < landmarks_each; ++k)
        xorb.landmarks.push_back(
            {hash_of(1, landmarks++), static_cast<std::uint32_t>(k * (1024 / landmarks_each))});
      out.xorbs.push_back(std::move(xorb));
      ++xorbs;
    }
    cas::NewFile file{.hash = hash_of(2, files),
                      .sha256 = Digest(hash_of(3, files).bytes()),
                      .size_bytes = term_count << 20};
    for (std::uint64_t k = 0; k < term_count; ++k)
      file.terms.push_back({.xorb = out.xorbs[k % xorb_count].hash,
                            .chunk_first = 0,
                            .chunk_last = 16,
                            .unpacked_bytes = 1 << 20});
    out.files.push_back(std::move(file));
    ++files;
    return out;
  }

  Store& grow(std::int64_t landmarks_wanted) {
    while (landmarks < static_cast<std::uint64_t>(landmarks_wanted))
      (void)catalog->add(blocking, make(100, kLandmarksPerXorb, 100), 1).value();
    return *this;
  }

  static Store& shared() {
    static Store store;
    return store;
  }
};

// `state.range(1)` xorbs with a landmark per MiB, and a file of as many terms as landmarks.
void BM_add(benchmark::State& state) {
  Store& store = Store::shared().grow(state.range(0));
  const auto xorb_count = static_cast<std::uint64_t>(state.range(1));
  std::uint64_t rows = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto addition = store.make(xorb_count, 64, xorb_count * 64);
    state.ResumeTiming();
    if (!store.catalog->add(store.blocking, addition, 1)) return state.SkipWithError("not added");
    rows += xorb_count * 128;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
  state.counters["anon_mib"] = anonymous_mib();
}

void BM_find_chunks(benchmark::State& state) {
  Store& store = Store::shared().grow(state.range(0));
  const bool known = state.range(1) != 0;
  state.SetLabel(known ? "known" : "unknown");
  std::mt19937_64 random(7);
  constexpr std::size_t kAsked = 64;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<cas::XetHash> asked;
    for (std::size_t i = 0; i < kAsked; ++i)
      asked.push_back(hash_of(known ? 1 : 2, random() % store.landmarks));
    state.ResumeTiming();
    const auto found = store.catalog->find_chunks(store.blocking, asked);
    if (!found || found->at(0).has_value() != known) return state.SkipWithError("wrong answer");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kAsked));
  state.counters["anon_mib"] = anonymous_mib();
}

void BM_terms(benchmark::State& state) {
  Store& store = Store::shared().grow(state.range(0));
  std::mt19937_64 random(7);
  std::int64_t terms = 0;
  for (auto _ : state) {
    const auto file = store.catalog->find_file(store.blocking, hash_of(2, random() % store.files));
    const auto found = store.catalog->terms(store.blocking, file->value().id, 0, 64);
    if (!found) return state.SkipWithError("no terms");
    terms += static_cast<std::int64_t>(found->size());
  }
  state.SetItemsProcessed(terms);
}

// What the collection and the doctor walk through; no argument, at the size reached last.
void BM_unused_xorbs(benchmark::State& state) {
  Store& store = Store::shared();
  for (auto _ : state) {
    if (!store.catalog->unused_xorbs(store.blocking, 9, 0, 1000)->empty())
      return state.SkipWithError("all are used");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(store.xorbs));
}
void BM_figures(benchmark::State& state) {
  Store& store = Store::shared();
  for (auto _ : state) benchmark::DoNotOptimize(store.catalog->figures(store.blocking)->xorbs);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(store.xorbs));
}

// One size after another: the catalog only grows. 125,000 landmarks are those of two million
// chunks.
const int kRegistered = [] {
  for (const std::int64_t size : {10'000, 125'000, 1'000'000, 2'000'000}) {
    benchmark::RegisterBenchmark("add_64_mib", BM_add)->Args({size, 1})->Iterations(200);
    benchmark::RegisterBenchmark("add_1_gib", BM_add)->Args({size, 16})->Iterations(40);
    benchmark::RegisterBenchmark("find_chunks", BM_find_chunks)->Args({size, 1});
    benchmark::RegisterBenchmark("find_chunks", BM_find_chunks)->Args({size, 0});
    benchmark::RegisterBenchmark("terms", BM_terms)->Args({size});
  }
  benchmark::RegisterBenchmark("unused_xorbs", BM_unused_xorbs)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("figures", BM_figures)->Unit(benchmark::kMillisecond);
  return 0;
}();

}  // namespace
}  // namespace embrace::meta
