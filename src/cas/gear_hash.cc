#include "cas/gear_hash.h"

namespace embrace::cas {

namespace {

std::uint64_t next_gear(std::uint64_t hash, char byte) {
  return (hash << 1) + kGearTable[static_cast<unsigned char>(byte)];
}

}  // namespace

std::uint64_t absorb_gear(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = next_gear(hash, byte);
  return hash;
}

std::size_t find_gear_match_plainly(std::uint64_t& hash, std::string_view bytes,
                                    std::uint64_t mask) {
  std::uint64_t running = hash;
  std::size_t found = kNoGearMatch;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    running = next_gear(running, bytes[i]);
    if ((running & mask) == 0) {
      found = i + 1;
      break;
    }
  }
  hash = running;
  return found;
}

std::size_t find_gear_match(std::uint64_t& hash, std::string_view bytes, std::uint64_t mask) {
  return find_gear_match_plainly(hash, bytes, mask);
}

}  // namespace embrace::cas
