#include "crypto/blake3.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "base/check.h"
#include "crypto/blake3_block.h"
#include "crypto/blake3_lanes.h"

namespace embrace::crypto {

namespace {

using blake3_lanes::hash_nodes;
using blake3_lanes::kBlockBytes;
using blake3_lanes::kKeyed;
using blake3_lanes::kLeafBytes;
using blake3_lanes::kParent;
using blake3_lanes::kRoot;
using blake3_lanes::Node;
using blake3_lanes::Words;

static_assert(sizeof(Blake3Hash) * 2 == kBlockBytes, "two neighbours are their parent's block");

constexpr std::size_t kSubtreeLeavesMax = 256;  // whose values take 8 KiB of stack
constexpr std::size_t kBatchLeaves = 1024;      // whose nodes and values take 112 KiB of it

const std::uint8_t* address(const char* bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes);
}

Words words_of(const Blake3Key& key) { return std::bit_cast<Words>(key); }

std::size_t count_leaves(std::size_t bytes) {
  return bytes <= kLeafBytes ? 1 : (bytes - 1) / kLeafBytes + 1;
}

Node leaf_at(const char* bytes, std::size_t length, std::uint64_t index, std::uint32_t flags,
             Blake3Hash& value) {
  return {address(bytes), index, static_cast<std::uint32_t>(length), flags, value.data()};
}

// The parent of values[0] and values[1].
Node parent_of(const Blake3Hash* values, std::uint32_t flags, Blake3Hash& value) {
  return {values->data(), 0, kBlockBytes, flags | kParent, value.data()};
}

// A message of several on its way up: its `count` values lie from `first` on, and shrink to one.
struct Climb {
  const char* bytes;
  std::size_t length;
  std::size_t first;
  std::size_t count;
  Blake3Hash* out;
};

// Messages that are hashed side by side, level by level, so that all of them fill the lanes. Its
// memory is on the stack: fresh memory for each batch would cost as much as a tenth of the hashing.
class Batch {
 public:
  Batch(const Words& key, std::uint32_t mode) : key_(key), mode_(mode) {}

  // Of kBatchLeaves at most.
  void add(std::string_view message, Blake3Hash& out) {
    const std::size_t leaves = count_leaves(message.size());
    if (leaves_ + leaves > kBatchLeaves) run();
    climbs_[messages_++] = {message.data(), message.size(), leaves_, leaves, &out};
    leaves_ += leaves;
  }

  void run() {
    hash_leaves();
    while (hash_parents()) continue;
    messages_ = 0;
    leaves_ = 0;
  }

 private:
  void hash_leaves();
  bool hash_parents();
  std::span<Climb> climbs() { return std::span(climbs_).first(messages_); }

  const Words& key_;
  const std::uint32_t mode_;
  std::size_t leaves_ = 0;
  std::size_t messages_ = 0;
  std::array<Climb, kBatchLeaves> climbs_;  // of each message, which has a leaf at least
  std::array<Blake3Hash, kBatchLeaves> values_;
  std::array<Node, kBatchLeaves> nodes_;
};

void Batch::hash_leaves() {
  // Lanes that work together take as long as the longest, so the short ones, which are the last of
  // their messages, keep to themselves: they follow the whole ones, by length.
  const std::span<Node> tails = std::span(nodes_).first(leaves_).last(messages_);
  std::size_t wholes = 0;
  for (std::size_t i = 0; i < messages_; ++i) {
    const Climb& climb = climbs_[i];
    Blake3Hash* const values = &values_[climb.first];
    const std::size_t last = climb.count - 1;
    for (std::size_t leaf = 0; leaf < last; ++leaf) {
      nodes_[wholes++] =
          leaf_at(climb.bytes + leaf * kLeafBytes, kLeafBytes, leaf, mode_, values[leaf]);
    }
    tails[i] = leaf_at(climb.bytes + last * kLeafBytes, climb.length - last * kLeafBytes, last,
                       mode_ | (last == 0 ? kRoot : 0), last == 0 ? *climb.out : values[last]);
  }
  std::ranges::sort(tails, std::ranges::greater(), &Node::length);
  hash_nodes(key_, std::span(nodes_).first(leaves_));
}

// One level of every tree. An odd one out climbs unchanged. False when all are at their roots.
bool Batch::hash_parents() {
  std::size_t parents = 0;
  for (const Climb& climb : climbs()) {
    if (climb.count < 2) continue;
    Blake3Hash* const values = &values_[climb.first];
    const std::uint32_t flags = mode_ | (climb.count == 2 ? kRoot : 0);
    for (std::size_t pair = 0; pair < climb.count / 2; ++pair) {
      nodes_[parents++] =
          parent_of(values + 2 * pair, flags, climb.count == 2 ? *climb.out : values[pair]);
    }
  }
  if (parents == 0) return false;
  hash_nodes(key_, std::span(nodes_).first(parents));
  for (Climb& climb : climbs()) {
    if (climb.count < 2) continue;
    Blake3Hash* const values = &values_[climb.first];
    if (climb.count % 2 == 1) values[climb.count / 2] = values[climb.count - 1];
    climb.count = (climb.count + 1) / 2;
  }
  return true;
}

}  // namespace

Blake3::Blake3() : Blake3(blake3_lanes::kInitial, 0) {}
Blake3::Blake3(const Blake3Key& key) : Blake3(words_of(key), kKeyed) {}
Blake3::Blake3(const Words& key, std::uint32_t mode) : key_(key), mode_(mode) {}

void Blake3::update(std::string_view bytes) {
  while (!bytes.empty()) {
    if (open_bytes_ == kLeafBytes) {
      add_subtree(open_leaf_.data(), 1);
      open_bytes_ = 0;
    }
    std::size_t taken;
    if (open_bytes_ > 0 || bytes.size() <= kLeafBytes) {
      taken = std::min(bytes.size(), kLeafBytes - open_bytes_);
      std::memcpy(open_leaf_.data() + open_bytes_, bytes.data(), taken);
      open_bytes_ += taken;
    } else {
      // The largest subtree that is whole and starts here: its size divides what came before.
      std::size_t leaves = std::bit_floor(std::min(bytes.size() / kLeafBytes, kSubtreeLeavesMax));
      while (leaves_ % leaves != 0) leaves /= 2;
      add_subtree(bytes.data(), leaves);
      taken = leaves * kLeafBytes;
    }
    bytes.remove_prefix(taken);
  }
}

// Hashes `leaves` full leaves, a power of two, down to two values (or one for one leaf): the parent
// of the two is left open, as it may be the root.
void Blake3::add_subtree(const char* bytes, std::size_t leaves) {
  std::array<Blake3Hash, kSubtreeLeavesMax> values;
  std::array<Node, kSubtreeLeavesMax> nodes;
  for (std::size_t i = 0; i < leaves; ++i) {
    nodes[i] = leaf_at(bytes + i * kLeafBytes, kLeafBytes, leaves_ + i, mode_, values[i]);
  }
  hash_nodes(key_, std::span(nodes).first(leaves));
  std::size_t count = leaves;
  for (; count > 2; count /= 2) {
    for (std::size_t i = 0; i < count / 2; ++i) {
      nodes[i] = parent_of(values.data() + 2 * i, mode_, values[i]);
    }
    hash_nodes(key_, std::span(nodes).first(count / 2));
  }
  merge_finished();
  for (std::size_t i = 0; i < count; ++i) stack_[stack_size_++] = values[i];
  leaves_ += leaves;
}

// A tree of n leaves has one finished subtree for each bit that is set in n.
void Blake3::merge_finished() {
  while (stack_size_ > static_cast<std::size_t>(std::popcount(leaves_))) {
    stack_[stack_size_ - 2] = join(stack_[stack_size_ - 2], stack_[stack_size_ - 1], 0);
    --stack_size_;
  }
}

Blake3Hash Blake3::join(const Blake3Hash& left, const Blake3Hash& right,
                        std::uint32_t flags) const {
  const std::array<Blake3Hash, 2> both = {left, right};
  Blake3Hash value;
  const Node node = parent_of(both.data(), mode_ | flags, value);
  hash_nodes(key_, std::span(&node, 1));
  return value;
}

Blake3Hash Blake3::finish() const {
  if (leaves_ == 0) {
    Blake3Hash value;
    const Node node = leaf_at(open_leaf_.data(), open_bytes_, 0, mode_ | kRoot, value);
    hash_nodes(key_, std::span(&node, 1));
    return value;
  }
  Blake3 rest = *this;
  if (open_bytes_ > 0) {
    rest.merge_finished();
    Blake3Hash& value = rest.stack_[rest.stack_size_++];
    const Node node = leaf_at(open_leaf_.data(), open_bytes_, leaves_, mode_, value);
    hash_nodes(key_, std::span(&node, 1));
  }
  Blake3Hash value = rest.stack_[rest.stack_size_ - 1];
  for (std::size_t i = rest.stack_size_ - 1; i-- > 0;) {
    value = join(rest.stack_[i], value, i == 0 ? kRoot : 0);
  }
  return value;
}

namespace {

Blake3Hash hash_whole(Blake3 hash, std::string_view bytes) {
  hash.update(bytes);
  return hash.finish();
}

}  // namespace

Blake3Hash blake3(std::string_view bytes) { return hash_whole(Blake3(), bytes); }

Blake3Hash blake3_keyed(const Blake3Key& key, std::string_view bytes) {
  return hash_whole(Blake3(key), bytes);
}

void blake3_keyed_many(const Blake3Key& key, std::span<const std::string_view> messages,
                       std::span<Blake3Hash> out) {
  EMB_CHECK(messages.size() == out.size(), "each message has a place for its hash");
  const Words words = words_of(key);
  Batch batch(words, kKeyed);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].size() > kBatchLeaves * kLeafBytes) {
      out[i] = blake3_keyed(key, messages[i]);  // enough for itself, and memory stays bounded
      continue;
    }
    batch.add(messages[i], out[i]);
  }
  batch.run();
}

}  // namespace embrace::crypto
