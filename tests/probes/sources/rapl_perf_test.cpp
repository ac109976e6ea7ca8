#include "probes/sources/rapl_perf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "tests/contract/power_source_contract.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::options_from;
using testing::PowerTree;

namespace fs = std::filesystem;

constexpr const char* kFixture = "intel-two-packages-perf";
constexpr const char* kEvents[] = {"energy-pkg", "energy-cores", "energy-gpu", "energy-ram", "energy-psys"};

fs::path power(const PowerTree& tree) {
  return tree.root() / "sys" / "bus" / "event_source" / "devices" / "power";
}

void seat(const PowerTree& tree, int cpu, const char* package, const char* die) {
  const auto topology = tree.root() / "sys" / "devices" / "system" / "cpu" / ("cpu" + std::to_string(cpu)) / "topology";
  tree.write(topology / "physical_package_id", package);
  tree.write(topology / "die_id", die);
}

// Puts an event that every Linux has behind the names of the energy events: the time of a CPU's clock, in nanoseconds
// (PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK), read as so many nanojoules: one watt.
void count_time(const PowerTree& tree) {
  tree.write(power(tree) / "type", "1");
  for (const std::string event : kEvents) {
    tree.write(power(tree) / "events" / event, "event=0x00");
    tree.write(power(tree) / "events" / (event + ".scale"), "1e-9");
    tree.write(power(tree) / "events" / (event + ".unit"), "Joules");
  }
}

// Why the system call cannot be tried on this machine; empty where it can.
std::string why_not() {
  if (std::thread::hardware_concurrency() < 2) return "the fixture needs two CPUs";
  const PowerTree tree(kFixture);
  count_time(tree);
  const auto zones = sources::perf_zones(tree.root(), "CPU", SteadyClock());
  return zones ? "" : zones.error().message;
}

// Time passes only where it is waited for.
class PatientClock final : public Clock {
 public:
  MonoTime now() const override { return now_; }
  bool sleep_until(MonoTime until, std::stop_token) const override {
    now_ = until;
    return true;
  }

 private:
  mutable MonoTime now_{std::chrono::hours(1)};
};

class RaplPerf : public ::testing::Test {
 protected:
  RaplPerf() { count_time(tree); }
  Result<std::unique_ptr<PowerSource>> open(const std::string& interface) const {
    auto options = options_from(interface.empty() ? "" : "interface: " + interface + "\n");
    return power_sources().find("rapl")->open(options, {tree.root(), &clock});
  }
  std::string reason(const std::string& interface) const {
    const auto source = open(interface);
    if (source) return "opened";
    EXPECT_EQ(source.error().code, Errc::unavailable);
    return source.error().message;
  }

  PowerTree tree{kFixture};
  PatientClock clock;
};

// The tests of this kind make the system call.
class RaplPerfSystemCall : public RaplPerf {
 protected:
  void SetUp() override {
    if (const auto reason = why_not(); !reason.empty()) GTEST_SKIP() << reason;
  }
  std::vector<std::string> described(const std::string& interface = "perf") const {
    const auto source = open(interface);
    if (!source) return {source.error().message};
    std::vector<std::string> all;
    for (const auto& c : (*source)->channels()) {
      all.push_back(c.name + " " + std::string(to_text(c.domain)) + " " + c.device.id +
                    (c.parent.empty() ? "" : " in " + c.parent) + (c.wraps_at ? " wraps" : ""));
    }
    return all;
  }
};

TEST_F(RaplPerfSystemCall, ChannelsAreThoseOfPowercapAndDoNotWrap) {
  EXPECT_THAT(described(), ElementsAre("package-0 cpu_package cpu0", "package-0-core cpu_core cpu0 in package-0",
                                       "package-0-uncore cpu_uncore cpu0 in package-0", "package-0-dram dram cpu0",
                                       "package-1 cpu_package cpu1", "package-1-core cpu_core cpu1 in package-1",
                                       "package-1-uncore cpu_uncore cpu1 in package-1", "package-1-dram dram cpu1",
                                       "psys platform host"));
  EXPECT_THAT(described("powercap"), ElementsAre("package-0 cpu_package cpu0 wraps", "package-0-dram dram cpu0 wraps",
                                                 "package-1 cpu_package cpu1 wraps", "package-1-dram dram cpu1 wraps",
                                                 "psys platform host wraps"));
}

TEST_F(RaplPerfSystemCall, ReadsTheScaledCount) {
  const auto source = open("perf");
  ASSERT_TRUE(source) << source.error().message;
  const auto joules = [&] { return std::get<Joules>((*source)->read().front()->value).value; };
  const auto real = std::chrono::steady_clock::now;
  const auto begin = real();
  const double first = joules();
  const auto inner = real();
  while (real() - inner < std::chrono::milliseconds(2)) continue;
  const auto inner_end = real();
  const double counted = joules() - first;
  EXPECT_LE(counted, between(begin, real()).value * 1.01) << "one watt, at most while it was looked at";
  EXPECT_GE(counted, between(inner, inner_end).value * 0.99);
}

TEST_F(RaplPerfSystemCall, DiesAreToldApartAsPowercapDoes) {
  seat(tree, 0, "0", "0");
  seat(tree, 1, "0", "1");
  for (const char* absent : {"energy-cores", "energy-gpu", "energy-psys"}) fs::remove(power(tree) / "events" / absent);
  EXPECT_THAT(described(), ElementsAre("package-0-die-0 cpu_package cpu0", "package-0-die-0-dram dram cpu0",
                                       "package-0-die-1 cpu_package cpu0", "package-0-die-1-dram dram cpu0"));
}

TEST_F(RaplPerfSystemCall, OfAmdOnlyThePackageAndOnce) {
  tree.write(tree.root() / "proc" / "cpuinfo", "model name\t: AMD EPYC 9654 96-Core Processor");
  seat(tree, 0, "0", "0");
  seat(tree, 1, "0", "1");
  EXPECT_THAT(described(), ElementsAre("package-0 cpu_package cpu0"));
}

TEST_F(RaplPerfSystemCall, AnEventThatDoesNotOpenIsLeftOut) {
  tree.write(power(tree) / "events" / "energy-cores", "event=0x77");
  tree.write(power(tree) / "events" / "energy-psys.scale", "garbage");
  fs::remove(power(tree) / "events" / "energy-gpu");
  EXPECT_THAT(described(), ElementsAre("package-0 cpu_package cpu0", "package-0-dram dram cpu0",
                                       "package-1 cpu_package cpu1", "package-1-dram dram cpu1"));
}

// PERF_COUNT_SW_DUMMY opens and never counts, as psys where firmware has disabled it.
TEST_F(RaplPerfSystemCall, APlatformThatStandsStillIsNotTaken) {
  tree.write(power(tree) / "events" / "energy-psys", "event=0x09");
  const auto zones = sources::perf_zones(tree.root(), "CPU", clock);
  ASSERT_TRUE(zones) << zones.error().message;
  EXPECT_EQ(zones->size(), 8U);
  for (const auto& zone : *zones) EXPECT_NE(zone.channel.domain, Domain::platform) << zone.channel.name;
}

TEST_F(RaplPerfSystemCall, APackageThatDoesNotOpenIsAReason) {
  tree.write(power(tree) / "events" / "energy-pkg", "event=0x77");
  EXPECT_THAT(reason("perf"), HasSubstr("energy-pkg on CPU 0: perf_event_open: "));
  tree.write(power(tree) / "events" / "energy-pkg", "event=0x00");
  tree.write(power(tree) / "cpumask", "0,60000");
  seat(tree, 0, "0", "0");
  fs::create_directories(tree.root() / "sys/devices/system/cpu/cpu60000/topology");
  seat(tree, 60000, "1", "0");
  EXPECT_THAT(reason("perf"), HasSubstr("energy-pkg on CPU 60000: perf_event_open: "));
}

TEST_F(RaplPerfSystemCall, WithoutPermissionItSaysWhatHelps) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give up its permission";
  std::ifstream file("/proc/sys/kernel/perf_event_paranoid");
  int paranoid = 0;
  file >> paranoid;
  if (paranoid <= 0) GTEST_SKIP() << "kernel.perf_event_paranoid is " << paranoid << ": everybody may";
  fs::permissions(tree.root(), fs::perms(0755));
  ASSERT_EQ(::seteuid(65534), 0);
  const auto refused = reason("perf");
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_THAT(refused, HasSubstr("energy-pkg on CPU 0: no permission for perf events: give this program CAP_PERFMON"));
  EXPECT_THAT(refused, HasSubstr("kernel.perf_event_paranoid"));
}

TEST_F(RaplPerf, BelowAnotherRootTheKernelIsNotAskedUnlessToldTo) {
  const auto source = open("");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_TRUE((*source)->channels()[0].wraps_at) << "powercap's counter wraps";
  fs::remove_all(tree.root() / "sys" / "class");
  const auto message = reason("auto");
  EXPECT_THAT(message, HasSubstr("powercap: " + tree.zone("").parent_path().string() + " does not exist"));
  EXPECT_THAT(message, HasSubstr("; perf events: not tried for another machine's files"));
}

TEST_F(RaplPerf, FilesThatMakeNoSenseAreAReason) {
  struct Case {
    const char* name;
    const char* file;
    const char* content;  // null: it is missing
    const char* message;
  } const cases[] = {
      {"no type", "type", nullptr, "type: it does not exist"},
      {"a type that is no number", "type", "power", "type: expected a number, got `power`"},
      {"a negative type", "type", "-1", "type: expected a number, got `-1`"},
      {"no mask", "cpumask", nullptr, "cpumask: it does not exist"},
      {"an empty mask", "cpumask", "", "cpumask: expected a list of CPUs, got ``"},
      {"words", "cpumask", "all", "cpumask: expected a list of CPUs, got `all`"},
      {"a torn range", "cpumask", "0-", "cpumask: expected a list of CPUs, got `0-`"},
      {"a torn list", "cpumask", "0,", "cpumask: expected a list of CPUs, got `0,`"},
      {"a range turned round", "cpumask", "3-1", "cpumask: expected a list of CPUs, got `3-1`"},
      {"too many CPUs", "cpumask", "0-4000000000", "cpumask: expected a list of CPUs, got `0-4000000000`"},
      {"a CPU that is not there", "cpumask", "9", "cpu9/topology/physical_package_id: it does not exist"},
      {"no package event", "events/energy-pkg", nullptr, "energy-pkg: it does not exist"},
      {"another term", "events/energy-pkg", "umask=0x02", "energy-pkg: expected event=0x and a number, got `umask"},
      {"more terms", "events/energy-pkg", "event=0x02,x=1", "energy-pkg: expected event=0x and a number"},
      {"another unit", "events/energy-pkg.unit", "Watts", "energy-pkg.unit: expected Joules, got `Watts`"},
      {"no unit", "events/energy-pkg.unit", nullptr, "energy-pkg.unit: it does not exist"},
      {"no scale", "events/energy-pkg.scale", nullptr, "energy-pkg.scale: it does not exist"},
      {"a scale that is none", "events/energy-pkg.scale", "nan", "energy-pkg.scale: expected a number, got `nan`"},
      {"a scale of 0", "events/energy-pkg.scale", "0", "energy-pkg.scale: expected a fraction of a joule"},
      {"a negative scale", "events/energy-pkg.scale", "-1e-9", "energy-pkg.scale: expected a fraction of a joule"},
      {"a huge scale", "events/energy-pkg.scale", "1e9", "energy-pkg.scale: expected a fraction of a joule"},
  };
  for (const auto& c : cases) {
    count_time(tree);
    tree.write(power(tree) / "cpumask", "0");
    const auto file = power(tree) / c.file;
    if (c.content != nullptr)
      tree.write(file, c.content);
    else
      fs::remove(file);
    EXPECT_THAT(reason("perf"), HasSubstr(c.message)) << c.name;
  }
  fs::remove_all(power(tree));
  EXPECT_THAT(reason("perf"), HasSubstr("devices/power does not exist: this kernel or virtual machine has no perf"));
}

TEST_F(RaplPerf, AnUnknownInterfaceIsRefused) {
  const auto source = open("msr");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::invalid);
  EXPECT_THAT(source.error().message, HasSubstr("test.yaml:1:12: "));
}

class Machine final : public testing::PowerMachine {
 public:
  Machine() { count_time(tree_); }
  std::string source() const override { return "rapl"; }
  std::string options() const override { return "interface: perf\n"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int) override {}  // real time passes

 private:
  PowerTree tree_{kFixture};
};

std::vector<MakeMachine> machines() {
  if (!why_not().empty()) return {};
  return {testing::make_machine<Machine>};
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PowerSourceContract);
INSTANTIATE_TEST_SUITE_P(RaplPerf, PowerSourceContract, ::testing::ValuesIn(machines()));

}  // namespace
}  // namespace ipw::probes
