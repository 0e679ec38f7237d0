#include "cas/chunked_store.h"

#include <fcntl.h>

#include <random>

#include "base/file.h"
#include "blob/faulty_backend.h"
#include "blob/local_backend.h"
#include "blob/memory_backend.h"
#include "cas/memory_catalog.h"
#include "cas/object_store_contract.h"
#include "testing/fake_clock.h"

namespace embrace::cas {
namespace {

std::vector<blob::Key> xorb_keys(blob::Backend& backend) {
  std::vector<blob::Key> keys;
  for (auto& item : backend.list(kBlocking, "xorbs/", "", 1000)->items) keys.push_back(item.key);
  return keys;
}

std::uint64_t stored_bytes(blob::Backend& backend) {
  std::uint64_t sum = 0;
  for (auto& item : backend.list(kBlocking, "xorbs/", "", 1000)->items) sum += item.stat.size_bytes;
  return sum;
}

struct OnDisk : StoreUnderTest {
  explicit OnDisk(const std::string& folder)
      : backend(blob::LocalBackend::open(kBlocking, folder).value()) {}
  ObjectStore& store() override { return objects; }
  void flip_a_byte(const Digest&) override {
    const std::string path = backend->path_of(xorb_keys(*backend).front());
    const File file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    char byte;
    ASSERT_EQ(file.read_at(std::span(&byte, 1), 1000).value(), 1u);
    byte ^= 1;
    ASSERT_TRUE(file.write_all_at(std::string_view(&byte, 1), 1000));
  }

  ::testing::FakeClock clock;
  std::unique_ptr<blob::LocalBackend> backend;
  MemoryCatalog catalog;
  ChunkedStore objects{*backend, catalog, clock};
};

struct InMemory : StoreUnderTest {
  ObjectStore& store() override { return objects; }
  void flip_a_byte(const Digest&) override {
    const blob::Key key = xorb_keys(backend).front();
    const auto size = backend.stat(kBlocking, key)->size_bytes;
    std::string bytes = ::testing::content_text(backend.open(kBlocking, key, 0, size).value());
    bytes[1000] ^= 1;
    ASSERT_TRUE(backend.remove(kBlocking, key));
    auto writer = backend.create(kBlocking).value();
    ASSERT_TRUE(writer->write(kBlocking, bytes));
    ASSERT_TRUE(writer->commit(kBlocking, key));
  }

  ::testing::FakeClock clock;
  blob::MemoryBackend backend{clock};
  MemoryCatalog catalog;
  ChunkedStore objects{backend, catalog, clock};
};

std::unique_ptr<StoreUnderTest> make_on_disk(const std::string& folder) {
  return std::make_unique<OnDisk>(folder);
}
std::unique_ptr<StoreUnderTest> make_in_memory(const std::string&) {
  return std::make_unique<InMemory>();
}

INSTANTIATE_TEST_SUITE_P(ChunkedOnDisk, ObjectStoreContract, ::testing::Values(make_on_disk));
INSTANTIATE_TEST_SUITE_P(ChunkedInMemory, ObjectStoreContract, ::testing::Values(make_in_memory));

// Bytes that LZ4 makes smaller, and that do not repeat as a whole.
std::string text_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::string out;
  while (out.size() < count) out += cat("word", random() % 5000, " ");
  out.resize(count);
  return out;
}

class ChunkedStoreTest : public ::testing::Test {
 protected:
  Result<std::string> fetch(const Digest& sha256, std::uint64_t offset, std::uint64_t length) {
    return get(disk_.objects, sha256, offset, length);
  }

  ::testing::TempFolder folder_;
  OnDisk disk_{folder_ / "store"};
  ChunkedStore& store_ = disk_.objects;
};

TEST_F(ChunkedStoreTest, PlainAndCompressedChunksGiveTheirBytesInAnyRange) {
  // Noise is stored as it is and text compressed: the file changes between the
  // two within xorbs.
  std::string bytes;
  for (unsigned i = 0; i < 4; ++i)
    bytes += i % 2 ? text_bytes(5'000'000 + i, i) : many_bytes(2'500'000 + i, i);
  const Digest sha256 = put(store_, bytes)->sha256;
  EXPECT_LT(stored_bytes(*disk_.backend), bytes.size() * 4 / 5);
  EXPECT_TRUE(fetch(sha256, 0, bytes.size()).value() == bytes);
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t offset = random() % bytes.size();
    const std::uint64_t length =
        random() % std::min<std::size_t>(bytes.size() - offset + 1, 2'000'000);
    ASSERT_TRUE(fetch(sha256, offset, length).value() == bytes.substr(offset, length))
        << offset << " +" << length;
  }
}

TEST_F(ChunkedStoreTest, AFileOfManyXorbsComesBack) {
  const std::string bytes = many_bytes(150 << 20);
  const Digest sha256 = put(store_, bytes, info_of(bytes), 4 << 20)->sha256;
  EXPECT_EQ(xorb_keys(*disk_.backend).size(), 3u);
  EXPECT_TRUE(fetch(sha256, 0, bytes.size()).value() == bytes);
  EXPECT_TRUE(fetch(sha256, (64 << 20) - 5, 10).value() == bytes.substr((64 << 20) - 5, 10));
  EXPECT_TRUE(store_.verify(kBlocking, sha256));
}

TEST_F(ChunkedStoreTest, WhatTwoFilesShareIsStoredOnce) {
  const std::string base = many_bytes(40 << 20);
  ASSERT_TRUE(put(store_, base));
  const std::uint64_t before = stored_bytes(*disk_.backend);
  std::string edited = base;
  edited.replace(20 << 20, 1000, "an edit in the middle, of another length");
  edited += many_bytes(100'000, 9);
  const Digest sha256 = put(store_, edited)->sha256;
  EXPECT_LT(stored_bytes(*disk_.backend) - before, 3u << 20);
  EXPECT_TRUE(fetch(sha256, 0, edited.size()).value() == edited);
}

TEST_F(ChunkedStoreTest, AFileThatRepeatsItselfIsStoredOnce) {
  const std::string part = many_bytes(5 << 20);
  const std::string bytes = part + part + part;
  const Digest sha256 = put(store_, bytes)->sha256;
  EXPECT_LT(stored_bytes(*disk_.backend), 6u << 20);
  EXPECT_TRUE(fetch(sha256, 0, bytes.size()).value() == bytes);
}

TEST_F(ChunkedStoreTest, ARefusedUploadLeavesNoXorb) {
  const std::string bytes = many_bytes(70 << 20);
  ObjectInfo expected = info_of(bytes);
  expected.size_bytes += 1;
  EXPECT_EQ(put(store_, bytes, expected, 4 << 20).error().code(), Code::Unusable);
  EXPECT_TRUE(xorb_keys(*disk_.backend).empty());
}

TEST_F(ChunkedStoreTest, WholeFilesOfAnOlderFolderAreAdopted) {
  std::vector<std::string> files = {many_bytes(300'000, 1), many_bytes(2'000'000, 2), "small", ""};
  for (const auto& bytes : files) {
    const std::string hex = crypto::sha256(bytes).hex();
    auto writer = disk_.backend->create(kBlocking).value();
    ASSERT_TRUE(writer->write(kBlocking, bytes));
    ASSERT_TRUE(writer->commit(kBlocking, *blob::Key::parse(cat("lfs/", hex.substr(0, 2), "/",
                                                                hex.substr(2, 2), "/", hex))));
  }
  EXPECT_EQ(store_.adopt_whole_objects(kBlocking).value(), 4u);
  EXPECT_EQ(store_.adopt_whole_objects(kBlocking).value(), 0u);
  for (const auto& bytes : files)
    EXPECT_TRUE(fetch(crypto::sha256(bytes), 0, bytes.size()).value() == bytes);
  EXPECT_TRUE(disk_.backend->list(kBlocking, "lfs/", "", 10)->items.empty());
}

// A connection that dies between a commit and its answer.
class DeafCatalog : public MemoryCatalog {
 public:
  bool is_deaf = false;
  Result<Added> add(rt::Blocking blocking, const Addition& addition, Millis now_ms) override {
    auto added = MemoryCatalog::add(blocking, addition, now_ms);
    if (is_deaf) return fail(Code::Unavailable, "the answer was lost");
    return added;
  }
};

TEST(ChunkedStore, ALostAnswerOfTheCatalogLosesNoBytes) {
  ::testing::FakeClock clock;
  blob::MemoryBackend backend(clock);
  DeafCatalog catalog;
  ChunkedStore store(backend, catalog, clock);
  const std::string bytes = many_bytes(300'000);
  catalog.is_deaf = true;
  EXPECT_FALSE(put(store, bytes));
  catalog.is_deaf = false;
  ASSERT_TRUE(put(store, bytes, info_of(bytes)));
  EXPECT_TRUE(store.verify(kBlocking, info_of(bytes).sha256));
}

// Whatever fails and whenever, an object that can be found is whole.
TEST(ChunkedStore, FaultsBelowNeverShowHalfAnObject) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(cat("seed ", seed));
  ::testing::FakeClock clock;
  blob::MemoryBackend memory(clock);
  blob::FaultyBackend faulty(memory);
  MemoryCatalog catalog;
  ChunkedStore healthy(memory, catalog, clock);
  ChunkedStore store(faulty, catalog, clock);
  faulty.fail_randomly(seed, 8);
  int stored = 0;
  for (unsigned i = 0; i < 60; ++i) {
    const std::string bytes = many_bytes(1 + i * 17'001, i);
    const ObjectInfo info = info_of(bytes);
    const std::string_view view = bytes;
    bool is_stored;
    if (i % 2 == 0) {
      is_stored = put(store, bytes, info).has_value();
    } else {
      const std::size_t half = bytes.size() / 2;
      is_stored = put_part(store, kUpload, 1, view.substr(0, half)).has_value() &&
                  put_part(store, kUpload, 2, view.substr(half)).has_value() &&
                  store.complete_parts(kBlocking, kUpload, 2, info).has_value();
    }
    if (is_stored) {
      EXPECT_TRUE(healthy.verify(kBlocking, info.sha256));
      ++stored;
    }
  }
  for (const auto& object : healthy.list(kBlocking, std::nullopt, 1000).value()) {
    EXPECT_TRUE(healthy.verify(kBlocking, object.sha256));
  }
  EXPECT_GT(faulty.failures(), 0u);
  EXPECT_GT(stored, 0);
}

}  // namespace
}  // namespace embrace::cas
