#pragma once
// Child processes that run the system's git. They see a clean environment: none of our variables,
// no configuration but the repository's own, English messages.
//
// Input that is known beforehand goes through an anonymous file in memory, and so does what the
// child says on stderr; so a child that reads late or talks much can't block us, nor we it.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "rt/blocking.h"

namespace embrace::git {

// What a child may use before the system ends it. A few bytes of somebody's pack can ask for any
// amount of memory and time.
struct GitLimits {
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;  // its own, without files it maps to read
  std::uint64_t cpu_seconds = 3600;
};

struct GitCommand {
  std::vector<std::string> arguments;                            // after "git"
  std::vector<std::pair<std::string, std::string>> environment;  // beside the clean one
  GitLimits limits = {};
};

// wait()'s answer when a child used up its time on the CPU.
inline constexpr int kStatusOutOfTime = 128 + 24;  // SIGXCPU

// A running child. Dropping it kills the child (with its own children) and reaps it.
class Process {
 public:
  // Descriptors of the child's ends; -1 is /dev/null.
  struct Ends {
    int in = -1;
    int out = -1;
    int err = -1;
  };
  static Result<Process> start(const GitCommand& command, Ends ends);
  Process() = default;
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  // Waits for the end. The exit status; 128 + signal when it was killed.
  Result<int> wait();
  void kill();
  // Allows so much time on the CPU in all, from its start. Wrong after wait().
  Status limit_cpu(std::uint64_t seconds);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
};

Result<File> make_memory_file(std::string_view bytes);
std::string read_memory_file(const File& file, std::size_t bytes_max = 4096);

struct Pipe {
  File read_end;
  File write_end;
};
Result<Pipe> make_pipe();
// Like a pipe, but writing to it when nobody reads is an error rather than a SIGPIPE.
Result<Pipe> make_socket_pipe();

struct GitOutput {
  int status = 0;
  std::string out;
  std::string err;  // the beginning of it, trimmed
};
// Runs git to its end. TooLarge when it says more than out_bytes_max.
Result<GitOutput> run_git(rt::Blocking, const GitCommand& command, std::string_view input,
                          std::size_t out_bytes_max);

}  // namespace embrace::git
