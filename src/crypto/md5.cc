#include "crypto/md5.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace embrace::crypto {

struct Md5::Impl {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool allowed = context != nullptr && EVP_DigestInit_ex(context, EVP_md5(), nullptr) == 1;
  ~Impl() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : impl_(std::make_unique<Impl>()) {}
Md5::~Md5() = default;

void Md5::update(std::string_view bytes) {
  if (!impl_->allowed) return;
  EMB_CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1, "MD5 takes bytes");
}

std::string Md5::finish() {
  if (!impl_->allowed) return "";
  std::string out(16, '\0');
  unsigned size = 0;
  EMB_CHECK(EVP_DigestFinal_ex(impl_->context, reinterpret_cast<unsigned char*>(out.data()),
                               &size) == 1 &&
                size == out.size(),
            "MD5 has 16 bytes");
  return out;
}

std::string md5(std::string_view bytes) {
  Md5 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace embrace::crypto
