#pragma once
// A private PostgreSQL for tests: started on first use, once per test program, in a temporary
// folder and on a Unix socket of its own; stopped when the program ends (or dies).
//
// EMB_TEST_POSTGRES=off says that this machine has none and that its tests are to be skipped;
// without it, missing binaries (/usr/lib/postgresql/*/bin) make them fail.

#include <string>

namespace testing {

// For GTEST_SKIP().
bool postgres_is_switched_off();

// "postgresql://..." of an empty database made for this call. Throws std::runtime_error with what
// to do.
std::string postgres_url_of_fresh_database();

}  // namespace testing
