#include "probes/source_reader.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace ipw::probes {
namespace {

constexpr Seconds kPatience{0.5};
// Awaiting an update: readings are a sixteenth of the period apart, and no closer than this. Sensors faster than
// kWorthAwaiting are known well enough as they are.
constexpr Seconds kFinest{0.001}, kWorthAwaiting{0.004}, kLearnFor{0.6};
constexpr int kToLearn = 6, kToRelearn = 3;
constexpr unsigned kRelearnEvery = 16;
constexpr double kInTime = 0.8;  // of a gauge's period, so that no update is missed

}  // namespace

SourceReader::SourceReader(std::string name, std::unique_ptr<PowerSource> source, ChannelId first, Seconds period,
                           PowerTimeline& timeline, const Clock& clock)
    : name_(std::move(name)),
      source_(std::move(source)),
      first_(first),
      timeline_(timeline),
      clock_(clock),
      patience_(std::max(period * 3, kPatience)) {
  for (const auto& channel : source_->channels()) tracks_.emplace_back(channel, period);
  ChannelStatus unread;
  unread.reason = "not read yet";
  status_.with([&](auto& channels) { channels.assign(tracks_.size(), unread); });
}

void SourceReader::read_once() {
  const auto readings = source_->read();
  const Error missing{Errc::internal, "the source gave no reading for this channel"};
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (i >= readings.size())
      fail(i, missing);
    else if (!readings[i])
      fail(i, readings[i].error());
    else
      take(i, *readings[i]);
  }
}

void SourceReader::take(std::size_t index, const StampedReading& reading) {
  auto& track = tracks_[index];
  track.last_good = reading.at;
  track.is_gauge = std::holds_alternative<Watts>(reading.value);
  track.meter.feed(reading, output_);
  if (track.meter.moved() && track.awaited.updates > 0) --track.awaited.updates;

  bool was_down = false;
  pass_on(index, [&](ChannelStatus& status) {
    was_down = !status.up && status.read_errors > 0;
    status.up = true;
    status.reason.clear();
    status.update_period = track.meter.period();
    status.crosscheck = track.meter.crosscheck();
  });
  if (was_down) log_info("power channel is back", {{"channel", channel_name(index)}});
  tell_choice(index);
}

// What the meter made of it goes to the timeline, its events and what `more` says of the channel into the account.
void SourceReader::pass_on(std::size_t index, const std::function<void(ChannelStatus&)>& more) {
  for (const auto& p : output_.points) {
    if (p.known)
      timeline_.append(id(index), {p.at, p.cumulative, p.sd, p.variance});
    else
      timeline_.append_gap(id(index), p.at, p.cumulative, p.reset);
  }
  status_.with([&](auto& channels) {
    auto& status = channels[index];
    if (!output_.points.empty()) status.cumulative = output_.points.back().cumulative;
    for (const auto event : output_.events) ++status.events[static_cast<std::size_t>(event)];
    more(status);
  });
  for (const auto event : output_.events) tell_once(index, event);
  output_.points.clear();
  output_.events.clear();
}

// A reading that fails once leaves nothing unknown: a counter contains it at the next, a gauge goes on from the last.
void SourceReader::fail(std::size_t index, const Error& error) {
  auto& track = tracks_[index];
  const auto now = clock_.now();
  const bool may_pass = error.code == Errc::retry && track.last_good && between(*track.last_good, now) <= patience_;
  if (!may_pass) track.meter.interrupt(output_);
  bool was_up = false;
  pass_on(index, [&](ChannelStatus& status) {
    ++status.read_errors;
    if (may_pass) return;
    was_up = status.up || status.reason.empty() || status.read_errors == 1;
    status.up = false;
    status.reason = error.message;
  });
  if (!may_pass) timeline_.append_gap(id(index), now);
  if (was_up) log_warn("power channel is down", {{"channel", channel_name(index)}, {"reason", error.message}});
}

void SourceReader::await_updates(MonoTime now) {
  const bool relearn = awaited_times_++ % kRelearnEvery == 0;
  const auto channels = source_->channels();
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (channels[i].read_every.value > 0) continue;
    const auto period = tracks_[i].meter.period();
    auto& awaited = tracks_[i].awaited;
    // A channel that stays at rest has nothing to be learned from.
    if (!period && !relearn && awaited_times_ > kRelearnEvery) continue;
    if (!period)
      awaited = {kToLearn, now + to_chrono(kLearnFor), kFinest};
    else if (tracks_[i].meter.is_slow() && *period >= kWorthAwaiting)
      awaited = {relearn ? kToRelearn : 1, now + to_chrono(*period * 4), std::max(*period / 16, kFinest)};
  }
}

std::optional<Seconds> SourceReader::wanted(MonoTime now) const {
  std::optional<Seconds> soonest;
  const auto want = [&](Seconds step) { soonest = std::min(soonest.value_or(step), step); };
  for (const auto& track : tracks_) {
    if (track.awaited.updates > 0 && now < track.awaited.until) want(track.awaited.step);
    if (track.is_gauge && track.meter.is_slow() && *track.meter.period() >= kWorthAwaiting)
      want(*track.meter.period() * kInTime);
  }
  return soonest;
}

void SourceReader::tell_choice(std::size_t index) {
  auto& track = tracks_[index];
  if (std::exchange(track.choice, track.meter.choice()) == track.meter.choice()) return;
  const bool counter = track.choice == CrossCheck::Choice::counter;
  log_warn("power channel is now metered by another value",
           {{"channel", channel_name(index)},
            {"by", counter ? "its energy counter" : "its power, integrated"},
            {"reason", track.meter.choice_reason()}});
}

void SourceReader::tell_once(std::size_t index, MeterEvent event) {
  if (std::exchange(tracks_[index].told[static_cast<std::size_t>(event)], true)) return;
  const auto level = event == MeterEvent::wrap ? LogLevel::debug : LogLevel::warn;
  log(level, "power channel's first event of this kind; further ones are only counted",
      {{"channel", channel_name(index)}, {"event", std::string(to_text(event))}});
}

void SourceReader::look_at_devices() {
  auto states = source_->states();
  devices_.with([&](auto& devices) { devices = std::move(states); });
}

std::vector<DeviceState> SourceReader::devices() const {
  return devices_.with([](const auto& devices) { return devices; });
}

std::vector<ChannelStatus> SourceReader::channels() const {
  auto channels = status_.with([](const auto& current) { return current; });
  for (std::size_t i = 0; i < channels.size(); ++i)
    if (channels[i].up) channels[i].power = timeline_.power(id(i));
  return channels;
}

}  // namespace ipw::probes
