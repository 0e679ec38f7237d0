#pragma once
// What every database behind db::Database does: the real definition of that interface. Included by
// database_contract_test.cc, which runs it on SQLite and on PostgreSQL.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "db/database.h"
#include "db/migrations.h"
#include "testing/postgres_server.h"
#include "testing/temp_folder.h"

namespace embrace::db {

class DatabaseContract : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    if (GetParam() == Dialect::Postgres && ::testing::postgres_is_switched_off()) {
      GTEST_SKIP() << "EMB_TEST_POSTGRES=off";
    }
    url_ = GetParam() == Dialect::Sqlite ? "sqlite://" + folder_ / "hub.db"
                                         : ::testing::postgres_url_of_fresh_database();
    database_ = open();
    ASSERT_TRUE(database_);
    run("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT, weight DOUBLE PRECISION)");
  }

  std::unique_ptr<Database> open(unsigned busy_timeout_ms = 10'000) {
    auto opened =
        Database::open(blocking_, Settings{.url = url_, .busy_timeout_ms = busy_timeout_ms});
    if (!opened) {
      ADD_FAILURE() << opened.error().message();
      return nullptr;
    }
    return std::move(*opened);
  }

  template <class... Args>
  Result<std::int64_t> try_run(std::string sql, Args... args) {
    return database_->write(blocking_, [&](Session& s) { return s.run(sql, args...); });
  }
  template <class... Args>
  std::int64_t run(std::string sql, Args... args) {
    auto changed = try_run(std::move(sql), args...);
    EXPECT_TRUE(changed) << changed.error().message();
    return changed.value_or(-1);
  }
  template <class... Args>
  std::int64_t number(std::string sql, Args... args) {
    auto row =
        database_->read(blocking_, [&](Session& s) { return s.row<std::int64_t>(sql, args...); });
    EXPECT_TRUE(row) << row.error().message();
    return row && *row ? std::get<0>(**row) : -1;
  }
  std::int64_t count_things() { return number("SELECT COUNT(*) FROM things"); }

  const rt::Blocking blocking_ = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

// Values
// -------------------------------------------------------------------------------------------

TEST_P(DatabaseContract, ValuesComeBackAsTheyWent) {
  constexpr std::array<std::int64_t, 6> integers = {0,
                                                    1,
                                                    -1,
                                                    (1LL << 53) + 1,
                                                    std::numeric_limits<std::int64_t>::max(),
                                                    std::numeric_limits<std::int64_t>::min()};
  constexpr std::array<double, 6> reals = {0, -0.1, 1e300, 5e-324, 1.0 / 3, 123456789.123456789};
  const std::array<std::string, 6> texts = {"",
                                            "it's \"quoted\" :not_a_name $1 ?1 \\ %",
                                            "héllo 日本語 🤗",
                                            "\n\t\x01",
                                            "12345678901234567890",
                                            "x"};
  for (std::size_t i = 0; i < integers.size(); ++i) {
    run("DELETE FROM things");
    EXPECT_EQ(
        run("INSERT INTO things VALUES (:id, :name, :weight)", integers[i], texts[i], reals[i]), 1);
    auto row = database_->read(blocking_, [&](Session& s) {
      return s.row<std::int64_t, std::string, double>("SELECT id, name, weight FROM things");
    });
    ASSERT_TRUE(row) << row.error().message();
    EXPECT_EQ(row->value(), std::tuple(integers[i], texts[i], reals[i]));
  }
}

TEST_P(DatabaseContract, NullIsNotEmptyText) {
  run("INSERT INTO things VALUES (1, :name, :weight)", std::optional<std::string>(),
      std::optional<double>());
  run("INSERT INTO things VALUES (2, :name, :weight)", std::string(), 0.0);
  auto rows = database_->read(blocking_, [](Session& s) {
    return s.rows<std::optional<std::string>, std::optional<double>>(
        "SELECT name, weight FROM things ORDER BY id");
  });
  ASSERT_TRUE(rows) << rows.error().message();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0), std::tuple(std::nullopt, std::nullopt));
  EXPECT_EQ(rows->at(1), std::tuple("", 0.0));
  // A plain type reads NULL as its zero.
  auto plain = database_->read(blocking_, [](Session& s) {
    return s.row<std::string, double>("SELECT name, weight FROM things WHERE id = 1");
  });
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->value(), std::tuple("", 0.0));
}

TEST_P(DatabaseContract, OneStatementTakesNullAndValueInTurn) {
  const std::string insert = "INSERT INTO things VALUES (:id, :name, :weight)";
  for (int i = 0; i < 6; ++i) {
    run(insert, i, i % 2 ? std::optional<std::string>("x") : std::nullopt,
        i % 3 ? std::optional(0.5) : std::nullopt);
  }
  EXPECT_EQ(number("SELECT COUNT(name) FROM things"), 3);
  EXPECT_EQ(number("SELECT COUNT(weight) FROM things"), 4);
}

TEST_P(DatabaseContract, AMegabyteOfTextSurvives) {
  std::string text;
  while (text.size() < 1'000'000) text += "häuser ";
  run("INSERT INTO things (id, name) VALUES (1, :name)", text);
  auto row = database_->read(
      blocking_, [](Session& s) { return s.row<std::string>("SELECT name FROM things"); });
  ASSERT_TRUE(row);
  EXPECT_TRUE(std::get<0>(row->value()) == text);
}

TEST_P(DatabaseContract, TextWithANulIsRefused) {
  auto changed = try_run("INSERT INTO things (id, name) VALUES (1, :name)", std::string("a\0b", 3));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), Code::InvalidArgument);
}

TEST_P(DatabaseContract, BooleansAndComparisonsReadAsIntegers) {
  run("INSERT INTO things (id, name) VALUES (:id, 'x')", true);
  EXPECT_EQ(number("SELECT id FROM things"), 1);
  EXPECT_EQ(number("SELECT EXISTS (SELECT 1 FROM things WHERE name = :name)", "x"), 1);
  EXPECT_EQ(number("SELECT EXISTS (SELECT 1 FROM things WHERE name = :name)", "y"), 0);
  EXPECT_EQ(number("SELECT SUM(id) FROM things"), 1);
}

TEST_P(DatabaseContract, ANameUsedTwiceBindsOnce) {
  run("INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  EXPECT_EQ(number("SELECT COUNT(*) FROM things WHERE name = :name OR (id = :id AND name <> :name)",
                   "a", 2),
            2);
}

TEST_P(DatabaseContract, RowTakesTheFirstAndRowsTakeAll) {
  run("INSERT INTO things (id) VALUES (1), (2), (3)");
  auto none = database_->read(
      blocking_, [](Session& s) { return s.row<int>("SELECT id FROM things WHERE id = 9"); });
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(number("SELECT id FROM things ORDER BY id DESC"), 3);
    auto all = database_->read(
        blocking_, [](Session& s) { return s.rows<int>("SELECT id FROM things ORDER BY id"); });
    ASSERT_TRUE(all);
    EXPECT_EQ(*all, (std::vector<std::tuple<int>>{1, 2, 3}));
  }
}

TEST_P(DatabaseContract, ReturningGivesRowsOfEveryChange) {
  run("INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b')");
  auto rows = database_->write(blocking_, [](Session& s) {
    return s.rows<int, std::string>("UPDATE things SET name = name || :end RETURNING id, name",
                                    "!");
  });
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->size(), 2u);
  auto first = database_->write(blocking_, [](Session& s) {
    return s.row<int>("UPDATE things SET name = name || :end RETURNING id", "?");
  });
  ASSERT_TRUE(first);
  EXPECT_EQ(number("SELECT COUNT(*) FROM things WHERE name LIKE '%!?'"), 2);
}

TEST_P(DatabaseContract, LikeMindsCase) {
  run("INSERT INTO things (id, name) VALUES (1, 'Bert'), (2, 'bert')");
  EXPECT_EQ(number("SELECT COUNT(*) FROM things WHERE name LIKE :pattern", "b%"), 1);
}

// Errors
// -------------------------------------------------------------------------------------------

TEST_P(DatabaseContract, AUniqueViolationIsConflictAndKeepsTheValueToItself) {
  run("CREATE UNIQUE INDEX one_name ON things (name)");
  run("INSERT INTO things (id, name) VALUES (1, 'secret')");
  auto changed = try_run("INSERT INTO things (id, name) VALUES (2, :name)", "secret");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), Code::Conflict);
  EXPECT_FALSE(changed.error().message().contains("secret")) << changed.error().message();
  EXPECT_EQ(try_run("INSERT INTO things (id) VALUES (1)").error().code(), Code::Conflict);
}

TEST_P(DatabaseContract, AForeignKeyViolationIsConflict) {
  run("CREATE TABLE parts (thing BIGINT NOT NULL REFERENCES things (id), name TEXT)");
  EXPECT_EQ(try_run("INSERT INTO parts VALUES (7, 'x')").error().code(), Code::Conflict);
  auto returned = database_->write(blocking_, [](Session& s) {
    return s.row<std::string>("INSERT INTO parts VALUES (7, 'x') RETURNING name");
  });
  ASSERT_FALSE(returned);
  EXPECT_EQ(returned.error().code(), Code::Conflict);
  run("INSERT INTO things (id) VALUES (7)");
  run("INSERT INTO parts VALUES (7, 'x')");
  EXPECT_EQ(try_run("DELETE FROM things").error().code(), Code::Conflict);
}

TEST_P(DatabaseContract, AMistakeInSqlIsInternalAndSaysWhere) {
  auto changed = try_run("UPDATE nothing_here SET x = :x", "secret");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), Code::Internal);
  EXPECT_TRUE(changed.error().message().contains("nothing_here"));
  EXPECT_FALSE(changed.error().message().contains("secret"));
  EXPECT_EQ(try_run("UPDATE things SET name = :name").error().code(),
            Code::Internal);  // no value given
  auto row = database_->read(blocking_,
                             [](Session& s) { return s.row<int>("SELECT id, name FROM things"); });
  ASSERT_FALSE(row);  // two columns, read as one
  EXPECT_EQ(row.error().code(), Code::Internal);
}

TEST_P(DatabaseContract, ReadsCanNotWrite) {
  auto changed = database_->read(
      blocking_, [](Session& s) { return s.run("INSERT INTO things (id) VALUES (1)"); });
  EXPECT_FALSE(changed);
  EXPECT_EQ(count_things(), 0);
}

// Transactions
// -------------------------------------------------------------------------------------

TEST_P(DatabaseContract, AnErrorRollsBack) {
  auto status = database_->write(blocking_, [](Session& s) -> Status {
    EMB_DO(s.run("INSERT INTO things (id) VALUES (1)"));
    return fail(Code::Denied, "changed my mind");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::Denied);
  EXPECT_EQ(count_things(), 0);
}

TEST_P(DatabaseContract, AnExceptionRollsBack) {
  const auto write = [&] {
    return database_->write(blocking_, [](Session& s) -> Status {
      EMB_DO(s.run("INSERT INTO things (id) VALUES (1)"));
      throw std::runtime_error("out of luck");
    });
  };
  EXPECT_THROW((void)write(), std::runtime_error);
  EXPECT_EQ(count_things(), 0);
  run("INSERT INTO things (id) VALUES (2)");  // the session is fit for the next
  EXPECT_EQ(count_things(), 1);
}

TEST_P(DatabaseContract, ASwallowedFailureIsNotCommitted) {
  run("INSERT INTO things (id) VALUES (1)");
  auto status = database_->write(blocking_, [](Session& s) -> Status {
    EMB_DO(s.run("INSERT INTO things (id) VALUES (2)"));
    (void)s.run("INSERT INTO things (id) VALUES (1)");
    auto later = s.run("INSERT INTO things (id) VALUES (3)");
    EXPECT_FALSE(later);
    return Done{};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::Conflict);
  EXPECT_EQ(count_things(), 1);
}

TEST_P(DatabaseContract, AReadSeesOneMoment) {
  auto status = database_->read(blocking_, [&](Session& s) -> Status {
    EMB_TRY(auto before, s.row<int>("SELECT COUNT(*) FROM things"));
    run("INSERT INTO things (id) VALUES (1)");
    EMB_TRY(auto after, s.row<int>("SELECT COUNT(*) FROM things"));
    EXPECT_EQ(before, after);
    return Done{};
  });
  EXPECT_TRUE(status);
  EXPECT_EQ(count_things(), 1);
}

TEST_P(DatabaseContract, AWriteIsInvisibleUntilItsCommit) {
  auto status = database_->write(blocking_, [&](Session& s) -> Status {
    EMB_DO(s.run("INSERT INTO things (id) VALUES (1)"));
    EXPECT_EQ(count_things(), 0);
    return Done{};
  });
  EXPECT_TRUE(status);
  EXPECT_EQ(count_things(), 1);
}

TEST_P(DatabaseContract, ConcurrentReadThenWriteLosesNothing) {
  constexpr int kThreads = 8;
  constexpr int kIncrements = 25;
  run("INSERT INTO things (id, weight) VALUES (1, 0)");
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kIncrements; ++i) {
          auto status = database_->write(blocking_, [](Session& s) -> Status {
            EMB_TRY(auto row, s.row<double>("SELECT weight FROM things WHERE id = 1"));
            EMB_DO(s.run("UPDATE things SET weight = :weight WHERE id = 1",
                         std::get<0>(row.value()) + 1));
            return Done{};
          });
          if (!status) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(number("SELECT CAST(weight AS bigint) FROM things"), kThreads * kIncrements);
}

TEST_P(DatabaseContract, MoreThreadsThanSessionsTakeTurns) {
  std::atomic<int> right{0};
  run("INSERT INTO things (id) VALUES (1)");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 24; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) right += count_things() == 1;
      });
    }
  }
  EXPECT_EQ(right, 24 * 20);
}

// Migrations
// ---------------------------------------------------------------------------------------

constexpr Migration kSteps[] = {
    {1, "first",
     "CREATE TABLE pets (id {{id}}, name {{text}} NOT NULL, age {{int}}, weight {{real}})\n--\n"
     "CREATE UNIQUE INDEX pets_name ON pets (name);\n  -- \n\n"},
    {2, "second",
     "INSERT INTO pets (name, age, weight) VALUES ('a:b', 9000000000, 0.5) -- not :a parameter"},
};

TEST_P(DatabaseContract, MigrationsAreAppliedOnceAndInOrder) {
  ASSERT_TRUE(migrate(blocking_, *database_, std::span(kSteps, 1)));
  EXPECT_EQ(number("SELECT COUNT(*) FROM pets"), 0);
  for (int again = 0; again < 2; ++again) {
    auto status = migrate(blocking_, *database_, kSteps);
    ASSERT_TRUE(status) << status.error().message();
    EXPECT_EQ(number("SELECT COUNT(*) FROM pets"), 1);
  }
  EXPECT_EQ(number("SELECT MAX(number) FROM schema_version"), 2);
}

TEST_P(DatabaseContract, TheWordsOfMigrationsFitTheDialect) {
  ASSERT_TRUE(migrate(blocking_, *database_, kSteps));
  const auto insert = [&](std::string name) {
    auto id = database_->write(blocking_, [&](Session& s) {
      return s.row<std::int64_t>("INSERT INTO pets (name) VALUES (:name) RETURNING id", name);
    });
    return std::get<0>(id.value().value());
  };
  const auto first = insert("B");
  run("DELETE FROM pets WHERE id = :id", first);
  EXPECT_GT(insert("b"), first);  // an id never comes back
  EXPECT_GT(insert("Z"), first);
  EXPECT_EQ(number("SELECT age FROM pets WHERE name = 'a:b'"), 9'000'000'000);
  auto names = database_->read(blocking_, [](Session& s) {
    return s.rows<std::string>("SELECT name FROM pets ORDER BY name");
  });
  EXPECT_EQ(names.value(), (std::vector<std::tuple<std::string>>{"Z", "a:b", "b"}));  // by bytes
}

TEST_P(DatabaseContract, ANewerDatabaseIsRefused) {
  ASSERT_TRUE(migrate(blocking_, *database_, kSteps));
  auto status = migrate(blocking_, *database_, std::span(kSteps, 1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::Conflict);
}

TEST_P(DatabaseContract, ABrokenMigrationLeavesNothing) {
  constexpr Migration steps[] = {
      kSteps[0], {2, "bad", "CREATE TABLE half (id {{int}})\n--\nCREATE TABLE x (id {{uuid}})"}};
  auto status = migrate(blocking_, *database_, steps);
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().message().contains("migration 2 (bad)"));
  EXPECT_EQ(number("SELECT MAX(number) FROM schema_version"), 1);
  EXPECT_FALSE(try_run("INSERT INTO half VALUES (1)"));
  constexpr Migration gap[] = {kSteps[1]};
  EXPECT_FALSE(migrate(blocking_, *database_, gap));
}

TEST_P(DatabaseContract, NodesThatMigrateTogetherAgree) {
  std::atomic<int> succeeded{0};
  {
    std::vector<std::jthread> nodes;
    for (int n = 0; n < 4; ++n) {
      nodes.emplace_back([&] {
        auto node = open();
        auto status = migrate(blocking_, *node, kSteps);
        EXPECT_TRUE(status) << status.error().message();
        if (status) ++succeeded;
      });
    }
  }
  EXPECT_EQ(succeeded, 4);
  EXPECT_EQ(number("SELECT COUNT(*) FROM pets"), 1);
}

}  // namespace embrace::db
