#pragma once
// The sentences that every cas::ObjectStore must make true. Include this in one test file of a
// program and instantiate it; a maker gets a fresh folder and returns an empty store with what it
// stands on.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "cas/object_store_calls.h"

namespace embrace::cas {

// A store and what it stands on.
struct StoreUnderTest {
  virtual ~StoreUnderTest() = default;
  virtual ObjectStore& store() = 0;
  // Changes one stored byte of the object, as a bad disk would.
  virtual void flip_a_byte(const Digest& sha256) = 0;
};
using StoreMaker = std::function<std::unique_ptr<StoreUnderTest>(const std::string& folder)>;

class ObjectStoreContract : public ::testing::TestWithParam<StoreMaker> {
 protected:
  bool is_there(const ObjectInfo& info) { return store_.find(kBlocking, info.sha256).has_value(); }
  bool is_empty() { return store_.list(kBlocking, std::nullopt, 10)->empty(); }

  ::testing::TempFolder folder_;
  std::unique_ptr<StoreUnderTest> under_test_ = GetParam()(folder_ / "store");
  ObjectStore& store_ = under_test_->store();
};

TEST_P(ObjectStoreContract, AFileIsFoundUnderItsDigest) {
  const std::string bytes = many_bytes(1'000'000);
  const ObjectInfo info = info_of(bytes);
  const auto stored = put(store_, bytes);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->sha256, info.sha256);
  EXPECT_EQ(stored->size_bytes, info.size_bytes);
  EXPECT_EQ(store_.find(kBlocking, info.sha256)->size_bytes, bytes.size());
  EXPECT_TRUE(get(store_, info.sha256, 0, bytes.size()).value() == bytes);
  EXPECT_TRUE(store_.verify(kBlocking, info.sha256));
}

TEST_P(ObjectStoreContract, EverySizeOfFileAndOfWriteGivesTheSameDigest) {
  for (const std::size_t size : {1, 255, 65'536, 262'143, 262'144, 262'145, 524'288, 2'500'000}) {
    for (const std::size_t piece : {997, 262'144, 3'000'000}) {
      const std::string bytes = many_bytes(size, static_cast<unsigned>(size));
      const auto stored = put(store_, bytes, info_of(bytes), piece);
      ASSERT_TRUE(stored) << size << " in " << piece << ": " << stored.error().message();
    }
  }
}

TEST_P(ObjectStoreContract, NothingIsVisibleBeforeFinish) {
  auto ingest = store_.create(kBlocking).value();
  ASSERT_TRUE(ingest->write(kBlocking, many_bytes(1'000'000)));
  EXPECT_TRUE(is_empty());
  ingest.reset();
  EXPECT_TRUE(is_empty());
}

TEST_P(ObjectStoreContract, AnotherDigestThanExpectedIsRefusedAndNothingIsStored) {
  ObjectInfo expected = info_of("hello");
  expected.sha256 = crypto::sha256("other");
  const auto refused = put(store_, "hello", expected);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Unusable);
  EXPECT_EQ(refused.error().message(), cat("these bytes hash to ", crypto::sha256("hello").hex(),
                                           ", not ", expected.sha256.hex()));
  EXPECT_TRUE(is_empty());
}

TEST_P(ObjectStoreContract, AnotherSizeThanExpectedIsRefusedAndNothingIsStored) {
  const auto refused = put(store_, "hello", info_of("hello!!"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Unusable);
  EXPECT_EQ(refused.error().message(), "got 5 bytes, expected 7");
  EXPECT_TRUE(is_empty());
}

TEST_P(ObjectStoreContract, TheEmptyFileIsAFile) {
  ASSERT_TRUE(put(store_, "", info_of("")));
  const Digest sha256 = crypto::sha256("");
  EXPECT_EQ(store_.find(kBlocking, sha256)->size_bytes, 0u);
  EXPECT_EQ(get(store_, sha256, 0, 0).value(), "");
  EXPECT_TRUE(store_.verify(kBlocking, sha256));
}

TEST_P(ObjectStoreContract, RangesInsideAreGivenAndOutsideAreRefused) {
  const std::string bytes = many_bytes(600'000);
  const Digest sha256 = put(store_, bytes)->sha256;
  for (auto [offset, length] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 1}, {599'999, 1}, {600'000, 0}, {262'100, 100}, {1, 599'999}}) {
    EXPECT_TRUE(get(store_, sha256, offset, length).value() == bytes.substr(offset, length));
  }
  for (auto [offset, length] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 600'001}, {600'000, 1}, {600'001, 0}, {1, ~0ull}}) {
    const auto outside = store_.open(kBlocking, sha256, offset, length);
    ASSERT_FALSE(outside);
    EXPECT_EQ(outside.error().code(), Code::RangeInvalid);
    EXPECT_EQ(outside.error().fact("size"), "600000");
  }
}

TEST_P(ObjectStoreContract, WhatIsNotThereIsNotFoundAndNamed) {
  const Digest none = crypto::sha256("none");
  for (const Error& error :
       {store_.find(kBlocking, none).error(), store_.open(kBlocking, none, 0, 0).error(),
        store_.verify(kBlocking, none).error()}) {
    EXPECT_EQ(error.code(), Code::NotFound);
    EXPECT_NE(error.message().find(none.hex()), std::string::npos);
  }
}

TEST_P(ObjectStoreContract, TheSameFileTwiceIsOneFile) {
  ASSERT_TRUE(put(store_, "hello"));
  ASSERT_TRUE(put(store_, "hello", info_of("hello")));
  EXPECT_EQ(store_.list(kBlocking, std::nullopt, 10)->size(), 1u);
}

TEST_P(ObjectStoreContract, ConcurrentUploadsOfOneFileAllSucceed) {
  const std::string bytes = many_bytes(1'500'000);
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 3; ++i) failures += !put(store_, bytes, info_of(bytes)).has_value();
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(store_.list(kBlocking, std::nullopt, 10)->size(), 1u);
  EXPECT_TRUE(store_.verify(kBlocking, info_of(bytes).sha256));
}

TEST_P(ObjectStoreContract, RemovingTwiceSucceedsAndTheFileCanComeBack) {
  const Digest sha256 = put(store_, "hello")->sha256;
  EXPECT_TRUE(store_.remove(kBlocking, sha256));
  EXPECT_TRUE(store_.remove(kBlocking, sha256));
  EXPECT_TRUE(is_empty());
  ASSERT_TRUE(put(store_, "hello"));
  EXPECT_EQ(get(store_, sha256, 0, 5).value(), "hello");
}

TEST_P(ObjectStoreContract, AnOpenFileSurvivesItsRemoval) {
  const std::string bytes = many_bytes(700'000);
  const Digest sha256 = put(store_, bytes)->sha256;
  auto content = store_.open(kBlocking, sha256, 0, bytes.size()).value();
  ASSERT_TRUE(store_.remove(kBlocking, sha256));
  EXPECT_TRUE(::testing::content_text(content) == bytes);
}

TEST_P(ObjectStoreContract, VerifyFindsAFlippedByte) {
  const Digest sha256 = put(store_, many_bytes(400'000))->sha256;
  EXPECT_TRUE(store_.verify(kBlocking, sha256));
  under_test_->flip_a_byte(sha256);
  const auto verified = store_.verify(kBlocking, sha256);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Code::Corrupt);
  EXPECT_NE(verified.error().message().find(sha256.hex()), std::string::npos);
}

TEST_P(ObjectStoreContract, ListingIsInDigestOrderAndByPage) {
  std::vector<Digest> expected;
  for (int i = 0; i < 20; ++i) expected.push_back(put(store_, cat("file ", i))->sha256);
  ASSERT_TRUE(put_part(store_, kUpload, 1, "a part is no object"));
  std::ranges::sort(expected);
  for (const std::size_t limit : {1, 7, 20, 100}) {
    std::vector<Digest> listed;
    std::optional<Digest> after;
    for (;;) {
      const auto page = store_.list(kBlocking, after, limit).value();
      if (page.empty()) break;
      EXPECT_LE(page.size(), limit);
      for (const auto& object : page) listed.push_back(object.sha256);
      after = listed.back();
    }
    EXPECT_EQ(listed, expected) << "pages of " << limit;
  }
}

TEST_P(ObjectStoreContract, PartsInAnyOrderBecomeTheFile) {
  const std::string bytes = many_bytes(1'300'000);
  const ObjectInfo info = info_of(bytes);
  ASSERT_TRUE(put_part(store_, kUpload, 3, std::string_view(bytes).substr(1'000'000)));
  ASSERT_TRUE(put_part(store_, kUpload, 1, std::string_view(bytes).substr(0, 500'000)));
  const auto part = put_part(store_, kUpload, 2, std::string_view(bytes).substr(500'000, 500'000));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->size_bytes, 500'000u);
  EXPECT_TRUE(is_empty());
  const auto completed = store_.complete_parts(kBlocking, kUpload, 3, info);
  ASSERT_TRUE(completed) << completed.error().message();
  EXPECT_EQ(completed->sha256, info.sha256);
  EXPECT_TRUE(get(store_, info.sha256, 0, bytes.size()).value() == bytes);
}

// The parts stay until they are dropped, so that a caller may write down what became of them first.
TEST_P(ObjectStoreContract, CompletingTwiceSucceedsUntilThePartsAreDropped) {
  ASSERT_TRUE(put_part(store_, kUpload, 1, "hel"));
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lo"));
  ASSERT_TRUE(store_.complete_parts(kBlocking, kUpload, 2, info_of("hello")));
  EXPECT_TRUE(store_.complete_parts(kBlocking, kUpload, 2, info_of("hello")));
  ASSERT_TRUE(store_.drop_parts(kBlocking, kUpload));
  EXPECT_EQ(store_.complete_parts(kBlocking, kUpload, 2, info_of("hello")).error().code(),
            Code::InvalidArgument);
}

TEST_P(ObjectStoreContract, ConcurrentCompletionsAllSucceed) {
  const std::string bytes = many_bytes(3'000'000);
  ASSERT_TRUE(put_part(store_, kUpload, 1, std::string_view(bytes).substr(0, 1'500'000)));
  ASSERT_TRUE(put_part(store_, kUpload, 2, std::string_view(bytes).substr(1'500'000)));
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        failures += !store_.complete_parts(kBlocking, kUpload, 2, info_of(bytes)).has_value();
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_TRUE(store_.verify(kBlocking, info_of(bytes).sha256));
}

// Or whoever knows the hash of a file could make it theirs without sending a byte.
TEST_P(ObjectStoreContract, AnObjectThatIsThereIsNoSubstituteForItsParts) {
  ASSERT_TRUE(put(store_, "hello"));
  const auto refused = store_.complete_parts(kBlocking, kUpload, 2, info_of("hello"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::InvalidArgument);
}

TEST_P(ObjectStoreContract, APartSentAgainReplacesTheFirst) {
  EXPECT_EQ(store_.part_size(kBlocking, kUpload, 1).error().code(), Code::NotFound);
  ASSERT_TRUE(put_part(store_, kUpload, 1, "hexxx"));
  EXPECT_EQ(store_.part_size(kBlocking, kUpload, 1).value(), 5u);
  ASSERT_TRUE(put_part(store_, kUpload, 1, "hel"));
  EXPECT_EQ(store_.part_size(kBlocking, kUpload, 1).value(), 3u);
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lo"));
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lo"));
  EXPECT_TRUE(store_.complete_parts(kBlocking, kUpload, 2, info_of("hello")));
}

TEST_P(ObjectStoreContract, AMissingPartIsNamedAndCanStillBeSent) {
  ASSERT_TRUE(put_part(store_, kUpload, 1, "hel"));
  const auto missing = store_.complete_parts(kBlocking, kUpload, 2, info_of("hello"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::InvalidArgument);
  EXPECT_NE(missing.error().message().find("part 2 of 2 was not uploaded"), std::string::npos);
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lo"));
  EXPECT_TRUE(store_.complete_parts(kBlocking, kUpload, 2, info_of("hello")));
}

TEST_P(ObjectStoreContract, WrongPartsAreRefusedAndCanBeMended) {
  ASSERT_TRUE(put_part(store_, kUpload, 1, "hel"));
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lo!"));
  auto refused = store_.complete_parts(kBlocking, kUpload, 2, info_of("hello"));
  EXPECT_EQ(refused.error().code(), Code::Unusable);
  EXPECT_NE(refused.error().message().find("got 6 bytes"), std::string::npos);
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lx"));
  refused = store_.complete_parts(kBlocking, kUpload, 2, info_of("hello"));
  EXPECT_EQ(refused.error().code(), Code::Unusable);
  EXPECT_NE(refused.error().message().find("these bytes hash to"), std::string::npos);
  EXPECT_TRUE(is_empty());
  ASSERT_TRUE(put_part(store_, kUpload, 2, "lo"));
  EXPECT_TRUE(store_.complete_parts(kBlocking, kUpload, 2, info_of("hello")));
}

TEST_P(ObjectStoreContract, UploadNamesAndPartNumbersAreChecked) {
  for (const std::string& upload : std::vector<std::string>{
           "", "short", "0123456789ABCDEF", "../../../../etc/passwd", std::string(65, 'a')}) {
    EXPECT_EQ(store_.create_part(kBlocking, upload, 1).error().code(), Code::InvalidArgument);
    EXPECT_EQ(store_.complete_parts(kBlocking, upload, 1, info_of("x")).error().code(),
              Code::InvalidArgument);
    EXPECT_EQ(store_.drop_parts(kBlocking, upload).error().code(), Code::InvalidArgument);
  }
  for (const unsigned number : {0u, 10'001u, ~0u}) {
    EXPECT_EQ(store_.create_part(kBlocking, kUpload, number).error().code(), Code::InvalidArgument);
    EXPECT_EQ(store_.part_size(kBlocking, kUpload, number).error().code(), Code::InvalidArgument);
    EXPECT_EQ(store_.complete_parts(kBlocking, kUpload, number, info_of("x")).error().code(),
              Code::InvalidArgument);
  }
}

TEST_P(ObjectStoreContract, DroppedAndStalePartsAreGoneAndOthersStay) {
  const std::string other = "fedcba9876543210";
  ASSERT_TRUE(put_part(store_, kUpload, 1, "hello"));
  ASSERT_TRUE(put_part(store_, other, 1, "hello"));
  ASSERT_TRUE(store_.drop_parts(kBlocking, kUpload));
  EXPECT_TRUE(store_.drop_parts(kBlocking, kUpload));
  EXPECT_FALSE(store_.complete_parts(kBlocking, kUpload, 1, info_of("hello")));
  EXPECT_EQ(store_.drop_stale_parts(kBlocking, 1).value(), 0u);
  const Millis far_future = SystemClock().now_ms() + 3'600'000;
  EXPECT_EQ(store_.drop_stale_parts(kBlocking, far_future).value(), 1u);
  EXPECT_FALSE(store_.complete_parts(kBlocking, other, 1, info_of("hello")));
}

}  // namespace embrace::cas
