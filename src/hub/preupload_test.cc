#include <gtest/gtest.h>

#include "base/strings.h"
#include "hub/commits.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

class PreuploadTest : public HubTest {
 protected:
  PreuploadTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}
  Result<PreuploadResult> ask(Preupload asked) {
    if (asked.rev.empty()) asked.rev = "main";
    return preupload(services(), blocking, alice, name("alice/bert"), asked);
  }
  Result<PreuploadResult> ask_about(std::vector<PreuploadFile> files) {
    Preupload asked;
    asked.files = std::move(files);
    return ask(std::move(asked));
  }
  PreuploadAnswer ask_one(PreuploadFile file) {
    return must(ask_about({std::move(file)})).files.at(0);
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(PreuploadTest, SizeAttributesAndSampleDecideTheMode) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const struct {
    PreuploadFile file;
    bool is_lfs;
  } cases[] = {
      {{"config.json", 100, "{}"}, false},
      {{"model.safetensors", 100, "{}"}, true},
      {{"saved_model/variables/x", 100, "{}"}, true},
      {{"model.safetensors", 0, ""},
       false},  // empty files are regular, whatever the attributes say
      {{"big.txt", 11 * kMiB, "text"}, true},
      {{"fits.txt", 10 * kMiB, "text"}, false},
      {{"small.dat", 1000, std::string("\0\1\2", 3)}, false},
      {{"medium.dat", 2 * kMiB, std::string("\0\1\2", 3)}, true},
      {{"latin1.dat", 2 * kMiB, "\xe9\xe8 \xe9\xe8 abc"}, true},
      {{"cut.txt", 2 * kMiB, "caf\xc3"}, false},  // the sample ends inside a letter
  };
  for (const auto& c : cases) {
    const auto answer = ask_one(c.file);
    EXPECT_EQ(answer.is_lfs, c.is_lfs) << c.file.path;
    EXPECT_EQ(answer.path, c.file.path);
    EXPECT_FALSE(answer.should_ignore);
  }
}

TEST_F(PreuploadTest, TheOidIsWhatIsThereNow) {
  put_file(alice, repo, "a.txt", "hello\n");
  const auto sha = put_lfs_file(alice, repo, "w.bin", "large");
  EXPECT_EQ(ask_one({"a.txt", 6, "hello\n"}).oid, "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(ask_one({"w.bin", 5, "large"}).oid, sha.hex());
  EXPECT_EQ(ask_one({"none", 5, "x"}).oid, "");
  put_file(alice, repo, "d/x", "1");
  EXPECT_EQ(ask_one({"d", 5, "x"}).oid, "") << "a folder";
}

TEST_F(PreuploadTest, ALostObjectIsAskedForAgain) {
  const auto sha = put_lfs_file(alice, repo, "w.bin", "large");
  must(database->write(blocking,
                       [&](db::Session& s) { return meta::repos::unlink_lfs(s, repo.id, sha); }));
  EXPECT_EQ(ask_one({"w.bin", 5, "large"}).oid, "");
}

TEST_F(PreuploadTest, IgnoreRulesAndOverridesApply) {
  put_file(alice, repo, ".gitignore", "*.tmp\n");
  EXPECT_TRUE(ask_one({"x.tmp", 5, ""}).should_ignore);
  Preupload asked;
  asked.files = {{"x.tmp", 5, ""}, {"y.log", 5, ""}, {"z.foo", 5, ""}};
  asked.git_attributes = "*.foo filter=lfs diff=lfs merge=lfs -text\n";
  asked.git_ignore = "*.log\n";
  const auto result = must(ask(asked));
  EXPECT_FALSE(result.files[0].should_ignore);
  EXPECT_TRUE(result.files[1].should_ignore);
  EXPECT_TRUE(result.files[2].is_lfs);
  EXPECT_EQ(result.commit, head(repo));
}

TEST_F(PreuploadTest, BadQuestionsAreRefused) {
  for (const std::string_view path : {"../x", ".git/config", "a\\b", "/a", ""}) {
    EXPECT_EQ(ask_about({{std::string(path), 1, ""}}).error().code(), Code::Unusable) << path;
  }
  Preupload elsewhere;
  elsewhere.rev = "nope";
  EXPECT_EQ(ask(elsewhere).error().tag(), Tag::RevisionNotFound);
  elsewhere.rev = head(repo).hex();
  elsewhere.create_pull = true;
  EXPECT_EQ(ask(elsewhere).error().tag(), Tag::RevisionNotFound);
  settings.preupload_files_max = 1;
  EXPECT_EQ(ask_about({{"a", 1, ""}, {"b", 1, ""}}).error().code(), Code::TooLarge);
}

TEST_F(PreuploadTest, RulesThatComeAlongMayNotBeEndless) {
  Preupload asked;
  asked.files = {{"x", 5, ""}};
  asked.git_ignore = std::string(128 << 10, '\n');
  EXPECT_TRUE(ask(asked));
  *asked.git_ignore += '\n';
  EXPECT_EQ(ask(asked).error().code(), Code::TooLarge);
  asked.git_attributes = std::exchange(asked.git_ignore, std::nullopt);
  EXPECT_EQ(ask(asked).error().code(), Code::TooLarge);
}

TEST_F(PreuploadTest, ReadersMayPrepareAPullRequest) {
  const auto bob = user("bob");
  Preupload asked;
  asked.rev = "main";
  EXPECT_EQ(preupload(services(), blocking, bob, name("alice/bert"), asked).error().code(),
            Code::Denied);
  asked.create_pull = true;
  EXPECT_TRUE(preupload(services(), blocking, bob, name("alice/bert"), asked));
}

}  // namespace
}  // namespace embrace::hub
