#include "git/attributes.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "git/git_program.h"

namespace embrace::git {
namespace {

using testing::lines_of;
using testing::shell_ok;
using testing::TempFolder;

const std::vector<std::string> kPaths{"a",
                                      "b",
                                      "ab",
                                      "abc",
                                      "a/b",
                                      "a/b/c",
                                      "x/a",
                                      "x/y/a",
                                      "x/y/z/a.bin",
                                      "a.bin",
                                      "dir/a.bin",
                                      "model.bin",
                                      "saved_model/x",
                                      "saved_model/v/x",
                                      "saved_model/v/w/x",
                                      "a.tar.gz",
                                      "foo/bar",
                                      "foo/x/bar",
                                      "foo/x/y/bar",
                                      "foobar",
                                      "foo",
                                      "a b",
                                      "dir/a b",
                                      "[x]",
                                      "x]",
                                      "a-c",
                                      "b-c",
                                      "a]",
                                      "-",
                                      "a*b",
                                      "A",
                                      "Z9",
                                      "q.txt",
                                      "logs/1.log",
                                      "logs/keep.log",
                                      "x/logs/2.log",
                                      "build/out/a.o",
                                      "src/build/a.o",
                                      "a\\b",
                                      "deep/er/and/deeper/file.txt",
                                      "events.tfevents.1",
                                      "#hash",
                                      "!bang",
                                      "tab\tx"};

const std::vector<std::string> kPatterns{"a",
                                         "*",
                                         "**",
                                         "?",
                                         "??",
                                         "*.bin",
                                         "a/*",
                                         "a/**",
                                         "**/a",
                                         "/a",
                                         "x/**/a",
                                         "x/*/a",
                                         "**/",
                                         "foo/**/bar",
                                         "foo**bar",
                                         "foo/**",
                                         "**/bar",
                                         "saved_model/**/*",
                                         "*.tar.*",
                                         "*tfevents*",
                                         "[ab]",
                                         "[!ab]",
                                         "[^ab]",
                                         "[a-c]",
                                         "[]]",
                                         "[]x]",
                                         "x]",
                                         "[[]x]",
                                         "[a-]",
                                         "[-]",
                                         "[[:upper:]]",
                                         "[[:alpha:]][[:digit:]]",
                                         "[[:nope:]]",
                                         "[a",
                                         "a\\*b",
                                         "a\\\\b",
                                         "\\a",
                                         "*/a",
                                         "*/*",
                                         "*/*/*",
                                         "**/*.txt",
                                         "deep/**/file.txt",
                                         "deep/*/file.txt",
                                         "a**",
                                         "**a",
                                         "/**/a",
                                         "***",
                                         "**/**/a",
                                         "x/**",
                                         "foo/*",
                                         "fo?/bar",
                                         "foo[/]bar",
                                         "foo?bar",
                                         "*b*c",
                                         "a*",
                                         "\\#hash",
                                         "\\!bang",
                                         "d*/**/f*",
                                         "*/**/*.o",
                                         "**/build/**",
                                         "x/**/**/a",
                                         "[a-c]-[!d]",
                                         "a/**/c",
                                         "[\\]]",
                                         "[\\a-\\c]",
                                         "[z-a]"};

// git's verdicts for all paths at once.
std::vector<bool> git_lfs_verdicts(const std::string& folder, std::string_view attributes) {
  EXPECT_TRUE(write_file_durably(folder + "/.gitattributes", attributes));
  std::string input;
  for (const std::string& path : kPaths) input += path + '\0';
  EXPECT_TRUE(write_file_durably(folder + "/.paths", input));
  const std::string said = shell_ok(folder, "git check-attr -z --stdin filter < .paths");
  std::vector<bool> out;
  const auto pieces = split(said, '\0');
  for (std::size_t i = 2; i < pieces.size(); i += 3) out.push_back(pieces[i] == "lfs");
  return out;
}

TEST(LfsAttributes, MatchAsGitDoes) {
  TempFolder temp;
  shell_ok(temp.path(), "git init -q");
  for (const std::string& pattern : kPatterns) {
    const std::string text = pattern + " filter=lfs diff=lfs\n";
    const auto theirs = git_lfs_verdicts(temp.path(), text);
    ASSERT_EQ(theirs.size(), kPaths.size());
    const auto ours = LfsAttributes::parse(text);
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
      EXPECT_EQ(ours.is_lfs(kPaths[i]), theirs[i]) << pattern << " on " << kPaths[i];
    }
  }
}

TEST(LfsAttributes, FilesReadAsGitReadsThem) {
  TempFolder temp;
  shell_ok(temp.path(), "git init -q");
  for (const std::string& text : std::vector<std::string>{
           default_attributes(true), default_attributes(false),
           "*.bin filter=lfs\ndir/*.bin -filter\n", "*.bin filter=lfs\n*.bin !filter\n",
           "*.bin filter=lfs\n*.bin text\n", "*.bin filter=other filter=lfs\n",
           "# *.bin filter=lfs\n", "  *.bin\tfilter=lfs\r\n", "\"a b\" filter=lfs\n", "\"a b\n",
           "!*.bin filter=lfs\n", "foo/ filter=lfs\n", "[attr]big filter=lfs\n", "*.bin filter=lfs",
           "\xEF\xBB\xBF*.bin filter=lfs\n", "\"\\141\" filter=lfs\n", "*.bin filter\n"}) {
    const auto theirs = git_lfs_verdicts(temp.path(), text);
    const auto ours = LfsAttributes::parse(text);
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
      EXPECT_EQ(ours.is_lfs(kPaths[i]), theirs[i]) << text << " on " << kPaths[i];
    }
  }
}

TEST(LfsAttributes, AWrittenLineMatchesExactlyItsPath) {
  TempFolder temp;
  shell_ok(temp.path(), "git init -q");
  for (const std::string& path : kPaths) {
    const std::string line = lfs_attribute_line(path) + "\n";
    const auto theirs = git_lfs_verdicts(temp.path(), line);
    const auto ours = LfsAttributes::parse(line);
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
      EXPECT_EQ(ours.is_lfs(kPaths[i]), theirs[i]) << line << " on " << kPaths[i];
      if (kPaths[i] == path) EXPECT_TRUE(theirs[i]) << line;
    }
  }
}

TEST(LfsAttributes, AByteOrderMarkInANameIsKept) {
  EXPECT_TRUE(LfsAttributes::parse(lfs_attribute_line("\xEF\xBB\xBFx")).is_lfs("\xEF\xBB\xBFx"));
}

TEST(IgnoreRules, MatchAsGitDoes) {
  TempFolder temp;
  shell_ok(temp.path(), "git init -q");
  std::string input;
  for (const std::string& path : kPaths) input += path + '\0';
  ASSERT_OK(write_file_durably(temp / ".paths", input));
  std::vector<std::string> files = kPatterns;
  for (const char* more :
       {"*.log\n!keep.log\n", "logs/\n!logs/keep.log\n", "logs/*\n!logs/keep.log\n", "build/\n",
        "/build\n", "build/*\n", "*\n!*/\n!*.txt\n", "a \n", "a\\ b\n", "#hash\n", "!a\n",
        "a\n!a\n", "a\r\n", "foo/x/\n", "/foo/*\n!/foo/x\n/foo/x/*\n!/foo/x/y\n",
        "**/logs/*.log\n!x/**\n", "/\n", "!\n"}) {
    files.emplace_back(more);
  }
  for (const std::string& text : files) {
    ASSERT_OK(write_file_durably(temp / ".git/info/exclude", text));
    // -n -v prints a line for every path; the pattern is empty or negated where it isn't ignored.
    const std::string said = shell_ok(
        temp.path(), "git check-ignore --no-index -z -v -n --stdin < .paths || test $? = 1");
    const auto pieces = split(said, '\0');
    ASSERT_GE(pieces.size(), 4 * kPaths.size()) << text;
    const auto ours = IgnoreRules::parse(text);
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
      const std::string_view pattern = pieces[4 * i + 2];
      EXPECT_EQ(ours.is_ignored(kPaths[i]), !pattern.empty() && pattern.front() != '!')
          << text << " on " << kPaths[i];
    }
  }
}

TEST(Wildmatch, GivesUpOnHostilePatterns) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  EXPECT_FALSE(wildmatch(pattern + "b", std::string(5000, 'a')));
  EXPECT_FALSE(wildmatch("**/**/**/**/**/*a*a*a*b", std::string(900, 'a')));
}

}  // namespace
}  // namespace embrace::git
