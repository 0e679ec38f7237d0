#pragma once
// A client that knows only bytes, for the tests of this room: it can be as slow, as rude and as
// wrong as a test wants. Plain loopback sockets; every read gives up after ten seconds.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace embrace::http {

struct WireReply {
  unsigned status = 0;
  std::multimap<std::string, std::string> fields;  // names in lower case
  std::string body;
  bool complete = false;  // the body ended as its framing said

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }
};

class WireClient {
 public:
  explicit WireClient(unsigned short port);
  ~WireClient();
  WireClient(const WireClient&) = delete;

  void send(std::string_view bytes);
  void end_output();
  void close();
  // The next response; status 0 when the connection ended before its head.
  WireReply read_reply(bool is_head = false);
  std::string read_available_line();  // up to and with "\r\n"
  bool at_end();                      // waits for the server to close (or for a byte)
  void limit_receive_buffer(int bytes);
  void read_some(std::size_t bytes_max);  // and drop it; what is there, without waiting

 private:
  bool fill();

  int fd_ = -1;
  std::string ready_;
};

}  // namespace embrace::http
