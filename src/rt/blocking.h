#pragma once
// Blocking: proof that the caller is on a pool thread, where waiting for a disk or a database is
// allowed. Only Pool (and a program's own main thread, through on_main_thread) can make one, so a
// function that takes it can't be called from an io thread by accident. Copy it freely, pass by
// value.

namespace embrace::rt {

class Blocking {
 public:
  // For command-line commands and tests, whose one thread may block.
  static Blocking on_main_thread() { return Blocking{}; }

 private:
  friend class Pool;
  Blocking() = default;
};

}  // namespace embrace::rt
