// The fake driver itself: what it calls the truth is the truth, and its sensors show what their rhythm allows.

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "tests/support/fake_nvml/nvml_machine.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::testing {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kLibrary = IPW_FAKE_NVML;

// The driver's C functions, for one board.
class Board {
 public:
  Board(const std::string& script, const std::filesystem::path& library = kLibrary) : machine(script, clock, library) {
    handle_ = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    function<int()>("nvmlInit_v2")();
    function<int(unsigned, void**)>("nvmlDeviceGetHandleByIndex_v2")(0, &device_);
  }
  ~Board() { ::dlclose(handle_); }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  double counter_at(double t) {
    machine.go_to(t);
    unsigned long long millijoules = 0;
    EXPECT_EQ(function<int(void*, unsigned long long*)>("nvmlDeviceGetTotalEnergyConsumption")(device_, &millijoules),
              0);
    return static_cast<double>(millijoules) * 1e-3;
  }
  double average_at(double t) {
    machine.go_to(t);
    unsigned milliwatts = 0;
    EXPECT_EQ(function<int(void*, unsigned*)>("nvmlDeviceGetPowerUsage")(device_, &milliwatts), 0);
    return milliwatts * 1e-3;
  }

  FakeClock clock;
  NvmlMachine machine;

 private:
  template <class Function>
  Function* function(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(handle_, name));
  }
  void* handle_{nullptr};
  void* device_{nullptr};
};

TEST(FakeNvml, TheTruthIsTheIntegralOfThePower) {
  const char* const scripts[] = {
      "power at=0 watts=100",
      "power at=0 watts=100\npower at=1.25 watts=400\npower at=3 watts=50",
      "square at=0 high=600 low=90 period=0.5 duty=0.3",
      "power at=0 watts=70\nsquare at=0.9 high=600 low=90 period=0.37 duty=0.25 phase=0.2\npower at=2.2 watts=5",
      "power at=0 watts=70\nsquare at=0.5 high=300 low=90 period=0.4\nrepeat every=1.3",
  };
  for (const auto* script : scripts) {
    Board board("gpu GPU-1\n" + std::string(script) + "\n");
    const auto& truth = board.machine.control();
    double sum = 0;
    constexpr double kStep = 1e-4;
    for (int i = 0; i < 50000; ++i) {
      if (i % 777 == 0) {
        ASSERT_NEAR(truth.true_joules(0, i * kStep), sum, 0.3) << script << " at " << i * kStep;
      }
      sum += truth.true_watts(0, (i + 0.5) * kStep) * kStep;
    }
    EXPECT_NEAR(board.machine.joules(0, 0, 5), sum, 0.3) << script;
  }
}

TEST(FakeNvml, TheCounterShowsTheTruthOfItsLastMove) {
  Board board("gpu GPU-1\nsquare at=0 high=600 low=100 period=0.3\ncounter period=0.1 phase=0.03 gain=0.5 start=7\n");
  const double zero = board.machine.control().true_joules(0, -0.07);
  for (const double t : {0.5, 0.529, 0.531, 1.0, 7.77}) {
    const double moved = std::floor((t - 0.03) / 0.1) * 0.1 + 0.03;
    EXPECT_NEAR(board.counter_at(t), 7 + 0.5 * (board.machine.control().true_joules(0, moved) - zero), 0.0011) << t;
  }
}

TEST(FakeNvml, JitterMovesEveryUpdateByLessThanItself) {
  Board board("gpu GPU-1\npower at=0 watts=1000\ncounter period=0.1 jitter=0.02\n");
  double last = board.counter_at(0.05), least = 1, most = 0, before = 0;
  for (int i = 500; i < 100000; ++i) {
    const double t = i * 1e-4, now = board.counter_at(t);
    if (now == last) continue;
    if (before > 0) least = std::min(least, t - before), most = std::max(most, t - before);
    EXPECT_NEAR(std::remainder(t, 0.1), 0, 0.0202);
    last = now;
    before = t;
  }
  EXPECT_LT(least, 0.08);
  EXPECT_GT(most, 0.12);
}

TEST(FakeNvml, ADutyCounterMissesWhatItDoesNotLookAt) {
  struct Case {
    const char* phase;  // of the high quarter of each 100 ms, against the moves
    double watts;       // seen
  };
  for (const auto& c : {Case{"0", 100}, Case{"0.025", 400}, Case{"0.0125", 250}}) {
    Board board("gpu GPU-1\ncounter period=0.1 window=0.025\nsquare high=400 low=100 period=0.1 duty=0.25 phase=" +
                std::string(c.phase) + "\n");
    EXPECT_NEAR(board.counter_at(10.05), 1000 + c.watts * 10, 0.01) << c.phase;
    EXPECT_NEAR(board.machine.joules(0, 0, 10), 1750, 1e-6) << c.phase;
  }
}

TEST(FakeNvml, AnAverageLagsBehind) {
  Board average("gpu GPU-1\npower at=0 watts=100\npower at=2 watts=500\naverage period=0.1 window=1\n");
  EXPECT_NEAR(average.average_at(2.5), 300, 0.01);
  EXPECT_NEAR(average.average_at(2.59), 300, 0.01) << "not before its next move";
  EXPECT_NEAR(average.average_at(3.1), 500, 0.01);
}

TEST(FakeNvml, WrongScriptsAreRefused) {
  FakeClock clock;
  for (const auto& [script, message] : {std::pair{"colour red", "line 1 `colour red`: unknown word"},
                                        {"power at=0", "comes before the first `gpu`"},
                                        {"gpu GPU-1\npower ad=0", "line 2 `power ad=0`: unknown key: ad"},
                                        {"gpu GPU-1\npower at=1s", "not a number: 1s"},
                                        {"gpu GPU-1\ncounter period=0.02 jitter=0.01", "period or jitter"}}) {
    try {
      const NvmlMachine machine(script, clock);
      ADD_FAILURE() << script;
    } catch (const std::exception& e) {
      EXPECT_THAT(e.what(), HasSubstr(message));
    }
  }
}

// As the real program meets it: real time, the script in a file. The library is one that no other test here loads.
TEST(FakeNvml, TheEnvironmentGivesAScriptInRealTime) {
  const TemporaryFolder folder;
  const auto script = folder.write("script", "driver 1.2.3\ngpu GPU-1\n");
  ::setenv("FAKE_NVML_SCRIPT", script.c_str(), 1);
  ::setenv("FAKE_NVML_START_NS", "0", 1);
  void* library = ::dlopen((kLibrary.parent_path() / "old" / kLibrary.filename()).c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr);
  EXPECT_EQ(reinterpret_cast<int (*)()>(::dlsym(library, "nvmlInit_v2"))(), 0);
  char version[80] = {};
  using GetVersion = int (*)(char*, unsigned);
  EXPECT_EQ(reinterpret_cast<GetVersion>(::dlsym(library, "nvmlSystemGetDriverVersion"))(version, sizeof version), 0);
  EXPECT_STREQ(version, "1.2.3");
  void* device = nullptr;
  using GetHandle = int (*)(const char*, void**);
  EXPECT_EQ(reinterpret_cast<GetHandle>(::dlsym(library, "nvmlDeviceGetHandleByUUID"))("GPU-1", &device), 0);
  using GetEnergy = int (*)(void*, unsigned long long*);
  unsigned long long energy = 0;
  EXPECT_EQ(reinterpret_cast<GetEnergy>(::dlsym(library, "nvmlDeviceGetTotalEnergyConsumption"))(device, &energy), 0);
  const double up = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(static_cast<double>(energy) * 1e-3, 1000 + 100 * up, 100 * 5) << "100 W since the machine started";
  ::dlclose(library);
  ::unsetenv("FAKE_NVML_SCRIPT");
  ::unsetenv("FAKE_NVML_START_NS");
}

}  // namespace
}  // namespace ipw::testing
