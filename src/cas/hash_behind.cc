#include "cas/hash_behind.h"

#include <utility>

namespace embrace::cas {

void HashBehind::add(rt::Blocking blocking, BlockPtr block) {
  if (!std::exchange(has_started_, true)) {
    first_ = std::move(block);
    return;
  }
  if (first_) start(blocking, std::exchange(first_, nullptr));
  start(blocking, std::move(block));
}

void HashBehind::start(rt::Blocking blocking, BlockPtr block) {
  jobs_.add(blocking, [hash = sha256_, block = std::move(block)](rt::Blocking) {
    hash->update(block->bytes());
  });
}

Digest HashBehind::finish(rt::Blocking blocking) {
  jobs_.wait(blocking);
  if (first_) sha256_->update(std::exchange(first_, nullptr)->bytes());
  return sha256_->finish();
}

}  // namespace embrace::cas
