#pragma once
// Randomness, tokens and passwords.

#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace::crypto {

std::string random_bytes(std::size_t count);  // from the operating system
std::string random_alphanumeric(std::size_t count);

// "hf_" and 34 alphanumerics: the shape that clients and secret scanners know.
std::string mint_access_token();

// argon2id in PHC string form ("$argon2id$v=19$m=...,t=...,p=...$salt$hash"). Blocks for tens of
// milliseconds of CPU and memory_kib of memory: call it on a pool.
struct PasswordCost {
  unsigned memory_kib = 19 * 1024;
  unsigned passes = 2;
};
std::string hash_password(std::string_view password, PasswordCost cost = {});
bool verify_password(std::string_view password, std::string_view phc);

}  // namespace embrace::crypto
