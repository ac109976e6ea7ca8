// A recorded trace (power_trace_line.hpp) played back, so that any user's problem can be reproduced:
//
//   {type: recorded, path: FILE, loop: false}
//
// The first line of the recording is now; a reading at any time gives what was last recorded by then, with its stamp,
// as a sensor that is polled does. With `loop` the last line is the first of the next round: the counters go on from
// where they are, as many joules per round as were recorded. What is played back is never `measured`.

#include <algorithm>
#include <cmath>
#include <utility>

#include "probes/power_source.hpp"
#include "probes/power_trace.hpp"

namespace ipw::probes::sources {
namespace {

constexpr Seconds kShortestRound{0.1};

// What validating the whole file tells about it.
struct Survey {
  Seconds first{0}, last{0};
};

Error invalid(std::string message) {
  return {Errc::invalid, std::move(message)};
}

// What a counter has shown. Where its range is known, a fall may be a wrap; anything else cannot go on in a circle.
class LoopCheck {
 public:
  explicit LoopCheck(std::span<const Channel> channels) : channels_(channels), last_(channels.size()) {}

  // The channel that falls.
  const Channel* add(const PowerTraceLine& line) {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      const auto& entry = line.entries[i];
      if (!entry || !*entry || !(*entry)->energy) continue;
      const bool falls = last_[i] && (*entry)->value < *last_[i];
      last_[i] = (*entry)->value;
      if (falls && !channels_[i].wraps_at) return &channels_[i];
    }
    return nullptr;
  }

 private:
  std::span<const Channel> channels_;
  std::vector<std::optional<double>> last_;
};

Result<Survey> survey(PowerTrace& trace, bool loop) {
  Survey found;
  LoopCheck check(trace.channels());
  std::size_t lines = 0;
  for (;; ++lines) {
    auto line = trace.next();
    if (!line) return line.error();
    if (!*line) break;
    if (lines == 0) found.first = (*line)->at;
    found.last = (*line)->at;
    const auto* const falls = loop ? check.add(**line) : nullptr;
    if (falls != nullptr)
      return invalid(trace.place() + ": the counter of `" + falls->name +
                     "` falls, and its range is not known: such a recording cannot be looped");
  }
  if (lines == 0) return invalid(trace.place() + ": the recording has no reading");
  if (loop && found.last - found.first < kShortestRound)
    return invalid(trace.place() + ": the recording is too short to be looped");
  trace.rewind();
  return found;
}

std::vector<Channel> played_back(std::span<const Channel> recorded) {
  std::vector<Channel> channels(recorded.begin(), recorded.end());
  for (auto& channel : channels) {
    channel.quality = Quality::simulated;
    if (!channel.max_power) channel.max_power = Watts{100e3};
  }
  return channels;
}

class Recorded final : public PowerSource {
 public:
  Recorded(PowerTrace trace, std::string path, Survey survey, bool loop, const Clock& clock)
      : trace_(std::move(trace)),
        path_(std::move(path)),
        survey_(survey),
        loop_(loop),
        clock_(clock),
        channels_(played_back(trace_.channels())),
        shown_(channels_.size(), Error{Errc::retry, path_ + ": nothing is recorded of this channel yet"}),
        stamps_(channels_.size()),
        counters_(channels_.size()),
        round_began_(clock.now()) {}

  std::span<const Channel> channels() const override { return channels_; }

  std::vector<Result<StampedReading>> read() override {
    if (auto ok = play_until(clock_.now()); !ok)
      return std::vector<Result<StampedReading>>(channels_.size(), ok.error());
    return shown_;
  }

 private:
  // Continues a counter across rounds.
  struct Counter {
    bool began{false};           // in this round
    double offset{0};            // between what is recorded and what is shown
    std::optional<double> last;  // shown
  };

  Result<void> play_until(MonoTime now) {
    if (ended_) return *ended_;
    for (;;) {
      if (!ahead_) {
        auto line = trace_.next();
        if (!line) return line.error();
        if (!*line && !loop_) return end(now);
        if (!*line) {
          next_round();
          continue;
        }
        ahead_ = std::move(**line);
      }
      if (moment(ahead_->at) > now) return {};
      take(*ahead_);
      ahead_.reset();
    }
  }

  // At its last line the recording still says something, after it no more.
  Result<void> end(MonoTime now) {
    if (now <= moment(survey_.last)) return {};
    ended_ = Error{Errc::unavailable, path_ + ": the recording has ended"};
    return *ended_;
  }

  void next_round() {
    round_began_ = moment(survey_.last);
    trace_.rewind();
    for (auto& counter : counters_) counter.began = false;
  }

  MonoTime moment(Seconds at) const { return round_began_ + to_chrono(at - survey_.first); }

  void take(const PowerTraceLine& line) {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      const auto& entry = line.entries[i];
      if (!entry) continue;
      if (!*entry) {
        shown_[i] = (*entry).error();
        continue;
      }
      auto reading = reading_of(i, **entry);
      stamps_[i] = reading.at = std::max(reading.at, stamps_[i]);
      shown_[i] = reading;
    }
  }

  StampedReading reading_of(std::size_t index, const PowerTraceValue& value) {
    if (!value.energy) return {moment(value.stamp), Watts{value.value}};
    StampedReading reading{moment(value.stamp), Joules{shown_count(index, value.value)}};
    if (value.power) reading.power = {moment(value.power_stamp), *value.power};
    return reading;
  }

  double shown_count(std::size_t index, double recorded) {
    auto& counter = counters_[index];
    if (!std::exchange(counter.began, true) && counter.last) counter.offset = *counter.last - recorded;
    double shown = recorded + counter.offset;
    if (const auto range = channels_[index].wraps_at; range && counter.offset != 0)
      shown -= std::floor(shown / range->value) * range->value;
    counter.last = shown;
    return shown;
  }

  PowerTrace trace_;
  std::string path_;
  Survey survey_;
  bool loop_;
  const Clock& clock_;
  std::vector<Channel> channels_;
  std::vector<Result<StampedReading>> shown_;
  std::vector<MonoTime> stamps_;
  std::vector<Counter> counters_;
  MonoTime round_began_;
  std::optional<PowerTraceLine> ahead_;
  std::optional<Error> ended_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_recorded(Options& options, const ProbeEnvironment& environment) {
  options.require("path");
  const auto path = options.file("path", "");
  const bool loop = options.flag("loop", false);
  if (auto ok = options.finish(); !ok) return ok.error();
  auto trace = PowerTrace::open(path);
  if (!trace) {
    options.fail("path", trace.error().message);
    return Error{Errc::invalid, options.place("path") + ": " + trace.error().message};
  }
  const auto found = survey(*trace, loop);
  if (!found) return found.error();
  return std::make_unique<Recorded>(std::move(*trace), path, *found, loop, *environment.clock);
}

}  // namespace ipw::probes::sources
