#include "transformers/download/sha1.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/strings.h"

namespace embrace::transformers {

void Sha1::take_block(const unsigned char* block) {
  std::array<std::uint32_t, 80> words;
  for (std::size_t i = 0; i < 16; ++i) {
    words[i] = std::uint32_t{block[i * 4]} << 24 | std::uint32_t{block[i * 4 + 1]} << 16 |
               std::uint32_t{block[i * 4 + 2]} << 8 | block[i * 4 + 3];
  }
  for (std::size_t i = 16; i < 80; ++i)
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  auto [a, b, c, d, e] = state_;
  for (std::size_t i = 0; i < 80; ++i) {
    std::uint32_t mixed;
    if (i < 20)
      mixed = ((b & c) | (~b & d)) + 0x5A827999;
    else if (i < 40)
      mixed = (b ^ c ^ d) + 0x6ED9EBA1;
    else if (i < 60)
      mixed = ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    else
      mixed = (b ^ c ^ d) + 0xCA62C1D6;
    const std::uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state_[0] += a;
  state_[1] += b;
  state_[2] += c;
  state_[3] += d;
  state_[4] += e;
}

void Sha1::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t held = bytes_ % 64;
    const std::size_t take = std::min(bytes.size(), 64 - held);
    std::memcpy(waiting_.data() + held, bytes.data(), take);
    bytes_ += take;
    bytes.remove_prefix(take);
    if (held + take == 64) take_block(waiting_.data());
  }
}

std::string Sha1::finish() {
  const std::uint64_t bits = bytes_ * 8;
  std::string tail(1, '\x80');
  tail.append((119 - bytes_ % 64) % 64, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) tail += static_cast<char>(bits >> shift & 0xff);
  add(tail);
  std::string digest;
  for (const std::uint32_t word : state_) {
    for (int shift = 24; shift >= 0; shift -= 8) digest += static_cast<char>(word >> shift & 0xff);
  }
  return to_hex(digest);
}

}  // namespace embrace::transformers
