#include "db/statement_text.h"

#include <gtest/gtest.h>

#include "db/location.h"
#include "db/sql_failure.h"

namespace embrace::db {
namespace {

std::string text(std::string_view sql) { return number_parameters(sql, Dialect::Postgres).text; }

TEST(StatementText, NamesAreNumberedInOrderOfFirstAppearance) {
  const auto out = number_parameters("a = :x AND b = :y2 OR :x", Dialect::Postgres);
  EXPECT_EQ(out.text, "a = $1 AND b = $2 OR $1");
  EXPECT_EQ(out.parameters, 2u);
  EXPECT_EQ(number_parameters(":_a,:b", Dialect::Sqlite).text, "?1,?2");
}

TEST(StatementText, QuotesCommentsAndCastsAreLeftAlone) {
  EXPECT_EQ(text("':a' \":b\" 'it''s :c' :d::text"), "':a' \":b\" 'it''s :c' $1::text");
  EXPECT_EQ(text("1 -- :a\n2 /* :b */ 3"), "1  2   3");
  EXPECT_EQ(text("a[1:2] : :1"), "a[1:2] : :1");
}

TEST(StatementText, WhatIsNotClosedGoesToTheEnd) {
  EXPECT_EQ(text("'abc :a"), "'abc :a");
  EXPECT_EQ(text("x /* :a"), "x  ");
  EXPECT_EQ(text("x -- :a"), "x  ");
  EXPECT_EQ(text("x:"), "x:");
  EXPECT_EQ(text(""), "");
}

TEST(Location, UrlsAreTakenApart) {
  EXPECT_EQ(parse_url("sqlite:///var/lib/hub.db")->path, "/var/lib/hub.db");
  EXPECT_EQ(parse_url("sqlite://hub.db")->path, "hub.db");
  const auto words =
      parse_url("postgresql://me:it%27s@db:5433/hub?connect_timeout=3").value().connect_words;
  EXPECT_TRUE(words.contains("host='db'")) << words;
  EXPECT_TRUE(words.contains("port='5433'"));
  EXPECT_TRUE(words.contains("dbname='hub'"));
  EXPECT_TRUE(words.contains("password='it\\'s'"));
  EXPECT_TRUE(words.contains("connect_timeout='3'"));
  EXPECT_TRUE(words.contains("client_encoding='UTF8'"));
}

TEST(Location, BadUrlsSayWhatToWriteAndKeepPasswords) {
  for (const char* url : {"", "hub.db", "mysql://x", "sqlite://", "sqlite://:memory:",
                          "sqlite://a\"b", "postgresql://me:hunter2@host:port%zz/x"}) {
    auto location = parse_url(url);
    ASSERT_FALSE(location) << url;
    EXPECT_EQ(location.error().code(), Code::InvalidArgument);
    EXPECT_FALSE(location.error().message().contains("hunter2"));
  }
}

TEST(SqlFailure, StatesBecomeCodes) {
  EXPECT_EQ(classify_postgres("23505").code, Code::Conflict);
  EXPECT_TRUE(classify_postgres("40001").retry);
  EXPECT_TRUE(classify_postgres("57P01").lost);
  EXPECT_EQ(classify_postgres("53300").code, Code::Unavailable);
  EXPECT_EQ(classify_postgres("42601").code, Code::Internal);
  EXPECT_EQ(classify_sqlite(2067).code, Code::Conflict);
  EXPECT_EQ(classify_sqlite(517).code, Code::Unavailable);
  EXPECT_EQ(classify_sqlite(11).code, Code::Corrupt);
  EXPECT_EQ(classify_sqlite(1).code, Code::Internal);
}

}  // namespace
}  // namespace embrace::db
