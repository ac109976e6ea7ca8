#pragma once

#include <string>

namespace ipw {

// What the program returns to the shell (CONTRACT, "Exit codes").
enum ExitCode : int {
  kSuccess = 0,
  kFailed = 1,      // at run time
  kUsage = 2,       // wrong command line, configuration or corpus
  kAllFailed = 3,   // every query failed
  kRegression = 4,  // found by --gate
};

// Parses the command line and carries it out. Results go to standard output, everything else to standard error.
int run_cli(int argc, char** argv);

}  // namespace ipw
