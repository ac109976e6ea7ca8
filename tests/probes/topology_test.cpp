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
  Machine& bmc() { return with("ipmi", channel("system", Domain::platform, "host")); }
  Machine& battery(const std::string& name) { return with("battery", channel(name, Domain::platform, "host")); }
  Machine& gpu(const std::string& name, const std::string& source = "nvml") {
    return with(source, channel(name, Domain::gpu, "GPU-" + name));
  }
  Machine& apu() { return with("amdgpu", channel("apu0", Domain::soc, "pci-0000:c5:00.0")); }
  // A socket of GH200, as its hwmon sensors show it.
  Machine& grace(int number) {
    const auto n = std::to_string(number);
    with("hwmon", channel("module-" + n, Domain::module, "module" + n));
    with("hwmon", channel("grace-" + n, Domain::cpu_package, "cpu" + n, "module-" + n));
    return with("hwmon", channel("cpu-" + n, Domain::cpu_core, "cpu" + n, "grace-" + n));
  }
  Machine& jetson() {
    with("jetson", channel("vdd_in", Domain::soc, "host"));
    return with("jetson", channel("vdd_gpu_soc", Domain::gpu, "host", "vdd_in"));
  }
  Machine& plug(const std::string& name, const std::string& source = "shelly") {
    return with(source, channel(name, Domain::wall, "host"));
  }
  Topology topology() const { return Topology(channels_); }

 private:
  std::vector<RigChannel> channels_;
};

Machine eight_gpus() {
  Machine machine;
  for (int i = 0; i < 8; ++i) machine.gpu("gpu" + std::to_string(i));
  return machine.package(0).package(1);
}

std::string text(const Topology& topology, const std::vector<Meter>& meters) {
  std::string all;
  for (const auto& meter : meters) {
    all += (all.empty() ? "" : " | ") + std::string(to_text(meter.scope)) + " " + meter.device.id + ":";
    for (const auto id : meter.channels) all += " " + topology.channels()[static_cast<std::size_t>(id)].channel.name;
  }
  return all;
}

struct MeterCase {
  const char* name;
  Machine machine;
  PowerChoice choice;
  const char* meters;
};

void expect_meters(const std::vector<MeterCase>& cases) {
  for (const auto& c : cases) {
    const auto topology = c.machine.topology();
    const auto meters = topology.meters(c.choice);
    ASSERT_TRUE(meters) << c.name << ": " << meters.error().message;
    EXPECT_EQ(text(topology, *meters), c.meters) << c.name;
  }
}

TEST(Topology, AutoTakesWhatCanBeMeantAndAddsNothingToAPartOfItself) {
  expect_meters({
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
       Machine{}.gpu("gpu0").package(0).plug("plug0"),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: package-0 package-0-dram gpu0 | wall host: plug0"},
      {"a GPU alone is no node", Machine{}.gpu("gpu0"), {}, "accelerator GPU-gpu0: gpu0"},
      {"two dies of a package are one device",
       Machine{}
           .with("rapl", channel("package-0-die-0", Domain::cpu_package, "cpu0"))
           .with("rapl", channel("package-0-die-1", Domain::cpu_package, "cpu0")),
       {},
       "accelerator cpu0: package-0-die-0 package-0-die-1 | node host: package-0-die-0 package-0-die-1"},
      {"an APU contains its CPU package",
       Machine{}.apu().package(0),
       {},
       "accelerator pci-0000:c5:00.0: apu0 | node host: apu0 package-0-dram"},
      {"an APU is the host of a discrete GPU",
       Machine{}.gpu("gpu0").apu().package(0),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: apu0 package-0-dram gpu0"},
      {"GH200: the GPU is metered within its module",
       Machine{}.gpu("gpu0").grace(0),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: module-0"},
      {"GH200 without NVML: the module stands for its GPU",
       Machine{}.grace(0),
       {},
       "accelerator module0: module-0 | node host: module-0"},
      {"GH200 whose NVML meters the module",
       Machine{}.with("nvml", channel("module0", Domain::module, "GPU-0")).grace(0),
       {},
       "accelerator GPU-0: module0 | node host: module0"},
      {"Jetson: the rails are parts of the whole",
       Machine{}.jetson(),
       {},
       "accelerator host: vdd_in | node host: vdd_in"},
      {"a card contains its chip",
       Machine{}
           .with("intel_gpu", channel("card0", Domain::gpu, "pci-0000:03:00.0"))
           .with("intel_gpu", channel("card0-package", Domain::gpu, "pci-0000:03:00.0", "card0"))
           .package(0),
       {},
       "accelerator pci-0000:03:00.0: card0 | node host: package-0 package-0-dram card0"},
      {"what is not known is never taken",
       Machine{}.package(0).with("hwmon", channel("ina0", Domain::other, "host")),
       {},
       "accelerator cpu0: package-0 | node host: package-0 package-0-dram"},
  });
}

TEST(Topology, AutoTakesTheFirstOfThoseThatMeasureTheSame) {
  expect_meters({
      {"perf beside powercap",
       Machine{}.package(0).with("perf", channel("energy-pkg", Domain::cpu_package, "cpu0")),
       {},
       "accelerator cpu0: package-0 | node host: package-0 package-0-dram"},
      {"another exporter beside the driver",
       Machine{}.gpu("gpu0").package(0).gpu("gpu0", "prometheus"),
       {{"nvml/gpu0"}, {}, {}},
       "accelerator GPU-gpu0: gpu0 | node host: package-0 package-0-dram gpu0"},
      {"and without a name",
       Machine{}.gpu("gpu0").package(0).gpu("gpu0", "prometheus"),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: package-0 package-0-dram gpu0"},
      {"psys before the BMC, a plug in front",
       Machine{}.package(0).psys().bmc().plug("plug0"),
       {},
       "accelerator cpu0: package-0 | node host: psys | wall host: plug0"},
      {"the BMC contains the GPUs",
       Machine{}.gpu("gpu0").package(0).bmc().plug("plug0"),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: system | wall host: plug0"},
      {"a laptop on its battery, with psys",
       Machine{}.package(0).psys().battery("bat0"),
       {},
       "accelerator cpu0: package-0 | node host: psys"},
      {"with psys, whichever was opened first",
       Machine{}.battery("bat0").package(0).psys(),
       {},
       "accelerator cpu0: package-0 | node host: psys"},
      {"without psys: on the mains, a battery tells nothing",
       Machine{}.package(0).battery("bat0"),
       {},
       "accelerator cpu0: package-0 | node host: package-0 package-0-dram"},
      {"psys beside a GPU may be with or without it",
       Machine{}.gpu("gpu0").package(0).psys(),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: package-0 package-0-dram gpu0"},
      {"the BMC knows, behind psys or not",
       Machine{}.gpu("gpu0").package(0).psys().bmc(),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: system"},
      {"a model of all CPUs beside a sensor of one, whichever was opened first",
       Machine{}.with("estimated", channel("cpu", Domain::cpu_package, "host")).package(0),
       {},
       "accelerator cpu0: package-0 | node host: package-0 package-0-dram"},
      {"a model of all CPUs beside a GPU",
       Machine{}.gpu("gpu0").with("estimated", channel("cpu", Domain::cpu_package, "host")),
       {},
       "accelerator GPU-gpu0: gpu0 | node host: cpu gpu0"},
      {"two batteries and nothing else", Machine{}.battery("bat0").battery("bat1"), {}, "node host: bat0 bat1"},
      {"a battery by name",
       Machine{}.package(0).battery("bat0"),
       {{}, {"bat0"}, {}},
       "accelerator cpu0: package-0 | node host: bat0"},
  });
}

TEST(Topology, NamedChannelsAndAutoForTheRest) {
  expect_meters({
      {"one of several",
       Machine{}.package(0).gpu("gpu0").gpu("gpu1").plug("a").plug("b"),
       {{"gpu1"}, {"auto"}, {"shelly/b"}},
       "accelerator GPU-gpu1: gpu1 | node host: package-0 package-0-dram gpu0 gpu1 | wall host: b"},
      {"several named accelerators have a meter each",
       Machine{}.package(0).gpu("gpu0").gpu("gpu1"),
       {{"gpu1", "nvml/gpu0"}, {"package-0"}, {}},
       "accelerator GPU-gpu1: gpu1 | accelerator GPU-gpu0: gpu0 | node host: package-0"},
      {"one of eight",
       eight_gpus(),
       {{"gpu3"}, {}, {}},
       "accelerator GPU-gpu3: gpu3 | node host: package-0 package-1 package-0-dram package-1-dram gpu0 gpu1 gpu2 "
       "gpu3 gpu4 gpu5 gpu6 gpu7"},
      {"the APU beside a discrete GPU",
       Machine{}.gpu("gpu0").apu().package(0),
       {{"apu0"}, {}, {}},
       "accelerator pci-0000:c5:00.0: apu0 | node host: apu0 package-0-dram gpu0"},
      {"what is not known",
       Machine{}.package(0).with("hwmon", channel("ina0", Domain::other, "host")),
       {{"ina0"}, {"ina0", "package-0"}, {}},
       "accelerator host: ina0 | node host: ina0 package-0"},
      {"a power supply on each of two plugs",
       Machine{}.plug("a").plug("b", "shelly-2").package(0),
       {{}, {}, {"a", "b"}},
       "accelerator cpu0: package-0 | node host: package-0 package-0-dram | wall host: a b"},
      {"the second of two that measure the same",
       Machine{}.gpu("gpu0").gpu("gpu0", "prometheus"),
       {{"prometheus/gpu0"}, {}, {}},
       "accelerator GPU-gpu0: gpu0"},
  });
}

TEST(Topology, WhatCannotBeMeantIsRefusedWithAList) {
  const auto machine = Machine{}
                           .package(0)
                           .psys()
                           .gpu("gpu0")
                           .gpu("gpu1")
                           .plug("a")
                           .plug("b")
                           .with("perf", channel("package-0", Domain::cpu_package, "cpu0"))
                           .with("estimated", channel("cpu", Domain::cpu_package, "host"));
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
      {"a package and a model of all", {{"rapl/package-0", "cpu"}, {}, {"a"}}, "measure the same"},
      {"the same channel twice", {{"gpu0", "nvml/gpu0"}, {}, {"a"}}, "`nvml/gpu0` is named twice"},
  };
  const auto topology = machine.topology();
  for (const auto& c : cases) {
    const auto meters = topology.meters(c.choice);
    ASSERT_FALSE(meters) << c.name;
    EXPECT_EQ(meters.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(meters.error().message, HasSubstr(c.message)) << c.name;
  }
  struct MachineCase {
    const char* name;
    Machine machine;
    PowerChoice choice;
    const char* message;
  } const machines[] = {
      {"eight GPUs", eight_gpus(), {}, "(there are nvml/gpu0, nvml/gpu1, nvml/gpu2, nvml/gpu3, nvml/gpu4, nvml/gpu5, "},
      {"two APUs",
       Machine{}.apu().with("amdgpu", channel("apu1", Domain::soc, "pci-0001:c5:00.0")),
       {},
       "(there are amdgpu/apu0, amdgpu/apu1)"},
      {"two modules whose GPUs nobody meters", Machine{}.grace(0).grace(1), {}, "hwmon/module-0, hwmon/module-1"},
      {"a GPU that may be in the module",
       Machine{}.gpu("gpu0").grace(0).grace(1),
       {{}, {"gpu0", "module-1"}, {}},
       "`hwmon/module-1` contains `nvml/gpu0`"},
      {"an APU and its package",
       Machine{}.apu().package(0),
       {{}, {"package-0", "apu0"}, {}},
       "`amdgpu/apu0` contains `rapl/package-0`"},
      {"the core of a package that another source meters",
       Machine{}.package(0).package(0, "perf"),
       {{}, {"rapl/package-0", "perf/package-0-core"}, {}},
       "`rapl/package-0` contains `perf/package-0-core`"},
      {"two batteries contain the package",
       Machine{}.package(0).battery("bat0").battery("bat1"),
       {{}, {"bat1", "package-0"}, {}},
       "`battery/bat1` contains `rapl/package-0`"},
      {"plugs of different makes", Machine{}.plug("a").plug("b", "tasmota"), {}, "shelly/a, tasmota/b"},
  };
  for (const auto& c : machines) {
    const auto meters = c.machine.topology().meters(c.choice);
    ASSERT_FALSE(meters) << c.name;
    EXPECT_THAT(meters.error().message, HasSubstr(c.message)) << c.name;
  }
  const auto nothing = Machine{}.topology().meters({{"gpu0"}, {}, {}});
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().message, HasSubstr("no power source was found on this machine"));
}

// "a<b" for a part a of b, "a=b" for one that measures the same; the top of the tree alone.
std::string tree(const Topology& topology) {
  const auto name = [&](ChannelId id) {
    return topology.channels()[static_cast<std::size_t>(id)].source + "/" +
           topology.channels()[static_cast<std::size_t>(id)].channel.name;
  };
  std::string all;
  for (const auto& c : topology.channels()) {
    all += (all.empty() ? "" : " ") + c.channel.name;
    for (const auto whole : topology.tree().containers(c.id)) all += "<" + name(whole);
    if (const auto same = topology.tree().duplicate_of(c.id)) all += "=" + name(*same);
  }
  return all;
}

TEST(Containment, IsDirectAndCrossesSources) {
  struct Case {
    const char* name;
    Machine machine;
    const char* tree;
  } const cases[] = {
      {"a workstation", Machine{}.package(0).psys().gpu("gpu0").plug("plug0"),
       "package-0<rapl/psys package-0-core<rapl/package-0 package-0-dram<rapl/psys psys<shelly/plug0 gpu0<rapl/psys "
       "plug0"},
      {"psys and BMC measure the same", Machine{}.psys().bmc().gpu("gpu0"), "psys system=rapl/psys gpu0<rapl/psys"},
      {"two batteries together", Machine{}.package(0).battery("bat0").battery("bat1"),
       "package-0<battery/bat0<battery/bat1 package-0-core<rapl/package-0 package-0-dram<battery/bat0<battery/bat1 "
       "bat0 bat1"},
      {"a battery behind psys", Machine{}.battery("bat0").psys(), "bat0=rapl/psys psys"},
      {"two modules: the GPU may be in either", Machine{}.gpu("gpu0").grace(0).grace(1),
       "gpu0<hwmon/module-0<hwmon/module-1 module-0 grace-0<hwmon/module-0 cpu-0<hwmon/grace-0 module-1 "
       "grace-1<hwmon/module-1 cpu-1<hwmon/grace-1"},
      {"modules of two sources are the same ones",
       Machine{}
           .with("nvml", channel("m0", Domain::module, "GPU-0"))
           .with("nvml", channel("m1", Domain::module, "GPU-1"))
           .grace(0)
           .grace(1),
       "m0 m1 module-0=nvml/m0 grace-0<hwmon/module-0 cpu-0<hwmon/grace-0 module-1=nvml/m1 grace-1<hwmon/module-1 "
       "cpu-1<hwmon/grace-1"},
      {"a GPU is in the module of its own device",
       Machine{}
           .with("nvml", channel("m0", Domain::module, "GPU-a"))
           .with("nvml", channel("m1", Domain::module, "GPU-b"))
           .gpu("b"),
       "m0 m1 b<nvml/m1"},
      {"an APU and a discrete GPU", Machine{}.gpu("gpu0").apu().package(0),
       "gpu0 apu0 package-0<amdgpu/apu0 package-0-core<rapl/package-0 package-0-dram"},
      {"a GPU on its SoC",
       Machine{}.with("apple", channel("soc", Domain::soc, "host")).with("apple", channel("gpu", Domain::gpu, "host")),
       "soc gpu<apple/soc"},
      {"two plugs are two power supplies", Machine{}.plug("a").plug("b", "tasmota").bmc(),
       "a b system<shelly/a<tasmota/b"},
      {"parts that nobody knows are not the same",
       Machine{}
           .with("hwmon", channel("ina0", Domain::other, "host"))
           .with("prometheus", channel("x", Domain::other, "host"))
           .bmc(),
       "ina0<ipmi/system x<ipmi/system system"},
      {"a parent that is not there", Machine{}.with("hwmon", channel("part", Domain::other, "host", "none")), "part"},
      {"a circle of parents",
       Machine{}
           .with("odd", channel("a", Domain::gpu, "x", "b"))
           .with("odd", channel("b", Domain::gpu, "x", "a"))
           .with("odd", channel("c", Domain::gpu, "y", "c")),
       "a b<odd/a c"},
      {"a circle through the rules",
       Machine{}.with("odd", channel("p", Domain::platform, "host", "g")).with("odd", channel("g", Domain::gpu, "x")),
       "p g<odd/p"},
  };
  for (const auto& c : cases) EXPECT_EQ(tree(c.machine.topology()), c.tree) << c.name;
}

TEST(Topology, TheHostIsCalledAfterItsProcessor) {
  struct Case {
    const char* name;
    Machine machine;
    const char* host;
  } const cases[] = {
      {"a CPU", Machine{}.gpu("gpu0").package(0).plug("plug0"), "name of cpu0"},
      {"an SoC", Machine{}.with("jetson", channel("vdd_in", Domain::soc, "soc0")).plug("plug0"), "name of soc0"},
      {"none that is known", Machine{}.plug("plug0"), "name of host"},
  };
  for (const auto& c : cases) {
    const auto meters = c.machine.topology().meters({});
    ASSERT_TRUE(meters) << c.name;
    EXPECT_EQ(meters->back().device.name, c.host) << c.name;
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
