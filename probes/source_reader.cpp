#include "probes/source_reader.hpp"

#include "base/log.hpp"

namespace ipw::probes {

SourceReader::SourceReader(std::string name, std::unique_ptr<PowerSource> source, ChannelId first, Seconds period,
                           PowerTimeline& timeline, const Clock& clock)
    : name_(std::move(name)),
      source_(std::move(source)),
      first_(first),
      timeline_(timeline),
      clock_(clock),
      told_(source_->channels().size()) {
  for (const auto& channel : source_->channels()) meters_.emplace_back(channel, period);
  ChannelStatus unread;
  unread.reason = "not read yet";
  status_.with([&](auto& channels) { channels.assign(meters_.size(), unread); });
}

void SourceReader::read_once() {
  const auto readings = source_->read();
  const Error missing{Errc::internal, "the source gave no reading for this channel"};
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (i >= readings.size())
      fail(i, missing);
    else if (!readings[i])
      fail(i, readings[i].error());
    else
      take(i, *readings[i]);
  }
}

void SourceReader::take(std::size_t index, const StampedReading& reading) {
  const auto step = meters_[index].feed(reading);
  if (step.known)
    timeline_.append(id(index), step.at, step.cumulative);
  else
    timeline_.append_gap(id(index), step.at, step.cumulative);

  const bool was_down = status_.with([&](auto& channels) {
    auto& status = channels[index];
    const bool down = !status.up && status.read_errors > 0;
    status.up = true;
    status.reason.clear();
    status.cumulative = step.cumulative;
    ++status.events[static_cast<std::size_t>(step.event)];
    return down;
  });
  if (was_down) log_info("power channel is back", {{"channel", channel_name(index)}});
  if (step.event != MeterEvent::normal) tell_once(index, step.event);
}

void SourceReader::fail(std::size_t index, const Error& error) {
  timeline_.append_gap(id(index), clock_.now());
  const bool was_up = status_.with([&](auto& channels) {
    auto& status = channels[index];
    const bool up = status.up || status.read_errors == 0;
    status.up = false;
    status.reason = error.message;
    ++status.read_errors;
    return up;
  });
  if (was_up) log_warn("power channel is down", {{"channel", channel_name(index)}, {"reason", error.message}});
}

void SourceReader::tell_once(std::size_t index, MeterEvent event) {
  if (std::exchange(told_[index][static_cast<std::size_t>(event)], true)) return;
  const auto level = event == MeterEvent::wrap ? LogLevel::debug : LogLevel::warn;
  log(level, "power channel's first event of this kind; further ones are only counted",
      {{"channel", channel_name(index)}, {"event", std::string(to_text(event))}});
}

std::vector<ChannelStatus> SourceReader::channels() const {
  auto channels = status_.with([](const auto& current) { return current; });
  for (std::size_t i = 0; i < channels.size(); ++i) {
    channels[i].update_period = timeline_.update_period(id(i));
    if (channels[i].up) channels[i].power = timeline_.power(id(i));
  }
  return channels;
}

}  // namespace ipw::probes
