#include "json/writer.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::json {

// After a value, the next one needs a comma; after an opening bracket or a key, it does not.
void Writer::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

Writer& Writer::begin_object() {
  separate();
  out_ += '{';
  comma_ = false;
  ++depth_;
  return *this;
}

Writer& Writer::end_object() {
  out_ += '}';
  comma_ = true;
  --depth_;
  return *this;
}

Writer& Writer::begin_array() {
  separate();
  out_ += '[';
  comma_ = false;
  ++depth_;
  return *this;
}

Writer& Writer::end_array() {
  out_ += ']';
  comma_ = true;
  --depth_;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_json_quoted(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  append_json_quoted(out_, text);
  return *this;
}

Writer& Writer::value(bool flag) { return raw(flag ? "true" : "false"); }

Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];  // the shortest text that reads back as the same double has at most 24
  const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return raw({digits, static_cast<std::size_t>(end - digits)});
}

Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

Writer& Writer::signed_value(std::int64_t number) {
  separate();
  detail::append_piece(out_, number);
  return *this;
}

Writer& Writer::unsigned_value(std::uint64_t number) {
  separate();
  detail::append_piece(out_, number);
  return *this;
}

std::string Writer::take() {
  EMB_CHECK(depth_ == 0, "every object and array that was begun has been ended");
  comma_ = false;
  return std::exchange(out_, {});
}

}  // namespace embrace::json
