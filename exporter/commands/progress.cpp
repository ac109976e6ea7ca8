#include "exporter/commands/progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/table.hpp"

namespace ipw {
namespace {

struct Sums {
  std::uint64_t done{0}, verdicts{0}, metered{0};
  double score{0};
  Joules energy{0};
};

// All targets together; energy of the accelerator scope.
Sums sums_of(const Snapshot& snapshot) {
  Sums sums;
  for (const auto& target : snapshot.targets) {
    for (const auto n : target.queries) sums.done += n;
    for (const auto& [slice, counts] : target.verdicts) {
      sums.verdicts += counts.all();
      sums.score += counts.score;
    }
    for (const auto& [labels, energy] : target.energy) {
      if (labels.first != probes::Scope::accelerator) continue;
      for (const auto& [slice, metered] : energy.metered) {
        sums.metered += metered.queries;
        sums.energy += metered.energy;
      }
    }
  }
  return sums;
}

std::string duration_text(double seconds) {
  char text[32];
  const auto whole = static_cast<long long>(seconds);
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%lldh%02lldm", whole / 3600, whole / 60 % 60);
  else
    std::snprintf(text, sizeof text, "%lldm%02llds", whole / 60, whole % 60);
  return text;
}

}  // namespace

Progress::Progress(const App& app, std::uint64_t total, const Clock& clock)
    : app_(app), total_(total), clock_(clock), terminal_(::isatty(STDERR_FILENO) == 1), thread_([this](auto stop) {
        run(stop);
      }) {}

Progress::~Progress() {
  thread_.request_stop();
  thread_.join();
  if (terminal_) std::fprintf(stderr, "\r\x1b[K");
}

void Progress::run(const std::stop_token& stop) {
  const auto begin = clock_.now();
  const auto pause = terminal_ ? std::chrono::milliseconds(250) : std::chrono::milliseconds(10000);
  for (auto next = begin + pause; clock_.sleep_until(next, stop); next += pause) {
    const auto text = line(*app_.snapshot(), between(begin, clock_.now()));
    std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "%s\n", text.c_str());
    std::fflush(stderr);
  }
}

std::string Progress::line(const Snapshot& snapshot, Seconds elapsed) const {
  const auto sums = sums_of(snapshot);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < snapshot.targets.size(); ++i) before += app_.done_before(i);
  const auto all = total_ * snapshot.targets.size();
  const double rate = static_cast<double>(sums.done) / elapsed.value;
  std::string text =
      std::to_string(before + sums.done) + "/" + std::to_string(all) + " queries  " + figure(rate) + "/s";
  if (sums.verdicts > 0) {
    const auto n = static_cast<double>(sums.verdicts);
    const auto bounds = wilson(sums.score, n);
    text +=
        "  accuracy " + percent(sums.score / n) + " (" + percent(bounds.lower) + " to " + percent(bounds.upper) + ")";
  }
  if (sums.metered > 0) text += "  " + figure(sums.energy.value / static_cast<double>(sums.metered)) + " J/query";
  if (rate > 0 && before + sums.done < all)
    text += "  left " + duration_text(static_cast<double>(all - before - sums.done) / rate);
  return text;
}

}  // namespace ipw
