#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/energy_meter.hpp"
#include "probes/power_source.hpp"
#include "probes/power_trace.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using std::chrono::milliseconds;
using testing::FakeClock;
using ::testing::HasSubstr;

const std::string kHeader =
    R"({"format":"ipw-power-trace","version":1,"channels":[)"
    R"({"name":"gpu0","device":{"id":"GPU-1","name":"NVIDIA H200"},"domain":"gpu","quality":"measured"},)"
    R"({"name":"dcmi","device":{"id":"host","name":"BMC"},"domain":"platform"}]})"
    "\n";

// A line of the trace: joules of the GPU, watts of the machine.
std::string line(double at, double joules, double watts) {
  const auto stamp = std::to_string(at - 0.01);
  return R"({"at":)" + std::to_string(at) + R"(,"readings":[{"joules":)" + std::to_string(joules) + R"(,"stamp":)" +
         stamp + R"(},{"watts":)" + std::to_string(watts) + R"(,"stamp":)" + stamp + "}]}\n";
}

class Recorded : public ::testing::Test {
 protected:
  Result<std::unique_ptr<PowerSource>> open(const std::string& text, const std::string& more = "") {
    const auto path = folder.write("trace.jsonl", text);
    auto options = testing::options_from("path: '" + path.string() + "'\n" + more);
    return power_sources().find("recorded")->open(options, {"/", &clock});
  }
  testing::TemporaryFolder folder;
  FakeClock clock;
};

double joules(const Result<StampedReading>& reading) {
  EXPECT_TRUE(reading) << reading.error().message;
  return reading ? std::get<Joules>(reading->value).value : -1;
}

TEST_F(Recorded, PlaysWhatWasLastRecordedByNow) {
  const auto begun = clock.now();
  const auto source = open(kHeader + line(10, 100, 400) + line(10.1, 130, 410) + line(10.25, 160, 420));
  ASSERT_TRUE(source) << source.error().message;
  const auto& gpu = (*source)->channels()[0];
  EXPECT_EQ(gpu.name, "gpu0");
  EXPECT_EQ(gpu.device.id, "GPU-1");
  EXPECT_EQ(gpu.device.name, "NVIDIA H200");
  EXPECT_EQ(gpu.quality, Quality::simulated) << "a recording is never measured";
  EXPECT_TRUE(gpu.max_power);
  struct Case {
    int at_ms, stamp_ms;
    double joules, watts;
  } const cases[] = {{0, -10, 100, 400},  {0, -10, 100, 400},  {99, -10, 100, 400},
                     {100, 90, 130, 410}, {249, 90, 130, 410}, {250, 240, 160, 420}};
  for (const auto& c : cases) {
    clock.advance(begun + milliseconds(c.at_ms) - clock.now());
    const auto readings = (*source)->read();
    EXPECT_EQ(joules(readings[0]), c.joules) << c.at_ms;
    EXPECT_NEAR(between(begun, readings[0]->at).value, c.stamp_ms * 1e-3, 1e-8) << c.at_ms;
    ASSERT_TRUE(readings[1]) << c.at_ms;
    EXPECT_EQ(std::get<Watts>(readings[1]->value).value, c.watts) << c.at_ms;
  }
  for (int i = 0; i < 2; ++i) {
    clock.advance(milliseconds(1));
    for (const auto& reading : (*source)->read()) {
      ASSERT_FALSE(reading);
      EXPECT_EQ(reading.error().code, Errc::unavailable);
      EXPECT_THAT(reading.error().message, HasSubstr("trace.jsonl: the recording has ended"));
    }
  }
}

TEST_F(Recorded, FaultsArePlayedBackToo) {
  const auto source =
      open(kHeader + R"({"at":0,"readings":[{"error":"unavailable","message":"/sys/x: it is gone"},null]})" + "\n" +
           R"({"at":1,"readings":[null,{"watts":5,"stamp":1}]})" + "\n" + line(2, 7, 6));
  ASSERT_TRUE(source) << source.error().message;
  auto readings = (*source)->read();
  EXPECT_EQ(readings[0].error().code, Errc::unavailable);
  EXPECT_EQ(readings[0].error().message, "/sys/x: it is gone");
  EXPECT_EQ(readings[1].error().code, Errc::retry);
  EXPECT_THAT(readings[1].error().message, HasSubstr("nothing is recorded of this channel yet"));
  clock.advance(std::chrono::seconds(1));
  readings = (*source)->read();
  EXPECT_FALSE(readings[0]) << "a line that tells nothing of it changes nothing";
  EXPECT_TRUE(readings[1]);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(joules((*source)->read()[0]), 7);
}

TEST_F(Recorded, LoopedCountersGoOn) {
  // 100 W for a second, over and over: 40 J of which lie between the first two lines.
  const auto source = open(kHeader + line(3, 1000, 1) + line(3.4, 1040, 2) + line(4, 1100, 3), "loop: true\n");
  ASSERT_TRUE(source) << source.error().message;
  for (int i = 0; i <= 100; ++i) {
    const int round = i / 10, step = i % 10;
    const double expected = 1000 + 100 * round + (step < 4 ? 0 : 40);
    EXPECT_NEAR(joules((*source)->read()[0]), expected, 1e-6) << i;
    clock.advance(milliseconds(100));
  }
}

TEST_F(Recorded, ALoopedCounterThatWrapsKeepsItsRange) {
  auto header = kHeader;
  header.replace(header.find("\"domain\":\"gpu\""), 14,
                 "\"domain\":\"gpu\",\"wraps_at_joules\":1000,\"max_power_watts\":500");
  const auto source = open(header + line(0, 900, 1) + line(0.5, 950, 1) + line(1, 20, 1), "loop: true\n");
  ASSERT_TRUE(source) << source.error().message;
  EnergyMeter meter((*source)->channels()[0], Seconds{0.5});
  for (int i = 0; i <= 40; ++i) {
    const auto reading = (*source)->read()[0];
    ASSERT_TRUE(reading);
    EXPECT_LE(std::get<Joules>(reading->value), Joules{1000}) << i;
    static_cast<void>(meter.feed(*reading));
    clock.advance(milliseconds(500));
  }
  EXPECT_NEAR(meter.cumulative().value, 20 * 120, 1e-3) << "120 J a round";
}

TEST_F(Recorded, WhatCannotBePlayedIsRefused) {
  struct Case {
    const char* name;
    std::string text;
    const char* options;
    const char* message;
  } const cases[] = {
      {"no trace", "hello\n", "", "trace.jsonl:1: this is no recorded power trace"},
      {"a bad line far behind", kHeader + line(0, 1, 1) + line(1, 2, 1) + "oops\n" + line(2, 3, 1), "",
       "trace.jsonl:4: this is no JSON"},
      {"no readings", kHeader, "", "the recording has no reading"},
      {"too short a loop", kHeader + line(1, 1, 1), "loop: true\n", "the recording is too short to be looped"},
      {"a reset in a loop", kHeader + line(0, 5, 1) + line(1, 9, 1) + line(2, 3, 1), "loop: true\n",
       "trace.jsonl:4: the counter of `gpu0` falls, and its range is not known: such a recording cannot be looped"},
      {"no flag", kHeader + line(0, 1, 1), "loop: often\n", "test.yaml:2:7: expected true or false"},
      {"unknown option", kHeader + line(0, 1, 1), "speed: 2\n", "unknown key `speed`"},
  };
  for (const auto& c : cases) {
    const auto source = open(c.text, c.options);
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.name;
  }
  auto none = testing::options_from("loop: true\n");
  EXPECT_THAT(power_sources().find("recorded")->open(none, {"/", &clock}).error().message,
              HasSubstr("`path` is missing"));
  auto missing = testing::options_from("path: /no/such/file\n");
  EXPECT_THAT(power_sources().find("recorded")->open(missing, {"/", &clock}).error().message,
              HasSubstr("/no/such/file: it cannot be read: No such file"));
}

TEST_F(Recorded, AResetIsPlayedOnce) {
  const auto source = open(kHeader + line(0, 5, 1) + line(1, 9, 1) + line(2, 3, 1));
  ASSERT_TRUE(source) << source.error().message;
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(joules((*source)->read()[0]), 3);
}

// What another source gave, through the file and back.
TEST_F(Recorded, ARecordingOfASourceReadsLikeIt) {
  auto options = testing::options_from("watts: 250\n");
  const auto original = power_sources().find("simulated")->open(options, {"/", &clock});
  ASSERT_TRUE(original);
  const auto path = folder.path() / "made.jsonl";
  std::vector<double> seen;
  {
    auto writer = PowerTraceWriter::create(path, (*original)->channels(), clock.now());
    ASSERT_TRUE(writer) << writer.error().message;
    for (int i = 0; i < 20; ++i) {
      const auto readings = (*original)->read();
      ASSERT_TRUE(writer->add(clock.now(), readings));
      seen.push_back(joules(readings[0]));
      clock.advance(milliseconds(50));
    }
  }
  const auto played = open(testing::read_file(path));
  ASSERT_TRUE(played) << played.error().message;
  for (const double expected : seen) {
    EXPECT_NEAR(joules((*played)->read()[0]), expected, 1e-9);
    clock.advance(milliseconds(50));
  }
}

// A loop of one second, with a counter that has power beside it and a gauge.
class Machine final : public testing::PowerMachine {
 public:
  Machine() {
    std::string text = kHeader;
    for (int i = 0; i <= 50; ++i) {
      const auto at = std::to_string(i * 0.02);
      text += R"({"at":)" + at + R"(,"readings":[{"joules":)" + std::to_string(100 + i * 2) + R"(,"stamp":)" + at +
              R"(,"power":{"watts":100,"stamp":)" + at + R"(}},{"watts":300,"stamp":)" + at + "}]}\n";
    }
    path_ = folder_.write("trace.jsonl", text);
  }
  std::string source() const override { return "recorded"; }
  std::string options() const override { return "path: '" + path_.string() + "'\nloop: true\n"; }
  void advance(int) override {}

 private:
  testing::TemporaryFolder folder_;
  std::filesystem::path path_;
};
INSTANTIATE_TEST_SUITE_P(Recorded, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
