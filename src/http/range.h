#pragma once
// The Range header (RFC 9110, 14.2) and the responses that it leads to.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace embrace::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

inline constexpr std::size_t kRangesMax = 64;

// Ranges of an entity of `size_bytes`, clamped to it. nullopt: no (or a malformed, or a non-bytes)
// header, so the whole entity is meant. An empty list never comes back: when no range can be
// satisfied, or there are more than kRangesMax, it is RangeInvalid with the fact "size".
Result<std::optional<std::vector<ByteRange>>> parse_range(std::optional<std::string_view> header,
                                                          std::uint64_t size_bytes);

// What an entity is, before anyone asks for part of it.
struct Entity {
  std::uint64_t size_bytes = 0;
  std::string etag;  // with quotes
  std::string content_type;
};

// True when If-None-Match names `etag` (weak comparison) or is "*".
bool etag_matches(std::string_view if_none_match, std::string_view etag);

// Decides 200, 206, 304, 412 or 416 from Range, If-Range, If-None-Match and If-Match, and sets
// ETag, Accept-Ranges, Content-Type and Content-Range. `open` is called once per part with the
// bytes wanted (never for HEAD, 304 or 416) and gives the content of exactly that range; several
// ranges become multipart/byteranges.
using OpenRange = std::function<Task<Result<rt::Content>>(ByteRange)>;
Task<Result<Response>> respond_with_entity(const Request& request, Entity entity, OpenRange open);

// 206 with exactly these ranges of the entity, which lie inside it: one as it is, several as
// multipart/byteranges with one part each, in this order and never merged, whatever they add up to.
// For callers that have decided about the Range header themselves.
Task<Result<Response>> respond_with_ranges(Entity entity, std::vector<ByteRange> ranges,
                                           OpenRange open);

// The body of an answer to HEAD: its length is told, and nobody may read it.
rt::Content measured_only(std::uint64_t length);

}  // namespace embrace::http
