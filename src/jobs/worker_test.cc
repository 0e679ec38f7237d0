#include "jobs/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "base/strings.h"
#include "meta/schema.h"
#include "testing/fake_clock.h"
#include "testing/temp_folder.h"

namespace embrace::jobs {
namespace {

using meta::jobs::Job;
using meta::jobs::State;

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = db::Database::open(blocking_, {.url = "sqlite://" + folder_ / "hub.db",
                                               .sync_every_commit = false})
                    .value();
    ASSERT_TRUE(db::migrate(blocking_, *database_, meta::migrations()));
  }
  void add(std::string kind, std::string json = "{}") {
    Job job;
    job.kind = std::move(kind);
    job.json = std::move(json);
    job.run_after_ms = clock_.now_ms();
    ASSERT_TRUE(
        database_->write(blocking_, [&](db::Session& s) { return meta::jobs::add(s, job); }));
  }
  std::vector<Job> all(std::optional<State> state = std::nullopt) {
    return database_
        ->read(blocking_, [&](db::Session& s) { return meta::jobs::list(s, state, 100); })
        .value();
  }

  const rt::Blocking blocking_ = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder_;
  ::testing::FakeClock clock_;
  std::unique_ptr<db::Database> database_;
};

TEST_F(WorkerTest, RunsWhatIsDueOnce) {
  Worker worker(*database_, clock_);
  std::vector<std::string> ran;
  worker.handle("note", [&](rt::Blocking, const Job& job) -> Status {
    ran.push_back(job.json);
    return Done{};
  });
  add("note", "one");
  add("note", "two");
  ASSERT_TRUE(worker.run_due(blocking_));
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(ran, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(all(State::Done).size(), 2u);
}

TEST_F(WorkerTest, FailuresAreTriedFiveTimesEachLater) {
  Worker worker(*database_, clock_);
  int tries = 0;
  worker.handle("doomed", [&](rt::Blocking, const Job&) -> Status {
    ++tries;
    if (tries % 2 == 0) throw std::runtime_error("thrown");
    return fail(Code::Unavailable, "returned");
  });
  add("doomed");
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(all()[0].last_error, "returned");
  Millis delay = 10'000;
  for (int expected = 2; expected <= 5; ++expected, delay *= 4) {
    clock_.advance_ms(delay - 1);
    ASSERT_TRUE(worker.run_due(blocking_));
    EXPECT_EQ(tries, expected - 1);
    clock_.advance_ms(1);
    ASSERT_TRUE(worker.run_due(blocking_));
    EXPECT_EQ(tries, expected);
  }
  clock_.advance_ms(1'000'000'000);
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(tries, 5);
  EXPECT_EQ(all(State::Failed).size(), 1u);
}

TEST_F(WorkerTest, AJobThatNobodyHandlesFailsAtOnce) {
  Worker worker(*database_, clock_);
  add("stranger");
  ASSERT_TRUE(worker.run_due(blocking_));
  ASSERT_EQ(all(State::Failed).size(), 1u);
  EXPECT_NE(all()[0].last_error.find("stranger"), std::string::npos);
}

TEST_F(WorkerTest, AJobThatKillsItsWorkersIsGivenUp) {
  Worker worker(*database_, clock_);
  int tries = 0;
  worker.handle("killer", [&](rt::Blocking, const Job&) -> Status {
    ++tries;
    return Done{};
  });
  add("killer");
  for (int i = 0; i < 5; ++i) {  // claimed by workers that died
    auto claimed = database_->write(
        blocking_, [&](db::Session& s) { return meta::jobs::claim(s, clock_.now_ms(), 10); });
    ASSERT_TRUE(claimed && *claimed);
    clock_.advance_ms(10);
  }
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(tries, 0);
  EXPECT_EQ(all(State::Failed).size(), 1u);
}

TEST_F(WorkerTest, SchedulesRepeatButNeverPileUp) {
  Worker worker(*database_, clock_);
  int ran = 0;
  worker.handle("daily", [&](rt::Blocking, const Job&) -> Status {
    ++ran;
    return Done{};
  });
  worker.schedule("daily", 1000);
  ASSERT_TRUE(worker.run_due(blocking_));
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(ran, 1);
  clock_.advance_ms(1000);
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(ran, 2);
  clock_.advance_ms(10'000);  // ten periods, one job
  ASSERT_TRUE(worker.run_due(blocking_));
  EXPECT_EQ(ran, 3);
}

TEST_F(WorkerTest, ThreadsAreWokenAndStopFinishesTheJobInHand) {
  Worker worker(*database_, clock_, 2);
  std::promise<void> started;
  std::promise<void> may_end;
  std::atomic<int> done = 0;
  worker.handle("long", [&](rt::Blocking, const Job&) -> Status {
    started.set_value();
    may_end.get_future().wait();
    ++done;
    return Done{};
  });
  worker.start();
  add("long");
  worker.wake();
  started.get_future().wait();
  std::thread stopper([&] { worker.stop(); });
  may_end.set_value();
  stopper.join();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(all(State::Done).size(), 1u);
}

TEST_F(WorkerTest, ManyThreadsRunEachJobOnce) {
  Worker worker(*database_, clock_, 4);
  constexpr int kJobs = 50;
  std::atomic<int> ran = 0;
  std::promise<void> all_ran;
  worker.handle("count", [&](rt::Blocking, const Job&) -> Status {
    if (++ran == kJobs) all_ran.set_value();
    return Done{};
  });
  for (int i = 0; i < kJobs; ++i) add("count");
  worker.start();
  worker.wake();
  all_ran.get_future().wait();
  worker.stop();
  EXPECT_EQ(ran, kJobs);
  EXPECT_EQ(all(State::Done).size(), static_cast<std::size_t>(kJobs));
}

}  // namespace
}  // namespace embrace::jobs
