#pragma once
// HashBehind computes a sha256 on a pool while the owner of the bytes cuts and writes them.
//
// The first block is kept until there is a second: an object of one block is hashed by its owner,
// with no other thread. At most kBlocksMax blocks are held. Threads: used by one, which may block.

#include <memory>

#include "base/block.h"
#include "base/digest.h"
#include "crypto/sha256.h"
#include "rt/behind.h"

namespace embrace::cas {

class HashBehind {
 public:
  static constexpr std::size_t kBlocksMax = 4;

  explicit HashBehind(rt::Pool& hashers) : jobs_(hashers, kBlocksMax) {}

  void add(rt::Blocking, BlockPtr block);
  Digest finish(rt::Blocking);  // once, after the last add()

 private:
  void start(rt::Blocking, BlockPtr block);

  BlockPtr first_;  // until it is known whether there is a second
  bool has_started_ = false;
  std::shared_ptr<crypto::Sha256> sha256_ = std::make_shared<crypto::Sha256>();  // of the jobs
  rt::Behind jobs_;
};

}  // namespace embrace::cas
