#pragma once

#include <stop_token>
#include <thread>

#include "exporter/app.hpp"

namespace ipw {

// Tells on standard error how a pass goes, while it exists: a line that renews itself on a terminal, a plain line every
// ten seconds elsewhere.
class Progress {
 public:
  // REQUIRES: `app` and `clock` outlive it. `total`: queries of one pass of one target.
  Progress(const App& app, std::uint64_t total, const Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void run(const std::stop_token& stop);
  std::string line(const Snapshot& snapshot, Seconds elapsed) const;

  const App& app_;
  std::uint64_t total_;
  const Clock& clock_;
  bool terminal_;
  std::jthread thread_;
};

}  // namespace ipw
