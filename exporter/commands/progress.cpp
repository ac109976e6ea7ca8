#include "exporter/commands/progress.hpp"

#include <unistd.h>

#include <algorithm>
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
    : app_(app), total_(total), clock_(clock), style_(terminal_style(STDERR_FILENO)), thread_([this](auto stop) {
        run(stop);
      }) {}

Progress::~Progress() {
  thread_.request_stop();
  thread_.join();
  if (style_.terminal) std::fprintf(stderr, "\r\x1b[K");
}

void Progress::run(const std::stop_token& stop) {
  const auto begin = clock_.now();
  const auto pause = style_.terminal ? std::chrono::milliseconds(250) : std::chrono::milliseconds(10000);
  for (auto next = begin + pause; clock_.sleep_until(next, stop); next += pause) {
    style_ = terminal_style(STDERR_FILENO);  // its window may have changed
    const auto text = line(*app_.snapshot(), between(begin, clock_.now()));
    std::fprintf(stderr, style_.terminal ? "\r\x1b[K%s" : "%s\n", text.c_str());
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
  return on_terminal(text, all > 0 ? static_cast<double>(before + sums.done) / static_cast<double>(all) : 1);
}

// In one line of the terminal: cut where it is too long, and with a bar where there is room for one.
std::string Progress::on_terminal(const std::string& text, double share) const {
  if (!style_.terminal || !style_.width) return text;
  constexpr std::size_t kLeastBar = 10, kMostBar = 40;
  const auto room = *style_.width - 1;  // the last column would wrap in some terminals
  const auto used = columns_of(text);
  if (used + 3 + kLeastBar > room) return fitted(text, room);
  const auto length = std::min(kMostBar, room - used - 3);
  const auto done = static_cast<std::size_t>(std::min(1.0, share) * static_cast<double>(length));
  const std::string filled(done, '#');
  return "[" + (style_.colours ? toned(filled, Tone::good) : filled) + std::string(length - done, '-') + "] " + text;
}

}  // namespace ipw
