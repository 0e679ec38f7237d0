#pragma once
// MD5, for protocols that ask for it to notice damage on the way (S3's Content-MD5). It protects
// from accidents alone: whoever wants to can make two messages with one MD5.

#include <memory>
#include <string>
#include <string_view>

namespace embrace::crypto {

class Md5 {
 public:
  Md5();
  ~Md5();

  void update(std::string_view bytes);
  // The 16 bytes; "" where the system forbids MD5 (FIPS). Once; the object is spent.
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string md5(std::string_view bytes);

}  // namespace embrace::crypto
