// What a cached statement costs: transactions a second on one thread.

#include <benchmark/benchmark.h>

#include "base/strings.h"
#include "db/database.h"
#include "testing/postgres_server.h"
#include "testing/temp_folder.h"

namespace embrace::db {
namespace {

constexpr int kRows = 10'000;
const rt::Blocking kBlocking = rt::Blocking::on_main_thread();

std::unique_ptr<Database> open_filled(const std::string& url) {
  auto database =
      Database::open(kBlocking, Settings{.url = url, .sync_every_commit = false}).value();
  auto filled = database->write(kBlocking, [](Session& s) -> Status {
    EMB_DO(s.run(
        "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL, weight BIGINT NOT NULL)"));
    for (int i = 0; i < kRows; ++i) {
      EMB_DO(s.run("INSERT INTO things VALUES (:id, :name, 0)", i, cat("acme/thing-", i)));
    }
    return Done{};
  });
  if (!filled) throw std::runtime_error(filled.error().message());
  return database;
}

std::unique_ptr<Database> open_filled(benchmark::State& state, testing::TempFolder& folder) {
  return open_filled(state.range(0) == 0 ? "sqlite://" + folder / "hub.db"
                                         : testing::postgres_url_of_fresh_database());
}

// Each read is a transaction of its own.
void ReadRow(benchmark::State& state) {
  testing::TempFolder folder;
  auto database = open_filled(state, folder);
  int id = 0;
  for (auto _ : state) {
    auto row = database->read(kBlocking, [&](Session& s) {
      return s.row<std::string, std::int64_t>("SELECT name, weight FROM things WHERE id = :id", id);
    });
    benchmark::DoNotOptimize(row.value());
    id = (id + 7919) % kRows;
  }
  state.SetItemsProcessed(state.iterations());
}

// Only the statement: a thousand to a transaction.
void ReadRowInOneTransaction(benchmark::State& state) {
  testing::TempFolder folder;
  auto database = open_filled(state, folder);
  for (auto _ : state) {
    auto done = database->read(kBlocking, [&](Session& s) -> Status {
      for (int i = 0, id = 0; i < 1000; ++i, id = (id + 7919) % kRows) {
        EMB_TRY(auto row, s.row<std::string, std::int64_t>(
                              "SELECT name, weight FROM things WHERE id = :id", id));
        benchmark::DoNotOptimize(row);
      }
      return Done{};
    });
    if (!done) state.SkipWithError(done.error().message().c_str());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}

void ReadThousandRows(benchmark::State& state) {
  testing::TempFolder folder;
  auto database = open_filled(state, folder);
  for (auto _ : state) {
    auto rows = database->read(kBlocking, [&](Session& s) {
      return s.rows<std::int64_t, std::string, std::int64_t>(
          "SELECT id, name, weight FROM things LIMIT 1000");
    });
    benchmark::DoNotOptimize(rows.value());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}

void UpdateRow(benchmark::State& state) {
  testing::TempFolder folder;
  auto database = open_filled(state, folder);
  int id = 0;
  for (auto _ : state) {
    auto changed = database->write(kBlocking, [&](Session& s) {
      return s.run("UPDATE things SET weight = weight + 1 WHERE id = :id", id);
    });
    benchmark::DoNotOptimize(changed.value());
    id = (id + 7919) % kRows;
  }
  state.SetItemsProcessed(state.iterations());
}

// The argument: 0 is SQLite (synchronous=NORMAL), 1 PostgreSQL on a socket (without fsync).
BENCHMARK(ReadRow)->Arg(0)->Arg(1);
BENCHMARK(ReadRowInOneTransaction)->Arg(0)->Arg(1);
BENCHMARK(ReadThousandRows)->Arg(0)->Arg(1);
BENCHMARK(UpdateRow)->Arg(0)->Arg(1);

}  // namespace
}  // namespace embrace::db
