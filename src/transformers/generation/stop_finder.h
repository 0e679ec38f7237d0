#pragma once
// StopFinder: ends a stream of text before the first of some strings, wherever pieces are cut. Text
// that may be the beginning of one is held back until it is known not to be.
//
// Threads: one.

#include <string>
#include <string_view>
#include <vector>

namespace embrace::transformers {

class StopFinder {
 public:
  explicit StopFinder(std::vector<std::string> stops);  // empty ones are left out

  // The text that may be shown after this piece. Nothing more comes once found().
  std::string push(std::string_view piece);
  // What is still held back, at the end of the stream.
  std::string finish();
  bool found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
};

}  // namespace embrace::transformers
