#pragma once
// ProgressLine: one line of a terminal that says how far something is. Nothing is written where
// standard error is no terminal, or when asked to be quiet.
//
// Threads: one at a time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace embrace::app {

struct ProgressState {
  std::string_view verb;  // "fetching"
  std::string_view noun;  // "files", of which there are
  std::size_t things = 0;
  std::size_t things_done = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_done = 0;
  std::string_view current;  // a name, made fit for the terminal here; may be empty
};

// "fetching [#####---------------] 27%  1.2 of 4.5 GB, 56 MB/s, 2 of 9 files: model.safetensors",
// of at most `columns` code points. Without a rate that part is left out.
std::string render_progress(const ProgressState& state, std::optional<double> bytes_per_second,
                            std::size_t columns);

class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine();  // the line is gone
  ProgressLine(const ProgressLine&) = delete;

  // Shown ten times a second at most.
  void show(const ProgressState& state);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  const bool shown_;
  bool written_ = false;
  std::string verb_;  // of the rate
  Clock::time_point begun_;
  Clock::time_point last_;
  std::uint64_t bytes_before_ = 0;  // done when we began to look
};

}  // namespace embrace::app
