#include "testing/s3_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace testing {
namespace {

namespace fs = std::filesystem;
constexpr auto kStartTimeout = std::chrono::seconds(90);

// In a folder above this program, which lies somewhere in build/.
std::string find_weed() {
  std::error_code ignored;
  if (const char* word = std::getenv("EMB_TEST_S3")) {
    if (fs::exists(word, ignored)) return word;
    throw std::runtime_error("EMB_TEST_S3 names no program: " + std::string(word));
  }
  for (fs::path at = fs::read_symlink("/proc/self/exe", ignored); at.has_relative_path();
       at = at.parent_path()) {
    const fs::path weed = at.parent_path() / ".venv/s3/bin/weed";
    if (fs::exists(weed, ignored)) return weed;
  }
  throw std::runtime_error(
      "no S3 server in .venv/s3/bin/weed: run ./dev test once, or set EMB_TEST_S3=off to skip "
      "these tests");
}

sockaddr_in loopback(unsigned short port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// All are held before the first is let go, so that they differ.
std::vector<unsigned short> free_ports(int count) {
  std::vector<int> sockets;
  std::vector<unsigned short> ports;
  for (int i = 0; i < count; ++i) {
    sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (::bind(sockets.back(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::getsockname(sockets.back(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("no free port on the loopback interface");
    }
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int socket : sockets) ::close(socket);
  return ports;
}

// What the port answers to a request for `path`, the first line of it; "" for nothing.
std::string ask(unsigned short port, const std::string& path) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  std::string got(64, '\0');
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    got.resize(std::max<ssize_t>(0, ::recv(socket, got.data(), got.size(), MSG_WAITALL)));
  } else {
    got.clear();
  }
  ::close(socket);
  return got.substr(0, got.find('\r'));
}

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  // Only calls that are safe after fork() from here on.
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int in = ::open("/dev/null", O_RDONLY);
  const bool ready = out >= 0 && in >= 0 && ::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 &&
                     ::dup2(out, 2) >= 0 && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                     ::getppid() == parent;
  if (ready) ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::string last_lines(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  const std::string all = out.str();
  return all.substr(all.size() - std::min<std::size_t>(all.size(), 4000));
}

}  // namespace

bool s3_is_switched_off() {
  const char* word = std::getenv("EMB_TEST_S3");
  return word != nullptr && std::string(word) == "off";
}

S3Server& S3Server::shared() {
  static S3Server server;
  return server;
}

S3Server::S3Server() : ports_(free_ports(kPorts)) {
  ::setenv("no_proxy", "127.0.0.1", 1);
  fs::create_directory(folder_ / "data");
  std::ofstream(folder_ / "keys.json")
      << R"({"identities": [{"name": "test", "credentials": [{"accessKey": ")" << kAccessKeyId
      << R"(", "secretKey": ")" << kSecretAccessKey
      << R"("}], "actions": ["Admin", "Read", "Write", "List"]}]})";
  start_again();
}

S3Server::~S3Server() {
  kill();
  // The one thing that it leaves outside its folder.
  for (const char* part : {"master", "volume", "filer", "s3"}) {
    for (const unsigned short port : ports_) {
      for (const char* kind : {"-", "-grpc-"}) {
        std::error_code ignored;
        fs::remove("/tmp/seaweedfs-" + std::string(part) + kind + std::to_string(port) + ".sock",
                   ignored);
      }
    }
  }
}

std::string S3Server::endpoint() const { return "http://127.0.0.1:" + std::to_string(ports_[S3]); }

std::string S3Server::bucket_maker(const std::string& bucket) const {
  return "http://127.0.0.1:" + std::to_string(ports_[Filer]) + "/buckets/" + bucket + "/";
}

void S3Server::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
}

void S3Server::start_again() {
  std::vector<std::string> command = {
      find_weed(), "-logtostderr=true", "server", "-dir=" + (folder_ / "data"), "-ip=127.0.0.1",
      "-ip.bind=127.0.0.1", "-master.telemetry=false",
      // One master elects itself at once, also after a kill.
      "-master.resumeState=false", "-master.electionTimeout=1s", "-master.volumeSizeLimitMB=64",
      "-volume.max=100", "-filer", "-s3", "-s3.config=" + (folder_ / "keys.json"),
      "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"};
  static constexpr const char* kFlags[kPorts] = {
      "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
      "filer.port",  "filer.port.grpc",  "s3.port",     "s3.port.grpc"};
  for (int i = 0; i < kPorts; ++i) {
    command.push_back("-" + std::string(kFlags[i]) + "=" + std::to_string(ports_[i]));
  }
  process_ = spawn(command, log());
  wait_until_ready();
}

void S3Server::wait_until_ready() {
  const auto give_up = std::chrono::steady_clock::now() + kStartTimeout;
  // The gateway is the last to start; a volume to write to must have been announced by then.
  while (!ask(ports_[S3], "/status").contains(" 200 ") ||
         !ask(ports_[Master], "/dir/assign").contains(" 200 ")) {
    int status = 0;
    const bool ended = ::waitpid(process_, &status, WNOHANG) == process_;
    if (ended || std::chrono::steady_clock::now() > give_up) {
      if (ended) process_ = -1;
      kill();
      throw std::runtime_error("the S3 server did not start: " + last_lines(log()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace testing
