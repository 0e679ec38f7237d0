#pragma once
// StopFinder: ends a stream of text before the first of some strings, wherever pieces are cut. Text
// that may be the beginning of one is held back until it is known not to be.
//
// A piece may be shown otherwise than it is searched: a special token's own text ("<|im_end|>") is
// looked for, but never shown.
//
// Threads: one.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace embrace::transformers {

class StopFinder {
 public:
  explicit StopFinder(std::vector<std::string> stops);  // empty ones are left out

  // The text that may be shown after this piece. Nothing more comes once found().
  std::string push(std::string_view piece) { return push(piece, piece); }
  // Stops are looked for in `piece`; `shown` is what there is to show of it. A stop that begins
  // within a piece which is shown otherwise leaves as much of that as lies before it.
  std::string push(std::string_view piece, std::string_view shown);
  // What is still held back, at the end of the stream.
  std::string finish();
  bool found() const { return found_; }
  bool looks() const { return !stops_.empty(); }

 private:
  struct Held {
    std::size_t bytes;  // of held_
    std::string shown;
  };
  // Lets go of the first bytes that are held: gives what there is to show of them.
  std::string release(std::size_t bytes);

  std::vector<std::string> stops_;
  std::string held_;
  std::deque<Held> pieces_;  // what held_ is made of
  bool found_ = false;
};

}  // namespace embrace::transformers
