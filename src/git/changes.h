#pragma once
// What changed, for people to look at: diffs between trees, how two commits stand to each other,
// the history of one path, and who wrote each line. Everything here comes from strangers' pushes,
// so all of it is bounded in files, lines, bytes and time.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "git/line_diff.h"
#include "git/types.h"

namespace embrace::git {

struct DiffLimits {
  std::size_t files_max = 300;
  std::size_t lines_max = 20'000;             // of all hunks together
  std::uint64_t bytes_max = 4u << 20;         // the same
  std::uint64_t file_bytes_max = 1u << 20;    // of a file whose lines are compared
  std::chrono::milliseconds time_max{2'000};  // then the rest is left out
};

struct FileDiff {
  enum class Change : std::uint8_t { Added, Deleted, Modified, Renamed };
  Change change = Change::Modified;
  std::string path;                          // as it is now; of a deleted file, as it was
  std::string old_path;                      // Renamed only
  std::uint32_t old_mode = 0, new_mode = 0;  // 0: not there
  Oid old_oid, new_oid;
  std::optional<LfsPointer> old_lfs, new_lfs;  // then there are no hunks
  bool is_binary = false;                      // neither then
  bool is_too_large = false;                   // lines were not compared, or not all are here
  std::uint64_t additions = 0, deletions = 0;  // lines, also of hunks that are not here
  std::vector<Hunk> hunks;
};

struct Diff {
  std::vector<FileDiff> files;  // by path
  std::uint64_t additions = 0, deletions = 0;
  bool is_truncated = false;  // there are more files, or lines that are not here
};

// As `git diff` writes it, so that `git apply` reads it. Files that are binary, too large or in LFS
// are named only.
std::string render_patch(const Diff& diff);

// How `head` stands to `base`: their best common ancestor, and what `head` has beyond `base`,
// newest first.
struct Comparison {
  std::optional<Oid> merge_base;  // none: their histories share nothing
  std::vector<Commit> commits;    // the newest of them
  std::uint64_t ahead = 0;        // how many there are
};

// Commits that changed a path, newest first. As `git log -- path`: at a merge, only the side whose
// version it took is followed.
struct PathHistory {
  std::vector<Commit> commits;
  bool has_more = false;
};

struct BlameLimits {
  std::uint64_t file_bytes_max = 1u << 20;
  std::size_t lines_max = 20'000;
  std::chrono::milliseconds time_max{5'000};
};
struct BlameRange {
  std::size_t commit = 0;   // in Blame::commits
  std::uint32_t first = 0;  // line, counted from 1
  std::uint32_t lines = 0;
};
struct Blame {
  std::vector<Commit> commits;
  std::vector<BlameRange> ranges;  // together they are the whole file, in its order
};

}  // namespace embrace::git
