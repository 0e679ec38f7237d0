#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace embrace::log {

namespace {

constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v";
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

struct Output {
  Output() : logger("embrace", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    use(Format::Text);
  }
  void use(Format chosen) {
    format = chosen;
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        chosen == Format::Json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc));
  }
  spdlog::logger logger;
  std::atomic<Format> format;
};

// Never destroyed: a thread that is still ending may log after main() has returned.
Output& output() {
  static Output& only = *new Output;
  return only;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warn:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// What stands behind time and level in the line's object.
std::string render_json(std::string_view message, Fields fields) {
  std::string out = "\"message\":";
  append_json_quoted(out, message);
  for (const Field& field : fields) {
    out += ',';
    append_json_quoted(out, field.key);
    out += ':';
    if (field.is_number) {
      out += field.value;
    } else {
      append_json_quoted(out, field.value);
    }
  }
  return out;
}

// A value with a space, a quote or a control character is quoted, so that a stranger's text can
// neither begin a line nor pass for another field.
bool is_plain(std::string_view value) {
  if (value.empty()) return false;
  for (const unsigned char c : value) {
    if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7F) return false;
  }
  return true;
}

std::string render_text(std::string_view message, Fields fields) {
  std::string out;
  for (const unsigned char c : message) out += c < ' ' ? ' ' : static_cast<char>(c);
  for (const Field& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    if (is_plain(field.value)) {
      out += field.value;
    } else {
      append_json_quoted(out, field.value);
    }
  }
  return out;
}

}  // namespace

void configure(Level least, Format format) {
  output().use(format);
  output().logger.set_level(to_spdlog(least));
}

bool enabled(Level level) { return output().logger.should_log(to_spdlog(level)); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  Output& out = output();
  const std::string line = out.format.load(std::memory_order_relaxed) == Format::Json
                               ? render_json(message, fields)
                               : render_text(message, fields);
  // The overload without a format string: the text may hold braces.
  out.logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace embrace::log
