#include "cas/collection.h"

#include <gtest/gtest.h>

#include "blob/faulty_backend.h"
#include "blob/memory_backend.h"
#include "cas/chunked_store.h"
#include "cas/memory_catalog.h"
#include "cas/object_store_calls.h"
#include "testing/fake_clock.h"

namespace embrace::cas {
namespace {

constexpr Millis kDayMs = 24ll * 3600 * 1000;

class CollectionTest : public ::testing::Test {
 protected:
  Collected collect(bool is_dry_run = false) {
    CollectionRules rules;
    rules.is_dry_run = is_dry_run;
    return collect_xorbs(kBlocking, backend_, catalog_, clock_, rules).value();
  }
  void wait_days(int days) { clock_.advance_ms(days * kDayMs); }
  std::size_t blobs() { return backend_.list(kBlocking, "xorbs/", "", 1000)->items.size(); }

  ::testing::FakeClock clock_;
  blob::MemoryBackend backend_{clock_};
  MemoryCatalog catalog_;
  ChunkedStore store_{backend_, catalog_, clock_};
};

TEST_F(CollectionTest, AXorbGoesWeeksAfterItsLastFileAndInTwoSteps) {
  const Digest sha256 = put(store_, many_bytes(300'000))->sha256;
  wait_days(60);
  EXPECT_EQ(collect().condemned.xorbs, 0u) << "a file uses it";
  ASSERT_TRUE(store_.remove(kBlocking, sha256));
  wait_days(27);
  EXPECT_EQ(collect().condemned.xorbs, 0u) << "a client may remember it";
  wait_days(2);
  EXPECT_EQ(collect().condemned.xorbs, 1u);
  EXPECT_EQ(collect().removed.xorbs, 0u) << "condemned just now";
  EXPECT_EQ(blobs(), 1u);
  wait_days(2);
  const Collected last = collect();
  EXPECT_EQ(last.removed.xorbs, 1u);
  EXPECT_GT(last.removed.bytes, 290'000u);
  EXPECT_EQ(blobs(), 0u);
  EXPECT_EQ(catalog_.figures(kBlocking)->xorbs, 0u);
}

TEST_F(CollectionTest, AnUploadReprievesWhatWasCondemned) {
  const std::string bytes = many_bytes(300'000);
  const Digest sha256 = put(store_, bytes)->sha256;
  ASSERT_TRUE(store_.remove(kBlocking, sha256));
  wait_days(30);
  EXPECT_EQ(collect().condemned.xorbs, 1u);
  ASSERT_TRUE(put(store_, bytes + "more"));
  wait_days(40);
  EXPECT_EQ(collect().removed.xorbs, 0u);
  ASSERT_TRUE(store_.verify(kBlocking, info_of(bytes + "more").sha256));
}

TEST_F(CollectionTest, ADedupeAnswerKeepsItsXorbForWeeks) {
  const std::string bytes = many_bytes(300'000);
  const Digest sha256 = put(store_, bytes)->sha256;
  const auto file = catalog_.find_sha256(kBlocking, sha256).value();
  const auto term = catalog_.terms(kBlocking, file->id, 0, 1)->front();
  ASSERT_TRUE(store_.remove(kBlocking, sha256));
  wait_days(27);
  Chunker chunker;
  const auto first = chunker.next(bytes).taken;
  ASSERT_TRUE(store_.dedupe_answer(kBlocking, hash_chunk(std::string_view(bytes).substr(0, first)),
                                   [](const XorbRow&) -> Result<bool> { return true; }));
  wait_days(20);
  EXPECT_EQ(collect().condemned.xorbs, 0u);
  EXPECT_TRUE(store_.find_xorb(kBlocking, term.xorb.hash));
}

TEST_F(CollectionTest, ADryRunSaysTheSameAndChangesNothing) {
  const Digest sha256 = put(store_, many_bytes(300'000))->sha256;
  ASSERT_TRUE(store_.remove(kBlocking, sha256));
  wait_days(30);
  EXPECT_EQ(collect(true).condemned.xorbs, 1u);
  EXPECT_EQ(collect(true).condemned.xorbs, 1u);
  EXPECT_EQ(collect().condemned.xorbs, 1u);
  wait_days(2);
  EXPECT_EQ(collect(true).removed.xorbs, 1u);
  EXPECT_EQ(blobs(), 1u);
}

TEST_F(CollectionTest, StraysAreRemovedWhenNoUploadCanStillWantThem) {
  {
    ChunkedStore store(backend_, catalog_, clock_);
    auto ingest = store.create(kBlocking).value();
    ASSERT_TRUE(write_in_pieces(*ingest, many_bytes(70 << 20), 4 << 20));
    ingest = nullptr;
  }  // given up after its first xorb was full, which is stored behind
  auto foreign = backend_.create(kBlocking).value();
  ASSERT_TRUE(foreign->commit(kBlocking, *blob::Key::parse("xorbs/readme")));
  EXPECT_EQ(blobs(), 2u);
  EXPECT_EQ(collect().strays.xorbs, 0u);
  wait_days(8);
  EXPECT_EQ(collect(true).strays.xorbs, 1u);
  EXPECT_EQ(collect().strays.xorbs, 1u);
  EXPECT_EQ(blobs(), 1u) << "what is not ours stays";
}

TEST_F(CollectionTest, AnUploadThatLastedTooLongIsRefusedBeforeItsXorbsCouldBeStrays) {
  const std::string bytes = many_bytes(300'000);
  auto quick = store_.create(kBlocking).value();
  auto slow = store_.create(kBlocking).value();
  ASSERT_TRUE(write_in_pieces(*quick, bytes, 100'000));
  ASSERT_TRUE(write_in_pieces(*slow, bytes + "more", 100'000));
  wait_days(5);
  EXPECT_TRUE(quick->finish(kBlocking, std::nullopt));
  clock_.advance_ms(1);
  const auto refused = slow->finish(kBlocking, std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Unusable);
  EXPECT_GT(CollectionRules{}.stray_ms, kUploadLastsMax + kDayMs);
}

TEST_F(CollectionTest, ACrashBetweenRowAndBlobLeavesAStray) {
  const Digest sha256 = put(store_, many_bytes(300'000))->sha256;
  ASSERT_TRUE(store_.remove(kBlocking, sha256));
  wait_days(30);
  collect();
  wait_days(2);
  blob::FaultyBackend faulty(backend_);
  faulty.fail_randomly(1, 1);  // everything fails
  EXPECT_FALSE(collect_xorbs(kBlocking, faulty, catalog_, clock_, {}));
  EXPECT_EQ(blobs(), 1u);
  EXPECT_EQ(collect().strays.xorbs, 1u);
  EXPECT_EQ(blobs(), 0u);
}

}  // namespace
}  // namespace embrace::cas
