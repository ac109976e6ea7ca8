#include "probes/cpu_info.hpp"

#include <fstream>

#include "base/text.hpp"

namespace ipw::probes {

std::string cpu_model(const std::filesystem::path& root) {
  std::ifstream file(root / "proc" / "cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || trim(std::string_view(line).substr(0, colon)) != "model name") continue;
    const auto model = trim(std::string_view(line).substr(colon + 1));
    if (!model.empty()) return std::string(model);
  }
  return "CPU";
}

}  // namespace ipw::probes
