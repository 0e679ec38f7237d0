#include "transformers/kernels/weight_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <mutex>
#include <new>

namespace embrace::transformers {

namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kPage = std::size_t{2} << 20;
constexpr std::size_t kChunk = std::size_t{32} << 20;

std::size_t round_up(std::size_t bytes, std::size_t to) {
  if (bytes > SIZE_MAX / 2) throw std::bad_array_new_length();
  return (bytes + to - 1) / to * to;
}

// Address space alone, until it is written.
class Chunk {
 public:
  explicit Chunk(std::size_t bytes) : mapped_bytes_(bytes + kPage) {
    mapped_ =
        mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped_ == MAP_FAILED) throw std::bad_alloc();
    const auto address = reinterpret_cast<std::uintptr_t>(mapped_);
    next_ = static_cast<std::byte*>(mapped_) + (round_up(address, kPage) - address);
    end_ = next_ + bytes;
    madvise(next_, bytes, MADV_HUGEPAGE);  // a wish: without it all works, slower
  }
  ~Chunk() { munmap(mapped_, mapped_bytes_); }
  Chunk(const Chunk&) = delete;

  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }
  std::byte* take(std::size_t bytes) {
    std::byte* piece = next_;
    next_ += bytes;
    return piece;
  }

 private:
  void* mapped_;
  std::size_t mapped_bytes_;
  std::byte* next_;
  std::byte* end_;
};

std::mutex current_mutex;
std::weak_ptr<Chunk> current;  // guarded by current_mutex: where small pieces come from

}  // namespace

WeightMemory WeightMemory::allocate(std::size_t bytes) {
  const std::size_t wanted = round_up(bytes, kLine);
  std::lock_guard lock(current_mutex);
  std::shared_ptr<Chunk> chunk = current.lock();
  if (!chunk || chunk->left() < wanted) {
    auto fresh = std::make_shared<Chunk>(wanted > kChunk / 4 ? round_up(wanted, kPage) : kChunk);
    if (!chunk || fresh->left() - wanted >= chunk->left()) current = fresh;
    chunk = std::move(fresh);
  }
  WeightMemory memory;
  memory.data_ = chunk->take(wanted);
  memory.size_ = bytes;
  memory.chunk_ = std::move(chunk);
  return memory;
}

}  // namespace embrace::transformers
