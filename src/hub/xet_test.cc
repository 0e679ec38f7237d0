#include "hub/xet.h"

#include "hub/hub_fixture.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

using Scope = XetToken::Scope;

constexpr std::string_view kKey = "test signing key";
constexpr Millis kGrace = 5 * 60 * 1000;

TEST(XetToken, SaysWhatItWasMadeFor) {
  const XetToken token{.scope = Scope::Write,
                       .repo_id = 7,
                       .repo_created_ms = 11,
                       .user_id = 13,
                       .expires_ms = 1000};
  const auto parsed = must(XetToken::parse(token.render(kKey), kKey, 999));
  EXPECT_EQ(parsed.scope, Scope::Write);
  EXPECT_EQ(parsed.repo_id, 7);
  EXPECT_EQ(parsed.repo_created_ms, 11);
  EXPECT_EQ(parsed.user_id, 13);
  EXPECT_EQ(parsed.expires_ms, 1000);
  EXPECT_FALSE(parsed.is_proposal);
  auto proposal = token;
  proposal.is_proposal = true;
  const auto proposed = must(XetToken::parse(proposal.render(kKey), kKey, 999));
  EXPECT_EQ(proposed.scope, Scope::Write);
  EXPECT_TRUE(proposed.is_proposal);
}

TEST(XetToken, LivesABitLongerThanItSays) {
  const auto text = XetToken{.repo_id = 1, .expires_ms = 1000}.render(kKey);
  EXPECT_TRUE(XetToken::parse(text, kKey, 1000 + kGrace - 1));
  EXPECT_EQ(XetToken::parse(text, kKey, 1000 + kGrace).error().code(), Code::Unauthenticated);
}

TEST(XetToken, IsNotMadeByOthers) {
  const auto text = XetToken{.repo_id = 1, .expires_ms = 1000}.render(kKey);
  EXPECT_FALSE(XetToken::parse(text, "another key", 0));
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto changed = text;
    changed[at] = changed[at] == '1' ? '2' : '1';
    EXPECT_FALSE(XetToken::parse(changed, kKey, 0)) << at;
  }
  // A signature of another kind is none of this one.
  const auto fetch = XetFetch{.xorb = {}, .spans = {{0, 1}}, .expires_ms = 1000}.render(kKey);
  EXPECT_FALSE(XetToken::parse(fetch, kKey, 0));
  EXPECT_FALSE(XetFetch::parse(text, kKey, 0));
}

TEST(XetFetch, OpensItsSpansAndWhatLiesInside) {
  const XetFetch fetch{.xorb = {}, .spans = {{10, 10}, {40, 5}}, .expires_ms = 1000};
  const auto parsed = must(XetFetch::parse(fetch.render(kKey), kKey, 999));
  EXPECT_TRUE(parsed.covers(10, 10));
  EXPECT_TRUE(parsed.covers(15, 5));
  EXPECT_TRUE(parsed.covers(40, 5));
  EXPECT_FALSE(parsed.covers(9, 2));
  EXPECT_FALSE(parsed.covers(15, 6));
  EXPECT_FALSE(parsed.covers(19, 22));
  EXPECT_FALSE(parsed.covers(44, UINT64_MAX));
  EXPECT_EQ(parsed.total_bytes(), 15u);
  EXPECT_EQ((XetFetch{.xorb = {}, .spans = {{0, UINT64_MAX}, {1, 9}}}.total_bytes()), UINT64_MAX);
  EXPECT_EQ(XetFetch::parse(fetch.render(kKey), kKey, 1000).error().code(), Code::Denied);
}

class XetTest : public HubTest {
 protected:
  XetTest() : acme(user("acme")), repo(make_repo(acme, "acme/bert")) {
    weights = put_lfs_file(acme, repo, "model.bin", "the weights");
    repo = reload(repo);
  }
  XetToken token_for(const meta::Repo& of, Scope scope = Scope::Write) {
    return make_xet_token(services(), acme, of, scope);
  }
  cas::XetHash hash_of(std::string_view bytes) {
    const cas::XetHash chunk = cas::hash_chunk(bytes);
    return cas::file_hash_of(chunk);
  }
  // A file of one chunk, uploaded as clients do it.
  cas::XetHash upload_xorb(std::string_view bytes) {
    cas::XorbWriter writer;
    const auto chunk = cas::hash_chunk(bytes);
    std::string body;
    writer.add(bytes, chunk).append_to(body);
    const auto index = writer.finish();
    auto upload = must(objects->create_xorb(blocking, index.hash));
    must(upload->write(blocking, body));
    must(upload->finish(blocking));
    return index.hash;
  }
  std::string shard_of(std::string_view bytes, const cas::XetHash& xorb) {
    const auto chunk = cas::hash_chunk(bytes);
    cas::ShardFile file;
    file.hash = cas::file_hash_of(chunk);
    file.segments.push_back({.xorb = xorb,
                             .unpacked_bytes = static_cast<std::uint32_t>(bytes.size()),
                             .chunk_first = 0,
                             .chunk_last = 1});
    file.range_hashes.push_back(cas::range_hash(std::span(&chunk, 1)));
    return cas::write_shard({.files = {file}, .xorbs = {}});
  }

  auth::Caller acme;
  meta::Repo repo;
  Digest weights;
};

TEST_F(XetTest, AFileIsSeenThroughTheRepositoryThatHasIt) {
  const auto hash = hash_of("the weights");
  EXPECT_EQ(must(find_xet_file(services(), blocking, token_for(repo), hash)).sha256, weights);
  const auto other = make_repo(acme, "acme/other");
  EXPECT_EQ(find_xet_file(services(), blocking, token_for(other), hash).error().code(),
            Code::NotFound);
  auto later = token_for(repo);
  later.repo_created_ms += 1;  // another repository had this id
  EXPECT_FALSE(find_xet_file(services(), blocking, later, hash));
  must(delete_lfs_files(services(), blocking, acme, repo.name, {weights}, false));
  EXPECT_FALSE(find_xet_file(services(), blocking, token_for(repo), hash));
}

TEST_F(XetTest, AShardLinksItsFiles) {
  const auto xorb = upload_xorb("fresh bytes");
  const auto token = token_for(repo);
  must(register_shard(services(), blocking, token, shard_of("fresh bytes", xorb), {}));
  const auto file = must(find_xet_file(services(), blocking, token, hash_of("fresh bytes")));
  EXPECT_EQ(file.size_bytes, 11u);
  const auto links = must(find_lfs_links(services(), blocking, repo.id, {file.sha256}));
  EXPECT_TRUE(links.contains(file.sha256));
  // And once more, as a client does that lost the answer.
  must(register_shard(services(), blocking, token, shard_of("fresh bytes", xorb), {}));
}

TEST_F(XetTest, AShardForADeletedRepositoryLinksNothing) {
  const auto xorb = upload_xorb("fresh bytes");
  auto token = token_for(repo);
  token.repo_id += 1000;
  const auto done = register_shard(services(), blocking, token, shard_of("fresh bytes", xorb), {});
  EXPECT_EQ(done.error().tag(), Tag::RepoNotFound);
}

TEST_F(XetTest, FilesAboveTheLimitAreNotLinked) {
  const auto xorb = upload_xorb("fresh bytes");
  settings.lfs_object_bytes_max = 10;
  const auto done =
      register_shard(services(), blocking, token_for(repo), shard_of("fresh bytes", xorb), {});
  EXPECT_EQ(done.error().code(), Code::TooLarge);
  EXPECT_FALSE(find_xet_file(services(), blocking, token_for(repo), hash_of("fresh bytes")));
}

TEST_F(XetTest, HashesAreToldForLinkedFilesOnly) {
  const auto stranger = put_object("somebody else's");
  const std::vector<git::LfsPointer> pointers = {{weights, 11}, {stranger, 15}, {weights, 12}};
  const auto hashes = must(xet_hashes(services(), blocking, repo, pointers));
  ASSERT_EQ(hashes.size(), 3u);
  EXPECT_EQ(hashes[0], hash_of("the weights"));
  EXPECT_TRUE(hashes[1].is_zero());
  EXPECT_TRUE(hashes[2].is_zero());
  EXPECT_EQ(known_xet_hash(services(), repo, pointers[0]), hashes[0]);
  EXPECT_FALSE(known_xet_hash(services(), repo, pointers[1]));
}

TEST_F(XetTest, TokensFollowTheRightsOfTheirCaller) {
  const auto eve = user("eve");
  const auto grant = [&](const auth::Caller& who, Scope scope, std::string_view rev, bool pull) {
    return grant_xet(services(), blocking, who, repo.name, scope, rev, pull);
  };
  EXPECT_TRUE(grant(anonymous(), Scope::Read, "main", false));
  EXPECT_TRUE(grant(acme, Scope::Write, "main", false));
  EXPECT_EQ(grant(anonymous(), Scope::Write, "main", false).error().code(), Code::Unauthenticated);
  EXPECT_EQ(grant(eve, Scope::Write, "main", false).error().code(), Code::Denied);
  EXPECT_TRUE(grant(eve, Scope::Write, "None", true));
  EXPECT_TRUE(grant(eve, Scope::Write, "main", true));
  EXPECT_FALSE(grant(eve, Scope::Write, "refs/pr/9", false));
}

TEST_F(XetTest, ABatchGoesByXetWhenItsClientOffersIt) {
  LfsBatch batch;
  batch.upload = true;
  batch.transfers = {"basic", "multipart", "xet"};
  batch.objects = {{weights, 11}, {Digest(), 5}};
  const auto up = must(lfs_batch(services(), blocking, acme, repo.name, batch));
  EXPECT_EQ(up.transfer, "xet");
  ASSERT_TRUE(up.xet);
  EXPECT_EQ(up.xet->scope, Scope::Write);
  EXPECT_EQ(up.xet_rev, "main");
  EXPECT_TRUE(up.answers[0].present);
  EXPECT_FALSE(up.answers[1].present);
  EXPECT_EQ(must(lfs_batch(services(), blocking, user("eve"), repo.name, batch)).xet_rev, "");

  batch.transfers = {"basic", "multipart"};
  EXPECT_EQ(must(lfs_batch(services(), blocking, acme, repo.name, batch)).transfer, "basic");
  batch.transfers = {"xet"};
  batch.upload = false;
  const auto down = must(lfs_batch(services(), blocking, acme, repo.name, batch));
  EXPECT_EQ(down.transfer, "basic");
  EXPECT_FALSE(down.xet);
}

}  // namespace
}  // namespace embrace::hub
