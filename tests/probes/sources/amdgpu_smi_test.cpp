#include "probes/sources/amdgpu_smi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "probes/device_names.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/fake_amdsmi/loaded_fake_smi.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::LoadedFakeSmi;
using testing::PowerTree;
namespace fs = std::filesystem;

const char* const kMi300x = "AMD Instinct MI300X OAM";
const char* const kLibraries[] = {"libamd_smi.so.24", "libamd_smi.so.25", "libamd_smi.so.26", "librocm_smi64.so.7",
                                  "librocm_smi64.so.5"};
bool is_rocm(const std::string& library) {
  return library.starts_with("librocm");
}

fs::path machine(const char* name) {
  return testing::testdata() / "sysfs" / name;
}

class AmdGpuLibrary : public ::testing::Test {
 protected:
  Result<std::unique_ptr<PowerSource>> open(const std::string& library, const fs::path& root = machine("no-sensors")) {
    auto options = testing::options_from("library: " + library + "\n");
    return power_sources().find("amdgpu")->open(options, {root, &clock});
  }
  testing::FakeClock clock;
};

std::vector<std::string> described(const PowerSource& source) {
  std::vector<std::string> all;
  for (const auto& c : source.channels()) all.push_back(c.name + " " + c.device.id + " " + c.device.name);
  return all;
}

double watts(const Result<StampedReading>& reading) {
  if (!reading) ADD_FAILURE() << reading.error().message;
  return reading ? std::get<Watts>(reading->value).value : -1;
}

TEST_F(AmdGpuLibrary, EveryAbiGivesTheSamePower) {
  for (const char* library : kLibraries)
    for (const bool shows_average : {false, true}) {
      const LoadedFakeSmi fake(library);
      fake.add(0x26, "AMD Radeon PRO W7900", 241).shows_average = shows_average;
      fake.add(0x05, "AMD Radeon PRO W7900", 38).shows_average = shows_average;
      auto source = open(fake.path());
      ASSERT_TRUE(source) << library << ": " << source.error().message;
      const auto name = device_name("AMD Radeon PRO W7900");
      EXPECT_THAT(described(**source), ElementsAre("gpu0 pci-0000:05:00.0 " + name, "gpu1 pci-0000:26:00.0 " + name))
          << library;
      const auto readings = (*source)->read();
      EXPECT_EQ(watts(readings[0]), 38) << library << " average " << shows_average;
      EXPECT_EQ(watts(readings[1]), 241) << library << " average " << shows_average;
      EXPECT_EQ((*source)->states()[1].device, "pci-0000:26:00.0") << library;
      source->reset();
      EXPECT_EQ(fake->shut_downs, fake->inits) << library;
    }
}

TEST_F(AmdGpuLibrary, AnInstinctsCounterComesWithItsPower) {
  for (const char* library : kLibraries) {
    const LoadedFakeSmi fake(library);
    fake.add(0x05, kMi300x, 600).counted = 6553600000;
    fake.add(0x26, kMi300x, 590).counted = ~0ULL;
    const auto source = open(fake.path());
    ASSERT_TRUE(source) << library << ": " << source.error().message;
    const auto readings = (*source)->read();
    ASSERT_TRUE(readings[0]) << library << ": " << readings[0].error().message;
    EXPECT_NEAR(std::get<Joules>(readings[0]->value).value, 100001.4, 0.1) << library;
    EXPECT_EQ(readings[0]->power->value.value, 600) << library;
    EXPECT_EQ(watts(readings[1]), 590) << library << ": its counter is not available";
  }
}

TEST_F(AmdGpuLibrary, OnlyWhatTheKernelDoesNotShowIsAskedOfIt) {
  const LoadedFakeSmi fake("libamd_smi.so.26");
  fake.add(0x05, "asked in vain", 1);
  fake.add(0x26, "known by the kernel's name", 590).counted = 65536000;
  fake.add(0x99, "AMD Radeon PRO W7900", 60);
  const PowerTree tree("mi300x");
  const auto card = tree.root() / "sys" / "class" / "drm" / "card2" / "device";
  fs::remove(card / "gpu_metrics");
  fs::remove_all(card / "hwmon");
  const auto source = open(fake.path(), tree.root());
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("gpu0 pci-0000:05:00.0 " + device_name(kMi300x),
                                               "gpu1 pci-0000:26:00.0 " + device_name(kMi300x),
                                               "gpu2 pci-0000:99:00.0 " + device_name("AMD Radeon PRO W7900")));
  const auto readings = (*source)->read();
  EXPECT_GT(std::get<Joules>(readings[0]->value).value, 10000) << "the kernel's counter";
  EXPECT_NEAR(std::get<Joules>(readings[1]->value).value, 1000, 0.1);
  EXPECT_EQ(watts(readings[2]), 60);
}

TEST_F(AmdGpuLibrary, BelowAnotherRootNoneIsLoadedUnasked) {
  const LoadedFakeSmi fake("libamd_smi.so.26");
  fake.add(0x0b, "AMD Radeon RX 7900 XTX", 60);
  const PowerTree tree("radeon");
  const auto card = tree.root() / "sys" / "class" / "drm" / "card1" / "device";
  fs::remove(card / "gpu_metrics");
  fs::remove_all(card / "hwmon");
  ::setenv("AMDSMI_LIB_DIR", IPW_FAKE_AMDSMI, 1);
  auto options = Options::none();
  const auto source = power_sources().find("amdgpu")->open(options, {tree.root(), &clock});
  ::unsetenv("AMDSMI_LIB_DIR");
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("gpu_metrics: it does not exist"));
  EXPECT_EQ(fake->inits, 0);
  EXPECT_TRUE(open(fake.path(), tree.root())) << "asked, it is";
}

TEST_F(AmdGpuLibrary, OneBoardIsOneChannel) {
  for (const char* library : kLibraries) {
    const LoadedFakeSmi fake(library);
    fake.add(0x05, kMi300x, 600);
    fake.add(0x05, kMi300x, 65535).function = 1;  // a slice
    fake.add(0x29, "AMD Instinct MI250X", 300);
    fake.add(0x2c, "AMD Instinct MI250X", 0);  // its second die
    const auto source = open(fake.path());
    ASSERT_TRUE(source) << library << ": " << source.error().message;
    ASSERT_EQ((*source)->channels().size(), 2U) << library;
    EXPECT_EQ((*source)->channels()[1].device.id, "pci-0000:29:00.0") << library;
  }
}

TEST_F(AmdGpuLibrary, LibrariesThatCannotBeUsedAreNamedWithTheReason) {
  struct Case {
    const char* name;
    const char* library;
    void (*break_it)(testing::FakeSmi&);
    const char* message;
  } const cases[] = {
      {"an ABI to come", "libamd_smi.so.27", [](auto&) {}, "has ABI 27, which is not known (24, 25 and 26 are)"},
      {"no driver", "libamd_smi.so.26", [](auto& s) { s.init_status = 34; }, "amdsmi_init failed with status 34"},
      {"no driver", "librocm_smi64.so.7", [](auto& s) { s.init_status = 8; }, "rsmi_init failed with status 8"},
      {"lies", "libamd_smi.so.26", [](auto& s) { s.claimed = 4000000000; }, "shows no GPU"},
      {"lies", "librocm_smi64.so.7", [](auto& s) { s.claimed = 4000000000; }, "rsmi_num_monitor_devices"},
      {"no GPU", "libamd_smi.so.25", [](auto& s) { s.count = 0; }, "shows no GPU"},
      {"not supported", "libamd_smi.so.25", [](auto& s) { s.gpus[0].status = 2; },
       "amdsmi_get_power_info failed with status 2 (AMDSMI_STATUS_NOT_SUPPORTED)"},
      {"not available", "libamd_smi.so.24", [](auto& s) { s.gpus[0].watts = 65535; }, "amdsmi_get_power_info"},
      {"no power", "librocm_smi64.so.5", [](auto& s) { s.gpus[0].watts = 0; }, "0000:05:00.0: no power"},
  };
  for (const auto& c : cases) {
    const LoadedFakeSmi fake(c.library);
    fake.add(0x05, kMi300x, 600);
    c.break_it(*fake.operator->());
    const auto source = open(fake.path());
    ASSERT_FALSE(source) << c.library << " " << c.name;
    EXPECT_EQ(source.error().code, Errc::unavailable) << c.library << " " << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.library << " " << c.name;
  }
  EXPECT_THAT(open("libm.so.6").error().message, HasSubstr("libm.so.6 is neither AMD SMI nor ROCm SMI"));
  EXPECT_THAT(open("/nowhere/libamd_smi.so").error().message, HasSubstr("/nowhere/libamd_smi.so: cannot open shared"));
}

TEST_F(AmdGpuLibrary, StatusesBecomeReasons) {
  struct Case {
    const char* library;
    int status;
    Errc code;
    const char* message;
  } const cases[] = {
      {"libamd_smi.so.26", 2, Errc::unavailable, "NOT_SUPPORTED"},
      {"libamd_smi.so.26", 10, Errc::unavailable,
       "(AMDSMI_STATUS_NO_PERM): run as root, or add this user to the groups"},
      {"libamd_smi.so.26", 30, Errc::retry, "status 30"},
      {"libamd_smi.so.26", 43, Errc::unavailable, "the library is older than the GPU or its driver"},
      {"libamd_smi.so.26", 31, Errc::unavailable, "status 31"},
      {"librocm_smi64.so.7", 2, Errc::unavailable, "NOT_SUPPORTED"},
      {"librocm_smi64.so.7", 4, Errc::unavailable, "run as root"},
      {"librocm_smi64.so.7", 15, Errc::unavailable, "the library is older"},
      {"librocm_smi64.so.7", 16, Errc::retry, "status 16"},
  };
  for (const auto& c : cases) {
    const LoadedFakeSmi fake(c.library);
    auto& gpu = fake.add(0x05, kMi300x, 600);
    fake.add(0x26, kMi300x, 500);
    const auto source = open(fake.path());
    ASSERT_TRUE(source) << c.library;
    gpu.status = c.status;
    const auto readings = (*source)->read();
    ASSERT_FALSE(readings[0]) << c.library << " " << c.status;
    EXPECT_EQ(readings[0].error().code, c.code) << c.library << " " << c.status;
    EXPECT_THAT(readings[0].error().message, AllOf(HasSubstr(fake.path()), HasSubstr(c.message))) << c.status;
    EXPECT_EQ(watts(readings[1]), 500) << "the other is not concerned";
    gpu.status = 0;
    EXPECT_EQ(watts((*source)->read()[0]), 600) << c.library << " " << c.status;
  }
}

TEST_F(AmdGpuLibrary, ALibraryThatForgotIsInitialisedAnewButNotAtEveryReading) {
  for (const char* library : kLibraries) {
    const LoadedFakeSmi fake(library);
    fake.add(0x05, kMi300x, 600);
    fake.add(0x26, kMi300x, 500);
    const auto source = open(fake.path());
    ASSERT_TRUE(source) << library;
    fake->initialised = false;  // the driver was reloaded
    const auto readings = (*source)->read();
    EXPECT_EQ(watts(readings[0]), 600) << library;
    EXPECT_EQ(watts(readings[1]), 500) << library;
    EXPECT_EQ(fake->inits, 2) << library;

    fake->initialised = false;
    fake->init_status = 34;  // and now is not there
    for (int i = 0; i < 20; ++i) EXPECT_FALSE((*source)->read()[0]) << library;
    EXPECT_LE(fake->inits, 3) << library;
    fake->init_status = 0;
    for (int i = 0; i < 200; ++i) static_cast<void>((*source)->read());
    EXPECT_EQ(watts((*source)->read()[1]), 500) << library << ": back";
  }
}

TEST_F(AmdGpuLibrary, ABoardThatIsGoneAfterARestartIsUnavailable) {
  const LoadedFakeSmi fake("libamd_smi.so.26");
  fake.add(0x05, kMi300x, 600);
  fake.add(0x26, kMi300x, 500);
  const auto source = open(fake.path());
  ASSERT_TRUE(source);
  fake->initialised = false;
  fake->count = 1;
  const auto readings = (*source)->read();
  EXPECT_EQ(watts(readings[0]), 600);
  ASSERT_FALSE(readings[1]);
  EXPECT_THAT(readings[1].error().message, HasSubstr("amdsmi_get_power_info failed"));
}

TEST_F(AmdGpuLibrary, LiesAreNoReadings) {
  for (const char* library : kLibraries) {
    const LoadedFakeSmi fake(library);
    auto& counts = fake.add(0x05, kMi300x, 600);
    counts.counted = 1000000;
    auto& shows = fake.add(0x26, kMi300x, 500);
    const auto source = open(fake.path());
    ASSERT_TRUE(source) << library;
    shows.watts = 1e6;
    counts.microjoules = std::numeric_limits<float>::quiet_NaN();
    auto readings = (*source)->read();
    ASSERT_FALSE(readings[0] || readings[1]) << library;
    EXPECT_EQ(readings[0].error().code, Errc::invalid) << library;
    EXPECT_EQ(readings[1].error().code, Errc::invalid) << library;
    counts.microjoules = -1;
    EXPECT_EQ((*source)->read()[0].error().code, Errc::invalid) << library;
    counts.counted = ~0ULL;
    EXPECT_EQ((*source)->read()[0].error().code, Errc::unavailable) << library;
    counts.counted = 1000000;
    counts.microjoules = 15.259F;
    counts.watts = is_rocm(library) ? 1e12 : 65535;
    const auto beside = (*source)->read()[0];
    ASSERT_TRUE(beside) << library;
    EXPECT_FALSE(beside->power) << library;
  }
}

TEST(AmdGpuLibraries, AreLookedForInThisOrder) {
  const testing::TemporaryFolder folder;
  for (const char* file : {"rocm-6.9.1/lib/libamd_smi.so.25", "rocm-6.10.0/lib/libamd_smi.so.25",
                           "rocm-7.0.0/lib/libamd_smi.so.26", "rocm/lib/libamd_smi.so.24", "other/lib/x"})
    folder.write(std::string("opt/") + file, "");
  ::setenv("AMDSMI_LIB_DIR", "/chosen", 1);
  ::setenv("ROCM_PATH", "/rocm", 1);
  const auto folders = sources::amdgpu::smi_folders(folder.path());
  ::unsetenv("AMDSMI_LIB_DIR");
  ::unsetenv("ROCM_PATH");
  const auto opt = folder.path() / "opt";
  EXPECT_THAT(folders, ElementsAre("/chosen", "/rocm/lib", opt / "rocm" / "lib", opt / "rocm-7.0.0" / "lib",
                                   opt / "rocm-6.10.0" / "lib", opt / "rocm-6.9.1" / "lib"));
  const std::string_view versions[] = {".26", ".25"};
  EXPECT_THAT(sources::amdgpu::smi_files("libamd_smi.so", versions, folders),
              ElementsAre(opt / "rocm-7.0.0/lib/libamd_smi.so.26", opt / "rocm-6.10.0/lib/libamd_smi.so.25",
                          opt / "rocm-6.9.1/lib/libamd_smi.so.25", "libamd_smi.so.26", "libamd_smi.so.25"));
  EXPECT_EQ(sources::amdgpu::smi_folders(folder.path() / "nowhere").size(), 1U) << "/opt/rocm/lib";
}

class Machine final : public testing::PowerMachine {
 public:
  Machine() { advance(0); }
  std::string source() const override { return "amdgpu"; }
  std::string options() const override { return "library: " + fake_.path() + "\n"; }
  fs::path root() const override { return machine("no-sensors"); }
  void advance(int step) override {
    instinct_.counted = 1000000 + 400000 * static_cast<std::uint64_t>(step);
    instinct_.watts = 120 + step % 3;
  }

 private:
  LoadedFakeSmi fake_{"libamd_smi.so.25"};
  testing::FakeSmi::Gpu& instinct_{fake_.add(0x05, kMi300x, 120)};
  testing::FakeSmi::Gpu& radeon_{fake_.add(0x26, "AMD Radeon PRO W7900", 38)};
};
INSTANTIATE_TEST_SUITE_P(AmdGpuLibrary, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
