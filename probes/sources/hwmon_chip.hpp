#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::probes::sources {

// One chip of the kernel's hardware monitoring as a folder of /sys shows it when it is listed; it may vanish any time.
// Source: Documentation/hwmon/sysfs-interface.rst of the kernel.
struct HwmonChip {
  std::filesystem::path node;    // .../hwmonN
  std::filesystem::path folder;  // of its sensors' files: hwmonN, or hwmonN/device for drivers of the old style
  std::string name;              // as its driver calls it: "ina226"
  std::string key;               // name and address on its bus, unique among its list: "ina226-1-0040"
  std::vector<std::string> files;

  bool has(std::string_view file) const;
  // Every N for which `<kind>N<suffix>` exists, rising: numbers("power", "_input").
  std::vector<int> numbers(std::string_view kind, std::string_view suffix) const;
  // `<kind>N_label`; empty where there is none.
  std::string label(std::string_view kind, int number) const;
};

// The hwmonN folders in `parent`, by N; none when it does not exist.
std::vector<HwmonChip> find_hwmon_chips(const std::filesystem::path& parent);

// What a folder contains, sorted; nothing when it cannot be read.
std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder);
// The first line of a small file, up to a NUL, trimmed; empty when it cannot be read.
std::string line_of(const std::filesystem::path& file);
// The number in a small file, if it holds one and is not negative.
std::optional<double> number_in(const std::filesystem::path& file);
bool is_there(const std::filesystem::path& path);
// Lower case, with `-` for every run of other characters than letters, digits and `_`.
std::string slug(std::string_view text);

// Where the firmware's description of the board is: /proc/device-tree, or where that link leads.
std::filesystem::path device_tree(const std::filesystem::path& root);
// Whether `root` is an NVIDIA Jetson, whose power sensors the jetson source knows by name.
bool is_jetson(const std::filesystem::path& root);

}  // namespace ipw::probes::sources
