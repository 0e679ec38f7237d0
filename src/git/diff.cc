// Diffs between two trees: first which paths differ, then which were only renamed, then the lines.

#include <algorithm>
#include <unordered_map>

#include "base/strings.h"
#include "git/changes.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

constexpr int kDepthMax = 512;
// Paths that are looked at, however few are shown: a renamed folder is only recognised as one when
// both its places were seen.
constexpr std::size_t kPathsMax = 20'000;
constexpr std::uint64_t kOpenTreeBytesMax = std::uint64_t{256} << 20;  // on one way down
constexpr std::uint32_t kSubmoduleMode = 0160000;

bool is_late(SteadyTime until) { return std::chrono::steady_clock::now() > until; }

// Steps through both trees at once, in git's order of names. Folders that are the same are not
// opened.
class TreeCompare {
 public:
  TreeCompare(Odb& odb, SteadyTime until) : odb_(odb), until_(until) {}

  Status compare(const Oid& old_tree, const Oid& new_tree, const std::string& prefix, int depth) {
    if (old_tree == new_tree || is_cut_) return Done{};
    if (depth > kDepthMax) return fail(Code::TooLarge, cat("folders nest deeper than ", kDepthMax));
    Side old_side, new_side;
    EMB_DO(open(old_tree, old_side));
    EMB_DO(open(new_tree, new_side));
    const std::uint64_t tree_bytes = old_side.bytes() + new_side.bytes();
    if (open_bytes_ += tree_bytes; open_bytes_ > kOpenTreeBytesMax)
      return fail(Code::TooLarge, "the folders on one path hold too many names");
    while ((old_side.has_item || new_side.has_item) && !is_cut_) {
      if (is_late(until_)) is_cut_ = true;
      const int order = !old_side.has_item ? 1
                        : !new_side.has_item
                            ? -1
                            : compare_tree_names(old_side.item.name, old_side.item.is_folder(),
                                                 new_side.item.name, new_side.item.is_folder());
      const TreeItem gone = order <= 0 ? old_side.item : TreeItem{};
      const TreeItem come = order >= 0 ? new_side.item : TreeItem{};
      EMB_DO(take(gone, come, prefix, depth));
      if (order <= 0) old_side.step();
      if (order >= 0) new_side.step();
    }
    if (old_side.is_broken()) return damaged_tree(old_tree);
    if (new_side.is_broken()) return damaged_tree(new_tree);
    open_bytes_ -= tree_bytes;
    return Done{};
  }

  std::vector<FileDiff> take_files() { return std::move(files_); }
  bool is_cut() const { return is_cut_; }

 private:
  struct Side {
    std::optional<Object> tree;
    std::optional<TreeReader> reader;
    TreeItem item;
    bool has_item = false;
    void step() { has_item = reader && reader->next(item); }
    bool is_broken() const { return reader && reader->is_broken(); }
    std::uint64_t bytes() const { return tree ? tree->bytes().size() : 0; }
  };

  Status open(const Oid& tree, Side& side) {
    if (tree.is_zero()) return Done{};
    EMB_TRY(Object object, odb_.read(tree, ObjectType::Tree));
    side.tree.emplace(std::move(object));
    side.reader.emplace(side.tree->bytes());
    side.step();
    return Done{};
  }

  // Items of one name; mode 0: not there.
  Status take(const TreeItem& gone, const TreeItem& come, const std::string& prefix, int depth) {
    if (gone.mode == come.mode && gone.oid == come.oid) return Done{};
    const std::string_view name = come.mode != 0 ? come.name : gone.name;
    std::string path = cat(prefix, name);
    if (gone.is_folder() || come.is_folder()) {
      return compare(gone.is_folder() ? gone.oid : Oid(), come.is_folder() ? come.oid : Oid(),
                     path + "/", depth + 1);
    }
    if (files_.size() >= kPathsMax) {
      is_cut_ = true;
      return Done{};
    }
    FileDiff file;
    file.change = gone.mode == 0   ? FileDiff::Change::Added
                  : come.mode == 0 ? FileDiff::Change::Deleted
                                   : FileDiff::Change::Modified;
    file.path = std::move(path);
    file.old_mode = gone.mode;
    file.new_mode = come.mode;
    file.old_oid = gone.oid;
    file.new_oid = come.oid;
    files_.push_back(std::move(file));
    return Done{};
  }

  Odb& odb_;
  const SteadyTime until_;
  std::vector<FileDiff> files_;
  bool is_cut_ = false;
  std::uint64_t open_bytes_ = 0;  // of the trees between the roots and here
};

// One blob as a diff sees it.
struct Content {
  std::optional<Object> blob;
  std::optional<LfsPointer> lfs;
  bool is_too_large = false;
  std::string_view text() const { return blob ? blob->bytes() : std::string_view(); }
};

class Contents {
 public:
  Contents(Odb& odb, const DiffLimits& limits, SteadyTime until)
      : odb_(odb), limits_(limits), until_(until) {}

  Result<Content> read(std::uint32_t mode, const Oid& oid) {
    return read(mode, oid, limits_.file_bytes_max);
  }

  Result<Content> read(std::uint32_t mode, const Oid& oid, std::uint64_t bytes_max) {
    Content content;
    if (mode == 0 || mode == kSubmoduleMode) return content;
    EMB_TRY(ObjectHeader header, odb_.header(oid));
    if (header.size_bytes > bytes_max) {
      content.is_too_large = true;
      return content;
    }
    EMB_TRY(Object blob, odb_.read(oid, ObjectType::Blob));
    if (blob.bytes().size() < LfsPointer::kBytesMax) content.lfs = LfsPointer::parse(blob.bytes());
    content.blob.emplace(std::move(blob));
    return content;
  }

  Status fill(FileDiff& file, HunkBudget& budget) {
    if (file.old_oid == file.new_oid) return Done{};  // renamed, or of another mode
    // When there is no time or room for more lines, what is a large file's pointer is still said.
    const bool is_over = budget.lines == 0 || is_late(until_);
    const std::uint64_t bytes_max = is_over ? LfsPointer::kBytesMax : limits_.file_bytes_max;
    EMB_TRY(const Content before, read(file.old_mode, file.old_oid, bytes_max));
    EMB_TRY(const Content after, read(file.new_mode, file.new_oid, bytes_max));
    file.old_lfs = before.lfs;
    file.new_lfs = after.lfs;
    if (before.lfs || after.lfs) return Done{};
    file.is_too_large = before.is_too_large || after.is_too_large;
    file.is_binary = looks_binary(before.text()) || looks_binary(after.text());
    if (file.is_too_large || file.is_binary) return Done{};
    if (is_over) {
      file.is_too_large = true;
      budget = {};
      return Done{};
    }
    const auto old_lines = lines_of_text(before.text());
    const auto new_lines = lines_of_text(after.text());
    const auto changes = diff_lines(old_lines, new_lines, until_);
    for (const LineChange& change : changes) {
      file.deletions += change.old_end - change.old_begin;
      file.additions += change.new_end - change.new_begin;
    }
    file.hunks = render_hunks(old_lines, new_lines, changes, budget);
    file.is_too_large = budget.lines == 0;
    return Done{};
  }

 private:
  Odb& odb_;
  const DiffLimits& limits_;
  const SteadyTime until_;
};

bool is_blob(std::uint32_t mode) { return mode != 0 && mode != kSubmoduleMode; }

// A file that is gone and one that has come become one that moved.
void join_renamed(FileDiff& come, FileDiff& gone) {
  come.change = FileDiff::Change::Renamed;
  come.old_path = std::move(gone.path);
  come.old_mode = gone.old_mode;
  come.old_oid = gone.old_oid;
  gone.path.clear();
}

// The same bytes at another place. Of several candidates, one of the same name.
void find_moved(std::vector<FileDiff>& files) {
  std::unordered_map<Oid, std::vector<std::size_t>> gone;
  for (std::size_t i = files.size(); i-- > 0;) {
    if (files[i].change == FileDiff::Change::Deleted && is_blob(files[i].old_mode))
      gone[files[i].old_oid].push_back(i);
  }
  const auto name_of = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
  for (FileDiff& file : files) {
    if (file.change != FileDiff::Change::Added || !is_blob(file.new_mode)) continue;
    const auto found = gone.find(file.new_oid);
    if (found == gone.end() || found->second.empty()) continue;
    std::vector<std::size_t>& places = found->second;
    auto best = std::prev(places.end());
    for (auto at = places.begin(); at != places.end() && places.size() <= 100; ++at) {
      if (name_of(files[*at].path) == name_of(file.path)) best = at;
    }
    join_renamed(file, files[*best]);
    places.erase(best);
  }
}

// Half of the bytes at another place: then the file moved and was changed on its way. Only among
// few files, since each is compared with each.
class SimilarFiles {
 public:
  SimilarFiles(Contents& contents, SteadyTime until) : contents_(contents), until_(until) {}

  Status find(std::vector<FileDiff>& files) {
    std::vector<Candidate> gone, come;
    for (FileDiff& file : files) {
      if (file.path.empty()) continue;
      if (file.change == FileDiff::Change::Deleted && is_blob(file.old_mode))
        gone.push_back({&file, {}, 0});
      if (file.change == FileDiff::Change::Added && is_blob(file.new_mode))
        come.push_back({&file, {}, 0});
    }
    if (gone.empty() || come.empty() || gone.size() > kFilesMax || come.size() > kFilesMax)
      return Done{};
    for (Candidate& candidate : gone)
      EMB_DO(read(candidate, candidate.file->old_mode, candidate.file->old_oid));
    for (Candidate& candidate : come)
      EMB_DO(read(candidate, candidate.file->new_mode, candidate.file->new_oid));
    struct Pair {
      double likeness;
      Candidate *gone, *come;
    };
    std::vector<Pair> pairs;
    for (Candidate& one : gone) {
      for (Candidate& other : come) {
        if (is_late(until_)) return Done{};
        if (const double likeness = compare(one, other); likeness >= kLikenessMin)
          pairs.push_back({likeness, &one, &other});
      }
    }
    std::ranges::sort(pairs, std::greater{}, &Pair::likeness);
    for (const Pair& pair : pairs) {
      if (pair.gone->file->path.empty() || pair.come->file->change != FileDiff::Change::Added)
        continue;
      join_renamed(*pair.come->file, *pair.gone->file);
    }
    return Done{};
  }

 private:
  static constexpr std::size_t kFilesMax = 50;
  static constexpr std::size_t kLinesMax = 2'000'000;  // of all together: 32 MB
  static constexpr double kLikenessMin = 0.5;

  struct Line {
    std::size_t hash;
    std::uint64_t bytes;  // of all lines of this hash
  };
  struct Candidate {
    FileDiff* file;
    std::vector<Line> lines;  // by hash
    std::uint64_t bytes = 0;
  };

  Status read(Candidate& candidate, std::uint32_t mode, const Oid& oid) {
    if (is_late(until_)) return Done{};
    EMB_TRY(const Content content, contents_.read(mode, oid));
    if (content.lfs || looks_binary(content.text())) return Done{};
    const auto lines = lines_of_text(content.text());
    if (lines.size() > lines_left_) return Done{};
    lines_left_ -= lines.size();
    auto& out = candidate.lines;
    out.reserve(lines.size());
    for (const std::string_view line : lines)
      out.push_back({std::hash<std::string_view>()(line), line.size()});
    std::ranges::sort(out, {}, &Line::hash);
    std::size_t count = 0;
    for (const Line& line : out) {
      if (count > 0 && out[count - 1].hash == line.hash) {
        out[count - 1].bytes += line.bytes;
      } else {
        out[count++] = line;
      }
    }
    out.resize(count);
    candidate.bytes = content.text().size();
    return Done{};
  }

  static double compare(const Candidate& one, const Candidate& other) {
    const std::uint64_t larger = std::max(one.bytes, other.bytes);
    if (std::min(one.bytes, other.bytes) * 2 < larger || larger == 0) return 0;
    std::uint64_t shared = 0;
    for (auto a = one.lines.begin(), b = other.lines.begin();
         a != one.lines.end() && b != other.lines.end();) {
      const auto order = a->hash <=> b->hash;
      if (order == 0) shared += std::min(a->bytes, b->bytes);
      if (order <= 0) ++a;
      if (order >= 0) ++b;
    }
    return static_cast<double>(shared) / static_cast<double>(larger);
  }

  Contents& contents_;
  const SteadyTime until_;
  std::size_t lines_left_ = kLinesMax;
};

}  // namespace

Result<Diff> Repository::diff(rt::Blocking, const Oid& old_tree, const Oid& new_tree,
                              const DiffLimits& limits) {
  const SteadyTime until = std::chrono::steady_clock::now() + limits.time_max;
  TreeCompare trees(*impl_->odb, until);
  EMB_DO(trees.compare(old_tree, new_tree, "", 0));
  Diff diff;
  diff.files = trees.take_files();
  diff.is_truncated = trees.is_cut();
  Contents contents(*impl_->odb, limits, until);
  find_moved(diff.files);
  EMB_DO(SimilarFiles(contents, until).find(diff.files));
  std::erase_if(diff.files, [](const FileDiff& file) { return file.path.empty(); });
  std::ranges::sort(diff.files, {}, &FileDiff::path);
  if (diff.files.size() > limits.files_max) {
    diff.files.resize(limits.files_max);
    diff.is_truncated = true;
  }
  HunkBudget budget{.lines = limits.lines_max, .bytes = limits.bytes_max};
  for (FileDiff& file : diff.files) {
    EMB_DO(contents.fill(file, budget));
    diff.additions += file.additions;
    diff.deletions += file.deletions;
  }
  if (budget.lines == 0) diff.is_truncated = true;
  return diff;
}

namespace {

std::string octal(std::uint32_t mode) {
  std::string text;
  for (; mode != 0; mode >>= 3) text.insert(text.begin(), static_cast<char>('0' + mode % 8));
  return cat(std::string(text.size() < 6 ? 6 - text.size() : 0, '0'), text);
}

// A name that would end its line, or look quoted, is quoted as C quotes it.
std::string quote(std::string_view side, std::string_view path) {
  const bool is_plain = std::ranges::none_of(path, [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 || static_cast<std::uint8_t>(c) >= 0x7f ||
           c == '"' || c == '\\';
  });
  if (is_plain) return cat(side, path);
  std::string out = cat("\"", side);
  for (char c : path) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += '\\';
      for (int shift : {6, 3, 0}) out += static_cast<char>('0' + (byte >> shift) % 8);
    } else {
      out += c;
    }
  }
  return out + '"';
}

void append_modes(std::string& out, const FileDiff& file) {
  if (file.old_mode == 0) {
    out += cat("new file mode ", octal(file.new_mode), "\n");
  } else if (file.new_mode == 0) {
    out += cat("deleted file mode ", octal(file.old_mode), "\n");
  } else if (file.old_mode != file.new_mode) {
    out += cat("old mode ", octal(file.old_mode), "\nnew mode ", octal(file.new_mode), "\n");
  }
  if (file.change == FileDiff::Change::Renamed) {
    out +=
        cat("rename from ", quote("", file.old_path), "\nrename to ", quote("", file.path), "\n");
  }
}

}  // namespace

std::string render_patch(const Diff& diff) {
  std::string out;
  for (const FileDiff& file : diff.files) {
    const std::string& old_path =
        file.change == FileDiff::Change::Renamed ? file.old_path : file.path;
    const std::string before = quote("a/", old_path), after = quote("b/", file.path);
    out += cat("diff --git ", before, " ", after, "\n");
    append_modes(out, file);
    if (file.old_oid == file.new_oid) continue;
    out += cat("index ", file.old_oid.hex(), "..", file.new_oid.hex());
    out += file.old_mode == file.new_mode ? cat(" ", octal(file.new_mode), "\n") : "\n";
    const std::string old_name = file.old_mode == 0 ? "/dev/null" : before;
    const std::string new_name = file.new_mode == 0 ? "/dev/null" : after;
    if (file.hunks.empty()) {
      const bool is_empty_file = file.additions + file.deletions == 0 && !file.is_binary &&
                                 !file.is_too_large && !file.old_lfs && !file.new_lfs;
      if (!is_empty_file) out += cat("Binary files ", old_name, " and ", new_name, " differ\n");
      continue;
    }
    out += cat("--- ", old_name, "\n+++ ", new_name, "\n");
    for (const Hunk& hunk : file.hunks) {
      out += hunk.header + "\n";
      for (const std::string& line : hunk.lines) out += line + "\n";
    }
  }
  return out;
}

}  // namespace embrace::git
