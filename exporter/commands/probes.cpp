#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "exporter/accounting/rig_snapshot.hpp"
#include "exporter/commands/commands.hpp"
#include "exporter/commands/probes_record.hpp"
#include "exporter/commands/probes_report.hpp"
#include "exporter/config.hpp"
#include "probes/rig.hpp"

namespace ipw {
namespace {

constexpr Seconds kLook{1}, kMostPatience{5};
// Files that stand for another machine are read twice and no more: a tenth of this apart.
constexpr Seconds kFilesPeriod{1};

// Until every sampler has made so many readings, or patience ends.
void await_reads(const probes::Rig& rig, std::uint64_t reads, const Clock& clock) {
  const auto deadline = clock.now() + to_chrono(kMostPatience);
  const auto behind = [&](const probes::SamplerStatus& sampler) { return sampler.reads < reads; };
  while (std::ranges::any_of(rig.samplers(), behind) && clock.now() < deadline)
    static_cast<void>(clock.sleep_until(clock.now() + std::chrono::milliseconds(2), {}));
}

// A tree of files does not move as sensors do: what two looks at it cannot tell is unknown, not 0.
void forget_what_stands_still(std::vector<ChannelSnapshot>& channels) {
  for (auto& channel : channels) {
    if (channel.power && channel.power->value == 0) channel.power.reset();
    channel.update_period.reset();
  }
}

// Where to look for which sources, by the command line and the configuration.
struct Place {
  probes::ProbeEnvironment environment;
  std::vector<Options> sources;
  Seconds period{0.05};
};

Result<Place> place_of(const ProbesOptions& options, const Clock& clock) {
  Place place{{options.root, &clock}, {}};
  if (options.config.empty()) return place;
  auto config = load_config(options.config);
  if (!config) return config.error();
  place.sources = config->probes.sources;
  place.period = config->probes.period;
  if (place.environment.live) place.environment.root = config->probes.root;
  return place;
}

Result<ProbesReport> look(Place place, const Clock& clock) {
  const bool live = place.environment.live;
  auto rig =
      probes::Rig::open(std::move(place.sources), place.environment, live ? place.period : kFilesPeriod, Seconds{60});
  if (!rig) return rig.error();
  await_reads(**rig, 1, clock);
  // Power needs a stretch of time, and the update period some changes of the counter.
  if (live) static_cast<void>(clock.sleep_until(clock.now() + to_chrono(kLook), {}));
  (*rig)->nudge();
  await_reads(**rig, 2, clock);
  ProbesReport report{(*rig)->reports(), (*rig)->topology(), channels_of(**rig), devices_of(**rig)};
  if (!live) forget_what_stands_still(report.channels);
  return report;
}

int record(const ProbesOptions& options, Place place) {
  const auto done = record_power({.sources = std::move(place.sources),
                                  .environment = place.environment,
                                  .period = place.period,
                                  .file = options.record,
                                  .length = Seconds{options.seconds}});
  if (!done) return fail(done.error());
  std::printf("%s\n", done->c_str());
  return kSuccess;
}

}  // namespace

int probes_command(const ProbesOptions& options) {
  const SteadyClock clock;
  auto place = place_of(options, clock);
  if (!place) return fail(place.error());
  if (!options.record.empty()) return record(options, std::move(*place));
  const auto report = look(std::move(*place), clock);
  if (!report) return fail(report.error());
  const auto terminal = terminal_style(STDOUT_FILENO);
  const auto style = terminal.terminal ? TreeStyle::lines : TreeStyle::indented;
  const auto text = options.json ? probes_json(*report) : probes_text(*report, style, terminal);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kSuccess;
}

}  // namespace ipw
