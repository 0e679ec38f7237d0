#pragma once
// SHA-256, whole or streamed, and HMAC over it. Runs at the speed of OpenSSL's SHA-NI code.

#include <memory>
#include <span>
#include <string_view>

#include "base/digest.h"

namespace embrace::crypto {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  Digest finish();  // once; the object is spent

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view message);
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace embrace::crypto
