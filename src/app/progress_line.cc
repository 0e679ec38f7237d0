#include "app/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/terminal_text.h"
#include "base/strings.h"

namespace embrace::app {

namespace {

constexpr std::size_t kBarColumns = 20;
constexpr std::size_t kColumnsDefault = 80;

std::string with_digits(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, value < 9.95 ? "%.1f" : "%.0f", value);
  return digits;
}

// The unit that fits the larger of two numbers that stand beside each other.
std::pair<double, std::string_view> unit_for(double bytes) {
  if (bytes >= 1e9) return {1e9, "GB"};
  if (bytes >= 1e6) return {1e6, "MB"};
  return {1e3, "kB"};
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsDefault;
  return size.ws_col;
}

// At most `columns` code points of a text.
std::string_view cut(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  while (end < text.size() && columns-- > 0) {
    do ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return text.substr(0, end);
}

}  // namespace

std::string render_progress(const ProgressState& state, std::optional<double> bytes_per_second,
                            std::size_t columns) {
  const std::uint64_t done = std::min(state.bytes_done, state.bytes);
  const double part =
      state.bytes == 0 ? 0 : static_cast<double>(done) / static_cast<double>(state.bytes);
  const auto full = static_cast<std::size_t>(part * kBarColumns);
  const auto [scale, unit] = unit_for(static_cast<double>(state.bytes));
  std::string line =
      cat(state.verb, " [", std::string(full, '#'), std::string(kBarColumns - full, '-'), "] ",
          static_cast<unsigned>(part * 100), "%  ", with_digits(static_cast<double>(done) / scale),
          " of ", with_digits(static_cast<double>(state.bytes) / scale), " ", unit);
  if (bytes_per_second) {
    const auto [rate_scale, rate_unit] = unit_for(*bytes_per_second);
    line += cat(", ", with_digits(*bytes_per_second / rate_scale), " ", rate_unit, "/s");
  }
  line += cat(", ", state.things_done, " of ", state.things, " ", state.noun);
  if (!state.current.empty()) line += cat(": ", for_terminal(state.current));
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  return std::string(cut(line, columns));
}

ProgressLine::ProgressLine(bool quiet) : shown_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(const ProgressState& state) {
  if (!shown_) return;
  const auto now = Clock::now();
  if (verb_ != state.verb) {
    verb_ = state.verb;
    begun_ = now;
    bytes_before_ = state.bytes_done;
  } else if (now - last_ < std::chrono::milliseconds(100)) {
    return;
  }
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  std::optional<double> rate;
  if (seconds >= 0.5 && state.bytes_done >= bytes_before_)
    rate = static_cast<double>(state.bytes_done - bytes_before_) / seconds;
  // One column stays free, so that no terminal goes on to the next line.
  const std::string line = render_progress(state, rate, terminal_columns() - 1);
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
  written_ = true;
}

void ProgressLine::clear() {
  if (written_) std::fputs("\r\033[K", stderr);
  written_ = false;
}

}  // namespace embrace::app
