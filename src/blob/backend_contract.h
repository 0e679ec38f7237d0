#pragma once
// The sentences that every blob::Backend must make true. Include this in one test file of a program
// and instantiate it:
//
//   INSTANTIATE_TEST_SUITE_P(Local, BackendContract, Values(make_local), describe);
//
// A maker gets a fresh folder and returns a fresh, empty backend.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "blob/backend_calls_test.h"
#include "testing/temp_folder.h"

namespace embrace::blob {

using BackendMaker = std::function<std::unique_ptr<Backend>(const std::string& folder)>;

class BackendContract : public ::testing::TestWithParam<BackendMaker> {
 protected:
  ::testing::TempFolder folder_;
  std::unique_ptr<Backend> backend_ = GetParam()(folder_ / "store");
};

TEST_P(BackendContract, BytesAreInvisibleUntilCommit) {
  auto writer = backend_->create(kBlocking);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write(kBlocking, "hel"));
  ASSERT_TRUE((*writer)->write(kBlocking, "lo"));
  EXPECT_EQ((*writer)->written_bytes(), 5u);
  EXPECT_TRUE(backend_->list(kBlocking, "", "", 10)->items.empty());
  ASSERT_TRUE((*writer)->commit(kBlocking, key_of("lfs/a")));
  EXPECT_EQ(backend_->stat(kBlocking, key_of("lfs/a"))->size_bytes, 5u);
  EXPECT_GT(backend_->stat(kBlocking, key_of("lfs/a"))->modified_ms, 0);
  EXPECT_EQ(get(*backend_, "lfs/a").value(), "hello");
}

TEST_P(BackendContract, AnAbandonedWriterLeavesNothing) {
  {
    auto writer = backend_->create(kBlocking);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(kBlocking, "hello"));
  }
  EXPECT_TRUE(backend_->list(kBlocking, "", "", 10)->items.empty());
}

TEST_P(BackendContract, AnEmptyObjectIsAnObject) {
  ASSERT_TRUE(put(*backend_, "empty", ""));
  EXPECT_EQ(backend_->stat(kBlocking, key_of("empty"))->size_bytes, 0u);
  EXPECT_EQ(get(*backend_, "empty").value(), "");
}

TEST_P(BackendContract, WhatWasNeverCommittedIsNotFound) {
  const Key key = key_of("lfs/none");
  EXPECT_EQ(backend_->stat(kBlocking, key).error().code(), Code::NotFound);
  EXPECT_EQ(backend_->open(kBlocking, key, 0, 0).error().code(), Code::NotFound);
  EXPECT_EQ(backend_->read(kBlocking, key, 0, 0, [](auto) { return Status(); }).error().code(),
            Code::NotFound);
  ASSERT_TRUE(put(*backend_, "folder/x", "x"));
  EXPECT_EQ(backend_->stat(kBlocking, key_of("folder")).error().code(), Code::NotFound);
  EXPECT_EQ(backend_->open(kBlocking, key_of("folder"), 0, 0).error().code(), Code::NotFound);
  EXPECT_EQ(backend_->stat(kBlocking, key_of("folder/x/y")).error().code(), Code::NotFound);
}

TEST_P(BackendContract, RangesInsideAreGivenAndOutsideAreRefused) {
  ASSERT_TRUE(put(*backend_, "x", "0123456789"));
  EXPECT_EQ(get(*backend_, "x", 0, 10).value(), "0123456789");
  EXPECT_EQ(get(*backend_, "x", 3, 4).value(), "3456");
  EXPECT_EQ(get(*backend_, "x", 9, 1).value(), "9");
  EXPECT_EQ(get(*backend_, "x", 10, 0).value(), "");
  for (auto [offset, length] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 11}, {10, 1}, {11, 0}, {5, ~0ull}, {~0ull, 2}}) {
    const auto outside = backend_->open(kBlocking, key_of("x"), offset, length);
    ASSERT_FALSE(outside) << offset << "+" << length;
    EXPECT_EQ(outside.error().code(), Code::RangeInvalid);
    EXPECT_EQ(outside.error().fact("size"), "10");
  }
}

TEST_P(BackendContract, ReadGivesTheSameBytesAndStopsWhenTold) {
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + (i >> 12));
  ASSERT_TRUE(put(*backend_, "x", bytes));
  std::string got;
  ASSERT_TRUE(backend_->read(kBlocking, key_of("x"), 5, 2'900'000, [&](std::string_view piece) {
    EXPECT_LE(piece.size(), 1u << 20);
    got += piece;
    return Status();
  }));
  EXPECT_TRUE(got == bytes.substr(5, 2'900'000));

  int calls = 0;
  const auto stopped = backend_->read(kBlocking, key_of("x"), 0, bytes.size(), [&](auto) -> Status {
    ++calls;
    return fail(Code::TooMany, "enough");
  });
  EXPECT_EQ(stopped.error().code(), Code::TooMany);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(backend_->read(kBlocking, key_of("x"), 1, bytes.size(), [](auto) { return Status(); })
                .error()
                .code(),
            Code::RangeInvalid);
}

TEST_P(BackendContract, AnOpenObjectSurvivesItsRemoval) {
  ASSERT_TRUE(put(*backend_, "lfs/x", "hello"));
  auto content = backend_->open(kBlocking, key_of("lfs/x"), 0, 5);
  ASSERT_TRUE(content);
  ASSERT_TRUE(backend_->remove(kBlocking, key_of("lfs/x")));
  EXPECT_EQ(::testing::content_text(*content), "hello");
}

TEST_P(BackendContract, RemovingTwiceSucceeds) {
  ASSERT_TRUE(put(*backend_, "a/b/c", "hello"));
  EXPECT_TRUE(backend_->remove(kBlocking, key_of("a/b/c")));
  EXPECT_TRUE(backend_->remove(kBlocking, key_of("a/b/c")));
  EXPECT_TRUE(backend_->remove(kBlocking, key_of("never/was")));
  EXPECT_EQ(backend_->stat(kBlocking, key_of("a/b/c")).error().code(), Code::NotFound);
  ASSERT_TRUE(put(*backend_, "a/b/c", "again"));
  EXPECT_EQ(get(*backend_, "a/b/c").value(), "again");
}

TEST_P(BackendContract, CommittingAnExistingKeyKeepsTheOldBytes) {
  ASSERT_TRUE(put(*backend_, "x", "old"));
  EXPECT_TRUE(put(*backend_, "x", "new"));
  EXPECT_EQ(get(*backend_, "x").value(), "old");
}

TEST_P(BackendContract, ListingIsInKeyOrderByPrefixAndByPage) {
  const std::vector<std::string> keys = {"a",     "a-b",   "b/c",   "b/c-d/e", "b/c.d",
                                         "b/d/e", "b/d/f", "b/d.e", "b0",      "c/a"};
  std::vector<std::string> sorted = keys;
  std::ranges::sort(sorted);
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) ASSERT_TRUE(put(*backend_, *key, *key));

  const Listing all = backend_->list(kBlocking, "", "", 100).value();
  EXPECT_EQ(keys_of(all), sorted);
  EXPECT_FALSE(all.next);
  EXPECT_EQ(all.items[1].stat.size_bytes, sorted[1].size());

  EXPECT_EQ(keys_of(*backend_->list(kBlocking, "b/d/", "", 100)),
            (std::vector<std::string>{"b/d/e", "b/d/f"}));
  EXPECT_EQ(keys_of(*backend_->list(kBlocking, "b/d", "", 100)),
            (std::vector<std::string>{"b/d.e", "b/d/e", "b/d/f"}));
  EXPECT_TRUE(backend_->list(kBlocking, "z", "", 100)->items.empty());
  EXPECT_TRUE(backend_->list(kBlocking, "../", "", 100)->items.empty());
  EXPECT_EQ(keys_of(*backend_->list(kBlocking, "b/d", "b/d/e", 100)),
            (std::vector<std::string>{"b/d/f"}));

  for (std::size_t limit = 1; limit <= keys.size(); ++limit) {
    std::vector<std::string> paged;
    std::string after;
    for (;;) {
      const Listing page = backend_->list(kBlocking, "", after, limit).value();
      EXPECT_LE(page.items.size(), limit);
      for (const auto& item : page.items) paged.push_back(item.key.text());
      if (!page.next) break;
      after = *page.next;
    }
    EXPECT_EQ(paged, sorted) << "pages of " << limit;
  }
}

TEST_P(BackendContract, ConcurrentWritersOfOneKeyAllSucceed) {
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 25; ++i) {
          const std::string key = cat("shared/", i, "/", i);
          if (!put(*backend_, key, key)) ++failures;
          if (get(*backend_, key).value_or("") != key) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(backend_->list(kBlocking, "shared/", "", 100)->items.size(), 25u);
}

TEST_P(BackendContract, WritersAndRemoversOfOneFolderDoNotDisturbEachOther) {
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 40; ++i) {
          const std::string key = cat("p/same/folder/", t);
          if (!put(*backend_, key, key)) ++failures;
          if (!backend_->remove(kBlocking, key_of(key))) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
}

TEST_P(BackendContract, ItIsTheSameObjectWhetherAReaderIsExpectedOrNot) {
  constexpr std::size_t kMiB = 1 << 20;
  std::string bytes(3 * kMiB + 5, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 11 + (i >> 13));
  for (const bool has_reader : {true, false}) {
    for (const std::size_t size :
         {0ul, 1ul, 4095ul, kMiB - 1, kMiB, kMiB + 1, 2 * kMiB, 3 * kMiB + 5}) {
      const std::string key = cat("sizes/", has_reader ? "read" : "rests", "/", size);
      auto writer = backend_->create(kBlocking).value();
      if (!has_reader) writer->expect_no_reader();
      std::string_view left = std::string_view(bytes).substr(0, size);
      for (std::size_t step = 1; !left.empty(); step = step * 3 + 7) {  // across block borders
        const auto piece = left.substr(0, step);
        ASSERT_TRUE(writer->write(kBlocking, piece));
        left.remove_prefix(piece.size());
      }
      EXPECT_EQ(writer->written_bytes(), size);
      ASSERT_TRUE(writer->commit(kBlocking, key_of(key)));
      EXPECT_EQ(backend_->stat(kBlocking, key_of(key))->size_bytes, size);
      EXPECT_TRUE(get(*backend_, key).value() == bytes.substr(0, size)) << key;
    }
  }
}

TEST_P(BackendContract, BigObjectsAreStreamed) {
  constexpr std::size_t kPiece = 1 << 20;
  constexpr std::size_t kPieces = 64;
  auto writer = backend_->create(kBlocking);
  ASSERT_TRUE(writer);
  std::string piece(kPiece, '\0');
  for (std::size_t i = 0; i < kPieces; ++i) {
    piece.assign(kPiece, static_cast<char>(i));
    ASSERT_TRUE((*writer)->write(kBlocking, piece));
  }
  ASSERT_TRUE((*writer)->commit(kBlocking, key_of("big")));
  EXPECT_EQ(backend_->stat(kBlocking, key_of("big"))->size_bytes, kPiece * kPieces);
  std::uint64_t at = 0;
  ASSERT_TRUE(backend_->read(kBlocking, key_of("big"), 0, kPiece * kPieces, [&](auto got) {
    EXPECT_EQ(got.front(), static_cast<char>(at / kPiece));
    at += got.size();
    return Status();
  }));
  EXPECT_EQ(at, kPiece * kPieces);
}

}  // namespace embrace::blob
