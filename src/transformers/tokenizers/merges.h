#pragma once
// Merges: what a BPE has learned. Of neighbouring symbols, the pair that was learned first is
// merged into one, the leftmost of several, again and again, until no learned pair is left.
//
// Few symbols are scanned for their best pair; many use a heap, so that n symbols cost n log n
// whatever they are. Threads: constant after it is filled; a Memory belongs to one thread.

#include <cstdint>
#include <vector>

namespace embrace::transformers {

struct Symbol {
  std::uint32_t id;
  std::uint32_t length;  // bytes of the piece that it stands for
  friend bool operator==(Symbol, Symbol) = default;
};

class Merges {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  struct Entry {
    std::uint64_t pair = kEmpty;  // left id, right id
    std::uint32_t rank = kNone;
    std::uint32_t id = 0;  // of both together

    std::uint32_t left() const { return static_cast<std::uint32_t>(pair >> 32); }
    std::uint32_t right() const { return static_cast<std::uint32_t>(pair); }
  };

  // What merging needs while it works, kept for the next time.
  class Memory {
    friend class Merges;
    struct Link {
      std::uint32_t previous;
      std::uint32_t next;
    };
    // A pair that may be merged, in a heap whose top was learned first.
    struct Waiting {
      std::uint32_t rank;
      std::uint32_t at;  // its left symbol
      std::uint32_t id;
      bool operator<(const Waiting& other) const {
        return rank != other.rank ? rank > other.rank : at > other.at;
      }
    };
    std::vector<Entry> pairs_;
    std::vector<Link> links_;
    std::vector<Waiting> waiting_;
  };

  explicit Merges(std::size_t count);

  void add(std::uint32_t left, std::uint32_t right, std::uint32_t rank, std::uint32_t id) {
    const std::uint64_t pair = std::uint64_t{left} << 32 | right;
    table_[place(pair)] = {pair, rank, id};
  }

  // rank is kNone when there is none.
  const Entry& find(std::uint32_t left, std::uint32_t right) const {
    return table_[place(std::uint64_t{left} << 32 | right)];
  }

  // All of them, what was learned first in front.
  std::vector<Entry> in_order() const;

  void merge(std::vector<Symbol>& symbols, Memory& memory) const;

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static constexpr std::size_t kScanMax = 48;  // symbols; above, a heap is quicker

  std::size_t place(std::uint64_t pair) const {
    std::uint64_t hash = pair ^ pair >> 32;
    hash *= 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
    const std::size_t mask = table_.size() - 1;
    std::size_t at = hash & mask;
    while (table_[at].pair != pair && table_[at].pair != kEmpty) at = (at + 1) & mask;
    return at;
  }

  void merge_by_scan(std::vector<Symbol>& symbols, Memory& memory) const;
  void merge_by_heap(std::vector<Symbol>& symbols, Memory& memory) const;

  std::vector<Entry> table_;
};

}  // namespace embrace::transformers
