#pragma once
// blob::Backend keeps immutable bytes under a key. It knows nothing of what they mean: xorbs,
// packs, whole files all look the same to it.
//
// Implementations: local_backend (a folder), s3_backend (a bucket), memory_backend (tests),
// faulty_backend (wraps another and fails on purpose). Each passes backend_contract.h; that file is
// the real definition of this interface.
//
// Threads: every method may be called from any pool thread at any time.
// Ownership: a backend outlives every Writer it hands out.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/blocking.h"
#include "rt/content.h"

namespace embrace::blob {

// "lfs/ab/cd/abcd...": segments of [A-Za-z0-9._-] joined by '/', none empty, "." or "..", each at
// most 255 bytes and all at most 512. The first is not "tmp", where unfinished bytes wait. No key
// may be a folder of another ("a" and "a/b"). Constructed by parsing only.
class Key {
 public:
  static Result<Key> parse(std::string text);  // InvalidArgument
  const std::string& text() const { return text_; }
  auto operator<=>(const Key&) const = default;

 private:
  explicit Key(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct Stat {
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ms = 0;
};

// Bytes on their way in. Nothing is visible to readers until commit(); after commit() returns they
// survive a crash of the machine. Destroying an uncommitted Writer drops the bytes. The key comes
// last, because a digest is known only when all bytes have passed.
//
// Threads: used by one at a time.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Status write(rt::Blocking, std::string_view bytes) = 0;
  // Before the first write: nobody is going to read these bytes at once, so they need not pass
  // through the kernel's memory, nor push others out of it.
  virtual void expect_no_reader() {}
  // Once, and last. Committing under a key that exists already succeeds and keeps the old bytes
  // (they are the same bytes: keys name content, or are unique).
  virtual Status commit(rt::Blocking, const Key& key) = 0;
  virtual std::uint64_t written_bytes() const = 0;
};

struct Listing {
  struct Item {
    Key key;
    Stat stat;
  };
  std::vector<Item> items;          // in key order
  std::optional<std::string> next;  // pass as `after` to go on
};

class Backend {
 public:
  virtual ~Backend() = default;

  // NotFound when nothing was ever committed under `key`.
  virtual Result<Stat> stat(rt::Blocking, const Key& key) = 0;
  // The bytes [offset, offset+length), which must lie inside the object (RangeInvalid otherwise,
  // with the fact "size"). They stay readable when the object is removed meanwhile.
  virtual Result<rt::Content> open(rt::Blocking, const Key& key, std::uint64_t offset,
                                   std::uint64_t length) = 0;
  // The same bytes on this thread, in order and in pieces of up to 1 MiB; stops at the first error
  // of `take` and returns it.
  virtual Status read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
                      const std::function<Status(std::string_view)>& take) = 0;
  virtual Result<std::unique_ptr<Writer>> create(rt::Blocking) = 0;
  // Removing what is not there succeeds: garbage collection runs twice. A crash of the machine may
  // bring the object back.
  virtual Status remove(rt::Blocking, const Key& key) = 0;
  // Keys that begin with `prefix`, after the key text `after`, at most `limit`.
  virtual Result<Listing> list(rt::Blocking, std::string_view prefix, std::string_view after,
                               std::size_t limit) = 0;
  // A URL at which anybody may get the bytes [offset, offset+length) of the object for `lifetime`,
  // whether they are there or not: these bytes, named by Range, and no others. `length` is not 0.
  // Nullopt where there is no such thing.
  virtual std::optional<std::string> direct_url(const Key& key, std::uint64_t offset,
                                                std::uint64_t length,
                                                std::chrono::seconds lifetime);
};

// RangeInvalid unless [offset, offset+length) lies inside an object of `size` bytes. For
// implementations.
Status check_range(const Key& key, std::uint64_t size, std::uint64_t offset, std::uint64_t length);
Error no_such_object(const Key& key);  // NotFound

}  // namespace embrace::blob
