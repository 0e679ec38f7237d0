#include "transformers/tokenizers/merges.h"

#include <algorithm>

namespace embrace::transformers {

Merges::Merges(std::size_t count) {
  std::size_t size = 16;
  while (size < count * 3) size *= 2;
  table_.resize(size);
}

std::vector<Merges::Entry> Merges::in_order() const {
  std::vector<Entry> all;
  for (const Entry& entry : table_) {
    if (entry.pair != kEmpty) all.push_back(entry);
  }
  std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.rank < b.rank; });
  return all;
}

void Merges::merge(std::vector<Symbol>& symbols, Memory& memory) const {
  if (symbols.size() <= kScanMax) {
    merge_by_scan(symbols, memory);
  } else {
    merge_by_heap(symbols, memory);
  }
}

void Merges::merge_by_scan(std::vector<Symbol>& symbols, Memory& memory) const {
  std::size_t count = symbols.size();
  if (count < 2) return;
  std::vector<Entry>& pairs = memory.pairs_;
  pairs.resize(count - 1);
  for (std::size_t i = 0; i + 1 < count; ++i) pairs[i] = find(symbols[i].id, symbols[i + 1].id);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (pairs[i].rank < pairs[best].rank) best = i;
    }
    if (pairs[best].rank == kNone) break;
    symbols[best] = {pairs[best].id, symbols[best].length + symbols[best + 1].length};
    --count;
    for (std::size_t i = best + 1; i < count; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best + 1; i + 1 < count; ++i) pairs[i] = pairs[i + 1];
    if (best > 0) pairs[best - 1] = find(symbols[best - 1].id, symbols[best].id);
    if (best + 1 < count) pairs[best] = find(symbols[best].id, symbols[best + 1].id);
  }
  symbols.resize(count);
}

void Merges::merge_by_heap(std::vector<Symbol>& symbols, Memory& memory) const {
  std::vector<Memory::Link>& links = memory.links_;
  std::vector<Memory::Waiting>& waiting = memory.waiting_;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  links.resize(count);
  waiting.clear();
  const auto add = [&](std::uint32_t left, std::uint32_t right) {
    const Entry& pair = find(symbols[left].id, symbols[right].id);
    if (pair.rank == kNone) return false;
    waiting.push_back({pair.rank, left, pair.id});
    return true;
  };
  const auto wait = [&](std::uint32_t left, std::uint32_t right) {
    if (add(left, right)) std::push_heap(waiting.begin(), waiting.end());
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    links[i] = {i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1};
    if (i + 1 < count) add(i, i + 1);
  }
  std::make_heap(waiting.begin(), waiting.end());
  while (!waiting.empty()) {
    const Memory::Waiting top = waiting.front();
    std::pop_heap(waiting.begin(), waiting.end());
    waiting.pop_back();
    const std::uint32_t right = links[top.at].next;
    if (symbols[top.at].id == kNone || right == kNone) continue;
    // What waited may have merged otherwise meanwhile.
    const Entry& pair = find(symbols[top.at].id, symbols[right].id);
    if (pair.rank == kNone || pair.id != top.id) continue;
    symbols[top.at] = {pair.id, symbols[top.at].length + symbols[right].length};
    symbols[right].id = kNone;  // gone
    links[top.at].next = links[right].next;
    if (links[right].next != kNone) links[links[right].next].previous = top.at;
    if (links[top.at].previous != kNone) wait(links[top.at].previous, top.at);
    if (links[top.at].next != kNone) wait(top.at, links[top.at].next);
  }
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (symbols[i].id != kNone) symbols[kept++] = symbols[i];
  }
  symbols.resize(kept);
}

}  // namespace embrace::transformers
