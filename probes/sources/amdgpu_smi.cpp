#include "probes/sources/amdgpu_smi.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <tuple>
#include <utility>

#include "probes/device_names.hpp"
#include "probes/sources/amdgpu_amd_smi.hpp"
#include "probes/sources/amdgpu_rocm_smi.hpp"
#include "probes/sources/amdgpu_sysfs.hpp"

namespace ipw::probes::sources::amdgpu {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAmdVersions[] = {".26", ".25", ".24"};
constexpr std::string_view kRocmVersions[] = {".7", ".6", ".5", ".1"};

// rocm-6.10.0 is newer than rocm-6.9.1.
std::vector<unsigned> version_of(const fs::path& folder) {
  const auto name = folder.filename().string();
  std::vector<unsigned> version;
  for (std::size_t at = 0; at < name.size();) {
    unsigned number = 0;  // signed, it would take the hyphen for a minus
    const auto [rest, error] = std::from_chars(name.data() + at, name.data() + name.size(), number);
    if (error == std::errc{}) {
      version.push_back(number);
      at = static_cast<std::size_t>(rest - name.data());
    }
    ++at;
  }
  return version;
}

std::vector<fs::path> versioned_folders(const fs::path& opt) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator at(opt, error), end; !error && at != end; at.increment(error))
    if (at->path().filename().string().starts_with("rocm-")) folders.push_back(at->path());
  std::ranges::sort(folders, std::greater{}, version_of);
  return folders;
}

Result<std::unique_ptr<Smi>> open_named(const std::string& name) {
  auto library = SharedLibrary::open(std::span(&name, 1));
  if (!library) return library.error();
  if (library->function<int(std::uint64_t)>("amdsmi_init")) return open_amd_smi(*std::move(library));
  if (library->function<int(std::uint64_t)>("rsmi_init")) return open_rocm_smi(*std::move(library));
  return Error{Errc::unavailable, name + " is neither AMD SMI nor ROCm SMI: it has no amdsmi_init and no rsmi_init"};
}

class SmiBoard final : public Board {
 public:
  SmiBoard(std::shared_ptr<Smi> smi, std::size_t device, const ProbeEnvironment& environment)
      : smi_(std::move(smi)), device_(device), root_(environment.root), clock_(*environment.clock) {}

  Result<void> probe(const Card* card) {
    const auto& device = smi_->devices()[device_];
    const auto model = card ? card->model : model_of(device.name);
    const auto energy = smi_->energy(device_);
    const auto power = smi_->power(device_);
    counts_ = model.energy_bits > 0 && energy && energy->value > 0;
    if (!counts_ && !power) return power.error();
    if (!counts_ && power->value == 0)
      return Error{Errc::unavailable, device.pci + ": no power (of two dies on one board, the first shows both)"};
    channel_.device.id = "pci-" + device.pci;
    channel_.device.name =
        card ? card_name(*card, root_, model.is_apu) : device_name(device.name.empty() ? "AMD GPU" : device.name);
    channel_.domain = model.is_apu ? Domain::soc : Domain::gpu;
    channel_.max_power = kMostOfAnyBoard;
    if (counts_) channel_.wraps_at = wraps_at(model.energy_bits);
    return {};
  }

  const Channel& channel() const override { return channel_; }

  Result<StampedReading> read() override {
    const auto before = clock_.now();
    const auto power = smi_->power(device_);
    const auto after_power = clock_.now();
    const auto power_at = before + (after_power - before) / 2;
    if (!counts_) {
      if (!power) return power.error();
      if (auto ok = check(*power); !ok) return ok.error();
      return StampedReading{power_at, *power};
    }
    const auto energy = smi_->energy(device_);
    if (!energy) return energy.error();
    StampedReading reading{after_power + (clock_.now() - after_power) / 2, *energy};
    if (power && check(*power)) reading.power = StampedWatts{power_at, *power};
    return reading;
  }

  DeviceState state() override {
    DeviceState state;
    state.device = channel_.device.id;
    state.driver = driver_version(root_);
    return state;
  }

 private:
  Result<void> check(Watts power) const {
    if (power.value >= 0 && power <= kMostOfAnyBoard) return {};
    std::ostringstream text;
    text << channel_.device.id << ": " << power.value << " W cannot be";
    return Error{Errc::invalid, text.str()};
  }

  std::shared_ptr<Smi> smi_;
  std::size_t device_;
  fs::path root_;
  const Clock& clock_;
  bool counts_{false};
  Channel channel_;
};

}  // namespace

std::vector<fs::path> smi_folders(const fs::path& root) {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("AMDSMI_LIB_DIR"); folder && *folder) folders.emplace_back(folder);
  if (const char* rocm = std::getenv("ROCM_PATH"); rocm && *rocm) folders.push_back(fs::path(rocm) / "lib");
  folders.push_back(root / "opt" / "rocm" / "lib");
  for (const auto& folder : versioned_folders(root / "opt")) folders.push_back(folder / "lib");
  return folders;
}

std::vector<std::string> smi_files(std::string_view name, std::span<const std::string_view> versions,
                                   std::span<const fs::path> folders) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& folder : folders)
    for (const auto version : versions)
      if (const auto file = folder / (std::string(name) + std::string(version)); fs::exists(file, ignored))
        files.push_back(file.string());
  for (const auto version : versions) files.push_back(std::string(name) + std::string(version));
  return files;
}

Result<std::unique_ptr<Smi>> open_smi(const std::string& library) {
  if (!library.empty()) return open_named(library);
  const auto folders = smi_folders("/");
  std::string reasons;
  for (const auto& [name, versions] : {std::pair{"libamd_smi.so", std::span<const std::string_view>(kAmdVersions)},
                                       std::pair{"librocm_smi64.so", std::span<const std::string_view>(kRocmVersions)}})
    for (const auto& file : smi_files(name, versions, folders)) {
      auto smi = open_named(file);
      if (smi) return smi;
      reasons += (reasons.empty() ? "" : "; ") + smi.error().message;
    }
  return Error{Errc::unavailable, reasons};
}

Result<std::unique_ptr<Board>> open_smi_board(std::shared_ptr<Smi> smi, std::size_t device, const Card* card,
                                              const ProbeEnvironment& environment) {
  auto board = std::make_unique<SmiBoard>(std::move(smi), device, environment);
  if (auto ok = board->probe(card); !ok) return ok.error();
  return board;
}

std::string pci_text(std::uint64_t domain, std::uint64_t bus, std::uint64_t device, std::uint64_t function) {
  std::ostringstream text;
  const auto part = [&](std::uint64_t value, int width) {
    text.fill('0');
    text.width(width);
    text << std::hex << value;
  };
  part(domain, 4);
  text << ':';
  part(bus, 2);
  text << ':';
  part(device, 2);
  text << '.';
  part(function, 1);
  return text.str();
}

bool is_not_available(std::uint64_t value) {
  return value == 0xFFFF || value == 0xFFFFFFFF || value == ~std::uint64_t{0};
}

Error smi_error(const std::string& call, int status, const char* text, SmiTrouble trouble) {
  std::string message = call + " failed with status " + std::to_string(status);
  if (text) message += " (" + std::string(text) + ")";
  if (trouble == SmiTrouble::permission)
    message += ": run as root, or add this user to the groups `render` and `video`";
  if (trouble == SmiTrouble::library_too_old) message += ": the library is older than the GPU or its driver";
  return {trouble == SmiTrouble::passing ? Errc::retry : Errc::unavailable, message};
}

Result<Joules> smi_joules(const std::string& call, std::uint64_t counted, float microjoules) {
  if (is_not_available(counted)) return Error{Errc::unavailable, call + ": not available"};
  const double joules = static_cast<double>(counted) * static_cast<double>(microjoules) * 1e-6;
  if (std::isfinite(joules) && joules >= 0) return Joules{joules};
  return Error{Errc::invalid, call + ": its resolution is no number"};
}

}  // namespace ipw::probes::sources::amdgpu
