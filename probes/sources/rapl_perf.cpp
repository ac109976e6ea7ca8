#include "probes/sources/rapl_perf.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "probes/sensor_file.hpp"

#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/syscall.h>
#endif

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

constexpr int kMostCpus = 65536;
// The kernel extends the counter from 0 at opening: what comes near the end of 64 bits has run backwards.
constexpr std::uint64_t kMostCount = std::uint64_t{1} << 63;
// Many times what the hardware needs to count something.
constexpr std::chrono::milliseconds kPatience{250};

struct Event {
  fs::path file;
  std::uint64_t config{0};
  double joules_per_count{0};
};

// A CPU of the mask and where it sits.
struct Seat {
  int cpu, package, die;
};

Error nonsense(const fs::path& file, std::string_view text, std::string_view expected) {
  return {Errc::unavailable,
          file.string() + ": expected " + std::string(expected) + ", got `" + shortened(text, 40) + "`"};
}

Result<std::string> text_of(const fs::path& path) {
  SensorFile file(path);
  const auto text = file.read();
  if (!text) return text.error();
  return std::string(trim(*text));
}

Result<int> whole_number(const fs::path& path) {
  const auto text = text_of(path);
  if (!text) return text.error();
  int number = -1;
  const auto [rest, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && rest == text->data() + text->size() && number >= 0) return number;
  return nonsense(path, *text, "a number");
}

// A list of CPUs as the kernel writes them: `0,18` or `0-3,8`.
std::optional<std::vector<int>> parse_cpus(std::string_view text) {
  std::vector<int> cpus;
  const auto number = [&text]() -> std::optional<int> {
    int value = -1;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0 || value >= kMostCpus) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    return value;
  };
  for (;;) {
    const auto first = number();
    auto last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      last = number();
    }
    if (!first || !last) return std::nullopt;
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (text.empty()) return cpus;
    if (!text.starts_with(',') || cpus.size() > static_cast<std::size_t>(kMostCpus)) return std::nullopt;
    text.remove_prefix(1);
  }
}

Result<std::vector<Seat>> find_seats(const fs::path& root, const fs::path& mask) {
  const auto text = text_of(mask);
  if (!text) return text.error();
  const auto cpus = parse_cpus(*text);
  if (!cpus || cpus->empty()) return nonsense(mask, *text, "a list of CPUs");
  std::vector<Seat> seats;
  for (const int cpu : *cpus) {
    const auto topology = root / "sys" / "devices" / "system" / "cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    const auto package = whole_number(topology / "physical_package_id");
    if (!package) return package.error();
    const auto die = whole_number(topology / "die_id");
    seats.push_back({cpu, *package, die ? *die : 0});
  }
  std::ranges::sort(seats, {}, [](const Seat& seat) { return std::tuple(seat.package, seat.die, seat.cpu); });
  return seats;
}

Result<Event> find_event(const fs::path& events, const std::string& name) {
  Event event;
  event.file = events / name;
  const auto terms = text_of(event.file);
  if (!terms) return terms.error();
  constexpr std::string_view kBegin = "event=0x";
  const auto end = terms->data() + terms->size();
  if (!terms->starts_with(kBegin)) return nonsense(event.file, *terms, "event=0x and a number");
  const auto [rest, error] = std::from_chars(terms->data() + kBegin.size(), end, event.config, 16);
  if (error != std::errc{} || rest != end) return nonsense(event.file, *terms, "event=0x and a number");

  const auto unit = text_of(events / (name + ".unit"));
  if (!unit) return unit.error();
  if (*unit != "Joules") return nonsense(events / (name + ".unit"), *unit, "Joules");
  SensorFile scale(events / (name + ".scale"));
  const auto joules = scale.number();
  if (!joules) return Error{Errc::unavailable, joules.error().message};
  if (*joules <= 0 || *joules > 1) return nonsense(scale.path(), std::to_string(*joules), "a fraction of a joule");
  event.joules_per_count = *joules;
  return event;
}

// An open event of one CPU.
class PerfCounter final : public RaplCounter {
 public:
  PerfCounter(int fd, double joules_per_count, std::string name)
      : fd_(fd), joules_per_count_(joules_per_count), name_(std::move(name)) {}
  ~PerfCounter() override { ::close(fd_); }
  PerfCounter(const PerfCounter&) = delete;
  PerfCounter& operator=(const PerfCounter&) = delete;

  Result<Joules> read() override {
    std::uint64_t count = 0;
    ssize_t size = 0;
    do size = ::read(fd_, &count, sizeof count);
    while (size < 0 && errno == EINTR);
    if (size < 0) return Error{Errc::retry, name_ + ": " + std::generic_category().message(errno)};
    if (size != sizeof count) return Error{Errc::unavailable, name_ + ": the kernel has stopped this event"};
    if (count >= kMostCount) return Error{Errc::invalid, name_ + ": a counter of energy cannot be negative"};
    return Joules{static_cast<double>(count) * joules_per_count_};
  }

 private:
  int fd_;
  double joules_per_count_;
  std::string name_;
};

int perf_event_open([[maybe_unused]] int type, [[maybe_unused]] std::uint64_t config, [[maybe_unused]] int cpu) {
#ifdef __linux__
  perf_event_attr attributes{};
  attributes.type = static_cast<std::uint32_t>(type);
  attributes.size = sizeof attributes;
  attributes.config = config;
  const long fd = ::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return static_cast<int>(fd);
#else
  errno = ENOSYS;
  return -1;
#endif
}

Error refused(const std::string& name, int reason) {
  if (reason != EACCES && reason != EPERM)
    return {Errc::unavailable, name + ": perf_event_open: " + std::generic_category().message(reason)};
  return {Errc::unavailable, name +
                                 ": no permission for perf events: give this program CAP_PERFMON, or set "
                                 "kernel.perf_event_paranoid to 0 (in a container, its seccomp profile may forbid "
                                 "perf_event_open as well)"};
}

Result<std::unique_ptr<RaplCounter>> open_event(int type, const Event& event, int cpu) {
  const auto name = event.file.string() + " on CPU " + std::to_string(cpu);
  const int fd = perf_event_open(type, event.config, cpu);
  if (fd < 0) return refused(name, errno);
  auto counter = std::make_unique<PerfCounter>(fd, event.joules_per_count, name);
  const auto first = counter->read();
  if (!first) return Error{Errc::unavailable, first.error().message};
  const auto second = counter->read();
  if (!second) return Error{Errc::unavailable, second.error().message};
  if (*second < *first) return Error{Errc::unavailable, name + ": it counts backwards"};
  return counter;
}

// None, if all of them stand still.
std::unique_ptr<RaplCounter> first_that_counts(std::vector<std::unique_ptr<RaplCounter>> counters, const Clock& clock) {
  const auto deadline = clock.now() + kPatience;
  while (!counters.empty()) {
    for (auto& counter : counters)
      if (const auto joules = counter->read(); joules && joules->value > 0) return std::move(counter);
    if (clock.now() >= deadline) break;
    static_cast<void>(clock.sleep_until(clock.now() + std::chrono::milliseconds(1), {}));
  }
  return nullptr;
}

// Opens the events of one package after the other.
class Opener {
 public:
  Opener(fs::path events, int type, std::string model)
      : events_(std::move(events)), model_(std::move(model)), type_(type) {}

  Result<void> open_package(const Seat& seat, const std::string& name) {
    auto channel = top_channel(name, model_);
    if (!channel || !seen_.insert(channel->name).second) return {};
    const auto event = find_event(events_, "energy-pkg");
    if (!event) return event.error();
    auto counter = open_event(type_, *event, seat.cpu);
    if (!counter) return counter.error();
    zones.push_back({*channel, std::move(*counter)});
    if (is_amd(model_)) return {};
    add("energy-cores", seat.cpu, part_channel("core", *channel));
    add("energy-gpu", seat.cpu, part_channel("uncore", *channel));
    add("energy-ram", seat.cpu, part_channel("dram", *channel));
    return {};
  }

  // Its event is listed even where firmware has disabled it, and counts on one of the packages only.
  void open_platform(const std::vector<Seat>& seats, const Clock& clock) {
    const auto event = find_event(events_, "energy-psys");
    if (!event || is_amd(model_)) return;
    std::vector<std::unique_ptr<RaplCounter>> counters;
    for (const auto& seat : seats)
      if (auto counter = open_event(type_, *event, seat.cpu)) counters.push_back(std::move(*counter));
    if (auto counter = first_that_counts(std::move(counters), clock))
      zones.push_back({*top_channel("psys", model_), std::move(counter)});
  }

  std::vector<RaplZone> zones;

 private:
  void add(const std::string& name, int cpu, std::optional<Channel> channel) {
    const auto event = find_event(events_, name);
    if (!event || !channel) return;
    if (auto counter = open_event(type_, *event, cpu)) zones.push_back({std::move(*channel), std::move(*counter)});
  }

  fs::path events_;
  std::string model_;
  int type_;
  std::set<std::string> seen_;
};

bool has_dies(const std::vector<Seat>& seats) {
  const auto other_die = [](const Seat& a, const Seat& b) { return a.package == b.package && a.die != b.die; };
  return std::ranges::adjacent_find(seats, other_die) != seats.end();
}

}  // namespace

Result<std::vector<RaplZone>> perf_zones(const fs::path& root, const std::string& model, const Clock& clock) {
  const auto folder = root / "sys" / "bus" / "event_source" / "devices" / "power";
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return Error{Errc::unavailable, folder.string() + " does not exist: this kernel or virtual machine has no perf " +
                                        "events of power (on a real machine: modprobe rapl)"};
  const auto type = whole_number(folder / "type");
  if (!type) return type.error();
  const auto seats = find_seats(root, folder / "cpumask");
  if (!seats) return seats.error();

  Opener opener(folder / "events", *type, model);
  const bool dies = has_dies(*seats);
  for (const auto& seat : *seats) {
    auto name = "package-" + std::to_string(seat.package);
    if (dies) name += "-die-" + std::to_string(seat.die);
    if (auto ok = opener.open_package(seat, name); !ok) return ok.error();
  }
  opener.open_platform(*seats, clock);
  return std::move(opener.zones);
}

}  // namespace ipw::probes::sources
