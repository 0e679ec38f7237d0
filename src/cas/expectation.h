#pragma once
// What arrived against what was announced.

#include "base/strings.h"
#include "cas/object_store.h"

namespace embrace::cas {

// Unusable, with both values in the message, when `got` is not `expected`.
inline Status check_expectation(const ObjectInfo& got, const ObjectInfo& expected) {
  if (got.size_bytes != expected.size_bytes) {
    return fail(Code::Unusable,
                cat("got ", got.size_bytes, " bytes, expected ", expected.size_bytes));
  }
  if (got.sha256 != expected.sha256) {
    return fail(Code::Unusable,
                cat("these bytes hash to ", got.sha256.hex(), ", not ", expected.sha256.hex()));
  }
  return Done{};
}

}  // namespace embrace::cas
