#pragma once
// WriteBehind writes a file from its beginning to its end. Full blocks are written by a pool thread
// while the owner fills the next one; what is less than a block is written by the owner.
//
// A large file that nobody reads soon can pass by the kernel's page cache (O_DIRECT). Copying into
// the cache costs about half a second of processor time for each gigabyte, as much as its sha256,
// and pushes out what others read. Where the file system can't, all goes through the cache, and the
// kernel is asked early to write it out, so that the sync at the end waits for the last few bytes.
//
// Threads: one owner, which may block. Destroying it drops the file without waiting.

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/block.h"
#include "base/result.h"
#include "blob/temp_file.h"
#include "rt/behind.h"

namespace embrace::blob {

class WriteBehind {
 public:
  WriteBehind(rt::Pool& disk, TempFile temp);

  void bypass_cache();  // before the first write
  // What an earlier write failed with comes out of a later one, or of flush().
  Status write(rt::Blocking, std::string_view bytes);
  // Once, and last: the kernel has all bytes. They are not durable yet.
  Status flush(rt::Blocking);
  std::uint64_t written_bytes() const { return written_; }
  TempFile& temp();  // after flush()

 private:
  struct Target;  // shared with the jobs, which may outlive us

  Status write_block(rt::Blocking);

  rt::Behind jobs_;
  const std::shared_ptr<Target> target_;
  BlockPtr block_;
  std::uint64_t written_ = 0;
};

}  // namespace embrace::blob
