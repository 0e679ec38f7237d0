// The hot paths of this room: a repository by name, pages of a listing, their number, and search in
// cards. EMB_BENCH_REPOS (100,000 by default) repositories are made first, in SQLite; the first
// EMB_BENCH_CARDS (10,000) of them have cards. Lists and searches report the 99th percentile,
// `p99_ms`.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>

#include "base/strings.h"
#include "meta/accounts.h"
#include "meta/card_texts.h"
#include "meta/listing.h"
#include "meta/repos.h"
#include "meta/schema.h"
#include "testing/temp_folder.h"

namespace embrace::meta {
namespace {

constexpr int kAuthors = 1000;
constexpr const char* kWords[] = {"bert",  "llama", "gpt",    "vision", "tiny", "large",
                                  "base",  "chat",  "en",     "fr",     "code", "math",
                                  "audio", "ocr",   "gemini", "falcon"};
constexpr const char* kPipelines[] = {"text-generation", "fill-mask", "image-to-text",
                                      "text-to-image"};

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

// 2,000 to 20,000 bytes of words, of which a few are in nearly every card and most in few.
std::string make_card(std::mt19937_64& random) {
  std::string text;
  for (std::size_t bytes = 2000 + random() % 18'000; text.size() < bytes;) {
    const double rank = std::exp(static_cast<double>(random() % 10'000) / 1000);  // up to 22,000
    text += cat("w", static_cast<int>(rank), random() % 12 == 0 ? ".\n" : " ");
  }
  return text;
}

// The hub that all benches read.
struct Hub {
  rt::Blocking blocking = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder;
  std::unique_ptr<db::Database> database;
  std::vector<RepoName> names;

  Hub() {
    database = db::Database::open(
                   blocking, {.url = "sqlite://" + folder / "hub.db", .sync_every_commit = false})
                   .value();
    (void)db::migrate(blocking, *database, migrations()).value();
    std::vector<Account> authors = make_authors();
    std::mt19937_64 random(7);
    const int wanted = from_environment("EMB_BENCH_REPOS", 100'000);
    const int cards = from_environment("EMB_BENCH_CARDS", 10'000);
    for (int from = 0; from < wanted; from += 1000) {
      (void)database
          ->write(blocking,
                  [&](db::Session& session) -> Status {
                    for (int i = from; i < std::min(from + 1000, wanted); ++i) {
                      EMB_TRY(auto repo, repos::create(session, make(i, authors, random)));
                      if (i >= cards) continue;
                      EMB_DO(card_texts::set(session, repo.id, make_card(random)));
                    }
                    return Done{};
                  })
          .value();
    }
  }

  std::vector<Account> make_authors() {
    return database
        ->write(blocking,
                [](db::Session& session) -> Result<std::vector<Account>> {
                  std::vector<Account> out;
                  for (int i = 0; i < kAuthors; ++i) {
                    Account account;
                    account.name = cat("author", i);
                    EMB_TRY(account, accounts::create(session, account));
                    out.push_back(account);
                  }
                  return out;
                })
        .value();
  }

  Repo make(int i, const std::vector<Account>& authors, std::mt19937_64& random) {
    auto pick = [&random](std::size_t below) { return random() % below; };
    const Account& author = authors[pick(authors.size())];
    Repo repo;
    repo.name = {RepoType::Model, author.name,
                 cat(kWords[pick(16)], '-', kWords[pick(16)], '-', i)};
    repo.namespace_id = author.id;
    repo.is_private = pick(10) == 0;
    repo.created_ms = repo.modified_ms = 1'700'000'000'000 + static_cast<Millis>(pick(1u << 30));
    repo.downloads = static_cast<std::int64_t>(pick(1'000'000));
    repo.likes = static_cast<std::int64_t>(pick(1000));
    repo.trending = static_cast<double>(pick(1000)) / 7;
    repo.card.pipeline_tag = kPipelines[pick(4)];
    repo.card.tags = {"region:us", repo.card.pipeline_tag, kWords[pick(16)],
                      cat("arxiv:", pick(20'000))};
    repo.card.card_json = std::string(400, 'x');
    names.push_back(repo.name);
    return repo;
  }

  static Hub& shared() {
    static Hub hub;
    return hub;
  }
};

void BM_find(benchmark::State& state) {
  Hub& hub = Hub::shared();
  std::size_t i = 0;
  for (auto _ : state) {
    const auto& name = hub.names[(i += 7919) % hub.names.size()];
    auto found =
        hub.database->read(hub.blocking, [&](db::Session& s) { return repos::find(s, name); });
    if (!found || !*found) state.SkipWithError("not found");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_find);

struct Question {
  const char* name;
  listing::Filter filter;
};

std::vector<Question> questions() {
  using listing::Filter;
  using listing::Sort;
  auto ask = [](const char* name, auto change) {
    Filter filter;
    filter.limit = 30;
    change(filter);
    return Question{name, filter};
  };
  return {
      ask("trending", [](Filter&) {}),
      ask("downloads", [](Filter& f) { f.sort = Sort::Downloads; }),
      ask("author",
          [](Filter& f) {
            f.author = "author7";
            f.sort = Sort::LastModified;
          }),
      ask("common_tag",
          [](Filter& f) {
            f.tags = {"region:us"};
            f.sort = Sort::Likes;
          }),
      ask("tag_of_16",
          [](Filter& f) {
            f.tags = {"ocr"};
            f.sort = Sort::Likes;
          }),
      ask("rare_tag", [](Filter& f) { f.tags = {"arxiv:17"}; }),
      ask("two_tags", [](Filter& f) { f.tags = {"ocr", "text-generation"}; }),
      ask("disjoint_tags", [](Filter& f) { f.tags = {"ocr", "math"}; }),
      ask("pipeline",
          [](Filter& f) {
            f.pipeline_tag = "fill-mask";
            f.sort = Sort::Downloads;
          }),
      ask("search_common", [](Filter& f) { f.search = {"llama"}; }),
      ask("search_rare", [](Filter& f) { f.search = {"falcon-falcon-1"}; }),
      ask("search_one", [](Filter& f) { f.search = {"-77777"}; }),
      ask("search_none", [](Filter& f) { f.search = {"nothing-like-it"}; }),
  };
}

void BM_list(benchmark::State& state) {
  Hub& hub = Hub::shared();
  static const auto all = questions();
  const Question& question = all[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(question.name);
  std::vector<double> ms;
  listing::Filter filter = question.filter;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    auto page =
        hub.database->read(hub.blocking, [&](db::Session& s) { return listing::list(s, filter); });
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                     .count());
    if (!page) return state.SkipWithError("no page");
    filter.cursor = page->next.value_or("");  // page after page, and again from the first
  }
  std::ranges::sort(ms);
  state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_list)->DenseRange(0, 12)->Unit(benchmark::kMillisecond);

// How many there are, which a page may ask beside its rows.
void BM_count(benchmark::State& state) {
  Hub& hub = Hub::shared();
  static const auto all = questions();
  const Question& question = all[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(question.name);
  std::vector<double> ms;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    auto total = hub.database->read(
        hub.blocking, [&](db::Session& s) { return listing::count(s, question.filter, 10'000); });
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                     .count());
    if (!total) return state.SkipWithError("no count");
  }
  std::ranges::sort(ms);
  state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_count)->DenseRange(0, 12)->Unit(benchmark::kMillisecond);

// What is ranked, and its number, as hub::search_cards asks.
void BM_search_cards(benchmark::State& state) {
  Hub& hub = Hub::shared();
  constexpr const char* kQueries[] = {"w1",     "w1 w2", "w300",   "w300 w1 w20",
                                      "w15000", "w",     "w2 none"};
  const char* text = kQueries[state.range(0)];
  state.SetLabel(text);
  const card_texts::Query query{.words = card_texts::words_of(text),
                                .types = {RepoType::Model, RepoType::Dataset, RepoType::Space},
                                .visible_namespaces = {}};
  std::vector<double> ms;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    auto hits = hub.database->read(hub.blocking, [&](db::Session& s) -> Status {
      EMB_DO(card_texts::matches(s, query));
      EMB_DO(card_texts::count(s, query, 1000));
      return Done{};
    });
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                     .count());
    if (!hits) return state.SkipWithError("no hits");
  }
  std::ranges::sort(ms);
  state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_search_cards)->DenseRange(0, 6)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace embrace::meta
