#include "git/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/strings.h"

namespace embrace::git {
namespace {

std::vector<std::string> clean_environment(const GitCommand& command) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> out{
      cat("PATH=", path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"),
      "HOME=/nonexistent",
      "LC_ALL=C",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_TERMINAL_PROMPT=0",
      // The folder may belong to another user (containers, volumes); access is decided above us.
      "GIT_CONFIG_COUNT=1",
      "GIT_CONFIG_KEY_0=safe.directory",
      "GIT_CONFIG_VALUE_0=*",
  };
  for (const auto& [name, value] : command.environment) out.push_back(cat(name, "=", value));
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// posix_spawn's lists, freed on every way out.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  void connect(int fd, int as) {
    if (fd >= 0) {
      posix_spawn_file_actions_adddup2(&actions, fd, as);
    } else {
      posix_spawn_file_actions_addopen(&actions, as, "/dev/null", as == 0 ? O_RDONLY : O_WRONLY, 0);
    }
  }
  // A group of its own, so that its children die with it, and none of our signal settings.
  void isolate() {
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    for (int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGXCPU})
      sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
};

// posix_spawn can't set limits, and setting them a moment after the start would miss the children
// that git may have by then. So a shell sets its own and becomes git. A limit above what the system
// allows leaves the system's in force.
std::string limited_git(const GitLimits& limits) {
  return cat("ulimit -S -d ", limits.memory_bytes / 1024, " 2>/dev/null; ulimit -S -t ",
             limits.cpu_seconds, " 2>/dev/null; exec git \"$@\"");
}

}  // namespace

Result<Process> Process::start(const GitCommand& command, Ends ends) {
  std::vector<std::string> arguments{"sh", "-c", limited_git(command.limits), "git"};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = clean_environment(command);
  SpawnPlan plan;
  plan.connect(ends.in, 0);
  plan.connect(ends.out, 1);
  plan.connect(ends.err, 2);
  plan.isolate();
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, "/bin/sh", &plan.actions, &plan.attributes,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  if (error != 0) return fail(errno_error(error, "start git"));
  return Process(pid);
}

// The hard limit stays as it is, since it could not be raised again.
Status Process::limit_cpu(std::uint64_t seconds) {
  rlimit64 now{};
  if (::prlimit64(pid_, RLIMIT_CPU, nullptr, &now) == 0) {
    now.rlim_cur = std::min<rlim64_t>(seconds, now.rlim_max);
    if (::prlimit64(pid_, RLIMIT_CPU, &now, nullptr) == 0) return Done{};
  }
  // ESRCH: it has ended already, so it can't use any more.
  return errno == ESRCH ? Status(Done{}) : fail(errno_error(errno, "limit git"));
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

Process::~Process() {
  if (pid_ <= 0) return;
  kill();
  (void)wait();
}

void Process::kill() {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

Result<int> Process::wait() {
  if (pid_ <= 0) return fail(Code::Internal, "git was waited for twice");
  int status = 0;
  pid_t got;
  do {
    got = ::waitpid(pid_, &status, 0);
  } while (got < 0 && errno == EINTR);
  pid_ = -1;
  if (got < 0) return fail(errno_error(errno, "wait for git"));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<File> make_memory_file(std::string_view bytes) {
  const int fd = ::memfd_create("embrace-git", MFD_CLOEXEC);
  if (fd < 0) return fail(errno_error(errno, "make a file in memory"));
  File file(fd);
  EMB_DO(file.write_all_at(bytes, 0));  // the child starts reading at 0
  return file;
}

std::string read_memory_file(const File& file, std::size_t bytes_max) {
  std::string out(bytes_max, '\0');
  auto got = file.read_at(out, 0);
  out.resize(got ? *got : 0);
  return std::string(trim(out));
}

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(errno_error(errno, "make a pipe"));
  return Pipe{File(fds[0]), File(fds[1])};
}

Result<Pipe> make_socket_pipe() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return fail(errno_error(errno, "make a socket pair"));
  }
  return Pipe{File(fds[0]), File(fds[1])};
}

Result<GitOutput> run_git(rt::Blocking, const GitCommand& command, std::string_view input,
                          std::size_t out_bytes_max) {
  EMB_TRY(File in, make_memory_file(input));
  EMB_TRY(File err, make_memory_file(""));
  EMB_TRY(Pipe pipe, make_pipe());
  EMB_TRY(Process process,
          Process::start(command, {.in = in.fd(), .out = pipe.write_end.fd(), .err = err.fd()}));
  pipe.write_end = File();
  GitOutput output;
  char piece[65536];
  for (;;) {
    const ssize_t got = ::read(pipe.read_end.fd(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno_error(errno, "read from git"));
    if (got == 0) break;
    if (output.out.size() + static_cast<std::size_t>(got) > out_bytes_max) {
      return fail(Code::TooLarge, cat("git ", command.arguments.front(), " says more than ",
                                      out_bytes_max, " bytes"));
    }
    output.out.append(piece, static_cast<std::size_t>(got));
  }
  EMB_TRY(output.status, process.wait());
  output.err = read_memory_file(err);
  return output;
}

}  // namespace embrace::git
