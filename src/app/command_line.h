#pragma once
// The command line: from argv to one action. Names are kept stable because scripts depend on them.

namespace embrace::app {

// The program's exit status: 0 done, 1 failed (the reason is on stderr), 2 unusable arguments.
int run_command_line(int argc, char** argv);

}  // namespace embrace::app
