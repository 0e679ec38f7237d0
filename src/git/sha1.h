#pragma once
// SHA-1 of a stream: the checksum at the end of packs and pack indexes. Object ids are hashed by
// libgit2 (with its collision detection); here an attacker gains nothing from a collision.

#include <array>
#include <cstdint>
#include <string_view>

#include "git/types.h"

namespace embrace::git {

class Sha1 {
 public:
  void update(std::string_view bytes);
  Oid finish();  // once; the object is spent

 private:
  void mix(const std::uint8_t* block);

  std::array<std::uint32_t, 5> state_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  std::array<std::uint8_t, 64> block_{};
  std::uint64_t length_ = 0;
};

}  // namespace embrace::git
