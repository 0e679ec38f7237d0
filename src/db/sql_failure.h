#pragma once
// What a database's own error number means to us.

#include <string_view>

#include "base/result.h"

namespace embrace::db {

struct SqlFailure {
  Code code = Code::Internal;
  bool retry = false;  // somebody else's transaction won: the same work may succeed if begun again
  bool lost = false;   // the connection is of no more use
};

SqlFailure classify_sqlite(int extended_code);
SqlFailure classify_postgres(
    std::string_view sqlstate);  // five characters; spaces when there was no answer

}  // namespace embrace::db
