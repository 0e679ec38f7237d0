#include "hub/quota.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "hub/hub_fixture.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "hub/xet.h"

namespace embrace::hub {
namespace {

class QuotaTest : public HubTest {
 protected:
  QuotaTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}
  std::uint64_t used(std::int64_t account_id) {
    return must(database->read(
        blocking, [&](db::Session& s) { return meta::storage::used_bytes(s, account_id); }));
  }
  void allow(std::uint64_t more_bytes) {
    must(set_quota(services(), blocking, "Alice",
                   meta::storage::Quota{.bytes = used(repo.namespace_id) + more_bytes}));
  }
  Result<LfsBatchResult> ask_to_upload(std::vector<LfsObject> files) {
    return lfs_batch(services(), blocking, alice, repo.name,
                     {.upload = true, .transfers = {"basic"}, .objects = std::move(files)});
  }
  Status link(std::string_view bytes) {
    return link_lfs_object(services(), blocking, repo.id, {put_object(bytes), bytes.size()});
  }
  template <class T>
  void expect_denied(const Result<T>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::Denied) << result.error().message();
    EXPECT_TRUE(result.error().message().contains("quota")) << result.error().message();
    EXPECT_TRUE(result.error().message().contains(" bytes are used")) << result.error().message();
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(QuotaTest, WithoutAQuotaEverythingFits) {
  EXPECT_TRUE(ask_to_upload({{put_object("x"), 1ull << 38}}));
  EXPECT_TRUE(link("some bytes"));
}

TEST_F(QuotaTest, WhatFitsIsTakenAndWhatDoesNotIsRefusedBeforeItIsSent) {
  allow(15);
  const auto first = put_object("ten bytes!"), second = put_object("ten others");
  EXPECT_TRUE(ask_to_upload({{first, 10}}));
  expect_denied(ask_to_upload({{first, 10}, {second, 10}}));
  EXPECT_TRUE(link("ten bytes!"));
  expect_denied(ask_to_upload({{second, 10}}));
  EXPECT_TRUE(ask_to_upload({{first, 10}})) << "it is there already";
}

TEST_F(QuotaTest, TheLinkItselfIsWhatCounts) {
  allow(15);
  EXPECT_TRUE(link("ten bytes!"));
  expect_denied(link("ten others"));
  EXPECT_TRUE(link("ten bytes!")) << "nothing is added";
  must(set_quota(services(), blocking, "alice", meta::storage::Quota{}));
  EXPECT_TRUE(link("ten others"));
}

TEST_F(QuotaTest, AFullNamespaceMayStillCommitWhatItHasAndDelete) {
  const auto sha256 = put_lfs_file(alice, repo, "a.bin", "the weights");
  must(set_quota(services(), blocking, "alice", meta::storage::Quota{.bytes = 1}));
  const auto again = git::LfsPointer{sha256, 11};
  put_lfs_file(alice, repo, "copy.bin", "the weights");
  remove_file(alice, repo, "a.bin");
  EXPECT_TRUE(delete_lfs_files(services(), blocking, alice, repo.name, {again.sha256}, false));
}

TEST_F(QuotaTest, CopiesOfOthersFilesCount) {
  const auto bob = user("bob");
  const auto source = make_repo(bob, "bob/source");
  const auto sha256 = put_lfs_file(bob, source, "a.bin", "a file of twenty six bytes");
  allow(5);
  NewRepo copy;
  copy.name = name("alice/copy");
  expect_denied(duplicate_lfs_files(services(), blocking, alice, source.name, repo.name, {sha256}));
  expect_denied(duplicate_repo(services(), blocking, alice, source.name, copy));
  allow(10'000);
  EXPECT_TRUE(duplicate_repo(services(), blocking, alice, source.name, copy));
}

TEST_F(QuotaTest, ARepositoryMovesOnlyToWhereThereIsRoom) {
  organization("acme", "alice");
  alice = user("alice");
  put_lfs_file(alice, repo, "a.bin", "a file of twenty six bytes");
  const auto allow_acme = [&](std::uint64_t bytes) {
    must(set_quota(services(), blocking, "acme", meta::storage::Quota{.bytes = bytes}));
  };
  allow_acme(25);
  expect_denied(move_repo(services(), blocking, alice, repo.name, name("acme/bert")));
  EXPECT_EQ(reload(repo).name, repo.name);
  EXPECT_TRUE(move_repo(services(), blocking, alice, repo.name, name("alice/bertha")))
      << "it stays where it counts already";
  allow_acme(26);
  EXPECT_TRUE(move_repo(services(), blocking, alice, name("alice/bertha"), name("acme/bert")));
}

TEST_F(QuotaTest, AFullNamespaceGetsNoTokenToSendChunks) {
  const auto token = [&](XetToken::Scope scope) {
    return grant_xet(services(), blocking, alice, repo.name, scope, "main", false);
  };
  allow(1);
  EXPECT_TRUE(token(XetToken::Scope::Write));
  allow(0);
  expect_denied(token(XetToken::Scope::Write));
  EXPECT_TRUE(token(XetToken::Scope::Read));
}

// Else whoever may open a pull request could fill the owner's storage, and commit nothing.
TEST_F(QuotaTest, WhatIsProposedCountsForWhoProposesItUntilAWriterTakesIt) {
  const auto bob = user("bob");
  const std::string bytes(100, 'p');
  const Digest file = put_object(bytes);
  allow(10);
  const auto ask = [&](const auth::Caller& caller) {
    return lfs_batch(services(), blocking, caller, repo.name,
                     {.upload = true, .transfers = {"basic"}, .objects = {{file, 100}}});
  };
  const auto before = used(repo.namespace_id);
  const auto granted = must(ask(bob));
  ASSERT_TRUE(granted.answers[0].action);
  EXPECT_EQ(granted.answers[0].action->payer_id, bob.id());
  const auto grant = must(SignedGrant::parse(granted.answers[0].action->render("key"), "key",
                                             services().clock.now_ms()));
  EXPECT_EQ(grant.payer_id, bob.id());
  auto ingest = must(begin_upload(services(), blocking, grant));
  must(ingest->write(blocking, bytes));
  must(finish_upload(services(), blocking, grant, *ingest));
  EXPECT_EQ(used(repo.namespace_id), before);
  EXPECT_EQ(used(bob.id()), 100u);
  must(set_quota(services(), blocking, "bob", meta::storage::Quota{.bytes = 150}));
  const Digest other = put_object(std::string(100, 'q'));
  expect_denied(link_lfs_object(services(), blocking, repo.id, {other, 100}, bob.id()));
  expect_denied(lfs_batch(services(), blocking, bob, repo.name,
                          {.upload = true, .transfers = {"basic"}, .objects = {{other, 100}}}));
  expect_denied(ask(alice));  // there is no room for it here
  allow(100);
  EXPECT_TRUE(must(ask(alice)).answers[0].present);
  EXPECT_EQ(used(repo.namespace_id), before + 100);
  EXPECT_EQ(used(bob.id()), 0u);
  // And it stays there, whoever sends it again.
  must(link_lfs_object(services(), blocking, repo.id, {file, 100}, bob.id()));
  EXPECT_EQ(used(bob.id()), 0u);
}

TEST_F(QuotaTest, ChunksCountForTheirSenderUntilAFileIsMadeOfThem) {
  const std::string bytes(1000, 'x');
  cas::XorbWriter writer;
  std::string body;
  const auto chunk = cas::hash_chunk(bytes);
  writer.add(bytes, chunk).append_to(body);
  const auto index = writer.finish();
  const auto send = [&](const XetToken& token) -> Result<bool> {
    EMB_TRY(auto upload, begin_xorb(services(), blocking, token, index.hash, body.size()));
    EMB_DO(upload->write(blocking, body));
    return finish_xorb(services(), blocking, token, index.hash, *upload);
  };
  const auto before = used(repo.namespace_id);
  allow(body.size() - 1);
  const auto token = make_xet_token(services(), alice, repo, XetToken::Scope::Write);
  expect_denied(send(token));
  allow(1100);
  EXPECT_TRUE(must(send(token)));
  EXPECT_EQ(used(repo.namespace_id), before + body.size());
  EXPECT_FALSE(must(send(token))) << "and once";
  EXPECT_EQ(used(repo.namespace_id), before + body.size());

  // Who may only propose pays, too.
  const auto bob = user("bob");
  const auto proposal = make_xet_token(services(), bob, repo, XetToken::Scope::Write);
  EXPECT_TRUE(proposal.is_proposal);
  must(set_quota(services(), blocking, "bob", meta::storage::Quota{.bytes = 1}));
  expect_denied(begin_xorb(services(), blocking, proposal, cas::hash_chunk("new"), 1000));

  cas::ShardFile file;
  file.hash = cas::file_hash_of(chunk);
  file.segments.push_back(
      {.xorb = index.hash, .unpacked_bytes = 1000, .chunk_first = 0, .chunk_last = 1});
  file.range_hashes.push_back(cas::range_hash(std::span(&chunk, 1)));
  const std::string shard = cas::write_shard({.files = {file}, .xorbs = {}});
  expect_denied(register_shard(services(), blocking, proposal, shard, {}));
  EXPECT_EQ(used(repo.namespace_id), before + body.size()) << "a refused file frees no chunk";
  must(register_shard(services(), blocking, token, shard, {}));
  EXPECT_EQ(used(repo.namespace_id), before + 1000) << "now it is a file";
}

TEST_F(QuotaTest, TheDefaultHoldsForWhoHasNoneOfTheirOwn) {
  settings.namespace_quota_bytes = 1;
  expect_denied(link("ten bytes!"));
  must(set_quota(services(), blocking, "alice", meta::storage::Quota{}));
  EXPECT_TRUE(link("ten bytes!"));
  must(set_quota(services(), blocking, "alice", std::nullopt));
  expect_denied(link("ten others"));
  EXPECT_EQ(set_quota(services(), blocking, "nobody", std::nullopt).error().code(), Code::NotFound);
}

TEST_F(QuotaTest, TheReportSaysWhatIsUsedStoredAndSaved) {
  const std::string bytes(1 << 20, 'z');
  put_lfs_file(alice, repo, "a.bin", bytes);
  const auto second = make_repo(user("bob"), "bob/second");
  put_lfs_file(user("bob"), second, "a.bin", bytes);
  must(set_quota(services(), blocking, "bob", meta::storage::Quota{.bytes = 5'000'000}));
  const auto report = must(report_storage(services(), blocking));
  ASSERT_EQ(report.namespaces.size(), 2u);
  EXPECT_EQ(report.namespaces[0].ns, "alice");
  EXPECT_GT(report.namespaces[0].used_bytes, bytes.size());
  EXPECT_FALSE(report.namespaces[0].allowed_bytes);
  EXPECT_EQ(report.namespaces[1].allowed_bytes, 5'000'000u);
  EXPECT_EQ(report.figures.logical_bytes, bytes.size());
  EXPECT_GT(report.saved_bytes(), 900'000);
}

}  // namespace
}  // namespace embrace::hub
