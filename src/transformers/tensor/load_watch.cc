#include "transformers/tensor/load_watch.h"

#include <utility>

#include "transformers/tensor/tensor.h"

namespace embrace::transformers {

namespace {
thread_local LoadWatch* newest = nullptr;
}  // namespace

LoadWatch::LoadWatch(std::function<void(const State&)> on_change)
    : on_change_(std::move(on_change)), before_(std::exchange(newest, this)) {}

LoadWatch::~LoadWatch() { newest = before_; }

void LoadWatch::opened(const TensorView& view) {
  if (newest == nullptr || !newest->known_.emplace(view.bytes.data(), false).second) return;
  ++newest->state_.tensors;
  newest->state_.bytes += view.bytes.size();
  newest->on_change_(newest->state_);
}

void LoadWatch::taken(const TensorView& view) {
  if (newest == nullptr) return;
  const auto known = newest->known_.find(view.bytes.data());
  if (known == newest->known_.end() || std::exchange(known->second, true)) return;
  ++newest->state_.tensors_taken;
  newest->state_.bytes_taken += view.bytes.size();
  newest->on_change_(newest->state_);
}

}  // namespace embrace::transformers
