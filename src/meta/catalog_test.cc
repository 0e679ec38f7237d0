#include "meta/catalog.h"

#include "cas/catalog_contract.h"
#include "meta/schema.h"
#include "testing/postgres_server.h"

namespace embrace::meta {
namespace {

struct InSql : cas::CatalogUnderTest {
  explicit InSql(std::string url) {
    const auto blocking = rt::Blocking::on_main_thread();
    database =
        db::Database::open(blocking, {.url = std::move(url), .sync_every_commit = false}).value();
    (void)db::migrate(blocking, *database, migrations()).value();
    sql = std::make_unique<SqlCatalog>(*database);
  }
  cas::Catalog& catalog() override { return *sql; }

  std::unique_ptr<db::Database> database;
  std::unique_ptr<SqlCatalog> sql;
};

std::unique_ptr<cas::CatalogUnderTest> make_on_sqlite(const std::string& folder) {
  return std::make_unique<InSql>(cat("sqlite://", folder, "/hub.db"));
}
std::unique_ptr<cas::CatalogUnderTest> make_on_postgres(const std::string&) {
  if (::testing::postgres_is_switched_off()) return nullptr;
  return std::make_unique<InSql>(::testing::postgres_url_of_fresh_database());
}

}  // namespace
}  // namespace embrace::meta

namespace embrace::cas {

INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogContract, ::testing::Values(meta::make_on_sqlite));
INSTANTIATE_TEST_SUITE_P(Postgres, CatalogContract, ::testing::Values(meta::make_on_postgres));

}  // namespace embrace::cas
