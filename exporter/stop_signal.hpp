#pragma once

#include <stop_token>
#include <thread>

namespace ipw {

// Turns SIGINT and SIGTERM into a stop request while it exists. A second signal ends the process as if nobody had
// caught it. REQUIRES: at most one exists at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread watcher_;
};

}  // namespace ipw
