#include "probes/rig.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"

namespace ipw::probes {
namespace {

bool can_be_accelerator(Domain domain) {
  return domain == Domain::gpu || domain == Domain::soc || domain == Domain::module || domain == Domain::cpu_package;
}

constexpr Range<double> kPeriods{1e-3, 3600};

}  // namespace

// Opens sources one after the other and remembers what came of each.
class Rig::Finder {
 public:
  explicit Finder(const ProbeEnvironment& environment) : environment_(environment) {}

  Result<void> open(Options& options) {
    const auto type = options.required_text("type");
    if (type.empty()) return options.finish();
    if (type == "auto") {
      look_later_ = true;
      if (auto ok = options.finish(); !ok) return ok;
      return look();
    }
    const auto kind = power_sources().find(type);
    if (!kind) return Error{Errc::invalid, options.place("type") + ": " + kind.error().message};
    const auto period = options.duration("period", Seconds{0}, kPeriods);
    if (auto ok = add(type, period, kind->open(options, environment_)); !ok) return ok;
    reports.back().configured = true;
    if (reports.back().name.empty())
      log_warn("a configured power source is not used until the next start",
               {{"source", type}, {"reason", reports.back().reason}});
    return {};
  }

  // `auto` leaves that type to its own entry in the list.
  void expect(const std::string& type) { listed_.insert(type); }

  // The end of an `auto`, when everything else has been opened.
  Result<void> stand_in() {
    if (!look_later_) return {};
    const bool found = std::ranges::any_of(opened, [](const Opened& o) {
      return std::ranges::any_of(o.source->channels(), [](const Channel& c) { return can_be_accelerator(c.domain); });
    });
    for (const auto& entry : power_sources().entries()) {
      if (entry.open.opened != OpenedWhen::last_resort || has_report(entry.name)) continue;
      if (found)
        reports.push_back({std::string(entry.name), "", "not needed: there are better sources"});
      else if (auto ok = try_one(entry); !ok)
        return ok;
    }
    return {};
  }

  std::vector<Opened> opened;
  std::vector<SourceReport> reports;

 private:
  using Entry = CatalogEntry<PowerSourceKind>;

  Result<void> look() {
    for (const auto& entry : power_sources().entries()) {
      if (entry.open.opened == OpenedWhen::configured && !listed_.contains(std::string(entry.name)))
        reports.push_back({std::string(entry.name), "", "only when it is configured: " + std::string(entry.summary)});
      if (entry.open.opened != OpenedWhen::automatic || listed_.contains(std::string(entry.name))) continue;
      if (auto ok = try_one(entry); !ok) return ok;
    }
    return {};
  }

  Result<void> try_one(const Entry& entry) {
    auto no_options = Options::none();
    return add(std::string(entry.name), Seconds{0}, entry.open.open(no_options, environment_));
  }

  Result<void> add(const std::string& type, Seconds period, Result<std::unique_ptr<PowerSource>> source) {
    if (source) {
      const auto name = unique_name(type);
      reports.push_back({type, name, (*source)->left_out()});
      if (!reports.back().reason.empty())
        log_warn("something is not measured", {{"source", name}, {"reason", reports.back().reason}});
      opened.push_back({name, std::move(*source), period});
      return {};
    }
    if (source.error().code == Errc::invalid) return source.error();
    reports.push_back({type, "", source.error().message});
    return {};
  }

  std::string unique_name(const std::string& type) {
    const auto before = std::ranges::count(reports, type, [](const auto& r) { return r.name.empty() ? "" : r.type; });
    return before == 0 ? type : type + "-" + std::to_string(before + 1);
  }

  bool has_report(std::string_view type) const {
    return std::ranges::any_of(reports, [&](const SourceReport& r) { return r.type == type; });
  }

  const ProbeEnvironment& environment_;
  std::set<std::string> listed_;
  bool look_later_{false};
};

Result<std::unique_ptr<Rig>> Rig::open(std::vector<Options> sources, const ProbeEnvironment& environment,
                                       Seconds period, HistoryLength keep) {
  if (sources.empty()) {
    OptionsNode type{.kind = OptionsNode::Kind::scalar, .text = "auto", .items = {}, .entries = {}};
    OptionsNode map{.kind = OptionsNode::Kind::map, .text = {}, .items = {}, .entries = {{"type", std::move(type)}}};
    sources.emplace_back("built-in", std::move(map));
  }
  Finder finder(environment);
  for (auto& options : sources) finder.expect(options.text("type", ""));
  for (auto& options : sources)
    if (auto ok = finder.open(options); !ok) return ok.error();
  if (auto ok = finder.stand_in(); !ok) return ok.error();
  return std::unique_ptr<Rig>(
      new Rig(std::move(finder.opened), std::move(finder.reports), *environment.clock, period, keep));
}

std::vector<RigChannel> Rig::channels_of(const std::vector<Opened>& opened) {
  std::vector<RigChannel> channels;
  for (const auto& [name, source, period] : opened)
    for (const auto& channel : source->channels())
      channels.push_back({ChannelId(static_cast<std::uint32_t>(channels.size())), name, channel});
  return channels;
}

Rig::Rig(std::vector<Opened>&& opened, std::vector<SourceReport> reports, const Clock& clock, Seconds period,
         HistoryLength keep)
    : reports_(std::move(reports)),
      period_(period),
      topology_(channels_of(opened)),
      timeline_(topology_.channels().size(), keep) {
  std::uint32_t first = 0;
  for (auto& [name, source, own_period] : opened) {
    const auto channels = static_cast<std::uint32_t>(source->channels().size());
    const auto every = own_period.value > 0 ? own_period : std::max(period, read_every(*source));
    log_info("power source opened", {{"source", name}, {"channels", std::to_string(channels)}});
    samplers_.push_back(std::make_unique<Sampler>(name, std::move(source), ChannelId(first), every, timeline_, clock));
    first += channels;
  }
}

void Rig::nudge() {
  for (const auto& sampler : samplers_) sampler->nudge();
}

std::vector<ChannelStatus> Rig::status() const {
  std::vector<ChannelStatus> all;
  for (const auto& sampler : samplers_)
    for (auto& channel : sampler->status().channels) all.push_back(std::move(channel));
  return all;
}

std::vector<SamplerStatus> Rig::samplers() const {
  std::vector<SamplerStatus> all;
  for (const auto& sampler : samplers_) all.push_back(sampler->status());
  return all;
}

std::vector<DeviceState> Rig::devices() const {
  std::vector<DeviceState> all;
  for (const auto& sampler : samplers_)
    for (auto& device : sampler->devices()) all.push_back(std::move(device));
  return all;
}

}  // namespace ipw::probes
