#include "http/wire_client_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stdexcept>
#include <tuple>

#include "base/strings.h"

namespace embrace::http {

WireClient::WireClient(unsigned short port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{10, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("can't connect to the server under test");
  }
}

WireClient::~WireClient() { close(); }

void WireClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void WireClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed: what it said before is what the test looks at
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void WireClient::end_output() { ::shutdown(fd_, SHUT_WR); }

void WireClient::limit_receive_buffer(int bytes) {
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void WireClient::read_some(std::size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  std::ignore = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
}

bool WireClient::fill() {
  char bytes[64 * 1024];
  const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  ready_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::string WireClient::read_available_line() {
  while (ready_.find("\r\n") == std::string::npos) {
    if (!fill()) return {};
  }
  const auto end = ready_.find("\r\n") + 2;
  auto line = ready_.substr(0, end);
  ready_.erase(0, end);
  return line;
}

bool WireClient::at_end() { return ready_.empty() && !fill(); }

WireReply WireClient::read_reply(bool is_head) {
  WireReply reply;
  const auto first = read_available_line();
  if (!first.starts_with("HTTP/1.1 ")) return reply;
  reply.status = static_cast<unsigned>(parse_uint(first.substr(9, 3)).value_or(0));
  for (;;) {
    const auto line = read_available_line();
    if (line.empty()) return reply;
    if (line == "\r\n") break;
    const auto colon = line.find(':');
    reply.fields.emplace(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  if (is_head || reply.status == 204 || reply.status == 304 || reply.status < 200) {
    reply.complete = true;
  } else if (reply.field("transfer-encoding") == "chunked") {
    for (;;) {
      const auto line = read_available_line();
      if (line.empty()) return reply;
      const auto size = std::stoull(line, nullptr, 16);
      while (ready_.size() < size + 2) {
        if (!fill()) return reply;
      }
      reply.body += ready_.substr(0, size);
      ready_.erase(0, size + 2);
      if (size == 0) break;
    }
    reply.complete = true;
  } else if (reply.fields.contains("content-length")) {
    const auto length = parse_uint(reply.field("content-length")).value_or(0);
    while (ready_.size() < length) {
      if (!fill()) break;
    }
    reply.complete = ready_.size() >= length;
    reply.body = ready_.substr(0, length);
    ready_.erase(0, reply.body.size());
  } else {
    while (fill()) {
    }
    reply.complete = true;
    reply.body = std::move(ready_);
    ready_.clear();
  }
  return reply;
}

}  // namespace embrace::http
