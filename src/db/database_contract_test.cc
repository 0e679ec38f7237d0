#include "db/database_contract.h"

#include <sys/stat.h>

#include <utility>

namespace embrace::db {
namespace {

INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseContract, ::testing::Values(Dialect::Sqlite));
INSTANTIATE_TEST_SUITE_P(Postgres, DatabaseContract, ::testing::Values(Dialect::Postgres));

// What only one of the two does.

class SqliteDatabase : public DatabaseContract {};
INSTANTIATE_TEST_SUITE_P(Sqlite, SqliteDatabase, ::testing::Values(Dialect::Sqlite));

TEST_P(SqliteDatabase, TheDataVersionTellsOfOtherProcesses) {
  auto other = open();
  const auto before = database_->data_version(blocking_).value();
  EXPECT_EQ(database_->data_version(blocking_).value(), before);
  ASSERT_TRUE(other->write(blocking_,
                           [](Session& s) { return s.run("INSERT INTO things (id) VALUES (1)"); }));
  EXPECT_NE(database_->data_version(blocking_).value(), before);
}

TEST_P(SqliteDatabase, AStampChangesWithEachCommitOfAnybodyAndOnlyThen) {
  auto other = open();
  const auto insert = [&](Database& database, int id) {
    return database.write(
        blocking_, [id](Session& s) { return s.run("INSERT INTO things (id) VALUES (:id)", id); });
  };
  auto last = database_->change_stamp();
  ASSERT_TRUE(last);
  const auto changed = [&] { return std::exchange(last, database_->change_stamp()) != last; };
  EXPECT_FALSE(changed());
  for (int id = 0; id < 100; id += 2) {
    ASSERT_TRUE(insert(*database_, id));
    EXPECT_TRUE(changed()) << id;
    ASSERT_TRUE(insert(*other, id + 1));
    EXPECT_TRUE(changed()) << id;
    EXPECT_EQ(last, other->change_stamp());
  }
  ASSERT_FALSE(insert(*database_, 0));
  ASSERT_TRUE(other->read(
      blocking_, [](Session& s) { return s.rows<std::int64_t>("SELECT id FROM things"); }));
  EXPECT_FALSE(changed());
  // When all others are gone, too: the last connection to close would remove the log.
  other.reset();
  ASSERT_TRUE(insert(*database_, 1000));
  EXPECT_TRUE(changed());
}

TEST_P(SqliteDatabase, AWriterElsewhereIsWaitedForThenUnavailable) {
  auto impatient = open(50);
  auto status = database_->write(blocking_, [&](Session& s) -> Status {
    EMB_DO(s.run("INSERT INTO things (id) VALUES (1)"));
    auto other = impatient->write(
        blocking_, [](Session& t) { return t.run("INSERT INTO things (id) VALUES (2)"); });
    EXPECT_FALSE(other);
    EXPECT_EQ(other.error().code(), Code::Unavailable);
    return Done{};
  });
  EXPECT_TRUE(status);
}

TEST_P(SqliteDatabase, AWriteInsideAWriteIsUnavailable) {
  auto impatient = open(50);
  auto status = impatient->write(blocking_, [&](Session&) -> Status {
    auto inner = impatient->write(
        blocking_, [](Session& s) { return s.run("INSERT INTO things (id) VALUES (2)"); });
    EXPECT_EQ(inner.error().code(), Code::Unavailable);
    return Done{};
  });
  EXPECT_TRUE(status);
}

TEST_P(SqliteDatabase, TheFileIsItsOwnersAlone) {
  for (const char* name : {"hub.db", "hub.db-wal"}) {
    struct stat facts{};
    ASSERT_EQ(::stat((folder_ / name).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << name;
  }
}

TEST(SqliteFile, AMissingFolderAndAFileOfAnotherKindAreErrors) {
  const auto blocking = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder;
  EXPECT_FALSE(Database::open(blocking, Settings{.url = "sqlite://" + folder / "no/hub.db"}));
  FILE* file = fopen((folder / "text.db").c_str(), "w");
  for (int i = 0; i < 500; ++i) fputs("this is no database at all\n", file);
  fclose(file);
  auto opened = Database::open(blocking, Settings{.url = "sqlite://" + folder / "text.db"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::Corrupt) << opened.error().message();
}

TEST(SqliteFile, APathWithSpacesWorks) {
  ::testing::TempFolder folder;
  const auto blocking = rt::Blocking::on_main_thread();
  auto opened =
      Database::open(blocking, Settings{.url = "sqlite://" + folder / "a  b = 'c' timeout=1.db"});
  ASSERT_TRUE(opened) << opened.error().message();
  struct stat facts{};
  ASSERT_EQ(::stat((folder / "a  b = 'c' timeout=1.db").c_str(), &facts), 0);
  EXPECT_GT(facts.st_size, 0);
}

class PostgresDatabase : public DatabaseContract {
 protected:
  // What a restart of the server looks like to us.
  void cut_other_connections() {
    auto cut = database_->read(blocking_, [](Session& s) {
      return s.rows<int>(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
          "AND datname = current_database() AND backend_type = 'client backend'");
    });
    ASSERT_TRUE(cut) << cut.error().message();
    ASSERT_GE(cut->size(), 2u);
  }
};
INSTANTIATE_TEST_SUITE_P(Postgres, PostgresDatabase, ::testing::Values(Dialect::Postgres));

TEST_P(PostgresDatabase, ALostConnectionIsReplacedWhenLentAgain) {
  auto victim = open();
  const auto count = [&] {
    return victim->read(blocking_,
                        [](Session& s) { return s.row<int>("SELECT COUNT(*) FROM things"); });
  };
  ASSERT_TRUE(count());
  for (int again = 0; again < 2; ++again) {
    cut_other_connections();
    auto counted = count();
    EXPECT_TRUE(counted) << counted.error().message();
    auto written = victim->write(blocking_, [&](Session& s) {
      return s.run("INSERT INTO things (id) VALUES (:id)", again);
    });
    EXPECT_TRUE(written) << written.error().message();
  }
}

TEST_P(PostgresDatabase, AWriteWhoseConnectionIsLostBeginsAgain) {
  auto victim = open();
  (void)victim->read(blocking_,
                     [](Session& s) { return s.row<int>("SELECT COUNT(*) FROM things"); });
  int attempts = 0;
  auto written = victim->write(blocking_, [&](Session& s) -> Status {
    EMB_DO(s.run("INSERT INTO things (id) VALUES (1)"));
    if (++attempts == 1) cut_other_connections();
    EMB_DO(s.run("INSERT INTO things (id) VALUES (2)"));
    return Done{};
  });
  EXPECT_TRUE(written) << written.error().message();
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(count_things(), 2);
}

TEST_P(PostgresDatabase, AReadWhoseConnectionIsLostIsUnavailable) {
  auto victim = open();
  auto read = victim->read(blocking_, [&](Session& s) {
    cut_other_connections();
    return s.row<int>("SELECT COUNT(*) FROM things");
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::Unavailable) << read.error().message();
}

TEST_P(PostgresDatabase, ASchemaChangedUnderAPreparedStatementIsNoticed) {
  const std::string all = "SELECT * FROM things";
  (void)database_->write(blocking_,
                         [&](Session& s) { return s.rows<int, std::string, double>(all); });
  auto other = open();
  ASSERT_TRUE(other->write(blocking_, [](Session& s) {
    return s.run("ALTER TABLE things ALTER name TYPE varchar(9)");
  }));
  auto again = database_->write(blocking_,
                                [&](Session& s) { return s.rows<int, std::string, double>(all); });
  EXPECT_TRUE(again) << again.error().message();
}

TEST_P(PostgresDatabase, ThereIsNoDataVersionAndNoStamp) {
  EXPECT_FALSE(database_->change_stamp());
  EXPECT_EQ(database_->data_version(blocking_).error().code(), Code::NotBuilt);
}

TEST(PostgresUrl, NobodyAtHomeIsUnavailableAndThePasswordStaysSecret) {
  auto opened = Database::open(rt::Blocking::on_main_thread(),
                               Settings{.url = "postgresql://me:hunter2@127.0.0.1:1/hub"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::Unavailable) << opened.error().message();
  EXPECT_FALSE(opened.error().message().contains("hunter2"));
}

}  // namespace
}  // namespace embrace::db
