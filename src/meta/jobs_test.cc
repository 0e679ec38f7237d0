#include "meta/jobs.h"

#include <set>
#include <thread>

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

using jobs::Job;
using jobs::State;

class Jobs : public MetaContract {
 protected:
  void add(std::string kind, Millis run_after_ms = 0, std::string dedupe = "") {
    Job job;
    job.kind = std::move(kind);
    job.dedupe = std::move(dedupe);
    job.json = "{}";
    job.run_after_ms = run_after_ms;
    ASSERT_TRUE(write([&](db::Session& s) { return jobs::add(s, job); }));
  }
  std::optional<Job> claim(Millis now_ms, Millis lease_ms = 100) {
    auto job = write([&](db::Session& s) { return jobs::claim(s, now_ms, lease_ms); });
    EXPECT_TRUE(job) << job.error().message();
    return job ? *job : std::nullopt;
  }
  std::vector<Job> all(std::optional<State> state = std::nullopt) {
    return read([&](db::Session& s) { return jobs::list(s, state, 1000); }).value();
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Jobs, every_dialect(), dialect_name);

TEST_P(Jobs, TheOldestRunnableIsClaimed) {
  add("later", 50);
  add("second", 20);
  add("first", 10);
  EXPECT_EQ(read([](db::Session& s) { return jobs::next_due(s); }).value(), 10);
  EXPECT_FALSE(claim(9));
  const auto first = claim(20);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, "first");
  EXPECT_EQ(first->state, State::Running);
  EXPECT_EQ(first->attempts, 1);
  EXPECT_EQ(first->lease_until_ms, 120);
  EXPECT_EQ(claim(20)->kind, "second");
  EXPECT_FALSE(claim(20));
  EXPECT_EQ(all(State::Running).size(), 2u);
  EXPECT_EQ(all(State::Waiting).size(), 1u);
}

TEST_P(Jobs, OneWaitingPerKindAndDedupe) {
  add("git.fold", 0, "7");
  add("git.fold", 0, "7");
  add("git.fold", 0, "8");
  add("git.fold");
  add("git.fold");
  EXPECT_EQ(all().size(), 4u);
  const auto running = claim(0);
  ASSERT_TRUE(running);
  EXPECT_EQ(running->dedupe, "7");
  add("git.fold", 0, "7");  // what changed since it started needs another run
  EXPECT_EQ(all().size(), 5u);
  // The running one can't wait again beside its twin.
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::fail(s, running->id, "disk full", 500); }));
  const auto failed = all(State::Failed);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].last_error, "disk full");
}

TEST_P(Jobs, AnEndedLeaseIsClaimedAgainAndARenewedOneIsNot) {
  add("scan");
  const auto first = claim(0, 100);
  ASSERT_TRUE(first);
  EXPECT_FALSE(claim(99));
  EXPECT_EQ(read([](db::Session& s) { return jobs::next_due(s); }).value(), 100);
  EXPECT_TRUE(write([&](db::Session& s) { return jobs::renew(s, *first, 150); }).value());
  EXPECT_FALSE(claim(149));
  const auto second = claim(150, 100);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(second->attempts, 2);
  EXPECT_FALSE(write([&](db::Session& s) { return jobs::renew(s, *first, 999); }).value());
}

TEST_P(Jobs, FailuresWaitAndAreForgottenWhenOver) {
  add("mail");
  const auto id = claim(0)->id;
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::fail(s, id, "no route", 70); }));
  EXPECT_FALSE(claim(69));
  const auto again = claim(70);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->last_error, "no route");
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::finish(s, id, 80); }));
  EXPECT_EQ(write([&](db::Session& s) { return jobs::finish(s, id, 80); }).error().code(),
            Code::Conflict);
  EXPECT_EQ(all(State::Done).size(), 1u);
  add("doomed");
  const auto doomed = claim(80, 10)->id;
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::fail(s, doomed, "never", std::nullopt); }));
  EXPECT_EQ(all(State::Failed).size(), 1u);
  EXPECT_FALSE(read([](db::Session& s) { return jobs::next_due(s); }).value());
  ASSERT_TRUE(write([](db::Session& s) { return jobs::forget_finished(s, 80); }));
  EXPECT_EQ(all().size(), 2u);
  ASSERT_TRUE(write([](db::Session& s) { return jobs::forget_finished(s, 1000); }));
  EXPECT_TRUE(all().empty());
}

TEST_P(Jobs, WhatFailedOrWaitsMayRunAgainNow) {
  auto again = [&](std::int64_t id, Millis now_ms) {
    return write([&](db::Session& s) { return jobs::run_again(s, id, now_ms); });
  };
  add("scan", 0, "7");
  const auto id = claim(0)->id;
  EXPECT_EQ(again(id, 1).error().code(), Code::Conflict) << "it runs";
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::fail(s, id, "no", 1000); }));
  EXPECT_FALSE(claim(10));
  ASSERT_TRUE(again(id, 10));
  EXPECT_EQ(claim(10)->id, id);
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::fail(s, id, "no", std::nullopt); }));
  add("scan", 500, "7");
  EXPECT_EQ(again(id, 20).error().code(), Code::Conflict) << "an equal one waits";
  const auto twin = all(State::Waiting)[0].id;
  ASSERT_TRUE(again(twin, 20));
  EXPECT_EQ(claim(20)->id, twin);
  ASSERT_TRUE(again(id, 20)) << "the twin waits no longer";
  ASSERT_TRUE(write([&](db::Session& s) { return jobs::finish(s, twin, 30); }));
  EXPECT_EQ(again(twin, 40).error().code(), Code::Conflict) << "it is done";
  EXPECT_EQ(again(99, 40).error().code(), Code::NotFound);
  EXPECT_EQ(claim(40)->id, id);
}

TEST_P(Jobs, ManyWorkersNeverClaimOneTwice) {
  constexpr int kJobs = 60;
  for (int i = 0; i < kJobs; ++i) add(cat("job", i));
  std::mutex mutex;
  std::multiset<std::int64_t> claimed;
  auto work = [&] {
    // A lost race looks like an empty queue, so ask until it is.
    while (!all(State::Waiting).empty()) {
      if (auto job = claim(1, 1'000'000)) {
        std::lock_guard lock(mutex);
        claimed.insert(job->id);
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(std::set<std::int64_t>(claimed.begin(), claimed.end()).size(),
            static_cast<std::size_t>(kJobs));
}

}  // namespace
}  // namespace embrace::meta
