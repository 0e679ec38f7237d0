#pragma once
// gzip for text responses, on the connection's thread: fast level, bounded size.

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace embrace::http {

// True when Accept-Encoding allows the coding (RFC 9110, 12.5.3): named, or "*", with a weight
// above zero. "x-gzip" is gzip.
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);
bool accepts_gzip(std::string_view accept_encoding);

// What gzip made of `plain_bytes` bytes; for our own files only, since it throws when that is not
// so.
std::string gunzip(std::string_view packed, std::size_t plain_bytes);

// Compresses the text of `response` when it asked for that, is large enough and the client agrees.
// Adds Vary even when this client did not agree: a cache must not give one client's bytes to the
// other.
void compress_if_wanted(const Fields& request_fields, Response& response, std::uint32_t bytes_min);

}  // namespace embrace::http
