#include "exporter/commands/probes_record.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "base/guarded.hpp"
#include "exporter/stop_signal.hpp"
#include "probes/containment.hpp"
#include "probes/power_trace.hpp"
#include "probes/sampler.hpp"

namespace ipw {
namespace {

using namespace probes;

struct Input {
  std::string name;  // unique
  std::unique_ptr<PowerSource> source;
  Seconds period;
  std::vector<std::size_t> kept;  // of its channels, those that are written,
  std::size_t first{0};           // from this one of the recording's on
};

// Opens what is to be recorded, as the rig opens what is to be metered.
class Inputs {
 public:
  explicit Inputs(const RecordRequest& request) : environment_(request.environment), period_(request.period) {}

  Result<std::vector<Input>> open(std::vector<Options>& sources) {
    auto ok = sources.empty() ? open_all(OpenedWhen::automatic) : Result<void>{};
    bool automatic = sources.empty();
    for (auto& options : sources) {
      if (!ok) break;
      const auto type = options.required_text("type");
      automatic = automatic || type == "auto";
      if (type.empty() || type == "auto") {
        ok = options.finish();
        if (ok) ok = open_all(OpenedWhen::automatic);
      } else {
        ok = open_one(type, options);
      }
    }
    if (ok && automatic && opened_.empty()) ok = open_all(OpenedWhen::last_resort);
    if (!ok) return ok.error();
    if (!opened_.empty()) return std::move(opened_);
    return Error{Errc::unavailable, "there is nothing to record: `ipw-sidecar probes` says why no source was found"};
  }

 private:
  Result<void> open_all(OpenedWhen when) {
    for (const auto& entry : power_sources().entries()) {
      auto no_options = Options::none();
      if (entry.open.opened != when) continue;
      if (auto ok = add(std::string(entry.name), Seconds{0}, entry.open.open(no_options, environment_)); !ok) return ok;
    }
    return {};
  }

  Result<void> open_one(const std::string& type, Options& options) {
    const auto kind = power_sources().find(type);
    if (!kind) return Error{Errc::invalid, options.place("type") + ": " + kind.error().message};
    const auto period = options.duration("period", Seconds{0}, {1e-3, 3600});
    return add(type, period, kind->open(options, environment_));
  }

  // What is missing is left out.
  Result<void> add(const std::string& type, Seconds own_period, Result<std::unique_ptr<PowerSource>> source) {
    if (!source) return source.error().code == Errc::invalid ? Result<void>(source.error()) : Result<void>{};
    const auto number = ++of_type_[type];
    const auto bearable = read_every(**source);
    Input input;
    input.name = number == 1 ? type : type + "-" + std::to_string(number);
    input.source = std::move(*source);
    input.period = own_period.value > 0 ? own_period : std::max(period_, bearable);
    opened_.push_back(std::move(input));
    return {};
  }

  const ProbeEnvironment& environment_;
  Seconds period_;
  std::map<std::string, int> of_type_;
  std::vector<Input> opened_;
};

// The channels of a recording: all that are no duplicates, under names that only one of them has. Notes in each input
// which of its channels these are.
std::vector<Channel> channels_to_write(std::vector<Input>& inputs) {
  std::vector<RigChannel> all;
  std::map<std::string, int> of_name;
  for (const auto& input : inputs)
    for (const auto& channel : input.source->channels())
      all.push_back({ChannelId(static_cast<std::uint32_t>(all.size())), input.name, channel});
  const Containment tree(all);
  for (const auto& c : all)
    if (!tree.duplicate_of(c.id)) ++of_name[c.channel.name];
  const auto written_name = [&](const RigChannel& c) {
    const auto same = tree.duplicate_of(c.id);
    const auto& counting = same ? all[static_cast<std::size_t>(*same)] : c;
    const auto& name = counting.channel.name;
    return of_name[name] > 1 ? counting.source + "-" + name : name;
  };
  std::vector<Channel> written;
  std::size_t at = 0;
  for (auto& input : inputs) {
    input.first = written.size();
    const auto own = std::span(all).subspan(at, input.source->channels().size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (tree.duplicate_of(own[i].id)) continue;
      input.kept.push_back(i);
      auto& channel = written.emplace_back(own[i].channel);
      const auto parent = std::ranges::find(own, channel.parent, [](const RigChannel& c) { return c.channel.name; });
      channel.parent = parent == own.end() ? "" : written_name(*parent);
      channel.name = written_name(own[i]);
    }
    at += own.size();
  }
  return written;
}

// Writes what the inputs give until it is stopped, or cannot.
class Recorder {
 public:
  Recorder(PowerTraceWriter writer, const Clock& clock) : clock_(clock), state_(State{std::move(writer), 0, {}}) {}

  void read(const Input& input, const std::stop_token& stop) {
    TickSchedule schedule(clock_.now(), input.period);
    while (clock_.sleep_until(schedule.next(), stop)) {
      const auto begun = clock_.now();
      const auto readings = input.source->read();
      static_cast<void>(schedule.on_read(begun, clock_.now()));
      std::vector<Result<StampedReading>> kept;
      for (const auto i : input.kept)
        kept.push_back(i < readings.size() ? readings[i]
                                           : Error{Errc::internal, "the source gave no reading for this"});
      write(kept, input.first);
    }
  }

  // Requested when the file can take no more.
  std::stop_source& stop() { return stop_; }
  Result<std::uint64_t> lines() const {
    return state_.with([](const State& state) -> Result<std::uint64_t> {
      return state.error ? Result<std::uint64_t>(*state.error) : state.lines;
    });
  }

 private:
  struct State {
    PowerTraceWriter writer;
    std::uint64_t lines;
    std::optional<Error> error;
  };

  void write(std::span<const Result<StampedReading>> readings, std::size_t first) {
    const bool failed = state_.with([&](State& state) {
      if (state.error) return true;
      if (const auto ok = state.writer.add(clock_.now(), readings, first); !ok) state.error = ok.error();
      state.lines += state.error ? 0 : 1;
      return state.error.has_value();
    });
    if (failed) stop_.request_stop();
  }

  const Clock& clock_;
  Guarded<State> state_;
  std::stop_source stop_;
};

}  // namespace

Result<std::string> record_power(RecordRequest request) {
  auto inputs = Inputs(request).open(request.sources);
  if (!inputs) return inputs.error();
  const auto& clock = *request.environment.clock;
  const auto channels = channels_to_write(*inputs);
  const auto begun = clock.now();
  auto writer = PowerTraceWriter::create(request.file, channels, begun);
  if (!writer) return writer.error();

  Recorder recorder(std::move(*writer), clock);
  {
    const StopSignal signal;
    const std::stop_callback on_signal(signal.token(), [&] { recorder.stop().request_stop(); });
    std::vector<std::jthread> threads;
    for (const auto& input : *inputs)
      threads.emplace_back([&](const std::stop_token& stop) { recorder.read(input, stop); });
    static_cast<void>(clock.sleep_until(begun + to_chrono(request.length), recorder.stop().get_token()));
  }
  const auto lines = recorder.lines();
  if (!lines) return lines.error();
  std::string names;
  for (const auto& input : *inputs) names += (names.empty() ? "" : ", ") + input.name;
  return std::to_string(*lines) + " readings of " + std::to_string(channels.size()) + " channels (" + names +
         ") are in " + request.file.string() + "; played back by {type: recorded, path: " + request.file.string() + "}";
}

}  // namespace ipw
