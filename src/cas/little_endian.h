#pragma once
// Integers of the Xet formats: little-endian, of 1 to 8 bytes.

#include <cstdint>
#include <string>
#include <string_view>

namespace embrace::cas {

inline void append_little_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> 8 * i));
}

// The caller has checked that they are there.
inline std::uint64_t load_little_endian(std::string_view from, std::size_t at, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(from[at + i])} << 8 * i;
  }
  return value;
}

inline std::uint32_t load_u32(std::string_view from, std::size_t at) {
  return static_cast<std::uint32_t>(load_little_endian(from, at, 4));
}

}  // namespace embrace::cas
