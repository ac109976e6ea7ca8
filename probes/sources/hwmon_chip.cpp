#include "probes/sources/hwmon_chip.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <system_error>

#include "base/text.hpp"
#include "probes/sensor_file.hpp"

namespace ipw::probes::sources {
namespace {

namespace fs = std::filesystem;

// The N of `<prefix>N<suffix>`.
std::optional<int> number_between(std::string_view text, std::string_view prefix, std::string_view suffix) {
  if (!text.starts_with(prefix) || !text.ends_with(suffix) || text.size() <= prefix.size() + suffix.size())
    return std::nullopt;
  text = text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::vector<std::string> file_names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : folder_entries(folder)) names.push_back(entry.filename().string());
  return names;
}

bool measures(const HwmonChip& chip) {
  return !chip.numbers("energy", "_input").empty() || !chip.numbers("power", "_input").empty() ||
         !chip.numbers("power", "_average").empty() || !chip.numbers("curr", "_input").empty();
}

// Where on its bus the chip sits ("1-0040", "0000:03:00.0"), which stays while the N of hwmonN changes at every boot.
std::string bus_address(const fs::path& node) {
  std::error_code unknown;
  const auto device = fs::canonical(node / "device", unknown).filename();
  return unknown || device == "device" ? "" : device.string();
}

HwmonChip chip_at(const fs::path& node) {
  HwmonChip chip{node, node, line_of(node / "name"), "", file_names(node)};
  if (chip.name.empty()) chip.name = line_of(node / "device" / "name");
  if (!measures(chip)) {
    HwmonChip old_style{node, node / "device", chip.name, "", file_names(node / "device")};
    if (measures(old_style)) chip = std::move(old_style);
  }
  if (chip.name.empty()) chip.name = "unnamed";
  chip.key = slug(chip.name + "-" + bus_address(node));
  return chip;
}

}  // namespace

bool HwmonChip::has(std::string_view file) const {
  return std::ranges::binary_search(files, file);
}

std::vector<int> HwmonChip::numbers(std::string_view kind, std::string_view suffix) const {
  std::vector<int> found;
  for (const auto& file : files)
    if (const auto number = number_between(file, kind, suffix)) found.push_back(*number);
  std::ranges::sort(found);
  return found;
}

std::string HwmonChip::label(std::string_view kind, int number) const {
  const auto file = std::string(kind) + std::to_string(number) + "_label";
  return has(file) ? line_of(folder / file) : "";
}

std::vector<HwmonChip> find_hwmon_chips(const fs::path& parent) {
  std::map<int, fs::path> nodes;
  for (const auto& entry : folder_entries(parent))
    if (const auto number = number_between(entry.filename().string(), "hwmon", "")) nodes[*number] = entry;
  std::vector<HwmonChip> chips;
  std::map<std::string, int> seen;
  for (const auto& [number, node] : nodes) {
    auto chip = chip_at(node);
    if (const int times = ++seen[chip.key]; times > 1) chip.key += "-" + std::to_string(times);
    chips.push_back(std::move(chip));
  }
  return chips;
}

std::vector<fs::path> folder_entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    found.push_back(at->path());
  std::ranges::sort(found);
  return found;
}

std::string line_of(const fs::path& file) {
  SensorFile opened(file);
  const auto text = opened.read();
  if (!text) return "";
  const auto end = text->find_first_of(std::string_view("\0\n", 2));
  return std::string(trim(text->substr(0, end)));
}

std::optional<double> number_in(const fs::path& file) {
  const auto number = SensorFile(file).number();
  if (!number || *number < 0) return std::nullopt;
  return *number;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string slug(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '_')
      made += static_cast<char>(std::tolower(byte));
    else if (!made.empty() && made.back() != '-')
      made += '-';
  }
  while (made.ends_with('-')) made.pop_back();
  return made;
}

fs::path device_tree(const fs::path& root) {
  auto shown = root / "proc" / "device-tree";
  return is_there(shown) ? shown : root / "sys" / "firmware" / "devicetree" / "base";
}

bool is_jetson(const fs::path& root) {
  if (line_of(device_tree(root) / "model").find("Jetson") != std::string::npos) return true;
  SensorFile compatible(device_tree(root) / "compatible");
  const auto all = compatible.read();
  return all && all->find("nvidia,tegra") != std::string_view::npos;
}

}  // namespace ipw::probes::sources
