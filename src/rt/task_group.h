#pragma once
// TaskGroup: the only way to start a task that nobody awaits. It counts what it started, cancels on
// request and can be joined, so that no coroutine outlives the objects it refers to.
//
// Threads: start() from the group's own executor thread or any other; wait() from outside its
// threads.

#include <functional>
#include <memory>
#include <string>

#include "rt/task.h"

namespace boost::asio {
class any_io_executor;
}

namespace embrace::rt {

class TaskGroup {
 public:
  explicit TaskGroup(std::string name);
  ~TaskGroup();  // EMB_CHECK: everything has ended

  // Runs `task` on `executor`. An exception that leaves it is logged (the thread wall).
  void start(const boost::asio::any_io_executor& executor, Task<void> task);
  std::size_t running() const;
  // Asks every task to stop at its next wait: those that run, and those started from now on.
  void cancel();
  bool wait_for_seconds(unsigned seconds);  // true when all have ended

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace embrace::rt
