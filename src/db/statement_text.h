#pragma once
// SQL text with :named parameters, made into what the databases number: ?1 (SQLite), $1
// (PostgreSQL). A name that appears twice keeps its number, so it is bound once and has one type.

#include <cstddef>
#include <string>
#include <string_view>

#include "db/database.h"

namespace embrace::db {

struct StatementText {
  std::string text;
  std::size_t parameters = 0;
};

// Leaves quoted text, quoted identifiers and PostgreSQL's :: alone; drops comments.
StatementText number_parameters(std::string_view sql, Dialect dialect);

}  // namespace embrace::db
