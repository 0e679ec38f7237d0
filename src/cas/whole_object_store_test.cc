#include "cas/whole_object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "base/file.h"
#include "blob/faulty_backend.h"
#include "blob/local_backend.h"
#include "blob/memory_backend.h"
#include "cas/object_store_contract.h"

namespace embrace::cas {
namespace {

const SystemClock kClock;

struct OnDisk : StoreUnderTest {
  explicit OnDisk(const std::string& folder)
      : backend(blob::LocalBackend::open(kBlocking, folder).value()) {}
  ObjectStore& store() override { return objects; }
  void flip_a_byte(const Digest& sha256) override {
    const std::string path = backend->path_of(WholeObjectStore::key_of(sha256));
    const File file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    char byte;
    const std::uint64_t middle = file.size_bytes().value() / 2;
    ASSERT_EQ(file.read_at(std::span(&byte, 1), middle).value(), 1u);
    byte ^= 1;
    ASSERT_TRUE(file.write_all_at(std::string_view(&byte, 1), middle));
  }

  std::unique_ptr<blob::LocalBackend> backend;
  WholeObjectStore objects{*backend};
};

struct InMemory : StoreUnderTest {
  ObjectStore& store() override { return objects; }
  void flip_a_byte(const Digest& sha256) override {
    const blob::Key key = WholeObjectStore::key_of(sha256);
    const auto size = backend.stat(kBlocking, key)->size_bytes;
    auto content = backend.open(kBlocking, key, 0, size).value();
    std::string bytes = ::testing::content_text(content);
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(backend.remove(kBlocking, key));
    auto writer = backend.create(kBlocking).value();
    ASSERT_TRUE(writer->write(kBlocking, bytes));
    ASSERT_TRUE(writer->commit(kBlocking, key));
  }

  blob::MemoryBackend backend{kClock};
  WholeObjectStore objects{backend};
};

std::unique_ptr<StoreUnderTest> make_on_disk(const std::string& folder) {
  return std::make_unique<OnDisk>(folder);
}
std::unique_ptr<StoreUnderTest> make_in_memory(const std::string&) {
  return std::make_unique<InMemory>();
}

INSTANTIATE_TEST_SUITE_P(WholeOnDisk, ObjectStoreContract, ::testing::Values(make_on_disk));
INSTANTIATE_TEST_SUITE_P(WholeInMemory, ObjectStoreContract, ::testing::Values(make_in_memory));

TEST(WholeObjectStore, AnObjectLiesUnderTheFirstDigitsOfItsDigest) {
  EXPECT_EQ(WholeObjectStore::key_of(crypto::sha256("hello")).text(),
            "lfs/2c/f2/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

TEST(WholeObjectStore, AFreshUploadMendsAnObjectThatWasCutShort) {
  ::testing::TempFolder folder;
  OnDisk on_disk(folder.path());
  const Digest sha256 = put(on_disk.objects, "hello")->sha256;
  ASSERT_EQ(::truncate(on_disk.backend->path_of(WholeObjectStore::key_of(sha256)).c_str(), 3), 0);
  ASSERT_TRUE(put(on_disk.objects, "hello"));
  EXPECT_TRUE(on_disk.objects.verify(kBlocking, sha256));
}

TEST(WholeObjectStore, ForeignFilesAreNotListed) {
  ::testing::TempFolder folder;
  OnDisk on_disk(folder.path());
  for (const char* name : {"lfs/readme", "lfs/00/00/00", "lfs/zz/x"}) {
    auto writer = on_disk.backend->create(kBlocking).value();
    ASSERT_TRUE(writer->commit(kBlocking, blob::Key::parse(name).value()));
  }
  ASSERT_TRUE(put(on_disk.objects, "hello"));
  EXPECT_EQ(on_disk.objects.list(kBlocking, std::nullopt, 1)->size(), 1u);
  EXPECT_EQ(on_disk.objects.list(kBlocking, std::nullopt, 10)->size(), 1u);
}

// Whatever fails and whenever, an object that can be found is whole.
TEST(WholeObjectStore, FaultsBelowNeverShowHalfAnObject) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(cat("seed ", seed));
  blob::MemoryBackend memory(kClock);
  blob::FaultyBackend faulty(memory);
  WholeObjectStore healthy(memory);
  WholeObjectStore store(faulty);
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
