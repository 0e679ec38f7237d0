#pragma once
// Digest: 32 bytes of SHA-256 that have been checked for shape; a std::string of hex has not.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace {

class Digest {
 public:
  Digest() = default;  // all zero: no digest
  explicit Digest(std::array<std::uint8_t, 32> bytes) : bytes_(bytes) {}

  // Exactly 64 hex digits, lower case. InvalidArgument otherwise.
  static Result<Digest> parse(std::string_view hex);

  std::string hex() const;
  const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }
  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

}  // namespace embrace

template <>
struct std::hash<embrace::Digest> {
  std::size_t operator()(const embrace::Digest& digest) const noexcept {
    std::size_t word;
    std::memcpy(&word, digest.bytes().data(), sizeof word);  // a digest is its own hash
    return word;
  }
};
