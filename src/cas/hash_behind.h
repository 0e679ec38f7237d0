#pragma once
// HashBehind hashes pieces on a thread of its own while their owner writes them to the disk, so
// that one upload runs at the speed of the slower of the two and not of their sum.
//
// The thread starts with the second piece: an object of one piece is hashed by the caller, and so
// are all while kThreadsMax others hash behind, for then every core is busy anyway. At most
// kPiecesMax pieces are held; add() waits for the oldest when there are more. Threads: used by one
// thread.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "crypto/sha256.h"

namespace embrace::cas {

using Piece = std::shared_ptr<std::string>;  // read by the hashing and the writing thread

class HashBehind {
 public:
  static constexpr std::size_t kPiecesMax = 4;
  static constexpr int kThreadsMax = 64;

  HashBehind() = default;
  ~HashBehind();
  HashBehind(const HashBehind&) = delete;

  // Hashes the piece from byte `from` on.
  void add(Piece piece, std::size_t from = 0);
  // A piece that was hashed, to be filled again (fresh memory costs page faults), or null. Ask only
  // when the pieces added so far were written, too.
  Piece take_spent();
  Digest finish();  // once, after the last add()

 private:
  bool start_thread();
  void hash_pieces();
  void stop();

  std::thread thread_;
  bool is_inline_ = false;  // no thread could be had
  struct Part {
    Piece piece;
    std::size_t from = 0;
    std::string_view bytes() const { return std::string_view(*piece).substr(from); }
  };
  Part first_;  // until it is known whether there is a second

  // Guarded by mutex_. (Not a Sync: the condition waits on them.)
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Part> queue_;
  std::vector<Piece> spent_;
  bool is_ending_ = false;

  crypto::Sha256 sha256_;  // of the thread while there is one
};

}  // namespace embrace::cas
