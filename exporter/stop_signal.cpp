#include "exporter/stop_signal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace ipw {
namespace {

int pipe_ends[2] = {-1, -1};

// Only async-signal-safe calls: the byte wakes the watcher, and the default action waits for a second signal.
void on_signal(int number) {
  const int saved = errno;
  const char byte = 's';
  [[maybe_unused]] const auto written = ::write(pipe_ends[1], &byte, 1);
  std::signal(number, SIG_DFL);
  errno = saved;
}

}  // namespace

StopSignal::StopSignal() {
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) std::terminate();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  watcher_ = std::jthread([this] {
    char byte = 0;
    while (::read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == 's') stop_.request_stop();
  });
}

StopSignal::~StopSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  const char byte = 'e';
  [[maybe_unused]] const auto written = ::write(pipe_ends[1], &byte, 1);
  watcher_.join();
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

}  // namespace ipw
