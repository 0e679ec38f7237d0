#pragma once
// sort_stably(): std::stable_sort without the temporary buffer that libstdc++ 12 warns of; what is
// equal stays in its order.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace embrace::transformers {

// `before(a, b)`: whether `a` belongs before `b`.
template <class T, class Before>
void sort_stably(std::vector<T>& all, Before before) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return before(all[a], all[b]) || (a < b && !before(all[b], all[a]));
  });
  std::vector<T> made;
  made.reserve(all.size());
  for (const std::size_t i : order) made.push_back(std::move(all[i]));
  all = std::move(made);
}

}  // namespace embrace::transformers
