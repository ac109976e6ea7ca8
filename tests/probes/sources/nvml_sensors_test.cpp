#include <gtest/gtest.h>

#include "probes/sources/nvml_source.hpp"
#include "tests/support/fake_nvml/nvml_machine.hpp"

namespace ipw::probes {
namespace {

TEST(NvmlSensors, KnowsWhatItsFiguresAreTheMeanOf) {
  struct Case {
    const char* board;
    std::optional<double> looks;
    double averages_over;
  } const cases[] = {
      {"name NVIDIA H200\nsupports energy_field instant\n", {}, 0},
      {"name NVIDIA H200\nsupports average\n", {}, 1},
      {"name NVIDIA H100 80GB HBM3\nsupports energy_field instant\n", 0.25, 0},
      {"name NVIDIA A100-SXM4-80GB\narchitecture number=7\nsupports average\n", 0.25, 0},
      {"name NVIDIA RTX A3000\narchitecture number=7\nsupports average\n", {}, 1},
      {"name Tesla V100-PCIE-32GB\narchitecture number=5\nsupports average\n", 0.5, 0},
      {"name Tesla T4\narchitecture number=6\nsupports average\n", {}, 0},
  };
  for (const auto& c : cases) {
    testing::FakeClock clock;
    testing::NvmlMachine machine("gpu GPU-1\n" + std::string(c.board), clock, IPW_FAKE_NVML);
    machine.go_to(1);
    const auto source = nvml::open_source({IPW_FAKE_NVML}, clock, [&] { return machine.wall(); });
    ASSERT_TRUE(source) << c.board << source.error().message;
    EXPECT_EQ((*source)->channels()[0].looks, c.looks) << c.board;
    EXPECT_EQ((*source)->channels()[0].averages_over.value, c.averages_over) << c.board;
  }
}

}  // namespace
}  // namespace ipw::probes
