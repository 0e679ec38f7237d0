#include "hub/lfs.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/sha256.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

class LfsTest : public HubTest {
 protected:
  LfsTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}

  static LfsObject object(std::string_view bytes) {
    return {.sha256 = crypto::sha256(bytes), .size_bytes = bytes.size()};
  }
  Result<LfsBatchResult> ask(const auth::Caller& caller, bool upload,
                             std::vector<LfsObject> objects,
                             std::vector<std::string> transfers = {"basic", "multipart"}) {
    LfsBatch batch;
    batch.upload = upload;
    batch.objects = std::move(objects);
    batch.transfers = std::move(transfers);
    return lfs_batch(services(), blocking, caller, name("alice/bert"), batch);
  }
  LfsAnswer ask_one(bool upload, LfsObject wanted) {
    return must(ask(alice, upload, {wanted})).answers.at(0);
  }
  Status send(const SignedGrant& grant, std::string_view bytes) {
    EMB_TRY(auto ingest, begin_upload(services(), blocking, grant));
    EMB_DO(ingest->write(blocking, bytes));
    return finish_upload(services(), blocking, grant, *ingest);
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(LfsTest, AnUploadIsAskedForOnceAndThenPresent) {
  const auto wanted = object("hello large world");
  const auto first = ask_one(true, wanted);
  EXPECT_FALSE(first.present);
  ASSERT_TRUE(first.action);
  EXPECT_EQ(first.action->action, SignedGrant::Action::Upload);
  EXPECT_EQ(first.action->expires_ms, clock.now_ms() + settings.signed_url_ms);
  EXPECT_EQ(verify_upload(services(), blocking, alice, name("alice/bert"), wanted).error().code(),
            Code::NotFound);

  ASSERT_TRUE(send(*first.action, "hello large world"));
  ASSERT_TRUE(send(*first.action, "hello large world")) << "a retry";
  EXPECT_TRUE(verify_upload(services(), blocking, alice, name("alice/bert"), wanted));
  auto wrong_size = wanted;
  ++wrong_size.size_bytes;
  EXPECT_EQ(
      verify_upload(services(), blocking, alice, name("alice/bert"), wrong_size).error().code(),
      Code::Unusable);

  const auto second = ask_one(true, wanted);
  EXPECT_TRUE(second.present);
  EXPECT_FALSE(second.action);
  EXPECT_EQ(ask_one(true, wrong_size).error_code, 422);
}

TEST_F(LfsTest, OnlyTheBytesThatWereAnnouncedAreTaken) {
  const auto grant = *ask_one(true, object("expected")).action;
  EXPECT_EQ(send(grant, "Expected").error().code(), Code::Unusable);
  EXPECT_EQ(send(grant, "short").error().code(), Code::Unusable);
  EXPECT_EQ(send(grant, "expected and more").error().code(), Code::Unusable);
  EXPECT_FALSE(ask_one(true, object("expected")).present);
}

TEST_F(LfsTest, DownloadsNeedALinkToThisRepository) {
  const auto mine = put_lfs_file(alice, repo, "w.bin", "mine");
  const auto bob = user("bob");
  const auto hidden = make_repo(bob, "bob/secret", RepoType::Model, true);
  put_lfs_file(bob, hidden, "w.bin", "bob's secret");

  const auto answer =
      must(ask(anonymous(), false, {object("mine"), object("bob's secret"), object("nobody's")}));
  EXPECT_EQ(answer.transfer, "basic");
  ASSERT_TRUE(answer.answers[0].action);
  EXPECT_EQ(answer.answers[0].action->action, SignedGrant::Action::Download);
  EXPECT_EQ(must(find_download(services(), blocking, *answer.answers[0].action)).sha256, mine);
  EXPECT_EQ(answer.answers[1].error_code, 404);
  EXPECT_EQ(answer.answers[1].error, answer.answers[2].error)
      << "a hash tells nothing about other repositories";
}

// The object is in the store already, but not for alice: she must send the bytes as if it were not.
TEST_F(LfsTest, OthersObjectsMustBeUploadedAgain) {
  const auto bob = user("bob");
  put_lfs_file(bob, make_repo(bob, "bob/secret", RepoType::Model, true), "w.bin", "bob's secret");
  const auto answer = ask_one(true, object("bob's secret"));
  EXPECT_FALSE(answer.present);
  ASSERT_TRUE(answer.action);
  EXPECT_EQ(send(*answer.action, "guessed").error().code(), Code::Unusable);
  EXPECT_FALSE(ask_one(false, object("bob's secret")).action);
}

TEST_F(LfsTest, GrantsAreGoodForTheirOwnActionOnly) {
  put_lfs_file(alice, repo, "w.bin", "bytes");
  const auto download = *ask_one(false, object("bytes")).action;
  const auto upload = *ask_one(true, object("others")).action;
  EXPECT_EQ(begin_upload(services(), blocking, download).error().code(), Code::Denied);
  EXPECT_EQ(find_download(services(), blocking, upload).error().code(), Code::Denied);
  EXPECT_EQ(complete_upload(services(), blocking, upload, {}).error().code(), Code::Denied);
  must(database->write(blocking, [&](db::Session& s) {
    return meta::repos::unlink_lfs(s, repo.id, download.object.sha256);
  }));
  EXPECT_EQ(find_download(services(), blocking, download).error().code(), Code::NotFound);
}

TEST_F(LfsTest, AnUploadBringsALinkToVerifyIt) {
  const auto wanted = object("weights");
  const auto answer = ask_one(true, wanted);
  ASSERT_TRUE(answer.verify);
  EXPECT_EQ(verify_upload(services(), blocking, *answer.verify, wanted).error().code(),
            Code::NotFound);
  must(send(*answer.action, "weights"));
  EXPECT_TRUE(verify_upload(services(), blocking, *answer.verify, wanted));
  EXPECT_EQ(verify_upload(services(), blocking, *answer.verify, {wanted.sha256, 1}).error().code(),
            Code::Unusable);
  EXPECT_EQ(verify_upload(services(), blocking, *answer.verify, object("else")).error().code(),
            Code::Denied);
  EXPECT_EQ(verify_upload(services(), blocking, *answer.action, wanted).error().code(),
            Code::Denied);
  EXPECT_EQ(begin_upload(services(), blocking, *answer.verify).error().code(), Code::Denied);
  EXPECT_EQ(find_download(services(), blocking, *answer.verify).error().code(), Code::Denied);
}

TEST_F(LfsTest, LargeObjectsComeInParts) {
  settings.lfs_multipart_above_bytes = 10;
  settings.lfs_part_bytes = 4;
  const std::string bytes = "abcdefghijklm";  // 13 bytes: 4 + 4 + 4 + 1
  const auto batch = must(ask(alice, true, {object(bytes), object("tiny")}));
  EXPECT_EQ(batch.transfer, "multipart");
  const auto& answer = batch.answers[0];
  EXPECT_EQ(answer.part_bytes, 4u);
  ASSERT_EQ(answer.parts.size(), 4u);
  EXPECT_EQ(answer.action->action, SignedGrant::Action::Complete);
  EXPECT_EQ(batch.answers[1].parts.size(), 1u) << "one transfer for the whole batch";

  EXPECT_FALSE(complete_upload(services(), blocking, *answer.action, {1, 2, 3, 4}))
      << "nothing was sent";
  for (const std::size_t i : {3u, 1u, 0u, 2u, 0u}) {  // any order, and one twice
    EXPECT_EQ(answer.parts[i].part, i + 1);
    ASSERT_TRUE(send(answer.parts[i], std::string_view(bytes).substr(i * 4, 4)));
  }
  for (const std::vector<std::uint32_t>& bad :
       {std::vector<std::uint32_t>{}, {1, 2, 3}, {1, 2, 3, 3}, {1, 2, 3, 4, 5}, {0, 1, 2, 3}}) {
    EXPECT_EQ(complete_upload(services(), blocking, *answer.action, bad).error().code(),
              Code::InvalidArgument);
  }
  ASSERT_TRUE(complete_upload(services(), blocking, *answer.action, {4, 3, 2, 1}));
  EXPECT_TRUE(complete_upload(services(), blocking, *answer.action, {1, 2, 3, 4})) << "a retry";
  EXPECT_TRUE(ask_one(true, object(bytes)).present);
}

// In parts, too: an upload that was announced and completed without a byte gives nothing away.
TEST_F(LfsTest, OthersObjectsAreNotHadByCompletingAnUploadOfNothing) {
  const auto bob = user("bob");
  put_lfs_file(bob, make_repo(bob, "bob/secret", RepoType::Model, true), "w.bin", "bob's secret");
  settings.lfs_multipart_above_bytes = 4;
  settings.lfs_part_bytes = 6;
  const auto answer = ask_one(true, object("bob's secret"));
  ASSERT_EQ(answer.parts.size(), 2u);
  EXPECT_EQ(complete_upload(services(), blocking, *answer.action, {1, 2}).error().code(),
            Code::InvalidArgument);
  EXPECT_FALSE(ask_one(false, object("bob's secret")).action);
}

TEST_F(LfsTest, APartTakesItsOwnBytesAndNoMore) {
  settings.lfs_multipart_above_bytes = 4;
  settings.lfs_part_bytes = 4;
  const auto answer = ask_one(true, object("abcdefghi"));
  ASSERT_EQ(answer.parts.size(), 3u);
  EXPECT_EQ(bytes_granted(answer.parts[0]), 4u);
  EXPECT_EQ(bytes_granted(answer.parts[2]), 1u);
  EXPECT_EQ(send(answer.parts[0], "abcde").error().code(), Code::Unusable);
  EXPECT_EQ(send(answer.parts[0], "abc").error().code(), Code::Unusable);
  EXPECT_EQ(send(answer.parts[2], "ij").error().code(), Code::Unusable);
  EXPECT_TRUE(send(answer.parts[2], "i"));
}

TEST_F(LfsTest, WrongPartsMakeNoObject) {
  settings.lfs_multipart_above_bytes = 4;
  settings.lfs_part_bytes = 4;
  const auto answer = ask_one(true, object("abcdefgh"));
  ASSERT_TRUE(send(answer.parts.at(0), "abcd"));
  ASSERT_TRUE(send(answer.parts.at(1), "XXXX"));
  EXPECT_EQ(complete_upload(services(), blocking, *answer.action, {1, 2}).error().code(),
            Code::Unusable);
  EXPECT_FALSE(ask_one(true, object("abcdefgh")).present);
}

// An upload that broke off goes on where it was; nobody else's does.
TEST_F(LfsTest, AskingAgainFindsThePartsThatWereSent) {
  settings.lfs_multipart_above_bytes = 4;
  settings.lfs_part_bytes = 4;
  const auto first = ask_one(true, object("abcdefgh"));
  EXPECT_FALSE(must(has_part(services(), blocking, first.parts.at(0))));
  ASSERT_TRUE(send(first.parts.at(0), "abcd"));
  const auto again = ask_one(true, object("abcdefgh"));
  EXPECT_TRUE(must(has_part(services(), blocking, again.parts.at(0))));
  EXPECT_FALSE(must(has_part(services(), blocking, again.parts.at(1))));
  EXPECT_EQ(has_part(services(), blocking, *again.action).error().code(), Code::Denied);

  const auto bobs = must(ask(user("bob"), true, {object("abcdefgh")})).answers.at(0);
  EXPECT_FALSE(must(has_part(services(), blocking, bobs.parts.at(0))));
  settings.lfs_part_bytes = 5;
  EXPECT_FALSE(must(has_part(services(), blocking, ask_one(true, object("abcdefgh")).parts.at(0))))
      << "parts of another size";

  ASSERT_TRUE(send(again.parts.at(1), "efgh"));
  ASSERT_TRUE(complete_upload(services(), blocking, *again.action, {1, 2}));
  EXPECT_TRUE(ask_one(true, object("abcdefgh")).present);
}

// Otherwise whoever asks again would build on them for ever.
TEST_F(LfsTest, PartsThatAreNotTheFileAreDropped) {
  settings.lfs_multipart_above_bytes = 4;
  settings.lfs_part_bytes = 4;
  const auto answer = ask_one(true, object("abcdefgh"));
  ASSERT_TRUE(send(answer.parts.at(0), "abcd"));
  ASSERT_TRUE(send(answer.parts.at(1), "XXXX"));
  EXPECT_EQ(complete_upload(services(), blocking, *answer.action, {1, 2}).error().code(),
            Code::Unusable);
  EXPECT_FALSE(must(has_part(services(), blocking, answer.parts.at(0))));
}

TEST_F(LfsTest, BrowsersGetSmallParts) {
  settings.lfs_small_part_bytes = 4;
  LfsBatch batch{.upload = true,
                 .transfers = {"basic", "multipart"},
                 .objects = {object("abcdefghi"), object("abcd")},
                 .in_small_parts = true};
  const auto result = must(lfs_batch(services(), blocking, alice, repo.name, batch));
  EXPECT_EQ(result.transfer, "multipart");
  EXPECT_EQ(result.answers[0].parts.size(), 3u);
  EXPECT_TRUE(result.answers[1].parts.empty());
  EXPECT_EQ(result.answers[1].action->action, SignedGrant::Action::Upload);
  batch.in_small_parts = false;
  EXPECT_EQ(must(lfs_batch(services(), blocking, alice, repo.name, batch)).transfer, "basic");
}

TEST_F(LfsTest, PartsGrowWhenThereWouldBeTooMany) {
  constexpr std::uint64_t kMiB = 1 << 20;
  settings.lfs_multipart_above_bytes = kMiB;
  settings.lfs_part_bytes = kMiB;
  settings.lfs_parts_max = 10;
  for (const std::uint64_t size :
       {10 * kMiB, 10 * kMiB + 1, 99 * kMiB, 100 * kMiB + 1, 3 * kMiB + 5}) {
    const auto answer = ask_one(true, {.sha256 = crypto::sha256(cat(size)), .size_bytes = size});
    EXPECT_LE(answer.parts.size(), 10u) << size;
    EXPECT_EQ(answer.parts.size(), (size + answer.part_bytes - 1) / answer.part_bytes) << size;
    EXPECT_GE(answer.part_bytes, kMiB);
  }
}

TEST_F(LfsTest, PlainClientsGetOnePlainUploadWhateverTheSize) {
  settings.lfs_multipart_above_bytes = 1;
  const auto batch =
      must(ask(alice, true, {object("large")}, {"lfs-standalone-file", "basic", "ssh"}));
  EXPECT_EQ(batch.transfer, "basic");
  EXPECT_EQ(batch.answers[0].action->action, SignedGrant::Action::Upload);
}

TEST_F(LfsTest, LimitsHold) {
  settings.lfs_object_bytes_max = 10;
  EXPECT_EQ(ask_one(true, object("eleven bytes")).error_code, 413);
  settings.lfs_batch_max = 1;
  EXPECT_EQ(ask(alice, true, {object("a"), object("b")}).error().code(), Code::TooLarge);
}

// Not the right to write: git-lfs sends objects on their way to a pull request by the name of the
// branch they are on.
TEST_F(LfsTest, WhoMayProposeMayUpload) {
  const auto bob = user("bob");
  EXPECT_TRUE(ask(bob, true, {object("x")}));
  EXPECT_EQ(ask(user("eve", meta::TokenRole::Read), true, {object("x")}).error().code(),
            Code::Denied);
  EXPECT_EQ(ask(anonymous(), true, {object("x")}).error().code(), Code::Unauthenticated);
  must(update_settings(
      services(), blocking, alice, name("alice/bert"),
      {.is_private = std::nullopt, .gating = std::nullopt, .discussions_disabled = true}));
  EXPECT_EQ(ask(bob, true, {object("x")}).error().code(), Code::Denied);
  EXPECT_TRUE(ask(alice, true, {object("x")}));
}

TEST_F(LfsTest, AnUploadToADeletedRepositoryIsRefused) {
  const auto grant = *ask_one(true, object("late")).action;
  ASSERT_TRUE(delete_repo(services(), blocking, alice, name("alice/bert")));
  EXPECT_EQ(send(grant, "late").error().tag(), Tag::RepoNotFound);
}

}  // namespace
}  // namespace embrace::hub
