#pragma once
// Team: the threads of one model at work. The caller is one of them. Without work they look for it
// for some microseconds, as between the products of one token, and then sleep.
//
// Threads: run() is called by one thread at a time; parts must not call run() again.

#include <cstddef>
#include <functional>
#include <memory>

namespace embrace::transformers {

class Team {
 public:
  // `threads` in all, the caller among them; 0 means as many as the machine has cores.
  explicit Team(unsigned threads = 0);
  ~Team();
  Team(const Team&) = delete;

  unsigned size() const;
  // Calls part(0) to part(parts - 1), each once, in no order, and returns when all are done. One
  // part runs on the caller. What a part throws is thrown here, after all parts: the first of them.
  void run(std::size_t parts, const std::function<void(std::size_t)>& part);
  // Cuts [0, count) into stretches of whole `grain`s, about one for each thread, and gives each to
  // body(begin, end). Runs on the caller alone when there is but one stretch.
  void split(std::size_t count, std::size_t grain,
             const std::function<void(std::size_t begin, std::size_t end)>& body);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::transformers
