#pragma once
// How responses look on the wire: the head's text, and the replies that http/ makes by itself.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace embrace::http {

// How the receiver finds the end of the body.
enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };

struct HeadLine {
  unsigned status = 200;
  Framing framing = Framing::Length;
  std::uint64_t length = 0;  // for Framing::Length
  bool keep_alive = true;
  bool is_http10 = false;
  std::string_view date;  // IMF-fixdate
  std::string_view request_id;
};

// Appends the whole head to `out`. Fields that belong to the connection (Content-Length, Connection
// ...) are skipped; control characters in values become spaces, so a value can't start a new field.
void render_head(std::string& out, const HeadLine& line, const Fields& fields);

std::string_view reason_of(unsigned status);
bool has_body(unsigned status);                      // false for 1xx, 204 and 304
std::string render_date(std::int64_t unix_seconds);  // "Sun, 06 Nov 1994 08:49:37 GMT"

// {"error": message} with X-Error-Message: the shape that clients of the hub read.
Response error_response(unsigned status, std::string_view message);

}  // namespace embrace::http
