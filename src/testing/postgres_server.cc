#include "testing/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "testing/temp_folder.h"

namespace testing {
namespace {

namespace fs = std::filesystem;
constexpr auto kStartTimeout = std::chrono::seconds(60);

std::string find_binaries() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (fs::exists(version.path() / "bin" / "initdb")) found.push_back(version.path() / "bin");
  }
  if (found.empty()) {
    throw std::runtime_error(
        "no PostgreSQL server in /usr/lib/postgresql/*/bin: install the package postgresql, "
        "or set EMB_TEST_POSTGRES=off to skip these tests");
  }
  return *std::ranges::max_element(found);
}

// PostgreSQL refuses to run as root; then it runs as the user its package made, or as nobody.
struct RunAs {
  bool other = false;
  uid_t user = 0;
  gid_t group = 0;
};

RunAs unprivileged_user() {
  if (::geteuid() != 0) return {};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = ::getpwnam(name)) return {true, entry->pw_uid, entry->pw_gid};
  }
  throw std::runtime_error(
      "PostgreSQL can't run as root, and there is no user postgres or nobody: make one");
}

// Output goes to the end of `log`. The child gets SIGQUIT (an immediate stop) when we die.
pid_t spawn(const std::vector<std::string>& command, const std::string& log, RunAs as) {
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
  const bool ready =
      out >= 0 && in >= 0 && ::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(out, 2) >= 0 &&
      (!as.other ||
       (::setgroups(1, &as.group) == 0 && ::setgid(as.group) == 0 && ::setuid(as.user) == 0)) &&
      ::chdir("/") == 0 && ::prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0 && ::getppid() == parent;
  if (ready) ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::string read_text(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

void run_to_end(const std::vector<std::string>& command, const std::string& log, RunAs as) {
  int status = 0;
  const pid_t child = spawn(command, log, as);
  if (::waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error(command[0] + " failed: " + read_text(log));
  }
}

class Server {
 public:
  Server() : as_(unprivileged_user()), binaries_(find_binaries()) {
    if (as_.other && ::chown(folder_.path().c_str(), as_.user, as_.group) != 0) {
      throw std::runtime_error("chown " + folder_.path() + " failed");
    }
    run_to_end({binaries_ + "/initdb", "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C", "--no-sync"},
               log(), as_);
    // Tests may lose their data, so nothing waits for the disk.
    process_ = spawn({binaries_ + "/postgres", "-D", data(), "-k", folder_.path(), "-c",
                      "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
                      "synchronous_commit=off", "-c", "max_connections=200", "-c",
                      "shared_buffers=32MB", "-c", "autovacuum=off"},
                     log(), as_);
    wait_until_ready();
  }

  ~Server() { stop(); }

  std::string url_of_fresh_database() {
    std::lock_guard lock(mutex_);
    const std::string name = "test" + std::to_string(++databases_);
    run_to_end({binaries_ + "/createdb", "-h", folder_.path(), "-U", "postgres", name},
               folder_ / "createdb.log", {});
    return "postgresql://postgres@/" + name + "?host=" + folder_.path();
  }

 private:
  std::string data() const { return folder_ / "data"; }
  std::string log() const { return folder_ / "server.log"; }

  void wait_until_ready() {
    const auto give_up = std::chrono::steady_clock::now() + kStartTimeout;
    // The last line of this file is the server's own word on how far it is.
    while (!read_text(data() + "/postmaster.pid").contains("ready")) {
      int status = 0;
      const bool ended = ::waitpid(process_, &status, WNOHANG) == process_;
      if (ended || std::chrono::steady_clock::now() > give_up) {
        if (ended) process_ = -1;
        const std::string said = read_text(log());
        stop();
        throw std::runtime_error("PostgreSQL did not start: " + said);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void stop() {
    if (process_ <= 0) return;
    ::kill(process_, SIGQUIT);
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
  }

  const TempFolder folder_;  // also where the socket lies
  const RunAs as_;
  const std::string binaries_;
  pid_t process_ = -1;

  // Guarded.
  std::mutex mutex_;
  int databases_ = 0;
};

}  // namespace

bool postgres_is_switched_off() {
  const char* word = std::getenv("EMB_TEST_POSTGRES");
  return word != nullptr && std::string(word) == "off";
}

std::string postgres_url_of_fresh_database() {
  static Server server;
  return server.url_of_fresh_database();
}

}  // namespace testing
