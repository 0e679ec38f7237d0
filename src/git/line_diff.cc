#include "git/line_diff.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/strings.h"

namespace embrace::git {
namespace {

using Numbers = std::vector<std::uint32_t>;  // lines, the same number for the same text

// Numbered by sorting, not by hashing: nobody can choose lines that all fall into one bucket.
std::pair<Numbers, Numbers> number_lines(const std::vector<std::string_view>& old_lines,
                                         const std::vector<std::string_view>& new_lines) {
  const std::size_t old_count = old_lines.size();
  Numbers order(old_count + new_lines.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto text = [&](std::uint32_t i) {
    return i < old_count ? old_lines[i] : new_lines[i - old_count];
  };
  std::ranges::sort(order, {}, text);
  std::pair<Numbers, Numbers> out{Numbers(old_count), Numbers(new_lines.size())};
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && text(order[i]) != text(order[i - 1])) ++number;
    const std::uint32_t at = order[i];
    (at < old_count ? out.first[at] : out.second[at - old_count]) = number;
  }
  return out;
}

// A line that the other side does not have at all is changed for certain, so the search need not
// see it: what is left keeps its place in the whole.
struct Side {
  Numbers lines;              // that the search sees
  Numbers places;             // of each in the whole
  std::vector<char> changed;  // of the whole
};

Side keep_shared(const Numbers& mine, const std::vector<char>& other_has) {
  Side side;
  side.changed.assign(mine.size(), 0);
  for (std::uint32_t i = 0; i < mine.size(); ++i) {
    if (other_has[mine[i]] != 0) {
      side.lines.push_back(mine[i]);
      side.places.push_back(i);
    } else {
      side.changed[i] = 1;
    }
  }
  return side;
}

class Search {
 public:
  Search(Side& old_side, Side& new_side, SteadyTime until)
      : old_(old_side), new_(new_side), until_(until) {
    const std::size_t diagonals = old_.lines.size() + new_.lines.size() + 3;
    forward_.resize(diagonals);
    backward_.resize(diagonals);
  }

  void run() {
    std::vector<Box> open{{0, length(old_), 0, length(new_)}};
    while (!open.empty()) {
      Box box = open.back();
      open.pop_back();
      strip(box);
      if (box.old_begin == box.old_end || box.new_begin == box.new_end || is_late()) {
        mark(old_, box.old_begin, box.old_end);
        mark(new_, box.new_begin, box.new_end);
        continue;
      }
      const auto [x, y] = split(box);
      open.push_back({box.old_begin, box.old_begin + x, box.new_begin, box.new_begin + y});
      open.push_back({box.old_begin + x, box.old_end, box.new_begin + y, box.new_end});
    }
  }

 private:
  static constexpr std::int32_t kCostMax = 256;  // edits to look for the middle of, each way

  struct Box {
    std::int32_t old_begin, old_end, new_begin, new_end;
  };
  struct Point {
    std::int32_t x, y;  // from the corner of the box
  };

  static std::int32_t length(const Side& side) {
    return static_cast<std::int32_t>(side.lines.size());
  }

  static void mark(Side& side, std::int32_t begin, std::int32_t end) {
    for (std::int32_t i = begin; i < end; ++i)
      side.changed[side.places[static_cast<std::size_t>(i)]] = 1;
  }

  bool same(std::int32_t in_old, std::int32_t in_new) const {
    return old_.lines[static_cast<std::size_t>(in_old)] ==
           new_.lines[static_cast<std::size_t>(in_new)];
  }

  void strip(Box& box) const {
    while (box.old_begin < box.old_end && box.new_begin < box.new_end &&
           same(box.old_begin, box.new_begin)) {
      ++box.old_begin;
      ++box.new_begin;
    }
    while (box.old_begin < box.old_end && box.new_begin < box.new_end &&
           same(box.old_end - 1, box.new_end - 1)) {
      --box.old_end;
      --box.new_end;
    }
  }

  bool is_late() const { return std::chrono::steady_clock::now() > until_; }

  // Where both ways meet, each by the fewest edits; after kCostMax of them, the furthest point that
  // the forward way has come to. On diagonal k = x - y, `reached[k]` is the largest x that d edits
  // lead to, or -1.
  Point split(const Box& box) {
    const std::int32_t n = box.old_end - box.old_begin;
    const std::int32_t m = box.new_end - box.new_begin;
    const std::int32_t delta = n - m;
    const bool is_odd = delta % 2 != 0;
    for (std::int32_t d = 0;; ++d) {
      if (d > kCostMax || (d % 64 == 63 && is_late())) return furthest(d - 1, n, m);
      open_diagonals(forward_, d, n, m);
      for (std::int32_t k = first_diagonal(d, m); k <= std::min(d, n); k += 2) {
        std::int32_t x = step(forward_, d, k, n, m);
        if (x < 0) continue;
        while (x < n && x - k < m && same(box.old_begin + x, box.new_begin + x - k)) ++x;
        at(forward_, k, m) = x;
        const std::int32_t other = delta - k;
        if (is_odd && std::abs(other) <= d - 1 && meets(backward_, other, x, n, m))
          return {x, x - k};
      }
      open_diagonals(backward_, d, n, m);
      for (std::int32_t k = first_diagonal(d, m); k <= std::min(d, n); k += 2) {
        std::int32_t x = step(backward_, d, k, n, m);
        if (x < 0) continue;
        while (x < n && x - k < m && same(box.old_end - 1 - x, box.new_end - 1 - (x - k))) ++x;
        at(backward_, k, m) = x;
        const std::int32_t other = delta - k;
        if (!is_odd && std::abs(other) <= d && meets(forward_, other, x, n, m))
          return {n - x, m - (x - k)};
      }
    }
  }

  using Reached = std::vector<std::int32_t>;

  static std::int32_t& at(Reached& reached, std::int32_t k, std::int32_t m) {
    return reached[static_cast<std::size_t>(k + m + 1)];
  }
  static std::int32_t first_diagonal(std::int32_t d, std::int32_t m) {
    return d <= m ? -d : -m + (d - m) % 2;
  }
  static void open_diagonals(Reached& reached, std::int32_t d, std::int32_t n, std::int32_t m) {
    for (std::int32_t k : {-d - 1, -d, d, d + 1}) {
      if (k >= -m - 1 && k <= n + 1) at(reached, k, m) = -1;
    }
  }
  // One edit more: a line of the new side (down from k + 1), or of the old side (right from k - 1).
  static std::int32_t step(Reached& reached, std::int32_t d, std::int32_t k, std::int32_t n,
                           std::int32_t m) {
    if (d == 0) return 0;
    std::int32_t x = -1;
    if (const std::int32_t down = at(reached, k + 1, m); down >= 0 && down - k <= m) x = down;
    if (const std::int32_t right = at(reached, k - 1, m); right >= 0 && right < n)
      x = std::max(x, right + 1);
    at(reached, k, m) = x;
    return x;
  }
  static bool meets(Reached& reached, std::int32_t k, std::int32_t x, std::int32_t n,
                    std::int32_t m) {
    if (k < -m || k > n) return false;
    const std::int32_t theirs = at(reached, k, m);
    return theirs >= 0 && theirs + x >= n;
  }

  Point furthest(std::int32_t d, std::int32_t n, std::int32_t m) {
    Point best{0, 0};
    for (std::int32_t k = first_diagonal(d, m); k <= std::min(d, n); k += 2) {
      const std::int32_t x = at(forward_, k, m);
      if (x >= 0 && 2 * x - k > best.x + best.y) best = {x, x - k};
    }
    return best;
  }

  Side& old_;
  Side& new_;
  const SteadyTime until_;
  Reached forward_, backward_;  // x, from each corner of the box
};

std::vector<LineChange> group(const std::vector<char>& old_changed,
                              const std::vector<char>& new_changed) {
  std::vector<LineChange> changes;
  std::uint32_t i = 0, j = 0;
  while (i < old_changed.size() || j < new_changed.size()) {
    LineChange change{i, i, j, j};
    while (i < old_changed.size() && old_changed[i] != 0) ++i;
    while (j < new_changed.size() && new_changed[j] != 0) ++j;
    change.old_end = i;
    change.new_end = j;
    if (change.old_begin != i || change.new_begin != j) changes.push_back(change);
    ++i;
    ++j;
  }
  return changes;
}

// Of several places where lines may have been put in or taken out, the last: an added function then
// begins with its own first line, not with the end of the one before. Two that meet become one.
std::vector<LineChange> slide_down(std::vector<LineChange> changes, const Numbers& old_lines,
                                   const Numbers& new_lines) {
  std::vector<LineChange> out;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    LineChange change = changes[i];
    for (;;) {
      const bool has_next = i + 1 < changes.size();
      const bool touches_next = has_next && changes[i + 1].old_begin == change.old_end &&
                                changes[i + 1].new_begin == change.new_end;
      if (touches_next) {
        change.old_end = changes[i + 1].old_end;
        change.new_end = changes[i + 1].new_end;
        ++i;
        continue;
      }
      const bool is_added = change.old_begin == change.old_end;
      const bool is_removed = change.new_begin == change.new_end;
      if (!is_added && !is_removed) break;
      if (change.old_end >= old_lines.size() || change.new_end >= new_lines.size()) break;
      const bool can_slide = is_added ? new_lines[change.new_begin] == new_lines[change.new_end]
                                      : old_lines[change.old_begin] == old_lines[change.old_end];
      if (!can_slide) break;
      ++change.old_begin, ++change.old_end, ++change.new_begin, ++change.new_end;
    }
    out.push_back(change);
  }
  return out;
}

constexpr std::uint32_t kContext = 3;
constexpr std::size_t kFunctionBytesMax = 80;

// The last line above that begins a thing, as git shows it after the second "@@".
std::string_view function_above(const std::vector<std::string_view>& lines, std::uint32_t begin,
                                std::uint32_t end, std::string_view otherwise) {
  for (std::uint32_t i = end; i > begin; --i) {
    const std::string_view line = lines[i - 1];
    if (line.empty()) continue;
    const char c = line.front();
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$') {
      std::size_t bytes = std::min(line.size(), kFunctionBytesMax);
      while (bytes < line.size() && bytes > 0 &&
             (static_cast<std::uint8_t>(line[bytes]) & 0xc0) == 0x80)
        --bytes;  // not inside a character
      return trim(line.substr(0, bytes));
    }
  }
  return otherwise;
}

std::string range(std::uint32_t start, std::uint32_t count) {
  return count == 1 ? cat(start) : cat(start, ",", count);
}

class HunkWriter {
 public:
  HunkWriter(const std::vector<std::string_view>& old_lines,
             const std::vector<std::string_view>& new_lines, HunkBudget& budget)
      : old_(old_lines), new_(new_lines), budget_(budget) {}

  // False when it does not fit any more.
  bool write(std::span<const LineChange> changes, std::vector<Hunk>& into) {
    const LineChange& first = changes.front();
    const LineChange& last = changes.back();
    const std::uint32_t before = std::min(first.old_begin, kContext);
    const auto after =
        static_cast<std::uint32_t>(std::min<std::size_t>(old_.size() - last.old_end, kContext));
    const std::uint32_t old_begin = first.old_begin - before;
    const std::uint32_t new_begin = first.new_begin - before;
    Hunk hunk;
    hunk.old_lines = last.old_end + after - old_begin;
    hunk.new_lines = last.new_end + after - new_begin;
    hunk.old_start = hunk.old_lines == 0 ? old_begin : old_begin + 1;
    hunk.new_start = hunk.new_lines == 0 ? new_begin : new_begin + 1;
    function_ = function_above(old_, searched_, old_begin, function_);
    searched_ = old_begin;
    hunk.header =
        cat("@@ -", range(hunk.old_start, hunk.old_lines), " +",
            range(hunk.new_start, hunk.new_lines), " @@", function_.empty() ? "" : " ", function_);
    std::uint32_t at = old_begin;
    for (const LineChange& change : changes) {
      if (!add(hunk, ' ', old_, at, change.old_begin) ||
          !add(hunk, '-', old_, change.old_begin, change.old_end) ||
          !add(hunk, '+', new_, change.new_begin, change.new_end))
        return false;
      at = change.old_end;
    }
    if (!add(hunk, ' ', old_, at, at + after)) return false;
    into.push_back(std::move(hunk));
    return true;
  }

 private:
  bool add(Hunk& hunk, char sign, const std::vector<std::string_view>& lines, std::uint32_t begin,
           std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) {
      std::string_view line = lines[i];
      if (budget_.lines == 0 || budget_.bytes < line.size() + 1) {
        budget_ = {};
        return false;
      }
      --budget_.lines;
      budget_.bytes -= line.size() + 1;
      const bool is_whole = line.ends_with('\n');
      if (is_whole) line.remove_suffix(1);
      std::string& out = hunk.lines.emplace_back();
      out.reserve(line.size() + 1);
      out.append(1, sign).append(line);
      if (!is_whole) hunk.lines.emplace_back("\\ No newline at end of file");
    }
    return true;
  }

  const std::vector<std::string_view>& old_;
  const std::vector<std::string_view>& new_;
  HunkBudget& budget_;
  std::string_view function_;
  std::uint32_t searched_ = 0;
};

}  // namespace

std::vector<std::string_view> lines_of_text(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const std::size_t bytes = newline == text.npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return lines;
}

bool looks_binary(std::string_view text) {
  constexpr std::size_t looked_at = 8000;
  return text.substr(0, looked_at).contains('\0');
}

std::vector<LineChange> diff_lines(const std::vector<std::string_view>& old_lines,
                                   const std::vector<std::string_view>& new_lines,
                                   SteadyTime until) {
  const auto [old_numbers, new_numbers] = number_lines(old_lines, new_lines);
  std::vector<char> old_has(old_lines.size() + new_lines.size(), 0), new_has = old_has;
  for (std::uint32_t number : old_numbers) old_has[number] = 1;
  for (std::uint32_t number : new_numbers) new_has[number] = 1;
  Side old_side = keep_shared(old_numbers, new_has);
  Side new_side = keep_shared(new_numbers, old_has);
  Search(old_side, new_side, until).run();
  return slide_down(group(old_side.changed, new_side.changed), old_numbers, new_numbers);
}

std::vector<Hunk> render_hunks(const std::vector<std::string_view>& old_lines,
                               const std::vector<std::string_view>& new_lines,
                               const std::vector<LineChange>& changes, HunkBudget& budget) {
  std::vector<Hunk> hunks;
  HunkWriter writer(old_lines, new_lines, budget);
  for (std::size_t i = 0; i < changes.size();) {
    std::size_t end = i + 1;
    while (end < changes.size() &&
           changes[end].old_begin - changes[end - 1].old_end <= 2 * kContext)
      ++end;
    if (!writer.write(std::span(changes).subspan(i, end - i), hunks)) break;
    i = end;
  }
  return hunks;
}

}  // namespace embrace::git
