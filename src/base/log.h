#pragma once
// Structured logs: one JSON object a line on stderr, or plain text for a person's terminal.
//
//   log::warn("pack is missing", {{"repo", name.id()}, {"pack", pack}});
//
// Log a failure once, where it is handled; put the identifier in a field. Threads: safe from any.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace embrace::log {

struct Field {
  Field(std::string_view key, std::string_view value) : key(key), value(value) {}
  template <std::integral N>
  Field(std::string_view key, N number) : key(key), value(cat(number)), is_number(true) {}
  std::string key;
  std::string value;
  bool is_number = false;
};
using Fields = std::initializer_list<Field>;

enum class Level : std::uint8_t { Debug, Info, Warn, Error };
enum class Format : std::uint8_t { Text, Json };

void configure(Level least, Format format);
bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::Debug)) write(Level::Debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::Info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::Warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::Error, message, fields);
}

}  // namespace embrace::log
