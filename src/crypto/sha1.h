#pragma once
// SHA-1 (FIPS 180-4) of a stream, where nothing rests on its strength: the sums at the ends of
// git's packs and indexes, and git's names of blobs that were fetched. Objects of our own are
// hashed by libgit2, which notices collisions.

#include <array>
#include <cstdint>
#include <string_view>

namespace embrace::crypto {

class Sha1 {
 public:
  void update(std::string_view bytes);
  std::array<std::uint8_t, 20> finish();  // once; the object is spent

 private:
  void mix(const std::uint8_t* block);

  std::array<std::uint32_t, 5> state_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  std::array<std::uint8_t, 64> block_{};
  std::uint64_t length_ = 0;
};

}  // namespace embrace::crypto
