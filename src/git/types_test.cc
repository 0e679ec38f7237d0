#include "git/types.h"

#include <gtest/gtest.h>

#include "git/git_program.h"
#include "git/object_text.h"

namespace embrace::git {
namespace {

TEST(Oid, ParsesWhatItRenders) {
  const std::string hex = "0123456789abcdef0123456789abcdef01234567";
  EXPECT_EQ(testing::must(Oid::parse(hex)).hex(), hex);
  EXPECT_FALSE(Oid::parse(hex.substr(1)));
  EXPECT_FALSE(Oid::parse(hex.substr(1) + "g"));
  EXPECT_TRUE(Oid().is_zero());
}

TEST(LfsPointer, ReadsOnlyRealPointers) {
  const LfsPointer pointer{testing::must(Digest::parse(std::string(64, 'e'))), 42};
  const std::string text = pointer.render();
  EXPECT_EQ(LfsPointer::parse(text), pointer);
  const std::string sum(64, 'e');
  EXPECT_TRUE(LfsPointer::parse(cat("version https://git-lfs.github.com/spec/v1\next-0-x sha256:",
                                    sum, "\noid sha256:", sum, "\nsize 42\n")));
  for (const std::string& bad :
       {std::string(), text + "x", text + "\n", text.substr(0, text.size() - 1), " " + text,
        cat("version https://git-lfs.github.com/spec/v2\noid sha256:", sum, "\nsize 42\n"),
        cat("version https://git-lfs.github.com/spec/v1\noid sha256:", sum.substr(1),
            "\nsize 42\n"),
        cat("version https://git-lfs.github.com/spec/v1\noid sha256:", sum, "\nsize -1\n"),
        cat("version https://git-lfs.github.com/spec/v1\noid sha256:", sum,
            "\nsize 99999999999999999999\n"),
        cat("version https://git-lfs.github.com/spec/v1\r\noid sha256:", sum, "\r\nsize 42\r\n"),
        cat("version https://git-lfs.github.com/spec/v1\nsize 42\noid sha256:", sum, "\n"),
        text + std::string(1024, ' ')}) {
    EXPECT_FALSE(LfsPointer::parse(bad)) << bad;
  }
}

TEST(CheckPath, RefusesWhatCouldHarmACheckout) {
  for (const char* good :
       {"a", "a/b.c", ".gitattributes", ".gitignore", ".github/x", "git", "a.git", "a b", "ü/é",
        "git~2", "..a", "a..", "-x", "con", ".gitx", "日本語/モデル.bin", "a:b"}) {
    EXPECT_TRUE(check_path(good)) << good;
  }
  for (const std::string& bad : {std::string(),
                                 std::string("/a"),
                                 std::string("a/"),
                                 std::string("a//b"),
                                 std::string("."),
                                 std::string(".."),
                                 std::string("a/../b"),
                                 std::string("./a"),
                                 std::string(".git"),
                                 std::string(".git/config"),
                                 std::string("a/.git/x"),
                                 std::string(".GIT"),
                                 std::string(".GiT/x"),
                                 std::string(".git."),
                                 std::string(".git "),
                                 std::string(".git . ."),
                                 std::string("git~1"),
                                 std::string("GIT~1/x"),
                                 std::string(".git::$INDEX_ALLOCATION"),
                                 std::string(".git:x"),
                                 std::string(".g\u200cit"),
                                 std::string("\ufeff.git"),
                                 std::string(".git\u206f/x"),
                                 std::string(".g\u202ait "),
                                 std::string("a\\b"),
                                 std::string("a\nb"),
                                 std::string("a\0b", 3),
                                 std::string("\x7f"),
                                 std::string("\xff"),
                                 std::string(1001, 'a'),
                                 std::string(256, 'a')}) {
    auto checked = check_path(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code(), Code::Unusable);
  }
}

TEST(CheckRefName, AgreesWithGit) {
  testing::TempFolder temp;
  for (const char* name :
       {"main", "feature/x", "v1.0", "a.b", "a..b", ".a",  "a/.b", "a.lock", "a.lock/b", "a/",
        "/a",   "a//b",      "a b",  "a~b", "a^b",  "a:b", "a?b",  "a*b",    "a[b",      "a\\b",
        "a@{b", "@",         "a@b",  "a.",  "é",    "x@",  "{a}",  "a\tb"}) {
    const bool git_says =
        testing::shell(temp.path(), cat("git check-ref-format 'refs/heads/", name, "'")).status ==
        0;
    // git allows "@" below refs/heads/, but not as a name on the command line.
    EXPECT_EQ(check_ref_name(name).has_value(), git_says && std::string_view(name) != "@") << name;
  }
  EXPECT_FALSE(check_ref_name("-x"));
  EXPECT_FALSE(check_ref_name("HEAD"));
  EXPECT_FALSE(check_ref_name(""));
}

TEST(CheckRefName, IsNoStricterOnAFullNameThanOnAShortOne) {
  const std::string longest(200, 'b');
  for (std::string_view prefix : {"", "refs/heads/", "refs/tags/"}) {
    EXPECT_TRUE(check_ref_name(cat(prefix, longest))) << prefix;
    EXPECT_FALSE(check_ref_name(cat(prefix, longest, "b"))) << prefix;
  }
}

TEST(TreeReader, StopsAtDamage) {
  std::string tree;
  append_tree_item(tree, 0100644, "a", Oid());
  for (std::size_t cut = 1; cut < tree.size(); ++cut) {
    TreeReader reader(std::string_view(tree).substr(0, cut));
    TreeItem item;
    EXPECT_FALSE(reader.next(item));
    EXPECT_TRUE(reader.is_broken());
  }
  TreeReader reader(tree);
  TreeItem item;
  EXPECT_TRUE(reader.next(item));
  EXPECT_FALSE(reader.next(item));
  EXPECT_FALSE(reader.is_broken());
}

}  // namespace
}  // namespace embrace::git
