#include "git/staging.h"

#include <unistd.h>

#include <atomic>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "git/random_name.h"

namespace embrace::git {
namespace {

// Of all drafts of the process. Each adds what it holds and takes it back in clear().
std::atomic<std::uint64_t> g_memory_bytes = 0;
std::atomic<std::uint64_t> g_spool_bytes = 0;

// The name goes at once, so that a crash leaves nothing behind; should it come between the two
// steps, fold_packs sweeps names that begin with tmp_.
Result<File> create_spool(const std::string& folder) {
  const std::string path = cat(folder, "/tmp_spool_", random_name());
  EMB_TRY(File file, File::create_new(path));
  if (::unlink(path.c_str()) != 0) return fail(errno_error(errno, cat("unlink ", path)));
  return file;
}

}  // namespace

bool Staging::fits_in_memory(std::uint64_t bytes) const {
  if (memory_bytes_ + bytes > kMemoryBytesMax) return false;
  return memory_bytes_ + bytes <= kShareBytes || g_memory_bytes + bytes <= kProcessMemoryBytesMax;
}

Status Staging::spool(Item& item, const std::string& bytes) {
  if (!spool_.is_open()) {
    EMB_TRY(spool_, create_spool(spool_folder_));
  }
  if (g_spool_bytes.fetch_add(bytes.size()) + bytes.size() > kProcessSpoolBytesMax) {
    g_spool_bytes -= bytes.size();
    return fail(Code::Unavailable,
                "Too many large commits are being received at this moment: please try again.");
  }
  // Counted before it is written: a write that fails half-way took its room, too.
  item.is_spooled = true;
  item.offset = spool_bytes_;
  spool_bytes_ += bytes.size();
  return spool_.write_all_at(bytes, item.offset);
}

Status Staging::add(const Oid& oid, ObjectType type, std::string bytes) {
  if (items_.contains(oid)) return Done{};
  Item item{
      .type = type, .size_bytes = bytes.size(), .is_spooled = false, .offset = 0, .bytes = {}};
  if (fits_in_memory(bytes.size())) {
    memory_bytes_ += bytes.size();
    g_memory_bytes += bytes.size();
    item.bytes = std::move(bytes);
  } else {
    EMB_DO(spool(item, bytes));
  }
  items_.emplace(oid, std::move(item));
  order_.push_back(oid);
  return Done{};
}

const Staging::Item* Staging::find(const Oid& oid) const {
  const auto found = items_.find(oid);
  return found == items_.end() ? nullptr : &found->second;
}

Result<std::string> Staging::load(const Item& item) const {
  EMB_CHECK(item.is_spooled, "only spooled items are loaded");
  std::string bytes(item.size_bytes, '\0');
  EMB_TRY(const std::size_t got, spool_.read_at(bytes, item.offset));
  if (got != bytes.size()) return fail(Code::Corrupt, "the spool of a commit is cut short");
  return bytes;
}

void Staging::clear() {
  items_.clear();
  order_.clear();
  g_memory_bytes -= std::exchange(memory_bytes_, 0);
  g_spool_bytes -= std::exchange(spool_bytes_, 0);
  spool_ = File();
}

}  // namespace embrace::git
