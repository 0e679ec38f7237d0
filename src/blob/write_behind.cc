#include "blob/write_behind.h"

#include <fcntl.h>

#include <optional>
#include <utility>

#include "base/sync.h"

namespace embrace::blob {

namespace {

constexpr std::size_t kBlocksHeld = 2;  // beside the one that is being filled
constexpr std::uint64_t kWritebackBytes = 8 << 20;

bool set_direct(int fd, bool wanted) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, wanted ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

}  // namespace

struct WriteBehind::Target {
  explicit Target(TempFile file) : temp(std::move(file)) {}

  Status write(std::string_view bytes, std::uint64_t offset);
  void start_writeback(std::uint64_t written);

  TempFile temp;
  // Of one thread at a time: of the jobs, and of the owner when there are none.
  bool wants_direct = false;
  bool is_direct = false;
  std::uint64_t started = 0;  // bytes whose writeback was asked for

  Sync<std::optional<Error>> failure;
};

// Only whole blocks are aligned as direct writes have to be.
Status WriteBehind::Target::write(std::string_view bytes, std::uint64_t offset) {
  const bool can_be_direct = wants_direct && bytes.size() == Block::kBytes;
  if (can_be_direct != is_direct)
    is_direct = set_direct(temp.file().fd(), can_be_direct) && can_be_direct;
  Status done = temp.file().write_all_at(bytes, offset);
  if (!done && is_direct) {
    // Some file systems take the flag and then want something else. A full disk fails once more.
    wants_direct = is_direct = false;
    set_direct(temp.file().fd(), false);
    done = temp.file().write_all_at(bytes, offset);
  }
  if (!done) return fail(std::move(done).error().while_doing(temp.path()));
  if (!is_direct) start_writeback(offset + bytes.size());
  return Done{};
}

// Only a hint: where it fails, the sync at the end does all the work.
void WriteBehind::Target::start_writeback(std::uint64_t written) {
  if (written - started < kWritebackBytes) return;
  ::sync_file_range(temp.file().fd(), static_cast<off64_t>(started),
                    static_cast<off64_t>(written - started), SYNC_FILE_RANGE_WRITE);
  started = written;
}

WriteBehind::WriteBehind(rt::Pool& disk, TempFile temp)
    : jobs_(disk, kBlocksHeld), target_(std::make_shared<Target>(std::move(temp))) {}

void WriteBehind::bypass_cache() { target_->wants_direct = true; }

TempFile& WriteBehind::temp() { return target_->temp; }

Status WriteBehind::write(rt::Blocking blocking, std::string_view bytes) {
  while (!bytes.empty()) {
    if (!block_) block_ = Block::make();
    const std::size_t taken = block_->append(bytes);
    written_ += taken;
    bytes.remove_prefix(taken);
    if (block_->is_full()) EMB_DO(write_block(blocking));
  }
  return Done{};
}

Status WriteBehind::write_block(rt::Blocking blocking) {
  const auto failure = target_->failure.with([](const auto& known) { return known; });
  if (failure) return fail(*failure);
  const std::uint64_t offset = written_ - block_->bytes().size();
  jobs_.add(blocking,
            [target = target_, block = std::exchange(block_, nullptr), offset](rt::Blocking) {
              Status done = target->write(block->bytes(), offset);
              if (done) return;
              target->failure.with([&](auto& known) {
                if (!known) known = std::move(done).error();
              });
            });
  return Done{};
}

Status WriteBehind::flush(rt::Blocking blocking) {
  jobs_.wait(blocking);
  if (const auto failure = target_->failure.with([](const auto& known) { return known; }))
    return fail(*failure);
  const BlockPtr last = std::exchange(block_, nullptr);
  if (!last) return Done{};
  return target_->write(last->bytes(), written_ - last->bytes().size());
}

}  // namespace embrace::blob
