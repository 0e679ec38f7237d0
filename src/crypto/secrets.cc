#include "crypto/secrets.h"

#include <argon2.h>
#include <sys/random.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include "base/strings.h"

namespace embrace::crypto {

namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr unsigned kLanes = 1;  // more would start threads inside the library
constexpr std::string_view kScheme = "$argon2id$";

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t filled = 0; filled < count;) {
    const ssize_t got = ::getrandom(out.data() + filled, count - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    // Going on with bytes that are not random would be worse than any failure.
    if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    filled += static_cast<std::size_t>(got);
  }
  return out;
}

std::string random_alphanumeric(std::size_t count) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  // Bytes from the last, incomplete round of the alphabet are thrown away, else its first letters
  // would come more often.
  constexpr unsigned kFair = 256 / kAlphabet.size() * kAlphabet.size();
  std::string out;
  out.reserve(count);
  while (out.size() < count) {
    for (const char c : random_bytes(count - out.size() + 8)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < kFair && out.size() < count) out += kAlphabet[byte % kAlphabet.size()];
    }
  }
  return out;
}

std::string mint_access_token() { return "hf_" + random_alphanumeric(34); }

std::string hash_password(std::string_view password, PasswordCost cost) {
  const std::string salt = random_bytes(kSaltBytes);
  std::string phc(
      argon2_encodedlen(cost.passes, cost.memory_kib, kLanes, kSaltBytes, kHashBytes, Argon2_id),
      '\0');
  const int code =
      argon2id_hash_encoded(cost.passes, cost.memory_kib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, phc.data(), phc.size());
  if (code != ARGON2_OK) {
    throw std::runtime_error(
        cat("hash a password: ", std::string_view(argon2_error_message(code))));
  }
  phc.resize(phc.find('\0'));
  return phc;
}

bool verify_password(std::string_view password, std::string_view phc) {
  if (!phc.starts_with(kScheme)) return false;
  const int code = argon2id_verify(std::string(phc).c_str(), password.data(), password.size());
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();  // not the user's mistake
  return code == ARGON2_OK;
}

}  // namespace embrace::crypto
