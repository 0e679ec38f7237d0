#pragma once
// Where a xorb lies in the backend: "xorbs/ab/cd/<hash>.<nonce>".

#include <optional>

#include "blob/backend.h"
#include "cas/xet_hash.h"

namespace embrace::cas {

inline constexpr std::string_view kXorbPrefix = "xorbs/";

// A key that was never used before.
blob::Key new_xorb_key(const XetHash& hash);
// nullopt: the key was not made by new_xorb_key.
std::optional<XetHash> hash_of_xorb_key(const blob::Key& key);

}  // namespace embrace::cas
