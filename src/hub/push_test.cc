#include "hub/push.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "base/strings.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"
#include "rt/pool.h"
#include "testing/run.h"

namespace embrace::hub {
namespace {

class EmptySource final : public rt::ByteSource {
 public:
  Task<Result<std::size_t>> read(std::span<char>) override { co_return std::size_t{0}; }
};

// Pushes as git makes them: a clone is worked on by the real git, and what it would send is packed
// by git too.
class PushTest : public HubTest {
 protected:
  PushTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")), clone(folder / "clone") {
    must(refresh_projection(services(), blocking, reload(repo)));
    shell(cat("git clone -q ", folder_of(repo), " ", clone, " 2>&1"));
  }

  std::string shell(const std::string& command) {
    const auto line =
        cat("export GIT_LFS_SKIP_SMUDGE=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a "
            "GIT_AUTHOR_EMAIL=a@b ",
            "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; ", command);
    std::string out;
    FILE* pipe = ::popen(line.c_str(), "r");
    std::array<char, 4096> piece;
    for (std::size_t got; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
      out.append(piece.data(), got);
    EXPECT_EQ(::pclose(pipe), 0) << command << ": " << out;
    return out;
  }
  std::string in_clone(const std::string& command) {
    return shell(cat("cd ", clone, " && ", command));
  }
  git::Oid rev(const std::string& name) {
    return must(git::Oid::parse(trim(in_clone(cat("git rev-parse ", name)))));
  }
  git::Oid work(const std::string& path, const std::string& bytes) {
    const auto file = cat(clone, "/", path);
    shell(cat("mkdir -p \"$(dirname '", file, "')\""));
    FILE* out = std::fopen(file.c_str(), "wb");
    std::fwrite(bytes.data(), 1, bytes.size(), out);
    std::fclose(out);
    in_clone("git add -A && git commit -q --allow-empty -m work");
    return rev("HEAD");
  }

  PushOutcome push(const auth::Caller& caller, std::vector<git::PushCommand> commands,
                   bool atomic = false, bool with_pack = true) {
    git::PushRequest request;
    request.atomic = atomic;
    std::string tips;
    for (const auto& command : commands) {
      if (!command.new_oid.is_zero()) tips += command.new_oid.hex() + "\\n";
    }
    const auto refs = must(
        database->read(blocking, [&](db::Session& s) { return meta::repos::refs(s, repo.id); }));
    std::string known;
    for (const auto& ref : refs) {
      if (shell(cat("cd ", clone, " && git cat-file -e ", ref.oid,
                    " 2>/dev/null && echo yes || true"))
              .starts_with("yes"))
        known += cat("^", ref.oid, "\\n");
    }
    request.commands = std::move(commands);
    std::unique_ptr<git::Quarantine> quarantine;
    if (with_pack && !tips.empty()) {
      const auto pack =
          in_clone(cat("printf '", tips, known, "' | git pack-objects -q --revs --thin --stdout"));
      EmptySource nothing;
      quarantine = must(
          ::testing::run(git::Quarantine::receive(pool, folder_of(repo), pack, nothing, 1 << 28)));
    }
    return receive_push(services(), blocking, caller, reload(repo), request, quarantine.get());
  }
  PushOutcome push_main(const git::Oid& tip) {
    return push(alice, {{head(repo), tip, "refs/heads/main"}});
  }

  auth::Caller alice;
  meta::Repo repo;
  std::string clone;
  rt::Pool pool{"test", 2};
};

std::string all_messages(const PushOutcome& outcome) {
  std::string out;
  for (const auto& message : outcome.messages) out += message + "\n";
  return out;
}

TEST_F(PushTest, ACommitArrives) {
  const auto tip = work("a.txt", "1");
  const auto outcome = push_main(tip);
  ASSERT_EQ(outcome.refs.size(), 1u);
  EXPECT_EQ(outcome.refs[0].refusal, "");
  EXPECT_EQ(outcome.unpack_error, "");
  EXPECT_EQ(head(repo), tip);
  EXPECT_EQ(reload(repo).head_oid, tip.hex());
}

TEST_F(PushTest, TheTreesOfAllBranchesOfAPushAreBoundedTogether) {
  settings.push_entries_max = 5;  // .gitattributes and a.txt; twice is fine, three times is not
  const auto tip = work("a.txt", "1");
  const auto branches = [&](int count, const std::string& prefix) {
    std::vector<git::PushCommand> commands;
    for (int i = 0; i < count; ++i) commands.push_back({{}, tip, cat("refs/heads/", prefix, i)});
    return push(alice, commands);
  };
  EXPECT_EQ(branches(2, "few").refs[1].refusal, "");
  const auto outcome = branches(3, "many");
  for (const auto& ref : outcome.refs)
    EXPECT_TRUE(ref.refusal.contains("push fewer of them")) << ref.refusal;
}

TEST_F(PushTest, BranchesAndTagsAreMadeAndRemoved) {
  work("a.txt", "1");
  in_clone("git tag -a -m hi v1 && git tag light");
  EXPECT_EQ(push(alice, {{{}, rev("HEAD"), "refs/heads/dev"},
                         {{}, rev("v1"), "refs/tags/v1"},
                         {{}, rev("light"), "refs/tags/light"}})
                .refs[1]
                .refusal,
            "");
  EXPECT_EQ(head(repo, "refs/heads/dev"), rev("HEAD"));
  const auto gone =
      push(alice, {{rev("HEAD"), {}, "refs/heads/dev"}, {head(repo), {}, "refs/heads/main"}});
  EXPECT_EQ(gone.refs[0].refusal, "");
  EXPECT_EQ(gone.refs[1].refusal, "refusing to delete the default branch");
}

TEST_F(PushTest, AnOldPositionMeansFetchFirst) {
  const auto seen = head(repo);
  const auto tip = work("a.txt", "1");
  put_file(alice, repo, "b.txt", "2");
  EXPECT_EQ(push(alice, {{seen, tip, "refs/heads/main"}}).refs[0].refusal, "fetch first");
  EXPECT_NE(head(repo), tip);
}

TEST_F(PushTest, RightsAreAskedPerRef) {
  const auto tip = work("a.txt", "1");
  const auto bob = user("bob");
  EXPECT_NE(push(bob, {{head(repo), tip, "refs/heads/main"}}).refs[0].refusal, "");
  const auto hidden = push(alice, {{{}, tip, "refs/internal/x"},
                                   {{}, tip, "refs/heads/ok"},
                                   {{}, tip, "refs/heads/.."},
                                   {{}, tip, "refs/pr/7"}});
  EXPECT_NE(hidden.refs[0].refusal, "");
  EXPECT_EQ(hidden.refs[1].refusal, "");
  EXPECT_NE(hidden.refs[2].refusal, "");
  EXPECT_NE(hidden.refs[3].refusal, "");
}

TEST_F(PushTest, AtomicPushesGoAllOrNothing) {
  const auto tip = work("a.txt", "1");
  const auto outcome =
      push(alice, {{{}, tip, "refs/heads/ok"}, {{}, tip, "refs/internal/x"}}, true);
  EXPECT_EQ(outcome.refs[0].refusal, "atomic push failed");
  EXPECT_EQ(
      must(database->read(blocking, [&](db::Session& s) { return meta::repos::refs(s, repo.id); }))
          .size(),
      1u);
}

TEST_F(PushTest, LargeFilesAreRefusedWithAdvice) {
  settings.regular_file_bytes_max = 1000;
  const auto before = head(repo);
  work("big.txt", std::string(1001, 'x'));
  const auto tip = work("big.txt", "small again");  // the history still holds it
  const auto outcome = push_main(tip);
  EXPECT_NE(outcome.refs[0].refusal.find("git-lfs"), std::string::npos);
  EXPECT_NE(all_messages(outcome).find("big.txt"), std::string::npos);
  EXPECT_EQ(head(repo), before);
}

TEST_F(PushTest, OneBadBranchDoesNotHoldUpAnother) {
  settings.regular_file_bytes_max = 1000;
  const auto good = work("fine.txt", "1");
  const auto bad = work("big.txt", std::string(1001, 'x'));
  const auto outcome = push(alice, {{{}, good, "refs/heads/good"}, {{}, bad, "refs/heads/bad"}});
  EXPECT_EQ(outcome.refs[0].refusal, "");
  EXPECT_NE(outcome.refs[1].refusal, "");
  // The pack brought the bad objects too: they do not count as known afterwards.
  EXPECT_NE(push(alice, {{{}, bad, "refs/heads/bad"}}, false, false).refs[0].refusal, "");
  EXPECT_NE(push(alice, {{{}, bad, "refs/heads/bad"}}).refs[0].refusal, "");
}

TEST_F(PushTest, PointersNeedTheirObjectsHere) {
  const auto bob = user("bob");
  const auto hidden = make_repo(bob, "bob/secret", RepoType::Model, true);
  const auto secret = put_lfs_file(bob, hidden, "w.bin", "secret weights");
  const git::LfsPointer pointer{.sha256 = secret, .size_bytes = 14};
  const auto tip = work("stolen.txt", pointer.render());
  const auto outcome = push_main(tip);
  EXPECT_NE(outcome.refs[0].refusal.find("LFS"), std::string::npos);
  EXPECT_NE(all_messages(outcome).find("stolen.txt"), std::string::npos);

  must(database->write(blocking, [&](db::Session& s) {
    return meta::repos::link_lfs(s, repo.id, {{secret, 14}}, 1);
  }));
  EXPECT_EQ(push_main(tip).refs[0].refusal, "");
}

TEST_F(PushTest, BrokenCardsAreRefused) {
  const auto outcome = push_main(work("README.md", "---\nlicense: [mit\n---\n"));
  EXPECT_NE(outcome.refs[0].refusal.find("README.md"), std::string::npos);
}

TEST_F(PushTest, HostilePathsAreRefused) {
  const auto outcome = push_main(work("a\\b", "x"));
  EXPECT_NE(outcome.refs[0].refusal, "");
  EXPECT_NE(all_messages(outcome).find("a\\b"), std::string::npos);
}

TEST_F(PushTest, CommandsAreJudgedBeforeThePack) {
  const auto tip = head(repo);
  const git::Oid next = must(git::Oid::parse(std::string(40, 'a')));
  const auto judge = [&](const auth::Caller& caller, std::vector<git::PushCommand> commands,
                         bool atomic = false) {
    git::PushRequest request;
    request.commands = std::move(commands);
    request.atomic = atomic;
    return judge_commands(services(), blocking, caller, reload(repo), request);
  };
  EXPECT_TRUE(judge(alice, {{tip, next, "refs/heads/main"}}).has_chance);
  EXPECT_FALSE(judge(alice, {{next, next, "refs/heads/main"}}).has_chance) << "fetch first";
  const auto stranger = judge(user("carol"), {{tip, next, "refs/heads/main"}});
  EXPECT_FALSE(stranger.has_chance);
  EXPECT_NE(stranger.outcome.refs.at(0).refusal, "");

  const std::vector<git::PushCommand> half = {{tip, next, "refs/heads/main"},
                                              {{}, next, "refs/elsewhere/x"}};
  const auto partly = judge(alice, half);
  EXPECT_TRUE(partly.has_chance);
  EXPECT_EQ(partly.outcome.refs.at(0).refusal, "");
  EXPECT_NE(partly.outcome.refs.at(1).refusal, "");
  EXPECT_FALSE(judge(alice, half, true).has_chance) << "all or nothing";
  EXPECT_EQ(head(repo), tip);
}

TEST_F(PushTest, KnownCommitsNeedNoPack) {
  const auto old = head(repo);
  put_file(alice, repo, "a.txt", "1");
  EXPECT_EQ(push(alice, {{{}, old, "refs/heads/old"}}, false, false).refs[0].refusal, "");
  EXPECT_EQ(head(repo, "refs/heads/old"), old);
  const git::Oid nothing = must(git::Oid::parse(std::string(40, 'a')));
  EXPECT_NE(push(alice, {{{}, nothing, "refs/heads/none"}}, false, false).refs[0].refusal, "");
}

// A branch called like a commit could be written to, but never read: its name means the commit.
TEST_F(PushTest, NewNamesFollowTheRuleOfTheApi) {
  const auto start = head(repo);
  for (const std::string name : {"refs/heads/0123456789012345678901234567890123456789",
                                 "refs/heads/refs/heads/main", "refs/tags/refs/tags/v1"}) {
    const auto outcome = push(alice, {{{}, start, name}}, false, false);
    EXPECT_TRUE(outcome.refs.at(0).refusal.contains("Invalid reference")) << name;
  }
  // What an older server let in can be deleted.
  const std::string old = "refs/heads/0123456789012345678901234567890123456789";
  must(database->write(blocking, [&](db::Session& s) {
    return meta::repos::change_ref(s, repo.id, old, std::nullopt, start.hex());
  }));
  EXPECT_EQ(push(alice, {{start, {}, old}}).refs.at(0).refusal, "");
}

TEST_F(PushTest, BranchesPointToCommits) {
  work("a.txt", "1");
  in_clone("git tag -a -m hi v1");
  EXPECT_NE(push(alice, {{{}, rev("v1"), "refs/heads/tag"}}).refs[0].refusal, "");
  EXPECT_NE(push(alice, {{{}, rev("HEAD^{tree}"), "refs/heads/tree"}}).refs[0].refusal, "");
}

TEST_F(PushTest, ForcedPushesReplaceHistory) {
  put_file(alice, repo, "a.txt", "1");
  in_clone("git checkout -q --orphan fresh && git rm -rfq . && rm -rf ./*");
  const auto tip = work("new.txt", "2");
  EXPECT_EQ(push_main(tip).refs[0].refusal, "");
  EXPECT_EQ(head(repo), tip);
}

TEST_F(PushTest, NamesThatFallTogetherAreRefused) {
  const auto good = work("docs/Guide.md", "1");
  EXPECT_EQ(push_main(good).refs[0].refusal, "");
  const auto outcome = push_main(work("docs/guide.md", "2"));
  EXPECT_NE(outcome.refs[0].refusal.find("letter case"), std::string::npos);
  EXPECT_NE(all_messages(outcome).find("docs/guide.md"), std::string::npos);
  EXPECT_EQ(head(repo), good);
  EXPECT_NE(push(alice, {{{}, rev("HEAD"), "refs/heads/dev"}}).refs[0].refusal, "");

  in_clone(cat("git reset -q --hard ", good.hex()));
  EXPECT_NE(push_main(work("DOCS", "a file beside a folder")).refs[0].refusal, "");
  in_clone(cat("git reset -q --hard ", good.hex()));
  work("caf\u00e9", "one code");
  EXPECT_NE(push_main(work("cafe\u0301", "two codes")).refs[0].refusal, "");
}

TEST_F(PushTest, OldTwinsAreNoReasonToRefuse) {
  put_files(alice, repo, {{"A.txt", "1"}, {"a.txt", "2"}});  // from before the rule
  must(refresh_projection(services(), blocking, reload(repo)));
  in_clone("git pull -q");
  const auto tip = work("new.txt", "3");
  EXPECT_EQ(push_main(tip).refs[0].refusal, "");
  EXPECT_EQ(push(alice, {{{}, work("more.txt", "4"), "refs/heads/dev"}}).refs[0].refusal, "");
  EXPECT_NE(push_main(work("NEW.txt", "5")).refs[0].refusal, "");
}

TEST_F(PushTest, BranchesOfOnePushMustFitOneAnother) {
  const auto tip = work("a.txt", "1");
  const auto outcome = push(alice, {{{}, tip, "refs/heads/df"}, {{}, tip, "refs/heads/df/sub"}});
  EXPECT_NE(outcome.refs[0].refusal, "");
  EXPECT_NE(outcome.refs[1].refusal, "");
  EXPECT_TRUE(head(repo, "refs/heads/df").is_zero());
}

}  // namespace
}  // namespace embrace::hub
