#include "probes/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipw::probes {
namespace {

using ::testing::HasSubstr;

Channel channel(const std::string& name, Domain domain, const std::string& device, const std::string& parent = "") {
  Channel c;
  c.name = name;
  c.parent = parent;
  c.device = {device, "name of " + device};
  c.domain = domain;
  return c;
}

class Machine {
 public:
  Machine& with(const std::string& source, Channel c) {
    channels_.push_back({ChannelId(static_cast<std::uint32_t>(channels_.size())), source, std::move(c)});
    return *this;
  }
  Machine& package(int number, const std::string& source = "rapl") {
    const auto name = "package-" + std::to_string(number), device = "cpu" + std::to_string(number);
    with(source, channel(name, Domain::cpu_package, device));
    with(source, channel(name + "-core", Domain::cpu_core, device, name));
    return with(source, channel(name + "-dram", Domain::dram, device));
  }
  Machine& psys() { return with("rapl", channel("psys", Domain::platform, "host")); }
  Machine& gpu(const std::string& name) { return with("nvml", channel(name, Domain::gpu, "GPU-" + name)); }
  Machine& plug(const std::string& name) { return with("shelly", channel(name, Domain::wall, "host")); }
  Topology topology() const { return Topology(channels_); }

 private:
  std::vector<RigChannel> channels_;
};

std::string text(const Topology& topology, const std::vector<Meter>& meters) {
  std::string all;
  for (const auto& meter : meters) {
    all += (all.empty() ? "" : " | ") + std::string(to_text(meter.scope)) + " " + meter.device.id + ":";
    for (const auto id : meter.channels) all += " " + topology.channels()[static_cast<std::size_t>(id)].channel.name;
  }
  return all;
}

TEST(Topology, MetersAddNothingToAPartOfItself) {
  struct Case {
    const char* name;
    Machine machine;
    PowerChoice choice;
    const char* meters;
  } const cases[] = {
      {"nothing there", Machine{}, {}, ""},
      {"two packages, core, dram and psys",
       Machine{}.package(0).package(1).psys(),
       {},
       "accelerator cpu0: package-0 | accelerator cpu1: package-1 | node host: psys"},
      {"two packages without psys",
       Machine{}.package(0).package(1),
       {},
       "accelerator cpu0: package-0 | accelerator cpu1: package-1 | "
       "node host: package-0 package-1 package-0-dram package-1-dram"},
      {"a GPU, a package, a plug",
       Machine{}.package(0).gpu("gpu0").plug("plug0"),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: package-0 package-0-dram gpu0 | wall host: plug0"},
      {"a GPU alone is no node", Machine{}.gpu("gpu0"), {}, "accelerator GPU-gpu0: gpu0"},
      {"two dies of a package are one device",
       Machine{}
           .with("rapl", channel("package-0-die-0", Domain::cpu_package, "cpu0"))
           .with("rapl", channel("package-0-die-1", Domain::cpu_package, "cpu0")),
       {},
       "accelerator cpu0: package-0-die-0 package-0-die-1 | node host: package-0-die-0 package-0-die-1"},
      {"what two sources measure counts once, from the first",
       Machine{}.package(0).with("perf", channel("energy-pkg", Domain::cpu_package, "cpu0")),
       {},
       "accelerator cpu0: package-0 | node host: package-0 package-0-dram"},
      {"named, and auto for the rest",
       Machine{}.package(0).gpu("gpu0").gpu("gpu1").plug("a").plug("b"),
       {{"gpu1"}, {"auto"}, {"shelly/b"}},
       "accelerator GPU-gpu1: gpu1 | node host: package-0 package-0-dram gpu0 gpu1 | wall host: b"},
      {"several named accelerators have a meter each",
       Machine{}.package(0).gpu("gpu0").gpu("gpu1"),
       {{"gpu1", "nvml/gpu0"}, {"package-0"}, {}},
       "accelerator GPU-gpu1: gpu1 | accelerator GPU-gpu0: gpu0 | node host: package-0"},
  };
  for (const auto& c : cases) {
    const auto topology = c.machine.topology();
    const auto meters = topology.meters(c.choice);
    ASSERT_TRUE(meters) << c.name << ": " << meters.error().message;
    EXPECT_EQ(text(topology, *meters), c.meters) << c.name;
  }
}

TEST(Topology, WhatCannotBeMeantIsRefusedWithAList) {
  const auto machine = Machine{}.package(0).psys().gpu("gpu0").gpu("gpu1").plug("a").plug("b").with(
      "perf", channel("package-0", Domain::cpu_package, "cpu0"));
  struct Case {
    const char* name;
    PowerChoice choice;
    const char* message;
  } const cases[] = {
      {"two GPUs", {{}, {}, {"a"}}, "several accelerators could be meant: name the target's own"},
      {"two GPUs, listed", {{}, {}, {"a"}}, "nvml/gpu0, nvml/gpu1"},
      {"two plugs", {{"gpu0"}, {}, {}}, "several wall meters could be meant"},
      {"a misspelt name",
       {{"gpu2"}, {}, {"a"}},
       "there is no power channel `gpu2`, did you mean `gpu0`? (there are rapl/"},
      {"in two sources",
       {{"package-0"}, {}, {"a"}},
       "exists more than once: write one of rapl/package-0, perf/package-0"},
      {"a plug as accelerator", {{"a"}, {}, {"a"}}, "`a` measures wall, which cannot stand for the scope accelerator"},
      {"a GPU as wall", {{"gpu0"}, {}, {"gpu0"}}, "measures gpu, which cannot stand for the scope wall"},
      {"a package and its core",
       {{"rapl/package-0", "package-0-core"}, {}, {"a"}},
       "`rapl/package-0` contains `rapl/package-0-core`"},
      {"the platform and a GPU", {{"gpu0"}, {"gpu0", "psys"}, {"a"}}, "`rapl/psys` contains `nvml/gpu0`"},
      {"the same quantity twice", {{"rapl/package-0", "perf/package-0"}, {}, {"a"}}, "measure the same"},
      {"the same channel twice", {{"gpu0", "nvml/gpu0"}, {}, {"a"}}, "`nvml/gpu0` is named twice"},
  };
  const auto topology = machine.topology();
  for (const auto& c : cases) {
    const auto meters = topology.meters(c.choice);
    ASSERT_FALSE(meters) << c.name;
    EXPECT_EQ(meters.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(meters.error().message, HasSubstr(c.message)) << c.name;
  }
  const auto nothing = Machine{}.topology().meters({{"gpu0"}, {}, {}});
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().message, HasSubstr("no power source was found on this machine"));
}

TEST(Topology, ContainersAreDirectAndCrossSources) {
  const auto topology = Machine{}.package(0).psys().gpu("gpu0").plug("plug0").topology();
  const auto container = [&](std::size_t i) -> std::string {
    const auto id = topology.container(topology.channels()[i].id);
    return id ? topology.channels()[static_cast<std::size_t>(*id)].channel.name : "";
  };
  const std::pair<const char*, const char*> expected[] = {{"package-0", "psys"},      {"package-0-core", "package-0"},
                                                          {"package-0-dram", "psys"}, {"psys", "plug0"},
                                                          {"gpu0", "psys"},           {"plug0", ""}};
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(topology.channels()[i].channel.name, expected[i].first);
    EXPECT_EQ(container(i), expected[i].second) << expected[i].first;
  }
}

TEST(Topology, AMeterIsAsGoodAsItsWeakestChannel) {
  auto estimate = channel("cpu", Domain::cpu_package, "host");
  estimate.quality = Quality::estimated;
  const auto topology = Machine{}.gpu("gpu0").with("estimated", estimate).topology();
  const auto meters = topology.meters({});
  ASSERT_TRUE(meters);
  ASSERT_EQ(meters->size(), 2U);
  EXPECT_EQ((*meters)[0].quality, Quality::measured);
  EXPECT_EQ((*meters)[1].quality, Quality::estimated);
  EXPECT_EQ((*meters)[1].device.name, "name of host");
}

}  // namespace
}  // namespace ipw::probes
