#pragma once
// Connection: one client, from the handshake to the last byte. Reads a head, asks the handler,
// writes the response, and again; requests that were pipelined wait in Input.
//
// Threads: its lane's io thread, always. Ownership: the coroutine that runs it; the lane knows it
// while it runs, for deadlines and for stopping.

#include <memory>
#include <string>

#include "http/body.h"
#include "http/head.h"
#include "http/input.h"
#include "http/lane.h"
#include "http/peers.h"
#include "http/reply.h"
#include "http/stream.h"

namespace embrace::http {

class Connection {
 public:
  Connection(Lane& lane, std::unique_ptr<Stream> stream, std::string peer, Peers::Seat seat);
  ~Connection();
  Connection(const Connection&) = delete;

  Task<void> run();

  // For the lane.
  void check_deadline();
  void close_if_idle();
  void abort();

 private:
  // What the response has to know about its request once the handler has it.
  struct Exchange {
    std::string request_id;
    bool is_head = false;
    bool is_http10 = false;
    bool keep_alive = false;
  };

  Task<bool> serve_one();  // false: no further request
  // A refusal with status 0: nobody is there to be told.
  Task<std::expected<Head, Refusal>> read_head();
  Refusal refusal_of_failed_read() const;
  Request make_request(Head head);
  Task<Response> answer(Request& request);
  Task<void> refuse(Refusal refusal);

  Task<bool> send(Response response, const Exchange& exchange);  // borrows until it returns
  Task<bool> send_slices(std::span<const FileSlice> slices);
  Task<bool> send_pieces(rt::PieceSource& source, std::uint64_t length);
  Task<bool> send_source(std::unique_ptr<rt::ByteSource> source,
                         std::optional<std::uint64_t> length, Framing framing);
  Task<bool> write(Pieces pieces, More more);
  bool keeps_pace(SteadyTime asked, std::size_t bytes);
  Task<void> say_goodbye();

  Lane& lane_;
  std::unique_ptr<Stream> stream_;
  const std::string peer_;
  const Peers::Seat seat_;
  Watch watch_;
  Input input_;
  Body body_;

  std::string out_;       // heads; keeps its memory from request to request
  Pace pace_;             // at which the client takes its response
  bool idle_ = false;     // waits for the first byte of a request
  bool aborted_ = false;  // the server stops: failures are not news
  bool resets_ = false;   // the client stopped reading, or could not notice that bytes are missing
  bool client_talks_ = false;  // closes while more may arrive: a reset would eat the response
};

}  // namespace embrace::http
