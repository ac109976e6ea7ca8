#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/device_names.hpp"
#include "probes/power_source.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr double kUnit = 1.0 / 65536;                                               // J
constexpr std::size_t kMi300Watts = 10, kMi300Energy = 88, kMi300Throttlers = 104;  // of v1.5, as the fixture has

// A copy of what a fixture shows of its AMD GPUs, whose files a test changes.
class GpuTree {
 public:
  explicit GpuTree(const std::string& fixture) : fixture_(testing::testdata() / "sysfs" / fixture) {
    fs::copy(fixture_ / "proc", root() / "proc", fs::copy_options::recursive);
    for (const int number : {1, 2})
      if (fs::exists(fixture_ / kDrm / ("card" + std::to_string(number)))) restore(number);
    const auto names = fs::path("usr/share/libdrm/amdgpu.ids");
    if (!fs::exists(fixture_ / names)) return;
    fs::create_directories((root() / names).parent_path());
    fs::copy(fixture_ / names, root() / names);
  }
  // The card as the fixture has it.
  void restore(int number) const {
    fs::remove_all(card(number));
    fs::create_directories(card(number).parent_path());
    fs::copy(fixture_ / kDrm / ("card" + std::to_string(number)) / "device", card(number), fs::copy_options::recursive);
  }

  const fs::path& root() const { return folder_.path(); }
  void write(const fs::path& file, const std::string& text) const { bytes_to(file, text + "\n"); }
  fs::path card(int number = 1) const { return root() / kDrm / ("card" + std::to_string(number)) / "device"; }
  fs::path hwmon(int number = 1) const { return fs::directory_iterator(card(number) / "hwmon")->path(); }

  // Puts `value`, of `width` bytes, into the table of the card; little endian, as the kernel's.
  void patch(int number, std::size_t offset, std::uint64_t value, std::size_t width) const {
    auto bytes = testing::read_file(card(number) / "gpu_metrics");
    for (std::size_t i = 0; i < width; ++i) bytes[offset + i] = static_cast<char>(value >> 8 * i);
    bytes_to(card(number) / "gpu_metrics", bytes);
  }
  void set_joules(int number, double joules) const {
    patch(number, kMi300Energy, static_cast<std::uint64_t>(joules / kUnit), 8);
  }
  static void bytes_to(const fs::path& file, const std::string& bytes) {
    const auto fresh = file.string() + ".new";
    std::ofstream(fresh, std::ios::binary) << bytes;
    fs::rename(fresh, file);
  }
  // A second card that is like the first one of the fixture but for its address and device id.
  void add_card(int number, const std::string& pci, const std::string& device) const {
    fs::create_directories(card(number).parent_path());
    fs::copy(card(1), card(number), fs::copy_options::recursive);
    be(number, pci, device);
  }
  void be(int number, const std::string& pci, const std::string& device) const {
    write(card(number) / "device", device);
    write(card(number) / "uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=" + pci);
  }

 private:
  static constexpr const char* kDrm = "sys/class/drm";
  fs::path fixture_;
  testing::TemporaryFolder folder_;
};

Result<std::unique_ptr<PowerSource>> open_amdgpu(const fs::path& root, const Clock& clock) {
  auto options = Options::none();
  return power_sources().find("amdgpu")->open(options, {root, &clock});
}

std::vector<std::string> described(const PowerSource& source) {
  std::vector<std::string> all;
  for (const auto& c : source.channels())
    all.push_back(c.name + " " + std::string(to_text(c.domain)) + " " + c.device.id + " " + c.device.name);
  return all;
}

std::string shown(const Result<StampedReading>& reading) {
  if (!reading) return reading.error().message;
  if (const auto* energy = std::get_if<Joules>(&reading->value)) return std::to_string(energy->value) + " J";
  return std::to_string(std::get<Watts>(reading->value).value) + " W";
}

class AmdGpu : public ::testing::Test {
 protected:
  std::unique_ptr<PowerSource> opened(const GpuTree& tree) {
    auto source = open_amdgpu(tree.root(), clock);
    EXPECT_TRUE(source) << source.error().message;
    return source ? *std::move(source) : nullptr;
  }
  testing::FakeClock clock;
};

TEST_F(AmdGpu, AServerOfMi300x) {
  const GpuTree tree("mi300x");
  const auto source = opened(tree);
  ASSERT_TRUE(source);
  const auto name = device_name("AMD Instinct MI300X OAM");
  EXPECT_THAT(described(*source),
              ElementsAre("gpu0 gpu pci-0000:05:00.0 " + name, "gpu1 gpu pci-0000:26:00.0 " + name));
  const auto& gpu = source->channels()[0];
  EXPECT_FALSE(gpu.wraps_at) << "64 bits never wrap";
  EXPECT_DOUBLE_EQ(gpu.max_power->value, 2250) << "three times its cap";

  tree.set_joules(1, 123456.5);
  tree.patch(1, kMi300Watts, 612, 2);
  const auto readings = source->read();
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_EQ(shown(readings[0]), "123456.500000 J");
  ASSERT_TRUE(readings[0]->power);
  EXPECT_EQ(readings[0]->power->value.value, 612);
  EXPECT_EQ(readings[0]->at, clock.now());
  EXPECT_EQ(shown(readings[1]), std::to_string(0x59C0A4D1 * kUnit) + " J");
}

TEST_F(AmdGpu, OtherMachines) {
  struct Case {
    const char* tree;
    std::string channel, reading;
    double max_power;
  } const cases[] = {
      {"radeon", "gpu0 gpu pci-0000:0b:00.0 " + device_name("AMD Radeon RX 7900 XTX"), "31.000000 W", 1128},
      {"apu", "soc0 soc pci-0000:c1:00.0 " + device_name("AMD Ryzen 7 7840U w/ Radeon 780M Graphics"), "9.132000 W",
       2000},
  };
  for (const auto& c : cases) {
    const GpuTree tree(c.tree);
    const auto source = opened(tree);
    ASSERT_TRUE(source) << c.tree;
    EXPECT_THAT(described(*source), ElementsAre(c.channel)) << c.tree;
    EXPECT_EQ(shown(source->read()[0]), c.reading) << c.tree << ": a Radeon's counter has no unit that AMD states";
    EXPECT_DOUBLE_EQ(source->channels()[0].max_power->value, c.max_power) << c.tree;
  }
}

TEST_F(AmdGpu, TheFixturesOwnTreesAreReadThroughTheirLinks) {
  for (const char* machine : {"mi300x", "radeon", "apu"}) {
    const auto source = open_amdgpu(testing::testdata() / "sysfs" / machine, clock);
    ASSERT_TRUE(source) << machine << ": " << source.error().message;
    for (const auto& reading : (*source)->read()) EXPECT_TRUE(reading) << machine << ": " << shown(reading);
  }
}

TEST_F(AmdGpu, MachinesWithoutOneAreExplained) {
  for (const char* machine : {"zen-server", "no-sensors", "amd"}) {
    const auto source = open_amdgpu(testing::testdata() / "sysfs" / machine, clock);
    ASSERT_FALSE(source) << machine;
    EXPECT_EQ(source.error().code, Errc::unavailable) << machine;
    EXPECT_THAT(source.error().message, HasSubstr("sys/class/drm shows no AMD GPU (vendor 0x1002)")) << machine;
  }
}

// What a card shows decides once what its channel is read from.
TEST_F(AmdGpu, TheBestThatACardShows) {
  struct Case {
    const char* name;
    const char* tree;
    std::function<void(const GpuTree&)> change;
    const char* reading;
  } const cases[] = {
      {"average before input", "radeon", [](const auto& t) { t.write(t.hwmon() / "power1_input", "77000000"); },
       "31.000000 W"},
      {"input alone", "radeon",
       [](const auto& t) { fs::rename(t.hwmon() / "power1_average", t.hwmon() / "power1_input"); }, "31.000000 W"},
      {"average that is none", "radeon",
       [](const auto& t) {
         t.write(t.hwmon() / "power1_average", "n/a");
         t.write(t.hwmon() / "power1_input", "32000000");
       },
       "32.000000 W"},
      {"average that is not available", "radeon",
       [](const auto& t) {
         t.write(t.hwmon() / "power1_average", "65535000000");
         t.write(t.hwmon() / "power1_input", "32000000");
       },
       "32.000000 W"},
      {"average of nothing", "radeon",
       [](const auto& t) {
         t.write(t.hwmon() / "power1_average", "0");
         t.write(t.hwmon() / "power1_input", "32000000");
       },
       "32.000000 W"},
      {"average of nothing, but a table", "radeon", [](const auto& t) { t.write(t.hwmon() / "power1_average", "0"); },
       "31.000000 W"},
      {"nothing at all", "radeon",
       [](const auto& t) {
         t.write(t.hwmon() / "power1_average", "0");
         t.patch(1, 22, 0xFFFF, 2);
       },
       "0.000000 W"},
      {"no hwmon", "radeon", [](const auto& t) { fs::remove_all(t.card() / "hwmon"); }, "31.000000 W"},
      {"no table", "mi300x", [](const auto& t) { fs::remove(t.card() / "gpu_metrics"); }, "131.000000 W"},
      {"unknown table", "mi300x", [](const auto& t) { t.patch(1, 3, 42, 1); }, "131.000000 W"},
      {"counter not available", "mi300x", [](const auto& t) { t.patch(1, kMi300Energy, ~0ULL, 8); }, "131.000000 W"},
      {"counter never began", "mi300x", [](const auto& t) { t.patch(1, kMi300Energy, 0, 8); }, "131.000000 W"},
      {"32 ones for a counter", "mi300x", [](const auto& t) { t.patch(1, kMi300Energy, 0xFFFFFFFF, 8); },
       "131.000000 W"},
      {"neither counter nor hwmon", "mi300x",
       [](const auto& t) {
         t.patch(1, kMi300Energy, 0, 8);
         fs::remove_all(t.card() / "hwmon");
       },
       "131.000000 W"},
  };
  const GpuTree radeon("radeon"), mi300x("mi300x");
  for (const auto& c : cases) {
    const auto& tree = c.tree == std::string("radeon") ? radeon : mi300x;
    tree.restore(1);
    c.change(tree);
    const auto source = opened(tree);
    ASSERT_TRUE(source) << c.name;
    EXPECT_EQ(shown(source->read()[0]), c.reading) << c.name;
  }
}

TEST_F(AmdGpu, ACardThatShowsNothingSaysWhy) {
  const GpuTree tree("radeon");
  tree.patch(1, 3, 42, 1);
  fs::remove(tree.hwmon() / "power1_average");
  const auto source = open_amdgpu(tree.root(), clock);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
  EXPECT_THAT(source.error().message,
              AllOf(HasSubstr("gpu_metrics: v1.42 of 120 bytes is a table of an unknown revision"),
                    HasSubstr("power1_average: it does not exist"), HasSubstr("power1_input: it does not exist")));
}

TEST_F(AmdGpu, WithoutPermissionItSaysWhatHelps) {
  const GpuTree tree("radeon");
  ::chmod(tree.root().c_str(), 0755);
  for (const auto& file : {tree.card() / "gpu_metrics", tree.hwmon() / "power1_average"}) ::chmod(file.c_str(), 0);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);  // root may read anything: try as nobody
  }
  const auto source = open_amdgpu(tree.root(), clock);
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("power1_average: no permission to read it: run as root, or give"));
}

TEST_F(AmdGpu, AFaultConcernsItsOwnCardAndPasses) {
  const auto table = [](const GpuTree& t) { return t.card() / "gpu_metrics"; };
  struct Case {
    const char* name;
    std::function<void(const GpuTree&)> fault;
    Errc code;
    const char* message;
  } const cases[] = {
      {"gone", [&](const auto& t) { fs::remove(table(t)); }, Errc::unavailable, "gpu_metrics: it does not exist"},
      {"card gone", [](const auto& t) { fs::remove_all(t.card()); }, Errc::unavailable, "it does not exist"},
      {"folder", [&](const auto& t) { fs::remove(table(t)), fs::create_directory(table(t)); }, Errc::retry,
       "gpu_metrics: Is a directory"},
      {"empty", [&](const auto& t) { t.bytes_to(table(t), ""); }, Errc::retry, "a table of 0 bytes is truncated"},
      {"truncated", [&](const auto& t) { fs::resize_file(table(t), 100); }, Errc::retry, "of 360 bytes is truncated"},
      {"garbage", [&](const auto& t) { t.bytes_to(table(t), "garbage\n"); }, Errc::unavailable, "unknown revision"},
      {"not available", [](const auto& t) { t.patch(1, kMi300Energy, ~0ULL, 8); }, Errc::retry,
       "not available just now"},
      {"suspended", [](const auto& t) { t.write(t.card() / "power" / "runtime_status", "suspended"); },
       Errc::unavailable, "suspended, and is not woken"},
  };
  const GpuTree tree("mi300x");
  for (const auto& c : cases) {
    const auto source = opened(tree);
    ASSERT_TRUE(source) << c.name;
    c.fault(tree);
    for (int i = 0; i < 2; ++i) {
      const auto readings = source->read();
      ASSERT_FALSE(readings[0]) << c.name;
      EXPECT_EQ(readings[0].error().code, c.code) << c.name << ": " << readings[0].error().message;
      EXPECT_THAT(readings[0].error().message, HasSubstr(c.message)) << c.name;
      EXPECT_TRUE(readings[1]) << c.name << ": " << shown(readings[1]);
      EXPECT_EQ(source->states().size(), 2U) << c.name;
    }
    tree.restore(1);
    EXPECT_EQ(shown(source->read()[0]), std::to_string(0x5A3B10F2 * kUnit) + " J") << c.name;
  }
}

TEST_F(AmdGpu, PowerThatCannotBeIsNoReading) {
  const GpuTree radeon("radeon");
  const auto gauge = opened(radeon);
  ASSERT_TRUE(gauge);
  for (const char* value : {"-1", "65535000000", "1e30", "nan", "garbage", ""}) {
    radeon.write(radeon.hwmon() / "power1_average", value);
    const auto reading = gauge->read()[0];
    ASSERT_FALSE(reading) << value;
    EXPECT_EQ(reading.error().code, Errc::invalid) << value;
  }
  const GpuTree tree("mi300x");
  const auto source = opened(tree);
  tree.patch(1, kMi300Watts, 60000, 2);
  const auto beside = source->read()[0];
  ASSERT_TRUE(beside);
  EXPECT_FALSE(beside->power) << "the counter stays good";
}

TEST_F(AmdGpu, ASuspendedGpuIsNotWoken) {
  const GpuTree tree("radeon");
  tree.write(tree.card() / "power" / "runtime_status", "suspended");
  const auto source = opened(tree);
  ASSERT_TRUE(source) << "it is there, and may wake up";
  const auto asleep = source->read()[0];
  ASSERT_FALSE(asleep);
  EXPECT_EQ(asleep.error().code, Errc::unavailable);
  const auto states = source->states();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_FALSE(states[0].power_cap || states[0].clock_hertz) << "asking would wake it";
  tree.write(tree.card() / "power" / "runtime_status", "active");
  EXPECT_EQ(shown(source->read()[0]), "31.000000 W");
}

TEST_F(AmdGpu, TwoDiesAreOneBoard) {
  struct Case {
    const char* name;
    const char* second;  // power1_average of the second die; null: not there
  } const cases[] = {{"reads nothing", "0"}, {"not available", ""}, {"not there", nullptr}};
  for (const auto& c : cases) {
    const GpuTree tree("radeon");  // v1.3 and power1_average, as MI250X has
    tree.be(1, "0000:29:00.0", "0x7408");
    tree.patch(1, 24, std::uint64_t{5000} << 16, 8);
    tree.add_card(2, "0000:2c:00.0", "0x7408");
    tree.patch(2, 22, 0, 2);
    tree.patch(2, 24, 0, 8);
    if (c.second)
      tree.write(tree.hwmon(2) / "power1_average", c.second);
    else
      fs::remove(tree.hwmon(2) / "power1_average");
    const auto source = opened(tree);
    ASSERT_TRUE(source) << c.name;
    EXPECT_THAT(described(*source), ElementsAre("gpu0 gpu pci-0000:29:00.0 " + device_name("AMD Instinct MI250X")))
        << c.name;
    EXPECT_EQ(shown(source->read()[0]), "5000.000000 J") << c.name;

    fs::remove_all(tree.card(1));
    const auto alone = open_amdgpu(tree.root(), clock);
    ASSERT_FALSE(alone) << c.name << ": a second die has no power, and 0 W is no reading";
  }
}

TEST_F(AmdGpu, PartitionsAndConnectorsAreNoBoards) {
  const GpuTree tree("mi300x");
  for (int slice = 3; slice < 10; ++slice) {  // CPX: platform devices without a vendor
    fs::create_directories(tree.card(slice));
    tree.write(tree.card(slice) / "uevent", "DRIVER=amdgpu_xcp\nMODALIAS=platform:amdgpu_xcp");
  }
  tree.add_card(11, "0000:05:00.1", "0x74a1");
  tree.write(tree.card(1) / "current_compute_partition", "CPX");
  tree.write(tree.card(1) / "current_memory_partition", "NPS4");
  const auto source = opened(tree);
  ASSERT_TRUE(source);
  ASSERT_EQ(source->channels().size(), 2U);
  EXPECT_EQ(source->states()[0].partition, "CPX/NPS4");
}

TEST_F(AmdGpu, MoreKindsOfBoards) {
  struct Case {
    const char* name;
    const char* device;
    const char* channel;
    const char* device_name;
    std::optional<double> wraps_at;
  } const cases[] = {
      {"MI100 counts into 32 bits", "0x738c", "gpu0 gpu", "AMD Instinct MI100", 65536.0},
      {"MI210 has one die", "0x740f", "gpu0 gpu", "AMD Instinct MI210", {}},
      {"MI300A is an APU with a dGPU's table", "0x74a0", "soc0 soc", "AMD Instinct MI300A", {}},
      {"unknown", "0xabcd", "gpu0 gpu", "AMD GPU 0xabcd", {}},
  };
  for (const auto& c : cases) {
    const GpuTree tree("radeon");
    tree.be(1, "0000:0b:00.0", c.device);
    const auto source = opened(tree);
    ASSERT_TRUE(source) << c.name;
    EXPECT_THAT(described(*source),
                ElementsAre(c.channel + std::string(" pci-0000:0b:00.0 ") + device_name(c.device_name)))
        << c.name;
    EXPECT_EQ(source->channels()[0].wraps_at.value_or(Joules{0}).value, c.wraps_at.value_or(0)) << c.name;
  }
}

TEST_F(AmdGpu, AnApuWhoseTableIsUnknownIsKnownByItsVoltages) {
  const GpuTree tree("apu");
  fs::remove(tree.card() / "gpu_metrics");
  const auto source = opened(tree);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->channels()[0].domain, Domain::soc);
  fs::remove(tree.hwmon() / "in1_label");
  EXPECT_EQ(opened(tree)->channels()[0].domain, Domain::gpu);
}

TEST_F(AmdGpu, StatesOfAServer) {
  const GpuTree tree("mi300x");
  const auto source = opened(tree);
  ASSERT_TRUE(source);
  auto state = source->states()[0];
  EXPECT_EQ(state.device, "pci-0000:05:00.0");
  EXPECT_EQ(state.driver, "6.8.0-60-generic") << "the kernel's own module";
  EXPECT_EQ(state.partition, "SPX/NPS1");
  EXPECT_EQ(state.power_cap->value, 750);
  EXPECT_EQ(state.clock_hertz, 132e6);
  EXPECT_EQ(state.clock_cap_hertz, 2100e6);
  EXPECT_THAT(state.throttled_by, IsEmpty());

  fs::create_directories(tree.root() / "sys" / "module" / "amdgpu");
  tree.write(tree.root() / "sys" / "module" / "amdgpu" / "version", "6.12.12");
  tree.write(tree.card() / "pp_dpm_sclk", "garbage\n1: much\n: 5Mhz *");
  tree.write(tree.hwmon() / "power1_cap", "600000000");
  tree.patch(1, kMi300Throttlers, 0b00110, 4);
  state = source->states()[0];
  EXPECT_EQ(state.driver, "6.12.12");
  EXPECT_EQ(state.power_cap->value, 600);
  EXPECT_EQ(state.clock_hertz, 132e6) << "hwmon's";
  EXPECT_FALSE(state.clock_cap_hertz);
  EXPECT_THAT(state.throttled_by, ElementsAre("power_cap", "thermal"));
}

class Mi300x final : public testing::PowerMachine {
 public:
  std::string source() const override { return "amdgpu"; }
  fs::path root() const override { return tree_.root(); }
  void advance(int step) override {
    for (const int card : {1, 2}) tree_.set_joules(card, 25000 + 6.5 * step);
  }

 private:
  GpuTree tree_{"mi300x"};
};
class Radeon final : public testing::PowerMachine {
 public:
  std::string source() const override { return "amdgpu"; }
  fs::path root() const override { return tree_.root(); }
  void advance(int step) override {
    tree_.write(tree_.hwmon() / "power1_average", std::to_string(31000000 + 1000000 * (step % 7)));
  }

 private:
  GpuTree tree_{"radeon"};
};
INSTANTIATE_TEST_SUITE_P(AmdGpu, PowerSourceContract,
                         ::testing::Values(testing::make_machine<Mi300x>, testing::make_machine<Radeon>));

}  // namespace
}  // namespace ipw::probes
