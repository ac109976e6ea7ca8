#include "probes/sources/amdgpu_card.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <system_error>

#include "base/text.hpp"
#include "probes/cpu_info.hpp"
#include "probes/device_names.hpp"
#include "probes/sources/amdgpu_metrics.hpp"

namespace ipw::probes::sources::amdgpu {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kAmd = 0x1002;

// Device ids: pci.ids and libdrm's amdgpu.ids.
constexpr std::array kModels{
    Model{.device = 0x738c, .name = "AMD Instinct MI100", .energy_bits = 32},
    Model{.device = 0x738e, .name = "AMD Instinct MI100", .energy_bits = 32},
    Model{.device = 0x7408, .name = "AMD Instinct MI250X", .energy_bits = 64, .has_two_dies = true},
    Model{.device = 0x740c, .name = "AMD Instinct MI250", .energy_bits = 64, .has_two_dies = true},
    Model{.device = 0x740f, .name = "AMD Instinct MI210", .energy_bits = 64},
    Model{.device = 0x74a0, .name = "AMD Instinct MI300A", .energy_bits = 64, .is_apu = true},
    Model{.device = 0x74a1, .name = "AMD Instinct MI300X", .energy_bits = 64},
    Model{.device = 0x74a2, .name = "AMD Instinct MI308X", .energy_bits = 64},
    Model{.device = 0x74a5, .name = "AMD Instinct MI325X", .energy_bits = 64},
    Model{.device = 0x74b5, .name = "AMD Instinct MI300X", .energy_bits = 64},  // its virtual function
    Model{.device = 0x75a0, .name = "AMD Instinct MI350X", .energy_bits = 64},
    Model{.device = 0x75a3, .name = "AMD Instinct MI355X", .energy_bits = 64},
};

std::optional<std::uint32_t> hexadecimal(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint32_t value = 0;
  const auto end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// card1, and neither its connectors (card1-DP-1) nor renderD128.
bool is_card(std::string_view name) {
  return name.starts_with("card") && is_digits(name.substr(4));
}

bool is_pci_address(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 4 || text.size() != colon + 8) return false;
  const auto hex = [&](std::string_view part) { return part.find_first_not_of(kHex) == std::string_view::npos; };
  const auto rest = text.substr(colon);
  return hex(text.substr(0, colon)) && hex(rest.substr(1, 2)) && rest[3] == ':' && hex(rest.substr(4, 2)) &&
         rest[6] == '.' && hex(rest.substr(7));
}

std::string pci_address(const fs::path& device) {
  std::error_code ignored;
  auto target = fs::read_symlink(device, ignored).filename().string();
  if (is_pci_address(target)) return target;
  constexpr std::string_view kKey = "PCI_SLOT_NAME=";
  std::ifstream uevent(device / "uevent");
  for (std::string line; std::getline(uevent, line);) {
    if (!line.starts_with(kKey)) continue;
    auto slot = std::string(trim(std::string_view(line).substr(kKey.size())));
    if (is_pci_address(slot)) return slot;
  }
  return "";
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    paths.push_back(at->path());
  std::ranges::sort(paths);
  return paths;
}

fs::path sensors_of(const fs::path& device) {
  for (const auto& path : entries(device / "hwmon"))
    if (first_line(path / "name") == "amdgpu") return path;
  return {};
}

// Lines of `744C,\tC8,\tAMD Radeon RX 7900 XTX`.
std::string libdrm_name(const Card& card, const fs::path& root) {
  const auto revision = hexadecimal(first_line(card.device / "revision"));
  std::ifstream file(root / "usr" / "share" / "libdrm" / "amdgpu.ids");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(',');
    const auto second = first == std::string::npos ? first : line.find(',', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view text = line;
    if (hexadecimal(trim(text.substr(0, first))) == card.model.device &&
        hexadecimal(trim(text.substr(first + 1, second - first - 1))) == revision)
      return std::string(trim(text.substr(second + 1)));
  }
  return "";
}

}  // namespace

Model model_of(std::uint32_t device) {
  const auto* known = std::ranges::find(kModels, device, &Model::device);
  return known == kModels.end() ? Model{.device = device} : *known;
}

Model model_of(const std::string& name) {
  // The longest name wins: MI250X before MI250.
  Model best;
  for (const auto& model : kModels) {
    const auto part = std::string_view(model.name).substr(std::string_view("AMD Instinct ").size());
    if (name.find(part) == std::string::npos) continue;
    if (!best.name || std::string_view(model.name).size() > std::string_view(best.name).size()) best = model;
  }
  return best;
}

std::optional<Joules> wraps_at(int energy_bits) {
  if (energy_bits == 0 || energy_bits >= 64) return std::nullopt;
  return std::ldexp(1.0, energy_bits) * kEnergyUnit;
}

std::vector<Card> find_cards(const fs::path& root) {
  std::vector<Card> cards;
  for (const auto& path : entries(root / "sys" / "class" / "drm")) {
    const auto device = path / "device";
    if (!is_card(path.filename().string()) || hexadecimal(first_line(device / "vendor")) != kAmd) continue;
    auto pci = pci_address(device);
    if (pci.empty()) continue;
    const auto model = model_of(hexadecimal(first_line(device / "device")).value_or(0));
    cards.push_back({std::move(pci), device, sensors_of(device), model});
  }
  std::ranges::stable_sort(cards, {}, &Card::pci);
  std::set<std::string> seen;
  std::erase_if(cards, [&](const Card& card) { return !seen.insert(board_of(card.pci)).second; });
  return cards;
}

std::string card_name(const Card& card, const fs::path& root, bool is_apu) {
  if (auto own = first_line(card.device / "product_name"); !own.empty()) return device_name(own);
  if (card.model.name) return device_name(card.model.name);
  if (is_apu) return device_name(cpu_model(root));
  if (auto known = libdrm_name(card, root); !known.empty()) return device_name(known);
  std::array<char, 8> id{};
  const auto [end, error] = std::to_chars(id.data(), id.data() + id.size(), card.model.device, 16);
  return device_name("AMD GPU 0x" + std::string(id.data(), end));
}

std::string board_of(const std::string& pci) {
  return pci.substr(0, pci.rfind('.'));
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return std::string(trim(line));
}

}  // namespace ipw::probes::sources::amdgpu
