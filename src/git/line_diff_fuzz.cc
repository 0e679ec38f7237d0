// The diff of any two texts turns the one into the other, and its hunks say the same.

#include <cstdlib>

#include "git/line_diff.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace::git;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t middle = text.size() * data[0] / 255;
  const auto before = lines_of_text(text.substr(0, middle));
  const auto after = lines_of_text(text.substr(middle));
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(data[0]);
  const auto changes = diff_lines(before, after, until);
  std::vector<std::string_view> made;
  std::size_t at = 0;
  for (const LineChange& change : changes) {
    if (change.old_begin < at || change.old_end > before.size() || change.new_end > after.size())
      std::abort();
    made.insert(made.end(), before.begin() + at, before.begin() + change.old_begin);
    made.insert(made.end(), after.begin() + change.new_begin, after.begin() + change.new_end);
    at = change.old_end;
  }
  made.insert(made.end(), before.begin() + static_cast<std::ptrdiff_t>(at), before.end());
  if (made != after) std::abort();
  HunkBudget budget{.lines = 1000, .bytes = 100'000};
  std::size_t lines = 0;
  for (const Hunk& hunk : render_hunks(before, after, changes, budget)) {
    if (hunk.old_lines > before.size() || hunk.new_lines > after.size()) std::abort();
    lines += hunk.lines.size();
  }
  if (lines > 2002) std::abort();
  return 0;
}
