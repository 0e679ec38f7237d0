#pragma once
// Spools: read a source ahead of its slow reader, so that whatever makes the bytes (a process with
// a limited number of places) can end and be let go while the bytes still travel.
//
//   source --> [memory, first] --> reader
//         \--> [unlinked file, when the memory is full] --/
//
// The bytes keep their order: once some are in the file, later ones follow them there until the
// reader has caught up. When the file's share of the disk is used up, reading ahead waits for the
// reader, as if there were no spool; a reader that is slow even then is given up when others want
// what the source holds.
//
// Threads: open() and the source it gives belong to one executor of a single thread; different ones
// at the same time. Ownership: a Spools outlives its sources; stop() before the io threads end.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "rt/content.h"
#include "rt/pool.h"
#include "rt/task_group.h"

namespace embrace::rt {

class Spools {
 public:
  struct Limits {
    std::uint64_t memory_bytes = 1 << 20;        // of one source
    std::uint64_t file_bytes_max = 256u << 20;   // of one source
    std::uint64_t files_bytes_max = 4ull << 30;  // of all together
    std::chrono::milliseconds patience{30'000};  // over which a reader's speed is taken
    std::uint64_t slow_bytes_per_second = 8 * 1024;
  };
  Spools(Pool& pool, std::string folder, Limits limits);
  ~Spools();  // stop()
  Spools(const Spools&) = delete;

  // Takes over `source` and starts reading it on the caller's executor. The source is destroyed as
  // soon as it has ended or failed, or soon after its reader went away. `is_awaited`: does anybody
  // wait for what the source holds? Asked on the same executor.
  Task<std::unique_ptr<ByteSource>> open(std::unique_ptr<ByteSource> source,
                                         std::function<bool()> is_awaited = {});

  // Asks every reading ahead to end, and waits for it.
  void stop();

  std::uint64_t file_bytes() const { return file_bytes_.load(); }  // in use now

 private:
  struct Spool;
  class Reader;
  static Task<void> fill(std::shared_ptr<Spool> spool);

  Pool& pool_;
  const std::string folder_;
  const Limits limits_;
  std::atomic<std::uint64_t> file_bytes_{0};
  TaskGroup group_{"spools"};
};

}  // namespace embrace::rt
