#include "git/changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/file.h"
#include "git/git_program.h"

namespace embrace::git {
namespace {

using std::chrono::milliseconds;
using testing::blocking;
using testing::lines_of;
using testing::must;
using testing::put;
using testing::removal;
using testing::shell;
using testing::shell_ok;
using testing::TempFolder;

const auto kLater = std::chrono::steady_clock::now() + std::chrono::hours(1);

std::string random_text(std::mt19937& random, unsigned lines_max, unsigned alphabet) {
  std::string text;
  for (unsigned left = random() % (lines_max + 1); left > 0; --left) {
    text += static_cast<char>('a' + random() % alphabet);
    if (left > 1 || random() % 2 == 0) text += '\n';
  }
  return text;
}

// The edits of `changes`, after checking that they turn one text into the other.
std::size_t check_changes(const std::vector<std::string_view>& before,
                          const std::vector<std::string_view>& after,
                          const std::vector<LineChange>& changes) {
  std::size_t i = 0, j = 0, edits = 0;
  for (const LineChange& change : changes) {
    EXPECT_EQ(change.old_begin - i, change.new_begin - j);
    while (i < change.old_begin) EXPECT_EQ(before.at(i++), after.at(j++));
    EXPECT_LT(change.old_begin + change.new_begin, change.old_end + change.new_end);
    edits += change.old_end - change.old_begin + (change.new_end - change.new_begin);
    i = change.old_end;
    j = change.new_end;
  }
  EXPECT_EQ(before.size() - i, after.size() - j);
  while (i < before.size()) EXPECT_EQ(before.at(i++), after.at(j++));
  return edits;
}

std::size_t fewest_edits(const std::vector<std::string_view>& before,
                         const std::vector<std::string_view>& after) {
  std::vector<std::size_t> row(after.size() + 1, 0);  // the longest common subsequence
  for (std::string_view line : before) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < after.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = line == after[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return before.size() + after.size() - 2 * row.back();
}

TEST(LineDiff, IsAsShortAsCanBe) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const unsigned alphabet = 1 + random() % 6;
    const std::string one = random_text(random, 14, alphabet);
    const std::string other = random_text(random, 14, alphabet);
    const auto before = lines_of_text(one), after = lines_of_text(other);
    EXPECT_EQ(check_changes(before, after, diff_lines(before, after, kLater)),
              fewest_edits(before, after))
        << one << "---\n"
        << other;
  }
}

// Of such texts the shortest diff takes minutes to find.
TEST(LineDiff, HostileTextsEndInTimeAndCorrectly) {
  std::mt19937 random(2);
  std::string one, other;
  for (int i = 0; i < 30'000; ++i) {
    one += cat(random() % 40, "\n");
    other += cat(random() % 40, "\n");
  }
  const auto before = lines_of_text(one), after = lines_of_text(other);
  const auto start = std::chrono::steady_clock::now();
  const auto edits =
      check_changes(before, after, diff_lines(before, after, start + milliseconds(200)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_LE(edits, before.size() + after.size());
  // And when no time was given at all.
  check_changes(before, after, diff_lines(before, after, start));
}

TEST(LineDiff, AnAddedFunctionBeginsWithItsOwnFirstLine) {
  const auto before = lines_of_text("def a():\n  pass\n\n");
  const auto after = lines_of_text("def a():\n  pass\n\ndef b():\n  pass\n\n");
  EXPECT_EQ(diff_lines(before, after, kLater), (std::vector<LineChange>{{3, 3, 3, 6}}));
}

TEST(LineDiff, HunksHaveContextAndName) {
  std::string one, other;
  for (int i = 1; i <= 30; ++i) {
    one += i == 5 ? "def load():\n" : cat("  ", i, "\n");
    other += i == 5 ? "def load():\n" : i == 20 ? "  twenty\n" : cat("  ", i, "\n");
  }
  other.pop_back();
  const auto before = lines_of_text(one), after = lines_of_text(other);
  HunkBudget budget{.lines = 100, .bytes = 1000};
  const auto hunks = render_hunks(before, after, diff_lines(before, after, kLater), budget);
  ASSERT_EQ(hunks.size(), 2u);
  EXPECT_EQ(hunks[0].header, "@@ -17,7 +17,7 @@ def load():");
  EXPECT_EQ(hunks[0].lines, (std::vector<std::string>{"   17", "   18", "   19", "-  20",
                                                      "+  twenty", "   21", "   22", "   23"}));
  EXPECT_EQ(hunks[1].lines.back(), "\\ No newline at end of file");
  EXPECT_GT(budget.lines, 0u);

  HunkBudget small{.lines = 9, .bytes = 1000};
  EXPECT_EQ(render_hunks(before, after, diff_lines(before, after, kLater), small).size(), 1u);
  EXPECT_EQ(small.lines, 0u) << "what did not fit is not silently whole";
}

class DiffTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = temp_ / "repo";
    ASSERT_OK(Repository::create(blocking(), folder_));
    repo_ = must(Repository::open(blocking(), folder_));
  }
  Oid blob(std::string_view text) { return must(repo_->write_blob(blocking(), text)); }
  Oid edit(const Oid& base, const std::vector<TreeEdit>& edits) {
    return must(repo_->edit_tree(blocking(), base, edits));
  }
  Diff diff(const Oid& before, const Oid& after, const DiffLimits& limits = {}) {
    return must(repo_->diff(blocking(), before, after, limits));
  }
  static std::vector<std::string> told(const Diff& diff) {
    std::vector<std::string> out;
    for (const FileDiff& file : diff.files) {
      constexpr std::string_view kWords[] = {"A", "D", "M", "R"};
      out.push_back(cat(kWords[static_cast<int>(file.change)], " ", file.path,
                        file.old_path.empty() ? "" : " < ", file.old_path, " +", file.additions,
                        " -", file.deletions));
    }
    return out;
  }

  TempFolder temp_;
  std::string folder_;
  std::unique_ptr<Repository> repo_;
};

TEST_F(DiffTest, EveryKindOfChangeIsTold) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += cat("line ", i, "\n");
  const std::string pointer = LfsPointer{.sha256 = {}, .size_bytes = 7}.render();
  const std::string longer = LfsPointer{.sha256 = {}, .size_bytes = 9}.render();
  const Oid before = edit(
      Oid(), {put("gone", blob("1\n2\n")), put("dir/moved", blob(text)), put("same", blob("s")),
              put("edited", blob("a\nb\nc\n")), put("bin", blob(std::string("\0\1", 2))),
              put("large.bin", blob(pointer)), put("run", blob("#!\n")),
              put("kind", blob("file\n")), put("dir/rewritten", blob(text + "old\n"))});
  const Oid after =
      edit(before, {removal("gone"), removal("dir/moved"), put("other/moved", blob(text)),
                    put("edited", blob("a\nB\nc\nd\n")), put("bin", blob(std::string("\0\2", 2))),
                    put("large.bin", blob(longer)), put("run", blob("#!\n"), EntryKind::Executable),
                    put("new", blob("n\n")), removal("kind"), put("kind/inside", blob("f\n")),
                    removal("dir/rewritten"), put("fresh", blob(text + "new\n"))});
  const Diff found = diff(before, after);
  EXPECT_EQ(told(found),
            (std::vector<std::string>{
                "M bin +0 -0", "M edited +2 -1", "R fresh < dir/rewritten +1 -1", "D gone +0 -2",
                "D kind +0 -1", "A kind/inside +1 -0", "M large.bin +0 -0", "A new +1 -0",
                "R other/moved < dir/moved +0 -0", "M run +0 -0"}));
  EXPECT_EQ(found.additions, 5u);
  EXPECT_EQ(found.deletions, 5u);
  EXPECT_FALSE(found.is_truncated);
  EXPECT_TRUE(found.files[0].is_binary);
  EXPECT_EQ(found.files[1].hunks[0].lines,
            (std::vector<std::string>{" a", "-b", "+B", " c", "+d"}));
  EXPECT_EQ(found.files[6].old_lfs->size_bytes, 7u);
  EXPECT_EQ(found.files[6].new_lfs->size_bytes, 9u);
  EXPECT_TRUE(found.files[6].hunks.empty());
  EXPECT_EQ(diff(after, after).files.size(), 0u);
  EXPECT_EQ(told(diff(Oid(), edit(Oid(), {put("a/b", blob("x\n"))}))),
            std::vector<std::string>{"A a/b +1 -0"});
}

TEST_F(DiffTest, GitAppliesThePatch) {
  std::mt19937 random(3);
  for (int round = 0; round < 8; ++round) {
    std::vector<TreeEdit> first, second;
    for (std::string name : {"plain", "with space", "q\"uote", "d/\xc3\xa9", "d/e/deep"}) {
      if (random() % 4 != 0) first.push_back(put(name, blob(random_text(random, 60, 3) + "x")));
      if (random() % 4 != 0) second.push_back(put(name, blob(random_text(random, 60, 3) + "x")));
    }
    first.push_back(put("moves", blob(cat("some\nlines\nto\nmove\n", round))));
    second.push_back(put("moved", blob(cat("some\nlines\nto\nmove\n", round))));
    const Oid before = edit(Oid(), first), after = edit(Oid(), second);
    const Oid one = must(repo_->write_commit(blocking(), before, {}, {"A", "a@x"}, 1000, "one"));
    const Oid two = must(repo_->write_commit(blocking(), after, {one}, {"A", "a@x"}, 2000, "two"));
    must(repo_->finish_pack(blocking()));
    ASSERT_OK(project_refs(blocking(), folder_, {{"refs/heads/main", two}}, "main"));
    ASSERT_OK(write_file_durably(temp_ / "patch", render_patch(diff(before, after))));
    shell_ok(temp_.path(), cat("rm -rf work; git clone -q repo work; cd work; git checkout -q ",
                               one.hex(), "; git apply --index ../patch"));
    EXPECT_EQ(shell_ok(temp_ / "work", "git write-tree"), after.hex() + "\n");
  }
}

TEST_F(DiffTest, LimitsCutAndSaySo) {
  std::vector<TreeEdit> edits;
  for (int i = 0; i < 30; ++i) edits.push_back(put(cat("f", 100 + i), blob(cat(i, "\nb\nc\n"))));
  edits.push_back(put("a-large", blob(std::string(5000, 'x'))));
  const Oid tree = edit(Oid(), edits);
  const Diff few = diff(Oid(), tree, {.files_max = 10});
  EXPECT_EQ(few.files.size(), 10u);
  EXPECT_TRUE(few.is_truncated);

  const Diff short_files = diff(Oid(), tree, {.file_bytes_max = 1000});
  EXPECT_TRUE(short_files.files[0].is_too_large);
  EXPECT_TRUE(short_files.files[0].hunks.empty());
  EXPECT_FALSE(short_files.files[1].is_too_large);

  const Diff few_lines = diff(Oid(), tree, {.lines_max = 20});
  EXPECT_EQ(few_lines.files.size(), 31u);
  EXPECT_TRUE(few_lines.is_truncated);
  EXPECT_FALSE(few_lines.files[1].hunks.empty());
  EXPECT_TRUE(few_lines.files.back().is_too_large);
  EXPECT_TRUE(few_lines.files.back().hunks.empty());

  const Diff few_bytes = diff(Oid(), tree, {.bytes_max = 100});
  EXPECT_TRUE(few_bytes.files[0].is_too_large);
  EXPECT_TRUE(few_bytes.is_truncated);

  const Diff no_time = diff(Oid(), tree, {.time_max = milliseconds(-1)});
  EXPECT_TRUE(no_time.is_truncated);
}

// A history of two files with merges, renames back and forth and changes at random, made by git.
class LineHistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937 random(4);
    std::string script =
        "git init -q work; cd work\n"
        "t=1700000000\n"
        "d() { t=$((t+10)); export GIT_AUTHOR_DATE=\"$t +0000\" GIT_COMMITTER_DATE=\"$t +0000\"; "
        "}\n"
        "c() { d; git add -A; git commit -q --allow-empty -m \"$1\"; }\n"
        "mkdir dir; seq 1 40 > dir/f; echo o > other; c first\n";
    for (int i = 0; i < 25; ++i) {
      const auto edit = [&] {
        script +=
            cat("sed -i '", 1 + random() % 39, "s/.*/v", i, ".", random() % 100, "/' dir/f\n");
        script += cat("sed -i '", 1 + random() % 39,
                      random() % 2 == 0 ? std::string("d") : cat("i added", i), "' dir/f\n");
      };
      if (random() % 5 == 0) {
        script += cat("git checkout -q -b b", i, "\n");
        edit();
        script += cat("c side", i, "; git checkout -q main; echo ", i, " >> other; c main", i,
                      "; d; git merge -q --no-ff -m merge", i, " b", i, "\n");
      } else if (random() % 4 == 0) {
        script += cat("echo ", i, " >> other; c other", i, "\n");
      } else {
        edit();
        script += cat("c edit", i, "\n");
      }
    }
    script += "git checkout -q -b ahead; echo x > x; c ahead1; echo y > x; c ahead2\n";
    script += "git checkout -q main; echo z > z; c behind\n";
    script += "git checkout -q --orphan alone; c alone; git checkout -q main\n";
    script += "printf '\\0\\1' > bin; : > empty; c more; git repack -a -d -q";
    shell_ok(temp_.path(), script);
    folder_ = temp_ / "work/.git";
    repo_ = must(Repository::open(blocking(), folder_));
  }
  Oid at(std::string_view rev) {
    return must(Oid::parse(shell_ok(folder_, cat("git rev-parse ", rev, " | tr -d '\\n'"))));
  }

  TempFolder temp_;
  std::string folder_;
  std::unique_ptr<Repository> repo_;
};

TEST_F(LineHistoryTest, BlameEqualsGitBlame) {
  for (std::string_view rev : {"main", "main~3", "main~8", "main~14", "ahead"}) {
    const auto theirs =
        lines_of(shell_ok(folder_, cat("git blame -s -l --root ", rev, " -- dir/f | cut -c1-40")));
    const Blame blame = must(repo_->blame(blocking(), at(rev), "dir/f", {}));
    std::vector<std::string> ours;
    for (const BlameRange& range : blame.ranges) {
      EXPECT_EQ(range.first, ours.size() + 1);
      ours.insert(ours.end(), range.lines, blame.commits.at(range.commit).oid.hex());
    }
    EXPECT_EQ(ours, theirs) << rev;
  }
}

TEST_F(LineHistoryTest, BlameSaysWhatHasNoLines) {
  const Oid main = at("main");
  EXPECT_EQ(repo_->blame(blocking(), main, "bin", {}).error().code(), Code::Unusable);
  EXPECT_EQ(repo_->blame(blocking(), main, "dir", {}).error().code(), Code::Unusable);
  EXPECT_EQ(repo_->blame(blocking(), main, "no", {}).error().tag(), Tag::EntryNotFound);
  EXPECT_TRUE(must(repo_->blame(blocking(), main, "empty", {})).ranges.empty());
  EXPECT_EQ(repo_->blame(blocking(), main, "dir/f", {.file_bytes_max = 10}).error().code(),
            Code::TooLarge);
  EXPECT_EQ(repo_->blame(blocking(), main, "dir/f", {.lines_max = 10}).error().code(),
            Code::TooLarge);
  EXPECT_EQ(repo_->blame(blocking(), main, "dir/f", {.time_max = milliseconds(-1)}).error().code(),
            Code::TooLarge);
}

TEST_F(LineHistoryTest, HistoryOfAPathEqualsGitLog) {
  for (std::string_view path : {"dir/f", "dir", "other", "x", "no"}) {
    for (std::string_view rev : {"main", "ahead"}) {
      const auto theirs =
          lines_of(shell_ok(folder_, cat("git log --format=%H ", rev, " -- ", path)));
      std::vector<std::string> ours;
      for (bool has_more = true; has_more;) {
        const PathHistory page = must(
            repo_->path_history(blocking(), at(rev), path, ours.size(), 7, milliseconds(60'000)));
        for (const Commit& commit : page.commits) ours.push_back(commit.oid.hex());
        has_more = page.has_more;
        ASSERT_LE(ours.size(), theirs.size());
      }
      EXPECT_EQ(ours, theirs) << path << " at " << rev;
    }
  }
}

TEST_F(LineHistoryTest, ComparisonEqualsMergeBaseAndRevList) {
  for (const auto& [base, head] : {std::pair{"main", "ahead"},
                                   {"ahead", "main"},
                                   {"main~9", "main"},
                                   {"main", "main~9"},
                                   {"main", "main"}}) {
    const Comparison found =
        must(repo_->compare(blocking(), at(base), at(head), 3, milliseconds(60'000)));
    ASSERT_TRUE(found.merge_base);
    EXPECT_EQ(found.merge_base->hex() + "\n",
              shell_ok(folder_, cat("git merge-base ", base, " ", head)));
    EXPECT_EQ(cat(found.ahead, "\n"),
              shell_ok(folder_, cat("git rev-list --count ", base, "..", head)));
    std::vector<std::string> ours;
    for (const Commit& commit : found.commits) ours.push_back(commit.oid.hex());
    EXPECT_EQ(ours, lines_of(shell_ok(folder_, cat("git rev-list -3 ", base, "..", head))));
  }
  const Comparison strangers =
      must(repo_->compare(blocking(), at("alone"), at("main"), 3, milliseconds(60'000)));
  EXPECT_FALSE(strangers.merge_base);
  EXPECT_GT(strangers.ahead, 10u);
  EXPECT_EQ(repo_->compare(blocking(), at("main"), at("alone"), 3, milliseconds(60'000))->ahead,
            1u);
}

}  // namespace
}  // namespace embrace::git
