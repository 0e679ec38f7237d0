#pragma once
// Head: a request line and its fields, parsed and checked for everything that smuggling needs.
//
// Stricter than the RFC where it leaves a choice: both Content-Length and Transfer-Encoding, folded
// fields, transfer codings other than one plain "chunked", no or several Hosts in 1.1 are refused.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace embrace::http {

// Why a request never reaches the handler, as the client gets to read it.
struct Refusal {
  unsigned status = 400;
  std::string message;
};

struct Head {
  Method method = Method::Get;
  std::string method_name;
  std::string path;
  std::string query_text;
  Fields fields;
  bool is_http10 = false;
  bool keep_alive = false;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
};

// `text` runs from the first byte of the request line to the empty line, both included.
std::expected<Head, Refusal> parse_head(std::string_view text);

// True when `text`, the beginning of a head, can't become one any more. Keeps a client that speaks
// another protocol from waiting for the timeout.
bool is_hopeless(std::string_view text);

// The size in a chunk's line (without CRLF); extensions are skipped. nullopt when malformed.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line);

}  // namespace embrace::http
