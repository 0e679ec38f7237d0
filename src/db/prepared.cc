#include "db/prepared.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "db/handles.h"

namespace embrace::db {
namespace {

// A cached statement may wait for long; it shall not keep a whole card in memory meanwhile.
constexpr std::size_t kKeptTextBytesMax = 4096;

Type type_of(const Value& value) {
  if (std::holds_alternative<std::int64_t>(value)) return Type::Integer;
  if (std::holds_alternative<double>(value)) return Type::Real;
  return Type::Text;
}

template <class N>
std::optional<N> parse_number(std::string_view text) {
  N number{};
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

// PostgreSQL's text of a column as the type that was asked for. Its booleans are 't' and 'f'.
std::optional<Value> from_text(std::string& text, Type wanted) {
  if (wanted == Type::Text) return Value(std::move(text));
  if (text == "t" || text == "f") {
    return wanted == Type::Integer ? Value(std::int64_t{text == "t"})
                                   : Value(text == "t" ? 1.0 : 0.0);
  }
  if (wanted == Type::Integer) {
    if (auto number = parse_number<std::int64_t>(text)) return Value(*number);
  } else {
    if (text == "Infinity" || text == "-Infinity")
      text.resize(text.size() - 5);  // as from_chars spells it
    if (auto number = parse_number<double>(text)) return Value(*number);
  }
  return std::nullopt;
}

}  // namespace

Prepared::Prepared(soci::session& session, Dialect dialect, const std::string& text,
                   const std::vector<Value>& values, const std::vector<Type>& columns)
    : dialect_(dialect), parameters_(values.size()), columns_(columns.size()), statement_(session) {
  const bool all_text = dialect == Dialect::Postgres;
  statement_.alloc();
  statement_.prepare(text);
  if (all_text) name_postgres_parameters(statement_, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    Place& place = parameters_[i];
    place.type = all_text ? Type::Text : type_of(values[i]);
    switch (place.type) {
      case Type::Integer:
        statement_.exchange(soci::use(place.integer, place.state));
        break;
      case Type::Real:
        statement_.exchange(soci::use(place.real, place.state));
        break;
      case Type::Text:
        statement_.exchange(soci::use(place.text, place.state));
        break;
    }
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Place& place = columns_[i];
    place.wanted = columns[i];
    place.type = all_text ? Type::Text : columns[i];
    switch (place.type) {
      case Type::Integer:
        statement_.exchange(soci::into(place.integer, place.state));
        break;
      case Type::Real:
        statement_.exchange(soci::into(place.real, place.state));
        break;
      case Type::Text:
        statement_.exchange(soci::into(place.text, place.state));
        break;
    }
  }
  statement_.define_and_bind();
}

bool Prepared::fits(const std::vector<Value>& values, const std::vector<Type>& columns) const {
  if (values.size() != parameters_.size() || columns.size() != columns_.size()) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns_[i].wanted != columns[i]) return false;
  }
  if (dialect_ == Dialect::Postgres) return true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool is_null = std::holds_alternative<std::monostate>(values[i]);
    if (!is_null && parameters_[i].type != type_of(values[i])) return false;
  }
  return true;
}

void Prepared::fill(Place& place, Value&& value) const {
  place.state = soci::i_ok;
  if (auto* text = std::get_if<std::string>(&value)) {
    place.text = std::move(*text);
  } else if (std::holds_alternative<std::monostate>(value)) {
    place.state = soci::i_null;
  } else if (dialect_ == Dialect::Postgres) {
    char digits[32];
    const auto write = [&](auto number) {
      return std::to_chars(digits, digits + sizeof digits, number).ptr;
    };
    const auto* integer = std::get_if<std::int64_t>(&value);
    place.text.assign(digits, integer ? write(*integer) : write(std::get<double>(value)));
  } else if (auto* integer = std::get_if<std::int64_t>(&value)) {
    place.integer = *integer;
  } else {
    place.real = std::get<double>(value);
  }
}

bool Prepared::execute(std::vector<Value> values) {
  for (std::size_t i = 0; i < values.size(); ++i) fill(parameters_[i], std::move(values[i]));
  try {
    return statement_.execute(true);
  } catch (...) {
    // SOCI frees the buffers of its parameters only after a success; binding them anew does it too.
    statement_.undefine_and_bind();
    statement_.define_and_bind();
    throw;
  }
}

bool Prepared::fetch() { return statement_.fetch(); }

Status Prepared::take(std::vector<Value>& row) {
  row.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Place& place = columns_[i];
    if (place.state == soci::i_null) {
      row[i] = std::monostate{};
    } else if (dialect_ == Dialect::Postgres) {
      auto value = from_text(place.text, place.wanted);
      if (!value)
        return fail(Code::Internal,
                    cat("database: column ", i + 1, " is not the number it was read as"));
      row[i] = std::move(*value);
    } else if (place.type == Type::Integer) {
      row[i] = static_cast<std::int64_t>(place.integer);
    } else if (place.type == Type::Real) {
      row[i] = place.real;
    } else {
      row[i] = std::move(place.text);
    }
  }
  return Done{};
}

std::int64_t Prepared::affected_rows() { return std::max(statement_.get_affected_rows(), 0LL); }

bool Prepared::only_reads() {
  // A PostgreSQL statement has done all its work, and sent all its rows, by the time execute()
  // returns.
  return dialect_ == Dialect::Postgres ||
         sqlite_api::sqlite3_stmt_readonly(sqlite_handle(statement_)) != 0;
}

std::size_t Prepared::column_count() {
  const int count = dialect_ == Dialect::Postgres
                        ? PQnfields(postgres_rows(statement_))
                        : sqlite_api::sqlite3_column_count(sqlite_handle(statement_));
  return static_cast<std::size_t>(count);
}

void Prepared::finish() noexcept {
  if (dialect_ == Dialect::Postgres) {
    drop_postgres_rows(statement_);
  } else {
    sqlite_api::sqlite3_reset(
        sqlite_handle(statement_));  // its error was reported by the step before
  }
  const auto let_go = [](Place& place) {
    if (place.text.capacity() > kKeptTextBytesMax) place.text = std::string();
  };
  for (auto& place : parameters_) let_go(place);
  for (auto& place : columns_) let_go(place);
}

}  // namespace embrace::db
