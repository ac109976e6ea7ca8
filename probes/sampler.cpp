#include "probes/sampler.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace ipw::probes {
namespace {

constexpr auto kDevicesEvery = std::chrono::seconds(5);

Seconds cpu_time_of_this_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Seconds{static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9};
}

}  // namespace

Seconds read_every(const PowerSource& source) {
  return std::ranges::min_element(source.channels(), {}, &Channel::read_every)->read_every;
}

std::uint64_t TickSchedule::on_read(MonoTime begun, MonoTime done, std::optional<Seconds> wanted, Seconds cpu) {
  plan_extra(begun, done, wanted, cpu);
  earliest_ = begun + least_;
  if (begun < next_) return 0;  // nudged: the tick is still to come
  // A tick whose successor has come too is lost; a tick that is merely late is read late.
  const auto behind = std::max<std::int64_t>((done - next_) / period_, 1);
  next_ += behind * period_;
  return static_cast<std::uint64_t>(behind - 1);
}

void TickSchedule::plan_extra(MonoTime begun, MonoTime done, std::optional<Seconds> wanted, Seconds cpu) {
  constexpr Seconds kMostCredit{0.05};
  constexpr double kShare = 0.0025;
  if (credit_ < kMostCredit) credit_ = std::min(kMostCredit, credit_ + between(earned_at_, done) * kShare);
  earned_at_ = done;
  if (extra_ && begun >= *extra_) credit_ -= std::max(between(begun, done), cpu);
  extra_.reset();
  if (wanted && credit_.value > 0) extra_ = done + to_chrono(*wanted);
}

Sampler::Sampler(std::string name, std::unique_ptr<PowerSource> source, ChannelId first, Seconds period,
                 PowerTimeline& timeline, const Clock& clock)
    : clock_(clock),
      read_every_(read_every(*source)),
      reader_(std::move(name), std::move(source), first, period, timeline, clock),
      thread_([this, period](const std::stop_token& stop) { run(stop, period); }) {}

Sampler::~Sampler() = default;

void Sampler::nudge() {
  {
    std::lock_guard lock(wake_mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

void Sampler::run(const std::stop_token& stop, Seconds period) {
  TickSchedule schedule(clock_.now(), period, std::min(period, read_every_));
  auto devices_due = clock_.now();
  Seconds cpu{0};
  bool nudged = true;  // at the start, the sensors' periods are to be learned
  while (wait(schedule, stop, nudged)) {
    const auto begun = clock_.now();
    reader_.read_once();
    const auto done = clock_.now();
    if (nudged) reader_.await_updates(done);
    const auto cpu_before = std::exchange(cpu, cpu_time_of_this_thread());
    const auto missed = schedule.on_read(begun, done, reader_.wanted(done), cpu - cpu_before);
    nudged = false;
    if (begun >= devices_due) {
      reader_.look_at_devices();
      devices_due = begun + kDevicesEvery;
    }
    counts_.with([&](Counts& counts) {
      ++counts.reads;
      counts.missed_ticks += missed;
      counts.read_time += between(begun, done);
      counts.cpu_time = cpu;
    });
  }
}

// Until the next reading is due; false when asked to stop. Tells whether somebody nudged. The deadline is the clock's,
// the waiting is real: a nudge must end it, and a clock that a test moves is looked at again at least once a period.
bool Sampler::wait(const TickSchedule& schedule, const std::stop_token& stop, bool& nudged) {
  std::unique_lock lock(wake_mutex_);
  while (!stop.stop_requested()) {
    const auto now = clock_.now();
    const bool was_nudged = nudged_;
    const auto due = was_nudged ? schedule.next_nudged() : schedule.next();
    if (now >= due) {
      nudged = std::exchange(nudged_, false) || nudged;
      return true;
    }
    wake_.wait_until(lock, stop, std::chrono::steady_clock::now() + (due - now), [&] { return nudged_ != was_nudged; });
  }
  return false;
}

SamplerStatus Sampler::status() const {
  const auto counts = counts_.with([](const Counts& current) { return current; });
  return {reader_.channels(), counts.reads, counts.missed_ticks, counts.read_time, counts.cpu_time};
}

}  // namespace ipw::probes
