#include "probes/sources/nvml_source.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "probes/device_names.hpp"
#include "probes/sources/nvml_board.hpp"
#include "probes/sources/nvml_sensors.hpp"
#include "probes/sources/nvml_state.hpp"

namespace ipw::probes::nvml {
namespace {

constexpr std::chrono::seconds kBackOff{2}, kSilence{5};

// Bursts go beyond the limit, and what must be told apart from power is off by orders of magnitude.
constexpr double kBurst = 2;
constexpr Watts kMostOfAnyBoard{2000}, kMostOfAnyModule{6000};

// A module's reading is another sensor's only if it is clearly more than the GPU's, which it contains.
constexpr double kModuleIsMore = 1.02;
constexpr Watts kModuleIsMoreBy{1};

Watts plausible_power(const Library& library, Device device) {
  unsigned enforced = 0, least = 0, most = 0;
  if (call(library->enforced_limit, device, &enforced) != kOk) enforced = 0;
  if (call(library->limits, device, &least, &most) != kOk) most = 0;
  const Watts limit{std::max(enforced, most) * 1e-3};
  return limit.value > 0 ? limit * kBurst : kMostOfAnyBoard;
}

GpuBoard::Shows what_it_shows(const Abilities& abilities) {
  const bool energy = abilities.energy != From::nothing;
  const bool power = !energy && abilities.power != From::nothing;
  bool module_power = abilities.module_power.has_value();
  if (abilities.module_power && abilities.gpu_power)
    module_power = *abilities.module_power > *abilities.gpu_power * kModuleIsMore + kModuleIsMoreBy;
  return {energy, power, module_power};
}

struct Found {
  Device device;
  std::string uuid, name;
  GpuBoard::Shows shows;
  Sensing sensing;
};

// Why the board cannot be used, or what it is.
Result<Found> look_at(const Library& library, unsigned index, const Clocks& clocks) {
  const auto refused = [&](const std::string& why) {
    return Error{Errc::unavailable, "GPU " + std::to_string(index) + ": " + why};
  };
  Found found{};
  if (const int code = library->by_index(index, &found.device); code != kOk) return refused(library.describe(code));
  unsigned is_slice = 0;
  if (call(library->is_mig, found.device, &is_slice) == kOk && is_slice != 0)
    return refused("a MIG slice, which has no sensor of its own");
  found.uuid = text(library->uuid, found.device);
  if (found.uuid.empty()) return refused("the driver does not tell its UUID");
  found.name = device_name(text(library->name, found.device));
  if (found.name.empty()) found.name = "NVIDIA GPU";

  const auto abilities = probe(library, found.device, clocks);
  if (!abilities) return refused(abilities.error().message);
  found.shows = what_it_shows(*abilities);
  found.sensing = sensing_of(library, found.device, found.name, *abilities);
  if (!found.shows.energy && !found.shows.power && !found.shows.module_power)
    return refused(found.name + " tells neither energy nor power");
  return found;
}

class Source final : public PowerSource {
 public:
  Source(std::vector<std::string> libraries, Library library, Clocks clocks)
      : libraries_(std::move(libraries)),
        library_(std::make_unique<Library>(std::move(library))),
        clocks_(std::move(clocks)) {}

  // Adds the driver's `index`-th board. REQUIRES: before the first read().
  Result<void> add(unsigned index) {
    const auto found = look_at(*library_, index, clocks_);
    if (!found) return found.error();
    Slot slot{GpuBoard(found->uuid, found->shows)};
    if (auto ok = slot.board.attach(*library_, found->device, clocks_); !ok) return ok.error();
    slots_.push_back(std::move(slot));
    add_channels(*found, std::to_string(index));
    return {};
  }

  std::span<const Channel> channels() const override { return channels_; }
  std::string left_out() const override { return left_out_; }
  void leave_out(const std::string& why) { left_out_ += (left_out_.empty() ? "" : "; ") + why; }

  std::vector<Result<StampedReading>> read() override {
    if (std::ranges::any_of(slots_, &Slot::is_lost) && clocks_.mono->now() >= next_attempt_) recover();
    std::vector<Result<StampedReading>> readings;
    readings.reserve(channels_.size());
    for (auto& slot : slots_) read(slot, readings);
    // A session that is of no use is closed at once: the driver cannot be reloaded while anybody has one.
    if (std::ranges::all_of(slots_, &Slot::is_lost)) library_.reset();
    return readings;
  }

  std::vector<DeviceState> states() override {
    std::vector<DeviceState> states;
    for (const auto& slot : slots_)
      if (!slot.is_lost()) states.push_back(state_of(*library_, slot.board.device(), slot.board.uuid()));
    return states;
  }

 private:
  struct Slot {
    GpuBoard board;
    std::string lost{};  // why it cannot be read; empty: it can
    std::optional<MonoTime> silent_since{};

    bool is_lost() const { return !lost.empty(); }
  };

  void add_channels(const Found& found, const std::string& number) {
    Channel channel;
    channel.device = {found.uuid, found.name};
    channel.looks = found.sensing.looks;
    channel.averages_over = found.sensing.averages_over;
    if (found.shows.energy || found.shows.power) {
      channel.name = "gpu" + number;
      channel.domain = Domain::gpu;
      channel.max_power = plausible_power(*library_, found.device);
      if (found.shows.module_power) channel.parent = "module" + number;
      channels_.push_back(channel);
    }
    if (found.shows.module_power) {
      channel.name = "module" + number;
      channel.parent.clear();
      channel.domain = Domain::module;
      channel.max_power = kMostOfAnyModule;
      channel.averages_over = Seconds{0};  // told by the field alone
      channels_.push_back(channel);
    }
  }

  void read(Slot& slot, std::vector<Result<StampedReading>>& readings) {
    const auto first = readings.size();
    if (!slot.is_lost()) {
      const auto answered = slot.board.read(*library_, clocks_, readings);
      if (answered)
        listen(slot, std::span(readings).subspan(first));
      else
        lose(slot, answered.error().message);
    }
    while (readings.size() < first + slot.board.channels())
      readings.emplace_back(Error{Errc::unavailable, slot.board.uuid() + ": " + slot.lost +
                                                         "; it is tried again every " +
                                                         std::to_string(kBackOff.count()) + " s"});
  }

  // A driver that has lost a board does not always say so: it is lost too when it gives no figure for long.
  void listen(Slot& slot, std::span<const Result<StampedReading>> readings) {
    if (std::ranges::any_of(readings, [](const auto& reading) { return static_cast<bool>(reading); })) {
      slot.silent_since.reset();
      return;
    }
    const auto now = clocks_.mono->now();
    if (!slot.silent_since) slot.silent_since = now;
    if (now - *slot.silent_since >= kSilence) lose(slot, readings.front().error().message);
  }

  void lose(Slot& slot, const std::string& why) {
    slot.lost = why;
    next_attempt_ = clocks_.mono->now() + kBackOff;
  }

  void recover() {
    if (!library_) {
      auto opened = Library::open(libraries_);
      if (!opened) {
        for (auto& slot : slots_) lose(slot, opened.error().message);
        return;
      }
      library_ = std::make_unique<Library>(std::move(*opened));
    }
    for (auto& slot : slots_)
      if (slot.is_lost()) recover(slot);
  }

  void recover(Slot& slot) {
    const auto device = find(slot.board.uuid());
    const auto attached = device ? slot.board.attach(*library_, *device, clocks_) : Result<void>(device.error());
    if (!attached) return lose(slot, attached.error().message);
    slot.lost.clear();
    slot.silent_since.reset();
  }

  Result<Device> find(const std::string& uuid) const {
    Device device = nullptr;
    const auto& library = *library_;
    if (library->by_uuid != nullptr) {
      const int code = library->by_uuid(uuid.c_str(), &device);
      if (code == kOk) return device;
      return Error{Errc::unavailable, library.describe(code)};
    }
    unsigned count = 0;
    if (library->count(&count) != kOk) count = 0;
    for (unsigned i = 0; i < count; ++i)
      if (library->by_index(i, &device) == kOk && text(library->uuid, device) == uuid) return device;
    return Error{Errc::unavailable, "the driver shows no such GPU any more"};
  }

  std::vector<std::string> libraries_;
  std::unique_ptr<Library> library_;  // empty while all boards are lost
  Clocks clocks_;
  std::vector<Slot> slots_;
  std::vector<Channel> channels_;
  std::string left_out_;
  MonoTime next_attempt_{};
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_source(std::vector<std::string> libraries, const Clock& clock,
                                                 std::function<WallTime()> wall) {
  auto library = Library::open(libraries);
  if (!library) return library.error();
  unsigned count = 0;
  if (const int code = (*library)->count(&count); code != kOk)
    return Error{Errc::unavailable, "nvmlDeviceGetCount: " + library->describe(code)};
  if (count == 0)
    return Error{Errc::unavailable,
                 "the NVIDIA driver is loaded and shows no GPU: a container must be given its GPUs (--gpus all)"};

  auto source = std::make_unique<Source>(std::move(libraries), std::move(*library), Clocks{&clock, std::move(wall)});
  for (unsigned i = 0; i < count; ++i)
    if (auto added = source->add(i); !added) source->leave_out(added.error().message);
  if (source->channels().empty()) return Error{Errc::unavailable, source->left_out()};
  return source;
}

}  // namespace ipw::probes::nvml
