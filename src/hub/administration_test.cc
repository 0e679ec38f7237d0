#include "hub/administration.h"

#include <latch>
#include <optional>
#include <thread>

#include "base/strings.h"
#include "hub/accounts.h"
#include "hub/hub_fixture.h"

namespace embrace::hub {
namespace {

class AdministrationTest : public HubTest {
 protected:
  Code code(const auto& result) { return result ? Code::Internal : result.error().code(); }
};

TEST_F(AdministrationTest, TheLastAdministratorStays) {
  must(
      create_user(services(), blocking,
                  {.name = "root", .email = "", .fullname = "", .password = "", .is_admin = true}));
  user("alice");
  const auto set = [&](std::string_view name, bool is_admin) {
    return change_user(services(), blocking, name,
                       {.is_admin = is_admin, .password = std::nullopt});
  };
  EXPECT_EQ(code(set("root", false)), Code::Conflict);
  EXPECT_TRUE(must(find_account(services(), blocking, "root")).is_admin);
  EXPECT_TRUE(must(set("alice", true)).is_admin);
  EXPECT_FALSE(must(set("root", false)).is_admin);
  EXPECT_EQ(code(set("alice", false)), Code::Conflict);
  EXPECT_TRUE(must(set("alice", true)).is_admin);
  organization("acme", "alice");
  EXPECT_EQ(code(set("acme", true)), Code::NotFound);
  EXPECT_EQ(code(set("nobody", true)), Code::NotFound);
}

// On PostgreSQL, too, where two transactions that write different rows don't see each other.
class DemotionTest : public HubTest, public ::testing::WithParamInterface<db::Dialect> {
 protected:
  DemotionTest() : HubTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Every, DemotionTest,
                         ::testing::Values(db::Dialect::Sqlite, db::Dialect::Postgres),
                         [](const auto& info) {
                           return info.param == db::Dialect::Sqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(DemotionTest, OfTwoAdministratorsAtOnceOneStays) {
  user("alice");
  user("bob");
  for (int round = 0; round < 10; ++round) {
    admin("alice");
    admin("bob");
    std::latch both(2);
    int demoted[2] = {0, 0};
    const auto demote = [&](std::string_view name, int& done) {
      both.arrive_and_wait();
      done = change_user(services(), blocking, name, {.is_admin = false, .password = std::nullopt})
                 .has_value();
    };
    {
      std::jthread first([&] { demote("alice", demoted[0]); });
      std::jthread second([&] { demote("bob", demoted[1]); });
    }
    EXPECT_EQ(demoted[0] + demoted[1], 1) << round;
  }
}

TEST_P(DemotionTest, OfTwoAdministratorsOfAnOrganizationOneStays) {
  organization("acme", "alice");
  for (int round = 0; round < 10; ++round) {
    join("acme", "alice", meta::Role::Admin);
    join("acme", "bob", meta::Role::Admin);
    std::latch both(2);
    int left[2] = {0, 0};
    const auto leave = [&](std::string_view name, int& done) {
      both.arrive_and_wait();
      done = remove_member(services(), blocking, "acme", name).has_value();
    };
    {
      std::jthread first([&] { leave("alice", left[0]); });
      std::jthread second([&] { leave("bob", left[1]); });
    }
    EXPECT_EQ(left[0] + left[1], 1) << round;
  }
}

TEST_F(AdministrationTest, ANewPasswordWorksAndABadOneChangesNothing) {
  user("alice");
  user("bob");
  EXPECT_EQ(code(change_user(services(), blocking, "bob", {.is_admin = true, .password = "short"})),
            Code::InvalidArgument);
  EXPECT_FALSE(must(find_account(services(), blocking, "bob")).is_admin);
  must(change_user(services(), blocking, "bob",
                   {.is_admin = std::nullopt, .password = "long enough"}));
  EXPECT_TRUE(authenticator->log_in(blocking, "bob", "long enough", "10.0.0.1"));
}

TEST_F(AdministrationTest, AccountsComeInPages) {
  const auto alice = user("alice");
  user("bob");
  make_repo(alice, "alice/bert");
  organization("acme", "alice");
  const auto first = must(list_accounts(services(), blocking, meta::AccountKind::User, "", 0, 1));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].account.name, "alice");
  EXPECT_EQ(first[0].repos, 1);
  const auto rest = must(
      list_accounts(services(), blocking, meta::AccountKind::User, "", first[0].account.id, 10));
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].account.name, "bob");
  EXPECT_EQ(must(list_accounts(services(), blocking, meta::AccountKind::Organization, "ACM", 0, 10))
                .size(),
            1u);
}

TEST_F(AdministrationTest, AFailedJobRunsAgainWhenAskedTo) {
  int runs = 0;
  jobs->handle("test.fails", [&](rt::Blocking, const meta::jobs::Job&) -> Status {
    return ++runs < 6 ? fail(Code::Internal, "not yet") : Status(Done{});
  });
  must(database->write(blocking, [](db::Session& session) {
    meta::jobs::Job job;
    job.kind = "test.fails";
    job.json = "{}";
    return meta::jobs::add(session, job);
  }));
  std::vector<meta::jobs::Job> failed;
  for (int i = 0; i < 20 && failed.empty(); ++i) {
    must(jobs->run_due(blocking));
    clock.advance_ms(24 * 3600 * 1000);
    failed = must(list_jobs(services(), blocking, meta::jobs::State::Failed, 10));
  }
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].last_error, "not yet");
  must(retry_job(services(), blocking, failed[0].id));
  // Other jobs are due by now, too.
  for (int i = 0; i < 20 && runs < 6; ++i) {
    clock.advance_ms(3600 * 1000);
    must(jobs->run_due(blocking));
  }
  EXPECT_EQ(runs, 6);
  EXPECT_EQ(code(retry_job(services(), blocking, failed[0].id)), Code::Conflict) << "it is done";
  EXPECT_EQ(code(retry_job(services(), blocking, 999)), Code::NotFound);
}

TEST_F(AdministrationTest, TheMachineIsMeasured) {
  const auto figures = must(measure_machine(services(), blocking));
  EXPECT_GT(figures.database_bytes, 4096u);
  EXPECT_GT(figures.memory_bytes, 1u << 20);
  EXPECT_GT(figures.disk_free_bytes, 0u);
  EXPECT_GE(figures.disk_total_bytes, figures.disk_free_bytes);
}

}  // namespace
}  // namespace embrace::hub
