#pragma once
// The signed texts of the Xet doors: the token that opens the chunk store to a client, and the link
// that opens some bytes of a xorb to whoever holds it. Nothing is kept of either here.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cas/xet_hash.h"
#include "cas/xorb.h"

namespace embrace::hub {

// What a client of the chunk store may do, for an hour or so.
struct XetToken {
  enum class Scope : std::uint8_t { Read, Write };  // Write includes Read
  Scope scope = Scope::Read;
  std::int64_t repo_id = 0;
  Millis repo_created_ms = 0;  // tells a deleted repository from a later one with its id
  std::int64_t user_id = 0;    // 0: nobody
  // The user may propose to the repository, and not write: what they send counts for them.
  bool is_proposal = false;
  Millis expires_ms = 0;

  std::string render(std::string_view signing_key) const;
  // Unauthenticated when forged, or expired for longer than clocks may differ: a client that reads
  // the time from its own clock must not be turned away early, for it would give up.
  static Result<XetToken> parse(std::string_view text, std::string_view signing_key, Millis now_ms);
};

// Which bytes of one xorb a URL opens, whole or in part.
struct XetFetch {
  static constexpr std::size_t kSpansMax = 64;  // keeps a URL below 2 KiB
  cas::XetHash xorb;
  std::vector<cas::ByteSpan> spans;  // ascending, neither touching nor overlapping
  Millis expires_ms = 0;

  bool covers(std::uint64_t offset, std::uint64_t length) const;  // inside of one span
  std::uint64_t total_bytes() const;                              // of all spans
  std::string render(std::string_view signing_key) const;
  // Denied when forged or expired: clients then ask for a new plan.
  static Result<XetFetch> parse(std::string_view text, std::string_view signing_key, Millis now_ms);
};

}  // namespace embrace::hub
