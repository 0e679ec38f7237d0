#pragma once
// The sentences that every cas::Catalog must make true. Include this in one test file of a program
// and instantiate it; a maker gets a fresh folder and returns an empty catalog with what it stands
// on, or null where that can't be had (the tests are skipped then).

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "cas/catalog.h"
#include "testing/temp_folder.h"

namespace embrace::cas {

struct CatalogUnderTest {
  virtual ~CatalogUnderTest() = default;
  virtual Catalog& catalog() = 0;
};
using CatalogMaker = std::function<std::unique_ptr<CatalogUnderTest>(const std::string& folder)>;

class CatalogContract : public ::testing::TestWithParam<CatalogMaker> {
 protected:
  void SetUp() override {
    under_test_ = GetParam()(folder_.path());
    if (!under_test_) GTEST_SKIP();
    catalog_ = &under_test_->catalog();
  }

  // Distinct for distinct numbers, in every word.
  static XetHash hash_of(std::uint64_t number) {
    std::array<std::uint8_t, XetHash::kBytes> bytes{};
    std::uint64_t state = number;
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      state = (state + 0x9E3779B97F4A7C15ull) * 0xBF58476D1CE4E5B9ull;
      state ^= state >> 31;
      std::memcpy(bytes.data() + i, &state, 8);
    }
    return XetHash(bytes);
  }
  static Digest sha256_of(std::uint64_t number) { return Digest(hash_of(number).bytes()); }
  static Digest ordered_sha256(std::uint8_t first, std::uint8_t second = 0) {
    std::array<std::uint8_t, 32> bytes{};
    bytes[0] = first;
    bytes[1] = second;
    return Digest(bytes);
  }

  // Ten chunks of ten bytes.
  static NewXorb xorb_of(std::uint64_t number, std::vector<Landmark> landmarks = {}) {
    return {.hash = hash_of(number),
            .key = cat("xorbs/", number),
            .chunk_count = 10,
            .stored_bytes = 70,
            .unpacked_bytes = 100,
            .landmarks = std::move(landmarks)};
  }
  static NewTerm term_of(std::uint64_t xorb, std::uint32_t first = 0, std::uint32_t last = 10) {
    return {.xorb = hash_of(xorb),
            .chunk_first = first,
            .chunk_last = last,
            .unpacked_bytes = 10ull * (last - first)};
  }
  static NewFile file_of(std::uint64_t number, const Digest& sha256, std::vector<NewTerm> terms) {
    NewFile file{.hash = hash_of(number), .sha256 = sha256, .terms = std::move(terms)};
    for (const auto& term : file.terms) file.size_bytes += term.unpacked_bytes;
    return file;
  }
  static NewFile file_of(std::uint64_t number, std::vector<NewTerm> terms) {
    return file_of(number, sha256_of(number), std::move(terms));
  }

  Result<Added> add(Addition addition, Millis now_ms = 1000) {
    return catalog_->add(blocking_, addition, now_ms);
  }
  XorbRow xorb(std::uint64_t number) {
    return catalog_->find_xorb(blocking_, hash_of(number)).value().value();
  }
  bool has_xorb(std::uint64_t number) {
    return catalog_->find_xorb(blocking_, hash_of(number)).value().has_value();
  }
  bool has_file(std::uint64_t number) {
    return catalog_->find_file(blocking_, hash_of(number)).value().has_value();
  }
  std::vector<std::optional<ChunkPlace>> places(const std::vector<XetHash>& chunks) {
    return catalog_->find_chunks(blocking_, chunks).value();
  }
  std::vector<XetHash> unused(Millis before, std::int64_t after_id = 0, std::size_t limit = 100) {
    std::vector<XetHash> out;
    for (const auto& row : catalog_->unused_xorbs(blocking_, before, after_id, limit).value())
      out.push_back(row.hash);
    return out;
  }

  const rt::Blocking blocking_ = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder_;
  std::unique_ptr<CatalogUnderTest> under_test_;
  Catalog* catalog_ = nullptr;
};

TEST_P(CatalogContract, AnEmptyCatalogKnowsNothing) {
  EXPECT_FALSE(has_xorb(1));
  EXPECT_FALSE(has_file(1));
  EXPECT_FALSE(catalog_->find_sha256(blocking_, sha256_of(1)).value());
  EXPECT_TRUE(catalog_->terms(blocking_, 1, 0, 10)->empty());
  EXPECT_TRUE(catalog_->list_files(blocking_, std::nullopt, 10)->empty());
  EXPECT_TRUE(catalog_->list_xorbs(blocking_, 0, 10)->empty());
  EXPECT_TRUE(places({}).empty());
  EXPECT_TRUE(catalog_->hashes_of(blocking_, {})->empty());
  EXPECT_EQ(catalog_->figures(blocking_)->stored_bytes, 0u);
  EXPECT_TRUE(catalog_->remove_sha256(blocking_, sha256_of(1), 5));
  EXPECT_EQ(catalog_->touch_xorb(blocking_, 1, 5).error().code(), Code::NotFound);
  EXPECT_FALSE(catalog_->condemn_xorb(blocking_, 1, 5, 5).value());
  EXPECT_FALSE(catalog_->remove_condemned(blocking_, 1, 5).value());
  const auto added = add({});
  ASSERT_TRUE(added);
  EXPECT_TRUE(added->files.empty());
}

TEST_P(CatalogContract, AXorbIsFoundByItsHash) {
  NewXorb wanted = xorb_of(1);
  wanted.chunk_count = 8192;
  wanted.stored_bytes = 1ull << 33;
  wanted.unpacked_bytes = 1ull << 40;
  ASSERT_TRUE(add({.xorbs = {wanted}}, 1234));
  const XorbRow row = xorb(1);
  EXPECT_GT(row.id, 0);
  EXPECT_EQ(row.hash, wanted.hash);
  EXPECT_EQ(row.key, wanted.key);
  EXPECT_EQ(row.chunk_count, 8192u);
  EXPECT_EQ(row.stored_bytes, 1ull << 33);
  EXPECT_EQ(row.unpacked_bytes, 1ull << 40);
  EXPECT_EQ(row.created_ms, 1234);
  EXPECT_EQ(row.used_ms, 1234);
  EXPECT_FALSE(row.condemned_ms);
}

TEST_P(CatalogContract, AXorbThatIsThereStaysAsItIsAndTheOtherBlobIsSpare) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}}));
  NewXorb again = xorb_of(1, {{hash_of(100), 3}});
  again.key = "xorbs/other";
  const auto added = add({.xorbs = {xorb_of(2), again}}, 2000);
  ASSERT_TRUE(added);
  EXPECT_EQ(added->spare_keys, std::vector<std::string>{"xorbs/other"});
  EXPECT_EQ(xorb(1).key, "xorbs/1");
  EXPECT_EQ(xorb(1).created_ms, 1000);
  EXPECT_EQ(xorb(1).used_ms, 2000);
  EXPECT_EQ(xorb(2).created_ms, 2000);
}

TEST_P(CatalogContract, WhoSaysItAgainWithTheSameBlobHasNothingToSpare) {
  const Addition addition{.xorbs = {xorb_of(1)}, .files = {file_of(2, {term_of(1)})}};
  const auto first = add(addition);
  const auto second = add(addition, 2000);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(second->spare_keys.empty());
  EXPECT_EQ(second->files.at(0).id, first->files.at(0).id);
  EXPECT_EQ(second->files.at(0).created_ms, 1000);
}

TEST_P(CatalogContract, TheSameXorbTwiceInOneAdditionIsOneXorb) {
  NewXorb twin = xorb_of(1);
  twin.key = "xorbs/twin";
  const auto added = add({.xorbs = {xorb_of(1), twin}, .files = {file_of(2, {term_of(1)})}});
  ASSERT_TRUE(added);
  EXPECT_EQ(added->spare_keys, std::vector<std::string>{"xorbs/twin"});
  EXPECT_EQ(catalog_->list_xorbs(blocking_, 0, 10)->size(), 1u);
}

TEST_P(CatalogContract, AFileIsFoundByItsHashAndBySha256) {
  const auto added = add({.xorbs = {xorb_of(1)},
                          .files = {file_of(11, {term_of(1)}), file_of(10, {term_of(1, 2, 5)})}},
                         1234);
  ASSERT_TRUE(added);
  ASSERT_EQ(added->files.size(), 2u);
  EXPECT_EQ(added->files[0].hash, hash_of(11));
  EXPECT_EQ(added->files[1].hash, hash_of(10));
  const auto by_hash = catalog_->find_file(blocking_, hash_of(10)).value();
  const auto by_sha256 = catalog_->find_sha256(blocking_, sha256_of(10)).value();
  ASSERT_TRUE(by_hash && by_sha256);
  EXPECT_EQ(by_hash->id, added->files[1].id);
  EXPECT_EQ(by_hash->id, by_sha256->id);
  EXPECT_EQ(by_hash->hash, hash_of(10));
  EXPECT_EQ(by_hash->sha256, sha256_of(10));
  EXPECT_EQ(by_hash->size_bytes, 30u);
  EXPECT_EQ(by_hash->created_ms, 1234);
}

TEST_P(CatalogContract, OfTwoChunkingsOfOneFileTheFirstIsTheFile) {
  const Digest sha256 = sha256_of(7);
  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}, .files = {file_of(11, sha256, {term_of(1)})}}));
  ASSERT_TRUE(add({.files = {file_of(10, sha256, {term_of(1, 0, 5), term_of(1, 5, 10)})}}));
  EXPECT_TRUE(has_file(10));
  EXPECT_EQ(catalog_->find_sha256(blocking_, sha256).value()->hash, hash_of(11));
  EXPECT_EQ(catalog_->hashes_of(blocking_, std::span(&sha256, 1)).value().at(0), hash_of(11));
  const auto listed = catalog_->list_files(blocking_, std::nullopt, 10).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].hash, hash_of(11));
}

TEST_P(CatalogContract, AFileWithoutBytesHasTheHashOfZerosAndNoTerms) {
  NewFile empty;
  empty.sha256 = sha256_of(1);
  const auto added = add({.files = {empty}});
  ASSERT_TRUE(added);
  EXPECT_TRUE(added->files.at(0).hash.is_zero());
  const auto found = catalog_->find_sha256(blocking_, sha256_of(1)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size_bytes, 0u);
  EXPECT_TRUE(catalog_->terms(blocking_, found->id, 0, 10)->empty());
}

TEST_P(CatalogContract, HashesOfManyFilesComeInTheOrderAsked) {
  Addition addition{.xorbs = {xorb_of(1)}};
  for (std::uint64_t i = 0; i < 150; ++i)
    addition.files.push_back(file_of(1000 + i, {term_of(1, i % 10, 10)}));
  ASSERT_TRUE(add(addition));
  std::vector<Digest> asked;
  std::vector<XetHash> expected;
  for (std::uint64_t i = 0; i < 310; ++i) {
    const std::uint64_t number = 1000 + (i * 37) % 155;  // some twice, some unknown
    asked.push_back(sha256_of(number));
    expected.push_back(number < 1150 ? hash_of(number) : XetHash{});
  }
  EXPECT_EQ(catalog_->hashes_of(blocking_, asked).value(), expected);
}

TEST_P(CatalogContract, TermsBeginWithTheOneThatHoldsTheOffset) {
  const auto added = add({.xorbs = {xorb_of(1), xorb_of(2)},
                          .files = {file_of(9, {term_of(1, 0, 3), term_of(2), term_of(1, 4, 6)}),
                                    file_of(8, {term_of(2)})}});
  const std::int64_t id = added.value().files.at(0).id;
  const auto offsets = [&](std::uint64_t from, std::size_t limit) {
    std::vector<std::uint64_t> out;
    for (const auto& term : catalog_->terms(blocking_, id, from, limit).value())
      out.push_back(term.file_offset);
    return out;
  };
  using Offsets = std::vector<std::uint64_t>;
  EXPECT_EQ(offsets(0, 10), (Offsets{0, 30, 130}));
  EXPECT_EQ(offsets(29, 10), (Offsets{0, 30, 130}));
  EXPECT_EQ(offsets(30, 10), (Offsets{30, 130}));
  EXPECT_EQ(offsets(129, 1), (Offsets{30}));
  EXPECT_EQ(offsets(149, 10), (Offsets{130}));
  EXPECT_EQ(offsets(150, 10), Offsets{});
  EXPECT_EQ(offsets(UINT64_MAX, 10), Offsets{});
  EXPECT_EQ(offsets(0, 0), Offsets{});
  const Term term = catalog_->terms(blocking_, id, 140, 10).value().at(0);
  EXPECT_EQ(term.xorb.hash, hash_of(1));
  EXPECT_EQ(term.xorb.key, "xorbs/1");
  EXPECT_EQ(term.xorb.stored_bytes, 70u);
  EXPECT_EQ(term.chunk_first, 4u);
  EXPECT_EQ(term.chunk_last, 6u);
  EXPECT_EQ(term.unpacked_bytes, 20u);
}

TEST_P(CatalogContract, ManyXorbsAndTermsAreAllKept) {
  Addition addition;
  NewFile file{.hash = hash_of(1), .sha256 = sha256_of(1)};
  for (std::uint64_t i = 0; i < 203; ++i) addition.xorbs.push_back(xorb_of(1000 + i));
  for (std::uint64_t i = 0; i < 1111; ++i) file.terms.push_back(term_of(1000 + i % 203, 0, 1));
  file.size_bytes = 11'110;
  addition.files = {file};
  ASSERT_TRUE(add(addition));
  const auto second = add({.files = {file_of(2, file.terms)}}, 2000);  // of xorbs that are there
  for (const std::uint64_t number : {1, 2}) {
    const auto row = catalog_->find_file(blocking_, hash_of(number)).value();
    const auto terms = catalog_->terms(blocking_, row->id, 0, SIZE_MAX).value();
    ASSERT_EQ(terms.size(), 1111u);
    for (std::uint64_t i = 0; i < 1111; ++i) {
      ASSERT_EQ(terms[i].file_offset, i * 10);
      ASSERT_EQ(terms[i].xorb.hash, hash_of(1000 + i % 203));
      ASSERT_EQ(terms[i].xorb.used_ms, 2000);
    }
  }
}

TEST_P(CatalogContract, ChunksAreFoundByTheFirstWordOfTheirHash) {
  NewXorb first = xorb_of(1), second = xorb_of(2);
  for (std::uint32_t i = 0; i < 10; ++i) {
    first.landmarks.push_back({hash_of(100 + i), i});
    second.landmarks.push_back({hash_of(200 + i), i});
  }
  ASSERT_TRUE(add({.xorbs = {first, second}}));
  std::array<std::uint8_t, XetHash::kBytes> similar = hash_of(205).bytes();
  similar[31] ^= 1;
  const auto found = places({hash_of(205), hash_of(300), hash_of(100), XetHash(similar)});
  ASSERT_EQ(found.size(), 4u);
  ASSERT_TRUE(found[0] && found[2] && found[3]);
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[0]->xorb.hash, hash_of(2));
  EXPECT_EQ(found[0]->xorb.key, "xorbs/2");
  EXPECT_EQ(found[0]->position, 5u);
  EXPECT_EQ(found[2]->xorb.hash, hash_of(1));
  EXPECT_EQ(found[2]->position, 0u);
  EXPECT_EQ(found[3]->position, 5u);
}

TEST_P(CatalogContract, ManyChunksAreFoundInTheOrderAsked) {
  NewXorb xorb = xorb_of(1);
  xorb.chunk_count = 500;
  for (std::uint32_t i = 0; i < 500; ++i) xorb.landmarks.push_back({hash_of(1000 + i), i});
  ASSERT_TRUE(add({.xorbs = {xorb}}));
  std::vector<XetHash> asked;
  for (std::uint64_t i = 0; i < 1003; ++i) asked.push_back(hash_of(1000 + (i * 7) % 600));
  const auto found = places(asked);
  ASSERT_EQ(found.size(), asked.size());
  for (std::uint64_t i = 0; i < asked.size(); ++i) {
    const std::uint64_t position = (i * 7) % 600;
    ASSERT_EQ(found[i].has_value(), position < 500);
    if (found[i]) ASSERT_EQ(found[i]->position, position);
  }
}

TEST_P(CatalogContract, AChunkThatIsThereKeepsItsPlace) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1, {{hash_of(100), 4}})}}));
  ASSERT_TRUE(add({.xorbs = {xorb_of(2, {{hash_of(100), 8}, {hash_of(101), 9}})}}));
  const auto found = places({hash_of(100), hash_of(101)});
  EXPECT_EQ(found.at(0)->xorb.hash, hash_of(1));
  EXPECT_EQ(found.at(0)->position, 4u);
  EXPECT_EQ(found.at(1)->xorb.hash, hash_of(2));
}

TEST_P(CatalogContract, ExtrasOfOldAndNewXorbsAreFound) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}}));
  ASSERT_TRUE(add({.xorbs = {xorb_of(2)},
                   .extras = {{hash_of(1), {hash_of(100), 3}}, {hash_of(2), {hash_of(101), 9}}}},
                  2000));
  const auto found = places({hash_of(100), hash_of(101)});
  EXPECT_EQ(found.at(0)->xorb.hash, hash_of(1));
  EXPECT_EQ(found.at(0)->position, 3u);
  EXPECT_EQ(found.at(1)->xorb.hash, hash_of(2));
  EXPECT_EQ(xorb(1).used_ms, 2000);
}

TEST_P(CatalogContract, AnUnknownXorbIsNamedAndNothingIsAdded) {
  const auto refused = add({.xorbs = {xorb_of(1, {{hash_of(100), 0}})},
                            .files = {file_of(10, {term_of(1)}), file_of(11, {term_of(2)})}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Unusable);
  EXPECT_EQ(refused.error().message(), unknown_xorb(hash_of(2)).message());
  EXPECT_FALSE(has_xorb(1));
  EXPECT_FALSE(has_file(10));
  EXPECT_FALSE(places({hash_of(100)}).at(0));
  const auto extra = add({.extras = {{hash_of(3), {hash_of(100), 3}}}});
  ASSERT_FALSE(extra);
  EXPECT_EQ(extra.error().message(), unknown_xorb(hash_of(3)).message());
}

TEST_P(CatalogContract, ChunksThatAXorbDoesNotHaveAreRefused) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}}));
  for (const std::uint64_t xorb : {1, 2}) {  // there, and in the addition
    const auto term = add({.xorbs = {xorb_of(2)}, .files = {file_of(9, {term_of(xorb, 5, 11)})}});
    ASSERT_FALSE(term);
    EXPECT_EQ(term.error().code(), Code::Unusable);
    const auto extra = add({.xorbs = {xorb_of(2)}, .extras = {{hash_of(xorb), {hash_of(7), 10}}}});
    ASSERT_FALSE(extra);
    EXPECT_EQ(extra.error().code(), Code::Unusable);
  }
  EXPECT_FALSE(has_xorb(2));
}

TEST_P(CatalogContract, BrokenAdditionsAreRefused) {
  const auto code = [&](const Addition& addition) { return add(addition).error().code(); };
  NewXorb no_chunks = xorb_of(1), no_blob = xorb_of(1);
  no_chunks.chunk_count = 0;
  no_blob.key.clear();
  EXPECT_EQ(code({.xorbs = {no_chunks}}), Code::InvalidArgument);
  EXPECT_EQ(code({.xorbs = {no_blob}}), Code::InvalidArgument);
  EXPECT_EQ(code({.xorbs = {xorb_of(1, {{hash_of(2), 10}})}}), Code::InvalidArgument);

  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}}));
  NewFile too_long = file_of(2, {term_of(1)}), too_short = too_long, empty_term = too_long;
  ++too_long.size_bytes;
  --too_short.size_bytes;
  empty_term.terms.push_back(term_of(1, 4, 4));
  EXPECT_EQ(code({.files = {too_long}}), Code::InvalidArgument);
  EXPECT_EQ(code({.files = {too_short}}), Code::InvalidArgument);
  EXPECT_EQ(code({.files = {empty_term}}), Code::InvalidArgument);
  EXPECT_EQ(code({.files = {file_of(2, {})}}), Code::InvalidArgument);  // a hash, but no bytes
  NewFile zeros = file_of(2, {term_of(1)});
  zeros.hash = XetHash{};
  EXPECT_EQ(code({.files = {zeros}}), Code::InvalidArgument);
}

TEST_P(CatalogContract, UnusedXorbsAreThoseThatNoTermNamesAndNobodyUsedSince) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1), xorb_of(2), xorb_of(3)}}, 1000));
  ASSERT_TRUE(add({.files = {file_of(9, {term_of(2)})}}, 1000));
  ASSERT_TRUE(add({.xorbs = {xorb_of(4), xorb_of(5)}}, 2000));
  EXPECT_TRUE(unused(1000).empty());
  EXPECT_EQ(unused(2000).size(), 2u);
  EXPECT_EQ(unused(2001).size(), 4u);
  ASSERT_TRUE(catalog_->touch_xorb(blocking_, xorb(1).id, 3000));
  EXPECT_EQ(unused(2000), std::vector<XetHash>{hash_of(3)});
  // In pages, condemned ones among them.
  ASSERT_TRUE(catalog_->condemn_xorb(blocking_, xorb(3).id, 2000, 4000).value());
  std::vector<XetHash> all;
  std::int64_t after = 0;
  for (auto page = unused(9000, after, 1); !page.empty(); page = unused(9000, after, 1)) {
    all.push_back(page.at(0));
    after = catalog_->find_xorb(blocking_, page[0]).value()->id;
  }
  EXPECT_EQ(all.size(), 4u);
}

TEST_P(CatalogContract, OnlyAnUnusedXorbIsCondemned) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1), xorb_of(2)}, .files = {file_of(9, {term_of(2)})}}));
  EXPECT_FALSE(catalog_->condemn_xorb(blocking_, xorb(1).id, 1000, 5000).value());  // used at 1000
  EXPECT_FALSE(catalog_->condemn_xorb(blocking_, xorb(2).id, 9000, 9000).value());
  EXPECT_FALSE(xorb(1).condemned_ms || xorb(2).condemned_ms);
  EXPECT_TRUE(catalog_->condemn_xorb(blocking_, xorb(1).id, 1001, 5000).value());
  EXPECT_TRUE(catalog_->condemn_xorb(blocking_, xorb(1).id, 1001, 6000).value());
  EXPECT_EQ(xorb(1).condemned_ms, 5000);  // the first time counts
}

TEST_P(CatalogContract, ACondemnedXorbIsRemovedWithItsLandmarks) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1, {{hash_of(100), 1}}), xorb_of(2, {{hash_of(101), 1}})}}));
  const std::int64_t id = xorb(1).id;
  EXPECT_FALSE(catalog_->remove_condemned(blocking_, id, 9000).value());  // not condemned
  ASSERT_TRUE(catalog_->condemn_xorb(blocking_, id, 9000, 5000).value());
  EXPECT_FALSE(catalog_->remove_condemned(blocking_, id, 5000).value());  // not long enough
  EXPECT_TRUE(places({hash_of(100)}).at(0));
  EXPECT_TRUE(catalog_->remove_condemned(blocking_, id, 5001).value());
  EXPECT_FALSE(catalog_->remove_condemned(blocking_, id, 5001).value());  // gone
  EXPECT_FALSE(has_xorb(1));
  const auto found = places({hash_of(100), hash_of(101)});
  EXPECT_FALSE(found.at(0));
  EXPECT_TRUE(found.at(1));
  // It may come again, as another row.
  ASSERT_TRUE(add({.xorbs = {xorb_of(1, {{hash_of(100), 1}})}}, 9000));
  EXPECT_GT(xorb(1).id, id);
  EXPECT_TRUE(places({hash_of(100)}).at(0));
}

TEST_P(CatalogContract, ALostBlobIsReplacedOnceAndTheXorbStaysTheSame) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}, .files = {file_of(2, {term_of(1)})}}));
  const XorbRow before = xorb(1);
  NewXorb again = xorb_of(1);
  again.key = "xorbs/1.again";
  again.stored_bytes = 65;
  EXPECT_FALSE(catalog_->replace_blob(blocking_, before.id, "another", again).value());
  EXPECT_FALSE(catalog_->replace_blob(blocking_, before.id + 1000, before.key, again).value());
  EXPECT_TRUE(catalog_->replace_blob(blocking_, before.id, before.key, again).value());
  EXPECT_FALSE(catalog_->replace_blob(blocking_, before.id, before.key, again).value());
  EXPECT_EQ(xorb(1).key, "xorbs/1.again");
  EXPECT_EQ(xorb(1).stored_bytes, 65u);
  EXPECT_EQ(xorb(1).unpacked_bytes, before.unpacked_bytes);
  const auto file = catalog_->find_file(blocking_, hash_of(2)).value();
  EXPECT_EQ(catalog_->terms(blocking_, file->id, 0, 1)->front().xorb.key, "xorbs/1.again");
}

TEST_P(CatalogContract, ALostXorbIsForgottenWhenNoTermNamesIt) {
  ASSERT_TRUE(add(
      {.xorbs = {xorb_of(1, {{hash_of(8), 3}}), xorb_of(2)}, .files = {file_of(3, {term_of(2)})}}));
  EXPECT_FALSE(catalog_->forget_lost(blocking_, xorb(2).id, xorb(2).key).value());
  EXPECT_FALSE(catalog_->forget_lost(blocking_, xorb(1).id, "another").value());
  EXPECT_TRUE(catalog_->forget_lost(blocking_, xorb(1).id, xorb(1).key).value());
  EXPECT_FALSE(catalog_->find_xorb(blocking_, hash_of(1)).value());
  const XetHash chunk = hash_of(8);
  EXPECT_FALSE(catalog_->find_chunks(blocking_, std::span(&chunk, 1))->front());
  EXPECT_TRUE(catalog_->find_xorb(blocking_, hash_of(2)).value());
}

TEST_P(CatalogContract, WhoeverNamesACondemnedXorbReprievesIt) {
  const auto added = [&](Addition addition) -> Status {
    EMB_DO(add(std::move(addition), 6000));
    return Done{};
  };
  const std::vector<std::function<Status()>> ways = {
      [&] { return added({.files = {file_of(9, {term_of(1)})}}); },
      [&] { return added({.xorbs = {xorb_of(2)}}); },
      [&] { return added({.extras = {{hash_of(3), {hash_of(100), 3}}}}); },
      [&] { return catalog_->touch_xorb(blocking_, xorb(4).id, 6000); },
  };
  for (std::uint64_t i = 0; i < ways.size(); ++i) {
    ASSERT_TRUE(add({.xorbs = {xorb_of(i + 1)}}));
    const std::int64_t id = xorb(i + 1).id;
    ASSERT_TRUE(catalog_->condemn_xorb(blocking_, id, 2000, 5000).value());
    ASSERT_TRUE(ways[i]()) << i;
    EXPECT_FALSE(xorb(i + 1).condemned_ms) << i;
    EXPECT_EQ(xorb(i + 1).used_ms, 6000) << i;
    EXPECT_FALSE(catalog_->remove_condemned(blocking_, id, 9000).value()) << i;
  }
}

TEST_P(CatalogContract, RemovingAFileRemovesEveryChunkingAndItsXorbsAreUsedUntilNow) {
  const Digest sha256 = sha256_of(7);
  ASSERT_TRUE(add({.xorbs = {xorb_of(1), xorb_of(2), xorb_of(3)},
                   .files = {file_of(10, sha256, {term_of(1), term_of(2)}),
                             file_of(11, sha256, {term_of(2), term_of(1)}),
                             file_of(12, {term_of(2), term_of(3)})}}));
  ASSERT_TRUE(catalog_->remove_sha256(blocking_, sha256, 5000));
  EXPECT_FALSE(has_file(10) || has_file(11));
  EXPECT_TRUE(has_file(12));
  EXPECT_FALSE(catalog_->find_sha256(blocking_, sha256).value());
  EXPECT_EQ(xorb(1).used_ms, 5000);
  EXPECT_EQ(xorb(2).used_ms, 5000);
  EXPECT_EQ(xorb(3).used_ms, 1000);
  EXPECT_TRUE(unused(5000).empty());
  EXPECT_EQ(unused(5001), std::vector<XetHash>{hash_of(1)});
}

TEST_P(CatalogContract, AFileThatIsSentAgainIsUsedNow) {
  const Digest sha256 = sha256_of(7);
  const NewFile file = file_of(10, sha256, {term_of(1)});
  ASSERT_TRUE(add({.xorbs = {xorb_of(1)}, .files = {file, file_of(11, {term_of(1)})}}));
  const auto used = [&](std::uint64_t number) {
    return catalog_->find_file(blocking_, hash_of(number)).value()->used_ms;
  };
  EXPECT_EQ(used(10), 1000);
  EXPECT_EQ(add({.files = {file}}, 2000)->files.at(0).used_ms, 2000);
  EXPECT_EQ(used(10), 2000);
  EXPECT_EQ(catalog_->touch_sha256(blocking_, sha256, 3000), true);
  EXPECT_EQ(used(10), 3000);
  EXPECT_EQ(used(11), 1000);
  EXPECT_EQ(catalog_->touch_sha256(blocking_, sha256_of(8), 3000), false);
}

TEST_P(CatalogContract, EveryChunkingIsListedById) {
  const Digest sha256 = sha256_of(7);
  ASSERT_TRUE(add({.xorbs = {xorb_of(1), xorb_of(2)},
                   .files = {file_of(10, sha256, {term_of(1), term_of(2)}),
                             file_of(11, sha256, {term_of(2), term_of(1)})}}));
  const auto first = catalog_->list_chunkings(blocking_, 0, 1).value();
  ASSERT_EQ(first.size(), 1u);
  const auto second = catalog_->list_chunkings(blocking_, first[0].id, 10).value();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(first[0].hash, second[0].hash);
  EXPECT_EQ(first[0].sha256, second[0].sha256);
  EXPECT_TRUE(catalog_->list_chunkings(blocking_, second[0].id, 10)->empty());
}

TEST_P(CatalogContract, FilesAreListedBySha256InPages) {
  Addition addition{.xorbs = {xorb_of(1)}};
  for (std::uint8_t i = 0; i < 9; ++i) {
    const auto number = static_cast<std::uint8_t>((i * 4) % 9);
    addition.files.push_back(file_of(100 + i, ordered_sha256(number), {term_of(1)}));
    addition.files.push_back(file_of(200 + i, ordered_sha256(number), {term_of(1)}));
  }
  ASSERT_TRUE(add(addition));
  std::vector<Digest> listed;
  std::optional<Digest> after;
  for (;;) {
    const auto page = catalog_->list_files(blocking_, after, 4).value();
    ASSERT_LE(page.size(), 4u);
    if (page.empty()) break;
    for (const auto& row : page) listed.push_back(row.sha256);
    after = listed.back();
  }
  ASSERT_EQ(listed.size(), 9u);
  for (std::uint8_t i = 0; i < 9; ++i) EXPECT_EQ(listed[i], ordered_sha256(i));
}

TEST_P(CatalogContract, XorbsAreListedByIdInPages) {
  for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(add({.xorbs = {xorb_of(i)}}));
  const auto first = catalog_->list_xorbs(blocking_, 0, 3).value();
  ASSERT_EQ(first.size(), 3u);
  const auto second = catalog_->list_xorbs(blocking_, first.back().id, 3).value();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(first[0].hash, hash_of(1));
  EXPECT_EQ(second[1].hash, hash_of(5));
}

TEST_P(CatalogContract, FiguresAreSums) {
  ASSERT_TRUE(add({.xorbs = {xorb_of(1), xorb_of(2)},
                   .files = {file_of(9, {term_of(1)}), file_of(8, {term_of(1), term_of(2)})}}));
  const auto figures = catalog_->figures(blocking_).value();
  EXPECT_EQ(figures.files, 2u);
  EXPECT_EQ(figures.logical_bytes, 300u);
  EXPECT_EQ(figures.xorbs, 2u);
  EXPECT_EQ(figures.unpacked_bytes, 200u);
  EXPECT_EQ(figures.stored_bytes, 140u);
}

TEST_P(CatalogContract, ManyMayAddTheSameThingsAtOnce) {
  constexpr std::uint64_t kThreads = 4, kRounds = 12;
  std::atomic<std::uint64_t> failures{0}, spares{0};
  const auto add_all = [&](std::uint64_t me) {
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      Addition addition;
      for (std::uint64_t i = 0; i < 5; ++i) {
        // The same xorbs in another order, and chunks that are in several of them.
        NewXorb xorb = xorb_of(round * 10 + (i + me) % 5, {{hash_of(9000 + (i + me) % 3), 2}});
        xorb.key += cat("/", me);
        addition.xorbs.push_back(std::move(xorb));
      }
      addition.files = {file_of(5000 + round, {term_of(round * 10), term_of(round * 10 + 4)})};
      const auto added = catalog_->add(blocking_, addition, 1000);
      if (!added) {
        ADD_FAILURE() << added.error().message();
        ++failures;
      } else {
        spares += added->spare_keys.size();
      }
    }
  };
  std::vector<std::jthread> threads;
  for (std::uint64_t me = 0; me < kThreads; ++me) threads.emplace_back(add_all, me);
  threads.clear();
  EXPECT_EQ(failures, 0u);
  EXPECT_EQ(catalog_->list_xorbs(blocking_, 0, 1000)->size(), 5 * kRounds);
  EXPECT_EQ(catalog_->figures(blocking_)->files, kRounds);
  EXPECT_EQ(spares, (kThreads - 1) * 5 * kRounds);  // each blob serves or is told of
}

TEST_P(CatalogContract, TheCollectionNeverRemovesAXorbThatATermNames) {
  std::atomic<bool> stop{false};
  const auto collect = [&] {
    for (Millis now = 1'000'000; !stop; ++now) {
      const auto row = catalog_->find_xorb(blocking_, hash_of(1));
      if (!row || !*row) continue;
      const std::int64_t id = (*row)->id;
      const auto condemned = catalog_->condemn_xorb(blocking_, id, INT64_MAX, now);
      const auto gone = catalog_->remove_condemned(blocking_, id, INT64_MAX);
      if (!condemned || !gone) ADD_FAILURE() << (condemned ? gone : condemned).error().message();
    }
  };
  std::jthread collector(collect);
  int kept = 0, refused = 0;
  for (std::uint64_t round = 0; round < 150; ++round) {
    ASSERT_TRUE(add({.xorbs = {xorb_of(1, {{hash_of(100), 1}})}}));
    const auto added = add({.files = {file_of(1000 + round, {term_of(1)})}});
    if (!added) {
      ASSERT_EQ(added.error().code(), Code::Unusable) << added.error().message();
      ++refused;
      continue;
    }
    ++kept;
    const auto terms = catalog_->terms(blocking_, added->files.at(0).id, 0, 10).value();
    ASSERT_EQ(terms.size(), 1u) << "the xorb of a file was removed";
    ASSERT_TRUE(catalog_->remove_sha256(blocking_, sha256_of(1000 + round), 1000));
  }
  stop = true;
  collector.join();
  EXPECT_EQ(kept + refused, 150);
}

}  // namespace embrace::cas
