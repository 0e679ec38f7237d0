#pragma once
// Migrations: numbered steps that only go forward, each in its own transaction. The list is meta's
// (meta/schema.cc); how it is applied is here. A database newer than the program is refused.

#include <span>
#include <string_view>

#include "db/database.h"

namespace embrace::db {

struct Migration {
  int number;  // 1, 2, 3 ...
  std::string_view name;
  // Statements separated by lines holding only "--". Words in {{ }} are replaced per dialect:
  // {{id}} a generated 64-bit primary key (never reused), {{int}} a 64-bit integer, {{real}},
  // {{text}} (compared byte by byte in both dialects). A statement that begins with {{only sqlite}}
  // or
  // {{only postgres}} is left out on the other.
  std::string_view sql;
};

// Nodes that start together are safe: each step is applied by one of them. Errors: Conflict for a
// newer database; what a step's own statements fail with.
Status migrate(rt::Blocking, Database& database, std::span<const Migration> migrations);

}  // namespace embrace::db
