// Rates of what the hub does most: one-file commits (durable), and listings of a big folder.

#include <benchmark/benchmark.h>

#include "base/strings.h"
#include "git/repository.h"
#include "testing/temp_folder.h"

namespace embrace::git {
namespace {

rt::Blocking blocking() { return rt::Blocking::on_main_thread(); }
const Person kAda{"Ada", "ada@example.org"};

// A repository of 50 files in 5 folders that gets one changed file per commit; folded every 100
// commits, as the hub's job does. State: one more pack for each commit between foldings.
void BM_OneFileCommit(benchmark::State& state) {
  testing::TempFolder temp;
  const std::string folder = temp / "r";
  (void)Repository::create(blocking(), folder).value();
  auto repo = Repository::open(blocking(), folder).value();
  Oid tree;
  std::vector<Oid> parents;
  std::uint64_t n = 0;
  for (auto _ : state) {
    const Oid blob = repo->write_blob(blocking(), cat("content ", n)).value();
    TreeEdit edit{.path = cat("d", n % 5, "/file", n % 50), .blob = blob};
    tree = repo->edit_tree(blocking(), tree, {edit}).value();
    parents = {repo->write_commit(blocking(), tree, parents, kAda, 1'700'000'000'000, "m").value()};
    (void)repo->finish_pack(blocking()).value();
    if (++n % 100 == 0) {
      state.PauseTiming();
      (void)fold_packs(blocking(), folder).value();
      repo = Repository::open(blocking(), folder).value();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_OneFileCommit)->UseRealTime()->MinTime(2);

struct BigFolder {
  testing::TempFolder temp;
  std::unique_ptr<Repository> repo;
  Oid tree;
  explicit BigFolder(int salt) {
    const std::string folder = temp / "r";
    (void)Repository::create(blocking(), folder).value();
    repo = Repository::open(blocking(), folder).value();
    std::vector<TreeEdit> edits;
    for (int i = 0; i < 2000; ++i) {
      const Oid blob = repo->write_blob(blocking(), cat("file ", i, " of ", salt)).value();
      edits.push_back({.path = cat("d", i % 20, "/f", i), .blob = blob});
    }
    tree = repo->edit_tree(blocking(), Oid(), edits).value();
    (void)repo->finish_pack(blocking()).value();
    repo = Repository::open(blocking(), folder).value();
  }
};

void BM_List2000Cold(benchmark::State& state) {
  int salt = 0;
  for (auto _ : state) {
    state.PauseTiming();
    BigFolder big(++salt);  // new blobs, which no cache knows
    state.ResumeTiming();
    benchmark::DoNotOptimize(big.repo->list(blocking(), big.tree, "", true).value());
  }
}
BENCHMARK(BM_List2000Cold)->Unit(benchmark::kMillisecond)->Iterations(10);

void BM_List2000Warm(benchmark::State& state) {
  BigFolder big(0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(big.repo->list(blocking(), big.tree, "", true).value());
  }
}
BENCHMARK(BM_List2000Warm)->Unit(benchmark::kMillisecond);

// 1,000 commits, each changing one of 200 files; who changed each of them last?
void BM_LastCommits200(benchmark::State& state) {
  testing::TempFolder temp;
  const std::string folder = temp / "r";
  (void)Repository::create(blocking(), folder).value();
  auto repo = Repository::open(blocking(), folder).value();
  Oid tree;
  std::vector<Oid> parents;
  std::vector<std::string> paths;
  for (int i = 0; i < 200; ++i) paths.push_back(cat("d", i % 7, "/f", i));
  for (int n = 0; n < 1000; ++n) {
    const Oid blob = repo->write_blob(blocking(), cat("content ", n)).value();
    TreeEdit edit{.path = paths[n % 200], .blob = blob};
    tree = repo->edit_tree(blocking(), tree, {edit}).value();
    parents = {
        repo->write_commit(blocking(), tree, parents, kAda, 1'700'000'000'000 + n * 1000, "m")
            .value()};
  }
  (void)repo->finish_pack(blocking()).value();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        repo->last_commits(blocking(), parents[0], paths, std::chrono::minutes(1)).value());
  }
}
BENCHMARK(BM_LastCommits200)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace embrace::git
