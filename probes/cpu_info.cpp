#include "probes/cpu_info.hpp"

#include <fstream>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "probes/device_names.hpp"
#include "probes/sensor_file.hpp"

namespace ipw::probes {
namespace {

// The first value of each key of /proc/cpuinfo.
std::map<std::string, std::string> read_cpuinfo(const std::filesystem::path& root) {
  std::map<std::string, std::string> values;
  std::ifstream file(root / "proc" / "cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto value = trim(std::string_view(line).substr(colon + 1));
    if (!value.empty()) values.emplace(trim(std::string_view(line).substr(0, colon)), value);
  }
  return values;
}

std::string text_of(const std::filesystem::path& path) {
  SensorFile file(path);
  const auto text = file.read();
  return text ? std::string(trim(text->substr(0, text->find('\0')))) : std::string();
}

// Neoverse V2 is the core of NVIDIA's Grace, and in two clouds of these providers' own chips.
bool is_cloud_chip(const std::filesystem::path& root) {
  const auto vendor = text_of(root / "sys" / "class" / "dmi" / "id" / "sys_vendor");
  return vendor.starts_with("Amazon") || vendor.starts_with("Google");
}

// Servers' CPUs of Arm's make, by MIDR_EL1's implementer and part. Source: arch/arm64/include/asm/cputype.h of the
// kernel.
std::string arm_model(const std::string& implementer, const std::string& part, const std::filesystem::path& root) {
  static const std::map<std::pair<std::string, std::string>, std::string> kModels{
      {{"0x41", "0xd0c"}, "Arm Neoverse N1"}, {{"0x41", "0xd40"}, "Arm Neoverse V1"},
      {{"0x41", "0xd49"}, "Arm Neoverse N2"}, {{"0x41", "0xd4f"}, "Arm Neoverse V2"},
      {{"0x41", "0xd84"}, "Arm Neoverse V3"}, {{"0x41", "0xd8e"}, "Arm Neoverse N3"},
      {{"0xc0", "0xac3"}, "AmpereOne"},       {{"0x4e", "0x004"}, "NVIDIA Carmel"},
  };
  const auto model = kModels.find({implementer, part});
  if (model == kModels.end()) return "";
  if (part == "0xd4f" && !is_cloud_chip(root)) return "NVIDIA Grace";
  return model->second;
}

}  // namespace

std::string cpu_model(const std::filesystem::path& root) {
  auto cpuinfo = read_cpuinfo(root);
  // Some kernels for Arm give the architecture in place of a model: `ARMv8 Processor rev 1 (v8l)`.
  if (const auto& model = cpuinfo["model name"]; !model.empty() && !model.starts_with("ARMv"))
    return device_name(model);
  const auto board = text_of(root / "proc" / "device-tree" / "model");
  if (board.find("Jetson") != std::string::npos) return device_name(board);
  if (auto model = arm_model(cpuinfo["CPU implementer"], cpuinfo["CPU part"], root); !model.empty()) return model;
  return board.empty() ? "CPU" : device_name(board);
}

}  // namespace ipw::probes
