// The thread wall of the main thread: what nobody handled ends the program with its reason.
#include <sys/stat.h>

#include <cstdio>
#include <exception>

#include "app/command_line.h"

int main(int argc, char** argv) {
  // Private repositories lie in plain files: what this program and git's own write is for its user
  // alone.
  ::umask(077);
  try {
    return embrace::app::run_command_line(argc, argv);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "embrace: %s\n", exception.what());
    return 1;
  }
}
