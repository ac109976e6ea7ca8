#include "exporter/commands/probes_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

namespace ipw {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using probes::Domain;

// A machine with two batteries, one GPU that two sources see, and a plug.
class Laptop {
 public:
  Laptop() {
    add("nvml", "gpu0", Domain::gpu, "GPU-1").power = Watts{41.0000004};
    add("rapl", "package-0", Domain::cpu_package, "cpu0").power = Watts{0.125};
    add("rapl", "package-0-core", Domain::cpu_core, "cpu0", "package-0").update_period = Seconds{0.001};
    add("battery", "bat0", Domain::platform, "host");
    auto& down = add("battery", "bat1", Domain::platform, "host");
    down.up = false;
    down.reason = "it is charged";
    add("prometheus", "gpu0", Domain::gpu, "GPU-1").crosscheck = 0.5;
    DeviceSnapshot gpu, cpu;
    gpu.name = "RTX 4090";
    gpu.now = {"GPU-1", "580.65", "", Watts{450}, 2.52e9, std::nullopt, {"power_cap", "thermal"}};
    cpu.now.device = "cpu0";
    devices_ = {gpu, cpu};
  }

  ChannelSnapshot& add(const std::string& source, const std::string& name, Domain domain, const std::string& device,
                       const std::string& parent = "") {
    probes::Channel channel;
    channel.name = name;
    channel.parent = parent;
    channel.device = {device, device == "GPU-1" ? "RTX 4090" : device};
    channel.domain = domain;
    channel.max_power = Watts{600};
    rig_.push_back({probes::ChannelId(static_cast<std::uint32_t>(rig_.size())), source, channel});
    auto& now = channels_.emplace_back();
    now.up = true;
    return now;
  }

  ProbesReport report() const {
    return {
        {{"nvml", "nvml", ""}, {"ipmi", "", "/dev/ipmi0 does not exist"}}, probes::Topology(rig_), channels_, devices_};
  }

 private:
  std::vector<probes::RigChannel> rig_;
  std::vector<ChannelSnapshot> channels_;
  std::vector<DeviceSnapshot> devices_;
};

// Columns two spaces apart, however wide they are.
std::string squeezed(const std::string& table) {
  return std::regex_replace(table, std::regex("   +"), "  ");
}

TEST(ProbesReport, PeopleSeeATree) {
  EXPECT_EQ(squeezed(probes_text(Laptop().report(), TreeStyle::lines)),
            R"(source  found  reason
nvml  yes
ipmi  no  /dev/ipmi0 does not exist

channel  device  domain  quality  watts  updates every  state
battery/bat0  host  platform  measured  -  -  up
battery/bat1  host  platform  measured  -  -  it is charged
├─ nvml/gpu0  GPU-1 (RTX 4090)  gpu  measured  41.0  -  up, part of battery/bat0 + battery/bat1
├─ rapl/package-0  cpu0  cpu_package  measured  0.125  -  up, part of battery/bat0 + battery/bat1
│  └─ rapl/package-0-core  cpu0  cpu_core  measured  -  1.00 ms  up
└─ prometheus/gpu0  GPU-1 (RTX 4090)  gpu  measured  -  -  up, same as nvml/gpu0, part of battery/bat0 + battery/bat1

device  driver  divided into  power cap  clock  clock cap  throttled by
GPU-1 (RTX 4090)  580.65  -  450 W  2520 MHz  -  power_cap, thermal

`power: auto` takes
  accelerator, GPU-1 (RTX 4090): nvml/gpu0
  node, host (cpu0): rapl/package-0 + nvml/gpu0
)");
}

TEST(ProbesReport, FilesGetIndentation) {
  const auto text = probes_text(Laptop().report(), TreeStyle::indented);
  EXPECT_THAT(text, HasSubstr("\n  rapl/package-0 "));
  EXPECT_THAT(text, HasSubstr("\n    rapl/package-0-core "));
  EXPECT_EQ(text.find("─"), std::string::npos);
}

TEST(ProbesReport, AutoSaysWhyItRefuses) {
  Laptop laptop;
  laptop.add("nvml", "gpu1", Domain::gpu, "GPU-2");
  EXPECT_THAT(probes_text(laptop.report(), TreeStyle::lines),
              HasSubstr("`power: auto` refuses: several accelerators could be meant"));
  const auto json = Json::parse(probes_json(laptop.report()));
  EXPECT_THAT(json["auto"]["refused"].get<std::string>(), HasSubstr("nvml/gpu0, nvml/gpu1"));
  EXPECT_EQ(json["auto"]["meters"], Json::array());
}

TEST(ProbesReport, WithoutChannelsOnlyTheSources) {
  const ProbesReport nothing{{{"ipmi", "", "/dev/ipmi0 does not exist"}}, probes::Topology({}), {}, {}};
  EXPECT_EQ(probes_text(nothing, TreeStyle::lines),
            "source  found  reason\nipmi    no     /dev/ipmi0 does not exist\n");
  EXPECT_EQ(Json::parse(probes_json(nothing))["channels"], Json::array());
}

TEST(ProbesReport, ProgramsGetNullForWhatIsUnknown) {
  const auto json = Json::parse(probes_json(Laptop().report()));
  const auto& gpu = json["channels"][0];
  EXPECT_EQ(gpu["channel"], "nvml/gpu0");
  EXPECT_EQ(gpu["watts"], 41) << "to the microwatt";
  EXPECT_EQ(gpu["contained_in"], "battery/bat0 + battery/bat1");
  EXPECT_EQ(gpu["max_power_w"], 600);
  for (const auto* unknown : {"update_period_s", "crosscheck", "wraps_at_j", "duplicate_of"})
    EXPECT_TRUE(gpu[unknown].is_null()) << unknown;
  EXPECT_EQ(json["channels"][3]["contained_in"], "");
  EXPECT_EQ(json["channels"][4]["reason"], "it is charged");
  EXPECT_EQ(json["channels"][5]["duplicate_of"], "nvml/gpu0");
  EXPECT_EQ(json["channels"][5]["crosscheck"], 0.5);
  EXPECT_EQ(json["devices"][0]["power_cap_w"], 450);
  EXPECT_EQ(json["devices"][0]["throttled_by"], (Json{"power_cap", "thermal"}));
  for (const auto* unknown : {"partition", "clock_cap_hz"})
    EXPECT_TRUE(json["devices"][0][unknown].is_null()) << unknown;
  EXPECT_EQ(json["auto"]["meters"][1]["channels"], (Json{"rapl/package-0", "nvml/gpu0"}));
}

TEST(ProbesReport, NamesInAnyEncodingDoNotBreakIt) {
  Laptop laptop;
  laptop.add("hwmon", "caf\xe9", Domain::other, "host");
  EXPECT_FALSE(Json::parse(probes_json(laptop.report())).empty());
}

}  // namespace
}  // namespace ipw
