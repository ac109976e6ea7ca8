#pragma once

#include <stop_token>
#include <thread>

#include "exporter/app.hpp"
#include "exporter/commands/terminal.hpp"

namespace ipw {

// Tells on standard error how a pass goes, while it exists: a line that renews itself on a terminal, with a bar where
// there is room, a plain line every
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
  std::string on_terminal(const std::string& text, double share) const;

  const App& app_;
  std::uint64_t total_;
  const Clock& clock_;
  TerminalStyle style_;
  std::jthread thread_;
};

}  // namespace ipw
