// http_load: asks a server for the same paths again and again over keep-alive connections, and says
// how often it was answered. One thread, so that the server's processes get the rest of the
// machine.
//
//   http_load PORT --path P [--path P...] [--method HEAD] [--connections 16] [--seconds 2]
//             [--requests N] [--header "Name: value"...]
//
// wrk waits for the bodies that answers to HEAD do not have, and copies the bodies that it gets.
// Here bodies are dropped in the kernel (MSG_TRUNC), which makes the client cheap enough to measure
// a file server with on two cores. Prints one JSON object. Ends with 1 when any answer was not 2xx
// or 304.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kDropBytes = 4 * 1024 * 1024;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "http_load: %s\n", why.c_str());
  std::exit(2);
}

struct Options {
  std::uint16_t port = 0;
  std::string method = "GET";
  std::vector<std::string> paths;
  std::string headers;
  unsigned connections = 16;
  double seconds = 2;
  std::uint64_t requests = UINT64_MAX;
};

Options parse(int argc, char** argv) {
  Options options;
  if (argc < 2) die("usage: http_load PORT --path P [...]; see the top of http_load.cc");
  options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  for (int i = 2; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) die(std::string(name) + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--path")
      options.paths.push_back(value);
    else if (name == "--method")
      options.method = value;
    else if (name == "--header")
      options.headers += value + "\r\n";
    else if (name == "--connections")
      options.connections = static_cast<unsigned>(std::stoul(value));
    else if (name == "--seconds")
      options.seconds = std::stod(value);
    else if (name == "--requests")
      options.requests = std::stoull(value);
    else
      die("no option is named " + std::string(name));
  }
  if (options.paths.empty()) die("--path is missing");
  return options;
}

// The length that a head announces; dies when the body can't be told from the next answer.
std::uint64_t content_length(std::string_view head) {
  for (std::size_t at = head.find("\r\n"); at != head.npos && at + 2 < head.size();) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > 15 && strncasecmp(line.data(), "content-length:", 15) == 0) {
      return std::strtoull(std::string(line.substr(15)).c_str(), nullptr, 10);
    }
    at = head.find("\r\n", at + 2);
  }
  die("an answer without Content-Length:\n" + std::string(head));
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), poll_(epoll_create1(0)) {
    for (const auto& path : options.paths) {
      requests_.push_back(options.method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                          std::to_string(options.port) + "\r\n" + options.headers + "\r\n");
    }
    connections_.resize(options.connections);
    for (auto& connection : connections_) open(connection);
  }

  // Returns how many answers were not what a client hopes for.
  std::uint64_t run() {
    const auto began = Clock::now();
    const auto end = began + std::chrono::duration<double>(options_.seconds);
    for (auto& connection : connections_) ask(connection);
    std::vector<epoll_event> events(connections_.size());
    while (busy_ > 0) {
      const int count = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 30'000);
      if (count == 0) die("no answer within 30 seconds");
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (take(connection) && Clock::now() < end) ask(connection);
      }
    }
    print(std::chrono::duration<double>(Clock::now() - began).count());
    return bad_;
  }

 private:
  struct Connection {
    int socket = -1;
    std::string head;  // what came of the head so far
    std::uint64_t body_left = 0;
    Clock::time_point asked;
  };

  void open(Connection& connection) {
    connection.socket = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      die(std::string("connect: ") + std::strerror(errno));
    }
    const int yes = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event);
  }

  void ask(Connection& connection) {
    if (asked_ == options_.requests) return;
    const auto& text = requests_[asked_++ % requests_.size()];
    if (send(connection.socket, text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
      die(std::string("send: ") + std::strerror(errno));
    }
    connection.asked = Clock::now();
    ++busy_;
  }

  // Takes what arrived; true when that was the end of an answer.
  bool take(Connection& connection) {
    if (connection.body_left == 0) {
      if (!take_head(connection)) return false;
    } else {
      const auto want = std::min<std::uint64_t>(connection.body_left, kDropBytes);
      const auto got = recv(connection.socket, nullptr, want, MSG_TRUNC | MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return false;
      if (got <= 0) die("the server ended the connection inside a body");
      connection.body_left -= static_cast<std::uint64_t>(got);
      body_bytes_ += static_cast<std::uint64_t>(got);
    }
    if (connection.body_left > 0) return false;
    --busy_;
    micros_.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.asked)
            .count()));
    return true;
  }

  // True when the head is whole. Body bytes that came along are counted.
  bool take_head(Connection& connection) {
    char buffer[16 * 1024];
    const auto got = recv(connection.socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) die("the server ended the connection instead of answering");
    connection.head.append(buffer, static_cast<std::size_t>(got));
    const auto end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (connection.head.size() > kHeadBytesMax) die("an answer's head does not end");
      return false;
    }
    const std::string_view head(connection.head.data(), end + 2);
    const int status = head.size() > 12 ? std::atoi(head.data() + 9) : 0;
    if ((status < 200 || status > 299) && status != 304 && bad_++ == 0) {
      std::fprintf(stderr, "http_load: %.*s\n", static_cast<int>(head.size()), head.data());
    }
    const bool no_body = options_.method == "HEAD" || status == 204 || status == 304;
    const std::uint64_t length = no_body ? 0 : content_length(head);
    const std::uint64_t here = connection.head.size() - end - 4;
    if (here > length) die("more bytes than Content-Length says");
    connection.body_left = length - here;
    body_bytes_ += here;
    connection.head.clear();
    return true;
  }

  void print(double seconds) {
    std::ranges::sort(micros_);
    const auto at = [&](double part) {
      return micros_.empty() ? 0u : micros_[static_cast<std::size_t>(part * (micros_.size() - 1))];
    };
    std::printf(
        "{\"requests\": %zu, \"seconds\": %.6f, \"body_bytes\": %llu, \"p50_us\": %u, \"p99_us\": "
        "%u, \"bad\": %llu}\n",
        micros_.size(), seconds, static_cast<unsigned long long>(body_bytes_), at(0.5), at(0.99),
        static_cast<unsigned long long>(bad_));
  }

  const Options& options_;
  const int poll_;
  std::vector<std::string> requests_;
  std::vector<Connection> connections_;  // never resized after open(): epoll holds addresses
  std::uint64_t asked_ = 0;
  unsigned busy_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t bad_ = 0;
  std::vector<std::uint32_t> micros_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  return Load(options).run() == 0 ? 0 : 1;
}
