#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "probes/power_source.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::PowerTree;

Result<std::unique_ptr<PowerSource>> open_estimated(const std::string& yaml, const PowerTree& tree,
                                                    const Clock& clock) {
  auto options = testing::options_from(yaml);
  return power_sources().find("estimated")->open(options, {tree.root(), &clock});
}

double joules(PowerSource& source) {
  const auto reading = source.read().at(0);
  EXPECT_TRUE(reading) << reading.error().message;
  return reading ? std::get<Joules>(reading->value).value : -1;
}

// The first line of /proc/stat after `busy` CPU seconds of work, spread over all kinds of it.
void set_busy(const PowerTree& tree, double busy) {
  const auto ticks = static_cast<long>(busy * static_cast<double>(::sysconf(_SC_CLK_TCK)));
  tree.write(tree.root() / "proc" / "stat", "cpu  " + std::to_string(ticks - 40) + " 10 10 99999 77 10 10 5555 3 3");
}

TEST(Estimated, IdlePowerAndWhatBusyCpusAdd) {
  testing::FakeClock clock;
  const PowerTree tree("no-sensors");  // two CPUs
  set_busy(tree, 100);
  tree.write(tree.root() / "proc" / "stat", testing::read_file(tree.root() / "proc" / "stat") + "cpu0 1\ncpu1 1");
  const auto source = open_estimated("idle_watts: 10\nmax_watts: 50\n", tree, clock);
  ASSERT_TRUE(source) << source.error().message;
  const double first = joules(**source);
  clock.advance(10s);
  set_busy(tree, 105);
  EXPECT_NEAR(joules(**source) - first, 10 * 10 + 5 * 20, 1e-9) << "one of two CPUs for half the time";
  clock.advance(10s);
  set_busy(tree, 125);
  EXPECT_NEAR(joules(**source) - first, 10 * 20 + 25 * 20, 1e-9) << "both of them: 50 W";
  set_busy(tree, 1);
  EXPECT_NEAR(joules(**source), 0, 1e-9) << "counted anew: the counter falls, a reset to the meter";
}

TEST(Estimated, IsLabelledAsWhatItIs) {
  testing::FakeClock clock;
  const PowerTree tree("no-sensors");
  const auto source = open_estimated("", tree, clock);
  ASSERT_TRUE(source) << source.error().message;
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.quality, Quality::estimated);
  EXPECT_EQ(channel.domain, Domain::cpu_package);
  EXPECT_EQ(channel.device.id, "host");
  EXPECT_EQ(channel.device.name, "Intel Xeon");
  clock.advance(1s);
  EXPECT_NEAR(joules(**source), 2, 1e-9) << "2 W at rest by default";
}

TEST(Estimated, BadInput) {
  testing::FakeClock clock;
  const PowerTree tree("no-sensors");
  const std::pair<const char*, const char*> cases[] = {
      {"max_watts: 1\nidle_watts: 2\n",
       "test.yaml:1:12: `max_watts` is what all CPUs at work draw: it cannot be below"},
      {"idle_watts: -2\n", "out of range"},
      {"idle_wats: 2\n", "unknown key `idle_wats`, did you mean `idle_watts`?"},
  };
  for (const auto& [yaml, message] : cases) {
    const auto source = open_estimated(yaml, tree, clock);
    ASSERT_FALSE(source) << yaml;
    EXPECT_EQ(source.error().code, Errc::invalid) << yaml;
    EXPECT_THAT(source.error().message, HasSubstr(message)) << yaml;
  }

  const auto source = open_estimated("", tree, clock);
  ASSERT_TRUE(source);
  tree.write(tree.root() / "proc" / "stat", "cpu  1 2 three");
  EXPECT_THAT((*source)->read()[0].error().message, HasSubstr("proc/stat: its first line has no CPU times"));
  std::filesystem::remove(tree.root() / "proc" / "stat");
  EXPECT_THAT((*source)->read()[0].error().message, HasSubstr("does not exist"));
  const auto gone = open_estimated("", tree, clock);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::unavailable);
  EXPECT_THAT(gone.error().message, HasSubstr("lists no CPUs"));
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "estimated"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override {
    tree_.write(tree_.root() / "proc" / "stat",
                "cpu  " + std::to_string(4000 + 10 * step) + " 0 800 200000 10 0 5 7 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0");
  }

 private:
  testing::PowerTree tree_{"two-packages"};
};
INSTANTIATE_TEST_SUITE_P(Estimated, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
