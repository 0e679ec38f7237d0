#pragma once
// SociSession: a Session over one SOCI connection, to SQLite or PostgreSQL. It keeps its prepared
// statements, and remembers how its transaction fared: Database asks that before it commits,
// retries or lends the session again.
//
// Threads: one at a time (session_pool.h sees to it).

#include <soci/soci.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/database.h"
#include "db/location.h"
#include "db/prepared.h"
#include "db/session.h"

namespace sqlite_api {
struct sqlite3;
}

namespace embrace::db {

enum class Purpose : std::uint8_t { Read, Write };

class SociSession : public Session {
 public:
  static Result<std::unique_ptr<SociSession>> open(const Location& location,
                                                   const Settings& settings, Purpose purpose);
  ~SociSession() override;

  Status query(std::string_view sql, std::vector<Value> values, std::vector<Type> columns,
               std::size_t rows_max,
               const std::function<void(std::vector<Value>&)>& take_row) override;
  Result<std::int64_t> execute(std::string_view sql, std::vector<Value> values) override;
  bool is_postgres() const override { return dialect_ == Dialect::Postgres; }

  Status begin();
  // Fails with the first error of the transaction's statements, if there was one; nothing is kept
  // then.
  Status commit();
  void roll_back() noexcept;

  // How the latest transaction ended.
  bool should_begin_again() const { return begin_again_; }
  bool is_lost() const { return lost_; }

  sqlite_api::sqlite3* sqlite();  // SQLite only

 private:
  // Statements kept per connection: more than meta has, so only lists with filters ever push one
  // out.
  static constexpr std::size_t kStatementsMax = 400;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  SociSession(Dialect dialect, Purpose purpose) : dialect_(dialect), purpose_(purpose) {}
  Status set_up_sqlite(const Settings& settings);
  Status set_up_postgres(const Settings& settings);

  Result<Prepared*> prepare(std::string_view sql, const std::vector<Value>& values,
                            const std::vector<Type>& columns);
  void forget_oldest_statement();
  // Runs `use(statement)` between prepare and finish, and turns what SOCI throws into the Error.
  template <class Use>
  Status with_statement(std::string_view sql, const std::vector<Value>& values,
                        const std::vector<Type>& columns, Use use);
  Status spoil(Error error);  // the transaction can't be committed any more
  Error translate(const soci::soci_error& thrown, std::string_view sql);

  const Dialect dialect_;
  const Purpose purpose_;
  std::uint64_t clock_ = 0;  // counts statements
  bool in_use_ = false;      // a statement is running
  bool committing_ = false;

  // The current transaction's fate.
  std::optional<Error> spoiled_;
  bool begin_again_ = false;
  bool lost_ = false;

  // Statements go before their connection.
  std::unique_ptr<soci::session> connection_;
  std::unordered_map<std::string, std::unique_ptr<Prepared>, TextHash, std::equal_to<>> statements_;
};

}  // namespace embrace::db
