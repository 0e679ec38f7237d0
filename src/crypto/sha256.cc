#include "crypto/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "base/check.h"

namespace embrace::crypto {

namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// OpenSSL fails here only without memory or without its default provider: nobody can handle either.
void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(what);
}

// Fetched once: EVP_sha256() makes OpenSSL 3 search its providers at every start of a hash.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  require(fetched != nullptr, "OpenSSL has no SHA-256");
  return fetched;
}

Context make_context() {
  Context context(EVP_MD_CTX_new());
  require(context != nullptr, "OpenSSL has no memory for a hash");
  return context;
}

void start(EVP_MD_CTX* context) {
  require(EVP_DigestInit_ex(context, algorithm(), nullptr) == 1, "OpenSSL can't start a hash");
}

void feed(EVP_MD_CTX* context, std::string_view bytes) {
  require(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1, "OpenSSL can't hash");
}

Digest end(EVP_MD_CTX* context) {
  std::array<std::uint8_t, 32> out;
  require(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1, "OpenSSL can't end a hash");
  return Digest(out);
}

}  // namespace

struct Sha256::Impl {
  Context context = make_context();
  bool spent = false;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) { start(impl_->context.get()); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  EMB_CHECK(impl_ != nullptr && !impl_->spent, "a finished hash takes no more bytes");
  feed(impl_->context.get(), bytes);
}

Digest Sha256::finish() {
  EMB_CHECK(impl_ != nullptr && !impl_->spent, "a hash is finished once");
  impl_->spent = true;
  return end(impl_->context.get());
}

Digest sha256(std::string_view bytes) {
  // One context a thread: for a short text, allocating it would cost more than hashing.
  thread_local const Context context = make_context();
  start(context.get());
  feed(context.get(), bytes);
  return end(context.get());
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  std::array<std::uint8_t, 32> out;
  unsigned length = 0;
  // A null key would mean "the last one", so an empty key is given an address.
  const void* const key_bytes = key.empty() ? "" : key.data();
  EMB_CHECK(key.size() <= 1 << 20, "a key is short");
  const unsigned char* const made = HMAC(algorithm(), key_bytes, static_cast<int>(key.size()),
                                         reinterpret_cast<const unsigned char*>(message.data()),
                                         message.size(), out.data(), &length);
  require(made != nullptr && length == out.size(), "OpenSSL can't compute an HMAC");
  return Digest(out);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace embrace::crypto
