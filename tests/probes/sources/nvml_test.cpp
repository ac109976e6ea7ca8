#include "probes/sources/nvml_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/contract/power_source_contract.hpp"
#include "tests/support/fake_nvml/nvml_machine.hpp"

namespace ipw::probes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NvmlMachine;

const std::filesystem::path kLibrary = IPW_FAKE_NVML;
const auto kOldLibrary = kLibrary.parent_path() / "old" / kLibrary.filename();
const auto kBrokenLibrary = kLibrary.parent_path() / "broken" / kLibrary.filename();

Result<std::unique_ptr<PowerSource>> open_library(const std::string& library, const Clock& clock) {
  auto options = testing::options_from("library: " + library + "\n");
  return power_sources().find("nvml")->open(options, {"/", &clock});
}

// A machine that a script describes, 1 s after time 0, and the source on it.
class Rig {
 public:
  explicit Rig(const std::string& script, const std::filesystem::path& library = kLibrary)
      : machine(script, clock, library) {
    machine.go_to(1);
    opened_ = nvml::open_source({library.string()}, clock, [this] { return machine.wall() + wall_ahead; });
  }

  bool is_open() const { return static_cast<bool>(opened_); }
  const Error& error() const { return opened_.error(); }
  PowerSource& source() { return **opened_; }
  void close() { (*opened_).reset(); }
  std::vector<Result<StampedReading>> read_at(double seconds) {
    machine.go_to(seconds);
    return source().read();
  }
  std::int64_t calls(const char* function) const { return machine.control().calls(function); }
  // "gpu0 gpu GPU-1 in module0 J+W"
  std::vector<std::string> described() {
    std::vector<std::string> all;
    const auto readings = source().read();
    for (std::size_t i = 0; i < readings.size(); ++i) {
      const auto& c = source().channels()[i];
      auto text = c.name + " " + std::string(to_text(c.domain)) + " " + c.device.id;
      if (!c.parent.empty()) text += " in " + c.parent;
      if (!readings[i]) text += " " + readings[i].error().message;
      if (readings[i]) text += std::holds_alternative<Joules>(readings[i]->value) ? " J" : " W";
      all.push_back(text + (readings[i] && readings[i]->power ? "+W" : ""));
    }
    return all;
  }

  testing::FakeClock clock;
  NvmlMachine machine;
  std::chrono::milliseconds wall_ahead{0};  // of the driver's own

 private:
  Result<std::unique_ptr<PowerSource>> opened_{Error{Errc::internal, "not opened"}};
};

double joules(const Result<StampedReading>& reading) {
  return std::get<Joules>(reading->value).value;
}
double watts(const Result<StampedReading>& reading) {
  return std::get<Watts>(reading->value).value;
}

TEST(Nvml, ShowsWhatTheBoardTells) {
  struct Case {
    const char* name;
    const char* supports;
    std::vector<std::string> channels;
    const std::filesystem::path& library = kLibrary;
  } const cases[] = {
      {"all, as an H200", "energy_field energy_call instant average", {"gpu0 gpu GPU-1 J+W"}},
      {"counter by its field only", "energy_field instant", {"gpu0 gpu GPU-1 J+W"}},
      {"counter by its function only", "energy_call instant", {"gpu0 gpu GPU-1 J+W"}},
      {"counter and averaged power", "energy_field average", {"gpu0 gpu GPU-1 J+W"}},
      {"counter alone", "energy_field", {"gpu0 gpu GPU-1 J"}},
      {"no counter", "instant average", {"gpu0 gpu GPU-1 W"}},
      {"averaged only", "average", {"gpu0 gpu GPU-1 W"}},
      {"module only", "module", {"module0 module GPU-1 W"}},
      {"both scopes, as a GH200",
       "energy_field instant module average",
       {"gpu0 gpu GPU-1 in module0 J+W", "module0 module GPU-1 W"}},
      {"both scopes, no counter", "instant module", {"gpu0 gpu GPU-1 in module0 W", "module0 module GPU-1 W"}},
      {"counter of the GPU, power of the module",
       "energy_field module",
       {"gpu0 gpu GPU-1 in module0 J", "module0 module GPU-1 W"}},
      {"a driver without fields", "energy_field energy_call instant average", {"gpu0 gpu GPU-1 J+W"}, kOldLibrary},
      {"a driver without fields, no counter", "average", {"gpu0 gpu GPU-1 W"}, kOldLibrary},
  };
  for (const auto& c : cases) {
    Rig rig("gpu GPU-1\nmodule watts=250\nsupports " + std::string(c.supports) + "\n", c.library);
    ASSERT_TRUE(rig.is_open()) << c.name << ": " << rig.error().message;
    EXPECT_EQ(rig.described(), c.channels) << c.name;
  }
}

TEST(Nvml, AModuleThatTellsTheSameIsTheSameSensor) {
  Rig rig("gpu GPU-1\nsupports energy_field instant module\n");
  ASSERT_TRUE(rig.is_open());
  EXPECT_THAT(rig.described(), ElementsAre("gpu0 gpu GPU-1 J+W"));
}

TEST(Nvml, NamesBoundsAndCounters) {
  Rig rig("gpu GPU-1\nname NVIDIA H200\nlimit watts=500 max=700\ngpu GPU-2\nname NVIDIA L4\nsupports instant\n");
  ASSERT_TRUE(rig.is_open());
  const auto channels = rig.source().channels();
  ASSERT_EQ(channels.size(), 2U);
  EXPECT_EQ(channels[0].device.name, "NVIDIA H200");
  EXPECT_NEAR(channels[0].max_power->value, 1400, 1e-9) << "twice the greatest limit";
  EXPECT_FALSE(channels[0].wraps_at) << "64 bits of millijoules never wrap";
  EXPECT_EQ(channels[1].name, "gpu1");
  EXPECT_EQ(channels[1].device.name, "NVIDIA L4");
  EXPECT_NEAR(channels[1].max_power->value, 2000, 1e-9) << "no limit known";
}

TEST(Nvml, ReadsFigures) {
  const std::string waves =
      "power at=0 watts=100\npower at=2 watts=300\n"
      "counter period=0.02\ninstant period=0.1 window=0.025\naverage period=0.1 window=1\n";
  struct Case {
    const char* name;
    std::string supports;
    double value, power;
    const std::filesystem::path& library = kLibrary;
  } const cases[] = {
      {"counter and instant power", "energy_field instant average", 1000 + 200 + 150, 300},
      {"counter and averaged power", "energy_call average", 1000 + 200 + 150, 200},
      {"instant power", "instant average", 300, 0},
      {"averaged power", "average", 200, 0},
      {"old driver", "energy_field energy_call instant average", 1000 + 200 + 150, 200, kOldLibrary},
  };
  for (const auto& c : cases) {
    Rig rig("gpu GPU-1\n" + waves + "supports " + c.supports + "\n", c.library);
    ASSERT_TRUE(rig.is_open()) << c.name;
    const auto readings = rig.read_at(2.505);
    ASSERT_TRUE(readings[0]) << c.name << ": " << readings[0].error().message;
    EXPECT_EQ(readings[0]->power.has_value(), c.power > 0) << c.name;
    if (c.power > 0) {
      EXPECT_NEAR(joules(readings[0]), c.value, 0.002) << c.name;
      EXPECT_NEAR(readings[0]->power->value.value, c.power, 0.002) << c.name;
    } else {
      EXPECT_NEAR(watts(readings[0]), c.value, 0.002) << c.name;
    }
  }
}

TEST(Nvml, UnderstandsEveryTypeOfValue) {
  for (const std::string type : {"double", "uint", "ulong", "ull", "sll", "int"}) {
    Rig rig("gpu GPU-1\npower at=0 watts=123\ntypes energy=" + type + " power=" + type + "\n");
    ASSERT_TRUE(rig.is_open()) << type;
    const auto readings = rig.read_at(2);
    ASSERT_TRUE(readings[0]) << type;
    EXPECT_NEAR(joules(readings[0]), 1246, 0.002) << type;
    EXPECT_NEAR(readings[0]->power->value.value, 123, 0.002) << type;
  }
}

TEST(Nvml, AsksOncePerBoardAndNothingThatCosts) {
  Rig rig("gpu GPU-1\nsupports energy_field energy_call instant average module\nmodule watts=9\ngpu GPU-2\n");
  ASSERT_TRUE(rig.is_open());
  const auto fields = rig.calls("nvmlDeviceGetFieldValues"), power = rig.calls("nvmlDeviceGetPowerUsage");
  for (int i = 1; i <= 10; ++i) rig.read_at(1 + 0.05 * i);
  EXPECT_EQ(rig.calls("nvmlDeviceGetFieldValues"), fields + 20);
  EXPECT_EQ(rig.calls("nvmlDeviceGetPowerUsage"), power);
  static_cast<void>(rig.source().states());
  EXPECT_EQ(rig.calls("nvmlGpmSampleGet"), 0);
  EXPECT_EQ(rig.calls("nvmlDeviceGetComputeRunningProcesses_v3"), 0);
}

TEST(Nvml, StampsAreTheDriversWhereTheyCanBeBelieved) {
  struct Case {
    const char* name;
    std::string lines;
    double counter, power;  // stamps of a reading that begins at 5.015
  } const cases[] = {
      {"stamped by the call", "stamps call", 5.015, 5.015},
      {"stamped by the update", "stamps update", 5.01, 4.96},
      {"no stamps", "stamps none", 5.015, 5.015},
      {"an hour behind", "stamps off seconds=-3600", 5.015, 5.015},
      {"half a second behind", "stamps off seconds=-0.5", 5.015, 5.015},
      {"a tenth behind", "stamps off seconds=-0.1", 4.915, 4.915},
      {"a second ahead", "stamps off seconds=1", 5.015, 5.015},
      {"a little ahead", "stamps off seconds=0.004", 5.015, 5.015},
      {"of the last century", "stamps off seconds=-1763733599", 5.015, 5.015},
      {"slow: the middle of the call", "stamps none\nslow ms=30", 5.03, 5.03},
      {"slow: stamped within the call", "stamps off seconds=-0.012\nslow ms=30", 5.018, 5.018},
      {"slow: stamped after the call", "stamps off seconds=0.016\nslow ms=30", 5.03, 5.03},
      {"slow, by functions", "supports energy_call average\nslow ms=30", 5.03, 5.06},
  };
  for (const auto& c : cases) {
    Rig rig("gpu GPU-1\ncounter period=0.02 phase=0.01\ninstant period=0.1 phase=0.06\n" + c.lines + "\n");
    ASSERT_TRUE(rig.is_open()) << c.name;
    const auto readings = rig.read_at(5.015);
    ASSERT_TRUE(readings[0] && readings[0]->power) << c.name;
    EXPECT_NEAR(between(rig.machine.at(c.counter), readings[0]->at).value, 0, 2e-6) << c.name;
    EXPECT_NEAR(between(rig.machine.at(c.power), readings[0]->power->at).value, 0, 2e-6) << c.name;
  }
}

TEST(Nvml, StampsNeitherGoBackNorIntoTheFuture) {
  // Jitter, slow calls, and a wall clock that is stepped to and fro.
  Rig rig(
      "gpu GPU-1\ncounter period=0.02 jitter=0.009\nstamps update\nslow from=2.5 to=2.6 ms=70\n"
      "gpu GPU-2\nstamps off seconds=-0.12\nsupports instant\n");
  ASSERT_TRUE(rig.is_open());
  std::vector<MonoTime> last(3);
  for (int i = 0; i < 2000; ++i) {
    rig.machine.advance(std::chrono::microseconds(1370));
    rig.wall_ahead = std::chrono::milliseconds(i % 7 == 0 ? 20 : 0);
    const auto readings = rig.source().read();
    ASSERT_TRUE(readings[0] && readings[0]->power && readings[1]);
    const MonoTime stamps[] = {readings[0]->at, readings[0]->power->at, readings[1]->at};
    for (std::size_t s = 0; s < 3; ++s) {
      EXPECT_GE(stamps[s], last[s]) << i;
      EXPECT_LE(stamps[s], rig.clock.now()) << i;
      last[s] = stamps[s];
    }
  }
}

TEST(Nvml, AReadingThatIsNoneIsAnErrorAndNeverANumber) {
  struct Case {
    const char* name;
    std::string lines;
    Errc code;
    const char* message;
  } const cases[] = {
      {"not supported for once", "unsupported from=5 to=6", Errc::retry,
       "GPU-1: energy in joules: Not Supported (NVML 3)"},
      {"zero after more", "zero from=5 to=6", Errc::retry, "GPU-1: energy in joules reads 0"},
      {"no value, as a number", "says from=5 to=6 millijoules=18446744073709551615", Errc::invalid, "cannot be"},
      {"negative", "types energy=sll\nsays from=5 to=6 millijoules=-5", Errc::invalid, "joules cannot be -0.005"},
      {"not finite", "types energy=double\nsays from=5 to=6 millijoules=nan", Errc::invalid, "cannot be nan"},
      {"gauge: not supported", "supports instant\nunsupported from=5 to=6", Errc::retry, "power in watts: Not Supp"},
      {"gauge: zero", "supports average\nsays from=5 to=6 watts=0", Errc::retry, "GPU-1: power in watts reads 0"},
      {"gauge: a gigawatt", "types power=ull\nsupports instant\nsays from=5 to=6 watts=1e9", Errc::invalid,
       "watts cannot be 1000000000.0"},
      {"gauge: negative", "types power=int\nsupports instant\nsays from=5 to=6 watts=-3", Errc::invalid, "be -3.0"},
  };
  for (const auto& c : cases) {
    Rig rig("gpu GPU-1\n" + c.lines + "\n");
    ASSERT_TRUE(rig.is_open()) << c.name;
    ASSERT_TRUE(rig.read_at(4.9)[0]) << c.name;
    const auto readings = rig.read_at(5.5);
    ASSERT_FALSE(readings[0]) << c.name;
    EXPECT_EQ(readings[0].error().code, c.code) << c.name;
    EXPECT_THAT(readings[0].error().message, HasSubstr(c.message)) << c.name;
    EXPECT_TRUE(rig.read_at(6)[0]) << c.name << ": it is over";
  }
}

TEST(Nvml, PowerThatCannotBeIsNotPutBesideTheCounter) {
  Rig rig("gpu GPU-1\ntypes power=ull\nsays from=5 to=6 watts=1e9\n");
  ASSERT_TRUE(rig.is_open());
  const auto readings = rig.read_at(5);
  ASSERT_TRUE(readings[0]);
  EXPECT_FALSE(readings[0]->power);
  EXPECT_TRUE(rig.read_at(6)[0]->power);
}

TEST(Nvml, AStuckCounterIsPassedOnAsItIs) {
  Rig rig("gpu GPU-1\nstuck from=5 to=7\n");
  ASSERT_TRUE(rig.is_open());
  const double before = joules(rig.read_at(5.1)[0]);
  EXPECT_NEAR(before, 1498, 0.002) << "the update at 5 did not come";
  EXPECT_EQ(joules(rig.read_at(6.9)[0]), before);
  EXPECT_NEAR(joules(rig.read_at(7.01)[0]), 1700, 0.002);
}

TEST(Nvml, OneLostGpuDoesNotStopTheOther) {
  for (const int code : {15, 16}) {
    Rig rig("gpu GPU-1\ngpu GPU-2\nlost from=5 to=8 code=" + std::to_string(code) + "\n");
    ASSERT_TRUE(rig.is_open());
    for (const double t : {5.0, 5.1, 7.05, 8.5}) {
      const auto readings = rig.read_at(t);
      EXPECT_TRUE(readings[0]) << t;
      ASSERT_FALSE(readings[1]) << t;
      EXPECT_EQ(readings[1].error().code, Errc::unavailable);
      EXPECT_THAT(readings[1].error().message,
                  HasSubstr("GPU-2: GPU " + std::string(code == 15 ? "is lost" : "requires")));
      ASSERT_EQ(rig.source().states().size(), 1U) << t;
    }
    const auto back = rig.read_at(9.06);
    ASSERT_TRUE(back[1]) << back[1].error().message;
    EXPECT_NEAR(joules(back[1]), 1906, 2) << "the counter went on";
    EXPECT_TRUE(back[1]->power);
    EXPECT_EQ(rig.source().states().size(), 2U);
    EXPECT_EQ(rig.calls("nvmlInit_v2"), 1) << "the other one's session lives on";
    EXPECT_EQ(rig.calls("nvmlDeviceGetHandleByUUID"), 2) << "at 7.05 and 9.06: every 2 s";
  }
}

TEST(Nvml, AReloadOfTheDriverIsSurvived) {
  Rig rig("reload at=5 for=3\ngpu GPU-1\nzero from=5 to=9.5\ngpu GPU-2\npower at=0 watts=200\n");
  ASSERT_TRUE(rig.is_open());
  EXPECT_NEAR(joules(rig.read_at(4.99)[1]), 1996, 0.002);
  const auto gone = rig.read_at(5.01);
  for (const auto& reading : gone) {
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, Errc::unavailable);
    EXPECT_THAT(reading.error().message, HasSubstr("Uninitialized (NVML 1); it is tried again every 2 s"));
  }
  EXPECT_EQ(rig.calls("nvmlShutdown"), 1) << "closed at once, so that the driver can go";
  EXPECT_THAT(rig.source().states(), IsEmpty());
  EXPECT_EQ(rig.calls("nvmlInit_v2"), 1);
  EXPECT_THAT(rig.read_at(7.02)[0].error().message,
              HasSubstr("nvmlInit: Driver Not Loaded (NVML 9): load the kernel's"));
  EXPECT_FALSE(rig.read_at(8.5)[0]) << "the back-off is not over";
  const auto back = rig.read_at(9.03);
  ASSERT_TRUE(back[0] && back[1]) << back[0].error().message;
  EXPECT_EQ(joules(back[0]), 0) << "0 is what a new counter may read";
  EXPECT_NEAR(joules(back[1]), 200 * 1.02, 4) << "counted from 0 since the reload: the meter sees a reset";
  EXPECT_TRUE(back[1]->power);
  EXPECT_EQ(rig.source().states().size(), 2U);
  rig.close();
  EXPECT_EQ(rig.calls("nvmlInit_v2"), 3);
  EXPECT_EQ(rig.calls("nvmlShutdown"), 2) << "one for each session that began";
}

TEST(Nvml, ABoardThatIsSilentForLongIsLookedForAnew) {
  Rig rig("gpu GPU-1\nlost from=5 to=6 code=999\n");  // a handle from before 6 gives 999 for ever
  ASSERT_TRUE(rig.is_open());
  EXPECT_EQ(rig.read_at(5)[0].error().code, Errc::retry);
  EXPECT_FALSE(rig.read_at(9.9)[0]);
  EXPECT_EQ(rig.calls("nvmlShutdown"), 0);
  EXPECT_FALSE(rig.read_at(10)[0]);
  EXPECT_EQ(rig.calls("nvmlShutdown"), 1);
  EXPECT_THAT(rig.read_at(11)[0].error().message, HasSubstr("Unknown Error (NVML 999); it is tried again every 2 s"));
  EXPECT_TRUE(rig.read_at(12.1)[0]);
}

TEST(Nvml, ABoardThatTellsLessThanBeforeStaysLost) {
  Rig rig("reload at=5 for=1\ngpu GPU-1\nunsupported from=6 to=9\n");
  ASSERT_TRUE(rig.is_open());
  EXPECT_FALSE(rig.read_at(5)[0]);
  EXPECT_THAT(rig.read_at(7)[0].error().message, HasSubstr("GPU-1: it does not tell any more what it told"));
  EXPECT_TRUE(rig.read_at(9.1)[0]);
}

TEST(Nvml, OldDriversGpusAreFoundAgainToo) {
  Rig rig("gpu GPU-1\nlost from=5 to=6\n", kOldLibrary);
  ASSERT_TRUE(rig.is_open());
  EXPECT_FALSE(rig.read_at(5)[0]);
  EXPECT_TRUE(rig.read_at(7)[0]);
}

TEST(Nvml, States) {
  struct Case {
    const char* name;
    std::string lines;
    std::string text;
  } const cases[] = {
      {"plain", "clock mhz=1700 max=1980 application=1980\nlimit watts=600 max=700\nreasons bits=0",
       "580.65.06 cap 600 at 1700 of 1980"},
      {"idle is not throttled", "reasons bits=1", "580.65.06 cap 700 at 1980 of 1980"},
      {"nor is what the user set", "clock mhz=1200 max=1980 application=1200\nreasons bits=258",
       "580.65.06 cap 700 at 1200 of 1200"},
      {"every reason", "reasons bits=252", "580.65.06 cap 700 at 1980 of 1980 power_cap thermal hardware sync_boost"},
      {"MIG", "reasons bits=0\nmig 1g.18gb 1g.18gb 3g.71gb",
       "580.65.06 (MIG 1g.18gb x2, 3g.71gb x1) cap 700 at 1980 of 1980"},
      {"MIG, empty", "reasons bits=0\nmig", "580.65.06 (MIG, 0 instances) cap 700 at 1980 of 1980"},
      {"tells nothing", "supports energy_field", "580.65.06"},
  };
  for (const auto& c : cases) {
    for (const auto& library : {kLibrary, kOldLibrary}) {
      if (library == kOldLibrary && (c.lines.find("mig") != std::string::npos || c.lines == "supports energy_field"))
        continue;
      Rig rig("gpu GPU-1\n" + c.lines + "\n", library);
      ASSERT_TRUE(rig.is_open()) << c.name;
      const auto states = rig.source().states();
      ASSERT_EQ(states.size(), 1U) << c.name;
      EXPECT_EQ(states[0].device, "GPU-1");
      std::ostringstream text;
      text << states[0].driver;
      if (!states[0].partition.empty()) text << " (" << states[0].partition << ")";
      if (states[0].power_cap) text << " cap " << states[0].power_cap->value;
      if (states[0].clock_hertz) text << " at " << *states[0].clock_hertz * 1e-6;
      if (states[0].clock_cap_hertz) text << " of " << *states[0].clock_cap_hertz * 1e-6;
      for (const auto& reason : states[0].throttled_by) text << " " << reason;
      EXPECT_EQ(text.str(), c.text) << c.name << " " << library;
    }
  }
}

TEST(Nvml, MigSlicesAreNotMeasuredASecondTime) {
  Rig rig("gpu GPU-1\nmig 3g.71gb 3g.71gb\ngpu MIG-2\nis_mig\ngpu GPU-3\n");
  ASSERT_TRUE(rig.is_open());
  EXPECT_THAT(rig.described(), ElementsAre("gpu0 gpu GPU-1 J+W", "gpu2 gpu GPU-3 J+W"));
  EXPECT_EQ(rig.source().left_out(), "GPU 1: a MIG slice, which has no sensor of its own");
}

TEST(Nvml, SaysWhyItCannotBeOpened) {
  struct Case {
    const char* name;
    std::string script;
    std::filesystem::path library;
    const char* message;
  } const cases[] = {
      {"no GPU", "", kLibrary, "shows no GPU: a container must be given its GPUs"},
      {"no driver", "init code=9\ngpu GPU-1\n", kLibrary, "nvmlInit: Driver Not Loaded (NVML 9): load the kernel's"},
      {"mismatch", "init code=18\ngpu GPU-1\n", kLibrary, "Driver/library version mismatch (NVML 18): the driver was"},
      {"not allowed", "gpu GPU-1\nhidden code=4\n", kLibrary, "GPU 0: Insufficient Permissions (NVML 4)"},
      {"a slice alone", "gpu MIG-1\nis_mig\n", kLibrary, "GPU 0: a MIG slice, which has no sensor of its own"},
      {"lost", "gpu GPU-1\nlost\n", kLibrary, "GPU 0: GPU is lost (NVML 15)"},
      {"tells nothing", "gpu GPU-1\nname NVIDIA M60\nsupports clock\n", kLibrary,
       "NVIDIA M60 tells neither energy nor"},
      {"all reasons", "gpu GPU-1\nhidden code=4\ngpu GPU-2\nlost\n", kLibrary, "(NVML 4); GPU 1: GPU is lost"},
      {"a symbol missing", "gpu GPU-1\n", kBrokenLibrary,
       "broken/libnvidia-ml.so.1 lacks nvmlDeviceGetCount_v2: not NVIDIA's library, or too old"},
  };
  for (const auto& c : cases) {
    Rig rig(c.script, c.library);
    ASSERT_FALSE(rig.is_open()) << c.name;
    EXPECT_EQ(rig.error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(rig.error().message, HasSubstr(c.message)) << c.name;
    EXPECT_EQ(rig.calls("nvmlShutdown"),
              rig.calls("nvmlInit_v2") == 0 || rig.calls("nvmlDeviceGetCount_v2") == 0 ? 0 : 1)
        << c.name << ": what was begun is ended";
  }
}

TEST(Nvml, OtherLibraries) {
  const testing::FakeClock clock;
  const auto none = open_library("/nowhere/libnvidia-ml.so.1", clock);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unavailable);
  EXPECT_THAT(none.error().message, HasSubstr("no NVIDIA driver: /nowhere/libnvidia-ml.so.1: cannot open"));
  const auto other = open_library("libm.so.6", clock);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::unavailable);
  EXPECT_THAT(other.error().message, HasSubstr("libm.so.6 lacks nvmlInit_v2, nvmlShutdown,"));
}

TEST(Nvml, OfAnotherMachinesFilesNothingIsLoaded) {
  const testing::FakeClock clock;
  auto options = Options::none();
  const auto source = power_sources().find("nvml")->open(options, {"/nowhere", &clock});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
  EXPECT_THAT(source.error().message, HasSubstr("give `library: PATH`"));
}

template <class Script>
class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "nvml"; }
  std::string options() const override { return machine_.options(); }
  void advance(int) override { machine_.follow(); }

 private:
  NvmlMachine machine_{Script::kText, clock, Script::library()};
};

struct TwoBoards {
  static constexpr auto kText =
      "gpu GPU-1\nsquare at=0 high=650 low=80 period=0.7\ngpu GPU-2\npower at=0 watts=90\nsupports average limit\n";
  static const std::filesystem::path& library() { return kLibrary; }
};
struct SuperChip {
  static constexpr auto kText = "gpu GPU-1\nmodule watts=120\nsupports energy_field instant module limit\n";
  static const std::filesystem::path& library() { return kLibrary; }
};
struct OldDriver {
  static constexpr auto kText = "gpu GPU-1\nsquare at=0 high=250 low=40 period=0.3\n";
  static const std::filesystem::path& library() { return kOldLibrary; }
};
INSTANTIATE_TEST_SUITE_P(Nvml, PowerSourceContract,
                         ::testing::Values(testing::make_machine<Machine<TwoBoards>>,
                                           testing::make_machine<Machine<SuperChip>>,
                                           testing::make_machine<Machine<OldDriver>>));

}  // namespace
}  // namespace ipw::probes
