#pragma once
// line_diff: which lines differ between two texts. Myers' search for the shortest edit, in linear
// space, with a bound on its cost: texts come from strangers, so what would take too long to find
// shortest is found shorter only, and what is left when the time is over counts as replaced. The
// answer is a correct diff in every case.
//
// Threads: any.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace embrace::git {

using SteadyTime = std::chrono::steady_clock::time_point;

// Each with its newline; the last one may have none.
std::vector<std::string_view> lines_of_text(std::string_view text);
// As git decides it: a zero byte near the beginning.
bool looks_binary(std::string_view text);

// Lines [old_begin, old_end) became [new_begin, new_end); counted from 0. Between two changes stand
// lines that are the same on both sides.
struct LineChange {
  std::uint32_t old_begin = 0, old_end = 0;
  std::uint32_t new_begin = 0, new_end = 0;
  bool operator==(const LineChange&) const = default;
};
std::vector<LineChange> diff_lines(const std::vector<std::string_view>& old_lines,
                                   const std::vector<std::string_view>& new_lines,
                                   SteadyTime until);

// A piece of a unified diff: changes with three lines around them. Counted from 1; a side without
// lines starts at the line before it, as git writes it.
struct Hunk {
  std::uint32_t old_start = 0, old_lines = 0;
  std::uint32_t new_start = 0, new_lines = 0;
  std::string header;              // "@@ -1,3 +1,4 @@ def load():"
  std::vector<std::string> lines;  // "+text", "-text", " text", "\ No newline at end of file"
};
// Lines and bytes that may still be rendered; 0 when they are used up.
struct HunkBudget {
  std::size_t lines = 0;
  std::uint64_t bytes = 0;
};
// Takes what it renders from `budget`. Hunks that don't fit are left out, and the budget is 0 then.
std::vector<Hunk> render_hunks(const std::vector<std::string_view>& old_lines,
                               const std::vector<std::string_view>& new_lines,
                               const std::vector<LineChange>& changes, HunkBudget& budget);

}  // namespace embrace::git
