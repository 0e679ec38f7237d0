#pragma once
// SHA-1 (FIPS 180-4), for git's names of blobs alone: nothing here rests on its strength.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace embrace::transformers {

class Sha1 {
 public:
  void add(std::string_view bytes);
  std::string finish();  // 40 digits; once, the object is spent

 private:
  void take_block(const unsigned char* block);

  std::array<std::uint32_t, 5> state_ = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476,
                                         0xC3D2E1F0};
  std::array<unsigned char, 64> waiting_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace embrace::transformers
