#pragma once
// LoadWatch: how far a model is with its weights, for whoever waits for it. While one lives, its
// thread tells it of every tensor that it takes out of Weights for the first time, and of every
// file of weights that it opens. What other threads take is not counted.
//
//   LoadWatch watch([&](const LoadWatch::State& now) { line.show(...); });
//   EMB_TRY(auto model, TextModel::open(blocking, path, precision));
//
// Threads: one; the newest of a thread is told, the others wait for their turn.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

namespace embrace::transformers {

struct TensorView;

class LoadWatch {
 public:
  struct State {
    std::size_t tensors = 0;  // of all that is open so far
    std::size_t tensors_taken = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_taken = 0;
  };

  explicit LoadWatch(std::function<void(const State&)> on_change);
  ~LoadWatch();
  LoadWatch(const LoadWatch&) = delete;

  // For Weights. Each does nothing when the thread has no watch.
  static void opened(const TensorView& view);
  static void taken(const TensorView& view);

 private:
  std::function<void(const State&)> on_change_;
  State state_;
  std::unordered_map<const std::byte*, bool> known_;  // by where they lie; true: taken
  LoadWatch* before_;
};

}  // namespace embrace::transformers
