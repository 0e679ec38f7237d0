#include <gtest/gtest.h>

#include <vector>

#include "blob/memory_backend.h"
#include "cas/chunked_store.h"
#include "cas/memory_catalog.h"
#include "cas/object_store_calls.h"
#include "cas/xorb_key.h"
#include "testing/fake_clock.h"

namespace embrace::cas {
namespace {

class ExaminationTest : public ::testing::Test {
 protected:
  ChunkedStore::Examined examine() {
    found_.clear();
    return store_
        .examine(kBlocking,
                 [&](std::string_view where, std::string_view what) {
                   found_.push_back(std::string(where) + ": " + std::string(what));
                 })
        .value();
  }
  XorbRow only_xorb() { return catalog_.list_xorbs(kBlocking, 0, 10)->at(0); }
  std::string bytes_of(const blob::Key& key) {
    const auto size = backend_.stat(kBlocking, key)->size_bytes;
    return ::testing::content_text(backend_.open(kBlocking, key, 0, size).value());
  }
  void replace(const blob::Key& key, std::string_view bytes) {
    ASSERT_TRUE(backend_.remove(kBlocking, key));
    auto writer = backend_.create(kBlocking).value();
    ASSERT_TRUE(writer->write(kBlocking, bytes));
    ASSERT_TRUE(writer->commit(kBlocking, key));
  }

  ::testing::FakeClock clock_;
  blob::MemoryBackend backend_{clock_};
  MemoryCatalog catalog_;
  ChunkedStore store_{backend_, catalog_, clock_};
  std::vector<std::string> found_;
};

TEST_F(ExaminationTest, AStoreAsItShouldBeIsFoundSo) {
  ASSERT_TRUE(put(store_, many_bytes(300'000)));
  ASSERT_TRUE(put(store_, many_bytes(500'000)));
  ASSERT_TRUE(put(store_, ""));
  const auto examined = examine();
  EXPECT_EQ(examined.files, 3u);
  EXPECT_GE(examined.xorbs, 1u);
  EXPECT_EQ(examined.unnamed.xorbs, 0u);
  EXPECT_TRUE(found_.empty()) << found_.front();
}

TEST_F(ExaminationTest, ALostBlobIsFound) {
  ASSERT_TRUE(put(store_, many_bytes(300'000)));
  ASSERT_TRUE(backend_.remove(kBlocking, *blob::Key::parse(only_xorb().key)));
  examine();
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_TRUE(found_[0].contains(only_xorb().hash.text())) << found_[0];
}

TEST_F(ExaminationTest, AFooterThatDoesNotFitIsFound) {
  ASSERT_TRUE(put(store_, many_bytes(300'000)));
  const auto key = *blob::Key::parse(only_xorb().key);
  const std::string bytes = bytes_of(key);
  replace(key, bytes.substr(0, bytes.size() - 1));
  examine();
  EXPECT_EQ(found_.size(), 1u) << "cut off";
  replace(key, bytes + "x");
  examine();
  EXPECT_EQ(found_.size(), 1u) << "too long";
  replace(key, bytes);
  examine();
  EXPECT_TRUE(found_.empty());
}

TEST_F(ExaminationTest, ATermThatSaysOtherBytesThanItsChunksHaveIsFound) {
  ASSERT_TRUE(put(store_, many_bytes(300'000)));
  const XorbRow xorb = only_xorb();
  const auto lie = catalog_.add(kBlocking,
                                {.xorbs = {},
                                 .files = {{.hash = xorb.hash,
                                            .sha256 = info_of("x").sha256,
                                            .size_bytes = 7,
                                            .terms = {{.xorb = xorb.hash,
                                                       .chunk_first = 0,
                                                       .chunk_last = 1,
                                                       .unpacked_bytes = 7}}}},
                                 .extras = {}},
                                1);
  ASSERT_TRUE(lie) << lie.error().message();
  examine();
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_TRUE(found_[0].contains("a term says 7 bytes")) << found_[0];
}

TEST_F(ExaminationTest, BlobsThatNoRowNamesAreCounted) {
  const auto key = new_xorb_key(XetHash{});
  auto writer = backend_.create(kBlocking).value();
  ASSERT_TRUE(writer->write(kBlocking, "stray"));
  ASSERT_TRUE(writer->commit(kBlocking, key));
  const auto examined = examine();
  EXPECT_EQ(examined.unnamed.xorbs, 1u);
  EXPECT_EQ(examined.unnamed.bytes, 5u);
  EXPECT_TRUE(found_.empty());
}

}  // namespace
}  // namespace embrace::cas
