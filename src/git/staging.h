#pragma once
// Staging: new objects on their way into the next pack. Small sums stay in memory. Beyond
// kMemoryBytesMax, and earlier when the whole process holds much, the bytes go to a file without a
// name in the folder of packs: a commit of gigabytes, or a hundred clients that stall in the middle
// of one, must not cost the server its memory.
//
// Threads: one at a time; the sums of the process are shared by all.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "git/object_text.h"
#include "git/types.h"

namespace embrace::git {

class Staging {
 public:
  static constexpr std::uint64_t kMemoryBytesMax = 32u << 20;  // of one draft
  // Drafts that hold more than their share go to disk once all of them hold this much.
  static constexpr std::uint64_t kProcessMemoryBytesMax = 256u << 20;
  static constexpr std::uint64_t kShareBytes = 256u << 10;
  static constexpr std::uint64_t kProcessSpoolBytesMax = 32ull << 30;

  explicit Staging(std::string spool_folder) : spool_folder_(std::move(spool_folder)) {}
  ~Staging() { clear(); }
  Staging(const Staging&) = delete;

  struct Item {
    ObjectType type = ObjectType::Blob;
    std::uint64_t size_bytes = 0;
    bool is_spooled = false;
    std::uint64_t offset = 0;  // in the spool
    std::string bytes;         // when not spooled
  };

  // Unavailable when all drafts together fill their share of the disk.
  Status add(const Oid& oid, ObjectType type, std::string bytes);
  const Item* find(const Oid& oid) const;  // stays valid until clear()
  // The bytes of a spooled item.
  Result<std::string> load(const Item& item) const;
  const std::vector<Oid>& order() const { return order_; }
  void clear();

  std::uint64_t memory_bytes() const { return memory_bytes_; }
  std::uint64_t spool_bytes() const { return spool_bytes_; }

 private:
  bool fits_in_memory(std::uint64_t bytes) const;
  Status spool(Item& item, const std::string& bytes);

  const std::string spool_folder_;
  std::unordered_map<Oid, Item> items_;
  std::vector<Oid> order_;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t spool_bytes_ = 0;
  File spool_;  // opened by the first item that needs it
};

}  // namespace embrace::git
