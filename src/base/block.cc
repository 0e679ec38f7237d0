#include "base/block.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "base/check.h"
#include "base/sync.h"

namespace embrace {

namespace {

constexpr std::align_val_t kAligned{Block::kAlignment};
static_assert(Block::kFrontBytes % Block::kAlignment == 0);
static_assert(Block::kBytes % Block::kAlignment == 0);
constexpr std::size_t kSpentMax = 16;

struct Free {
  void operator()(char* memory) const { ::operator delete(memory, kAligned); }
};
using Memory = std::unique_ptr<char, Free>;

// Never destroyed: a block may outlive it.
Sync<std::vector<Memory>>& spent() {
  static auto* const kept = new Sync<std::vector<Memory>>();
  return *kept;
}

}  // namespace

std::shared_ptr<Block> Block::make() {
  Memory memory = spent().with([](std::vector<Memory>& kept) -> Memory {
    if (kept.empty()) return nullptr;
    Memory last = std::move(kept.back());
    kept.pop_back();
    return last;
  });
  if (!memory) memory.reset(static_cast<char*>(::operator new(kFrontBytes + kBytes, kAligned)));
  std::shared_ptr<Block> block(new Block(memory.get()));
  (void)memory.release();
  return block;
}

Block::~Block() {
  Memory memory(memory_);
  spent().with([&](std::vector<Memory>& kept) {
    if (kept.size() < kSpentMax) kept.push_back(std::move(memory));
  });
}

void Block::grow(std::size_t count) {
  EMB_CHECK(count <= kBytes - filled_, "a block is filled within its room");
  filled_ += count;
}

std::size_t Block::append(std::string_view from) {
  const std::size_t count = std::min(from.size(), kBytes - filled_);
  if (count > 0) std::memcpy(memory_ + kFrontBytes + filled_, from.data(), count);
  filled_ += count;
  return count;
}

std::string_view Block::behind(std::string_view before) {
  EMB_CHECK(before.size() <= kFrontBytes, "what was left unfinished fits the front");
  char* const begin = memory_ + kFrontBytes - before.size();
  if (!before.empty()) std::memcpy(begin, before.data(), before.size());
  return {begin, before.size() + filled_};
}

}  // namespace embrace
