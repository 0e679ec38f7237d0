#pragma once
// Behind: jobs of one owner that are done on a pool, one after the other and in order, while the
// owner prepares the next. So a body is hashed, cut and written at the speed of the slowest of the
// three and not of their sum.
//
//   hashing.add([block, hash](Blocking) { hash->update(block->bytes()); });
//   ... cut and write the same block ...
//   hashing.wait();
//
// At most `jobs_max` are held: add() waits for the oldest when there are more, so the memory of an
// upload is bounded. Jobs own what they use. Destroying the owner waits for nothing: what was given
// is done all the same.
//
// Threads: add() and wait() by one thread at a time, which may block. Jobs must not wait for jobs
// of the same pool.

#include <functional>
#include <memory>

#include "rt/blocking.h"

namespace embrace::rt {

class Pool;

class Behind {
 public:
  using Job = std::function<void(Blocking)>;

  Behind(Pool& pool, std::size_t jobs_max);

  // What an earlier job threw comes out of add() or wait(), and no later job is done then.
  void add(Blocking, Job job);
  void wait(Blocking);  // for all that were given

 private:
  struct State;
  static void work(Blocking, const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace embrace::rt
