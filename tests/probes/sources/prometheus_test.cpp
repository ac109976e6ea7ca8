#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <thread>

#include "base/guarded.hpp"
#include "probes/power_source.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::HasSubstr;

// An exporter on loopback whose page a test writes.
class Exporter {
 public:
  explicit Exporter(std::string page = "") : page_(std::move(page)) {
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& answer) {
      answer.status = status_.with([](int& status) { return status; });
      answer.set_content(page_.with([](std::string& now) { return now; }), "text/plain; version=0.0.4");
    });
    server_.set_tcp_nodelay(true);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Exporter() { server_.stop(); }
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  void show(const std::string& page) {
    page_.with([&](std::string& now) { now = page; });
  }
  void replace(const std::string& old_text, const std::string& new_text) {
    page_.with([&](std::string& page) {
      const auto at = page.find(old_text);
      ASSERT_NE(at, std::string::npos) << old_text;
      page.replace(at, old_text.size(), new_text);
    });
  }
  void answer_with(int status) {
    status_.with([&](int& now) { now = status; });
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/metrics"; }

 private:
  Guarded<std::string> page_;
  Guarded<int> status_{200};
  httplib::Server server_;
  int port_{0};
  std::jthread thread_;
};

std::string fixture(const std::string& name) {
  return testing::read_file(testing::testdata() / "prometheus" / (name + ".txt"));
}

std::vector<std::string> described(const PowerSource& source) {
  std::vector<std::string> all;
  for (const auto& c : source.channels())
    all.push_back(c.name + " " + std::string(to_text(c.domain)) + " " + c.device.id);
  return all;
}

class Prometheus : public ::testing::Test {
 protected:
  Result<std::unique_ptr<PowerSource>> open(const std::string& more = "") {
    auto options = testing::options_from("url: " + exporter.url() + "\n" + more);
    return power_sources().find("prometheus")->open(options, {"/", &clock});
  }
  // What the source says of its only channel when the page is `text`.
  Result<StampedReading> read_one(PowerSource& source, const std::string& text) {
    exporter.show(text);
    auto readings = source.read();
    EXPECT_EQ(readings.size(), 1U);
    return readings.at(0);
  }

  Exporter exporter;
  FakeClock clock;
};

TEST_F(Prometheus, KnowsThePopularExporters) {
  struct Case {
    const char* page;
    std::vector<std::string> channels;
    double first;          // joules or watts of the first channel
    double power{-1};      // beside it
    const char* device{};  // its name; null: whatever
  } const cases[] = {
      {"dcgm",
       {"gpu0 gpu GPU-6d5c0ac5-74d7-3130-46f1-e93ed57f469a", "gpu1 gpu GPU-02e7ad33-9c41-5f0b-1d1f-0b7c6e1f9a20"},
       15152422.938,
       627.412},
      {"dcgm_mig", {"gpu0 gpu GPU-6d5c0ac5-74d7-3130-46f1-e93ed57f469a"}, 257858.316, 188.25},
      {"nvidia_gpu_exporter", {"gpu0 gpu GPU-df6e7a7c-7314-46f8-abc4-b88b36dcf3aa"}, 1234567.8, 31.5, "NVIDIA GPU"},
      {"kepler",
       {"gpu0 gpu GPU-3877938d-024c-c46b-5268-cd86ad37f0d7", "package cpu_package cpu0", "core cpu_core cpu0",
        "dram dram cpu0", "psys platform host"},
       91234.5},
      {"node_exporter",
       {"package-0 cpu_package cpu0", "package-1 cpu_package cpu1", "core-0 cpu_core cpu0", "core-1 cpu_core cpu1",
        "dram-0 dram cpu0", "acpi-power1 platform host",
        "0000:c0:03_1_0000:c3:00_0-power1 other 0000:c0:03_1_0000:c3:00_0-power1"},
       38354.045387},
      {"rocm", {"gpu0 gpu 692409005408", "gpu8 gpu 692409005499"}, 1.4e11, 748},
      {"all_smi", {"gpu3 gpu GPU-7b1c2d3e-0000-4000-8000-00000000000a", "package cpu_package cpu0"}, 8.43e6, 400.5},
      {"zeus", {"gpu0 gpu gpu0", "package-0 cpu_package cpu0", "dram-0 dram cpu0"}, 4211.5},
      {"ipmi", {"dcmi platform host"}, 417},
  };
  for (const auto& c : cases) {
    exporter.show(fixture(c.page));
    const auto source = open();
    ASSERT_TRUE(source) << c.page << ": " << source.error().message;
    EXPECT_EQ(described(**source), c.channels) << c.page;
    const auto readings = (*source)->read();
    for (std::size_t i = 0; i < readings.size(); ++i)
      EXPECT_TRUE(readings[i]) << c.page << " " << (*source)->channels()[i].name << ": " << readings[i].error().message;
    ASSERT_TRUE(readings[0]) << c.page;
    const double first = std::visit([](auto quantity) { return quantity.value; }, readings[0]->value);
    EXPECT_NEAR(first, c.first, 1e-9 * c.first) << c.page;
    EXPECT_EQ(readings[0]->power ? readings[0]->power->value.value : -1, c.power) << c.page;
    const auto& channel = (*source)->channels()[0];
    EXPECT_EQ(channel.quality, Quality::measured) << c.page;
    EXPECT_EQ(channel.read_every.value, 1) << c.page;
    if (c.device != nullptr) {
      EXPECT_EQ(channel.device.name, c.device) << c.page;
    }
  }
}

TEST_F(Prometheus, AModelsNameIsWhatTheLabelSays) {
  exporter.show(fixture("dcgm"));
  const auto source = open();
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT((*source)->channels()[0].device.name, HasSubstr("H100"));
}

TEST_F(Prometheus, ASelectorNarrowsKnownSeries) {
  exporter.show(fixture("dcgm"));
  const auto source = open("series: 'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"1\"}'\nname: big\n");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("big gpu GPU-02e7ad33-9c41-5f0b-1d1f-0b7c6e1f9a20"));
  const auto readings = (*source)->read();
  ASSERT_TRUE(readings[0]);
  EXPECT_NEAR(std::get<Joules>(readings[0]->value).value, 987654.321, 1e-6) << "and its unit is known";
  EXPECT_FALSE(readings[0]->power) << "only what was named";
}

TEST_F(Prometheus, MmioAloneCanBeNamed) {
  exporter.show(fixture("node_exporter"));
  const auto source =
      open("series: 'node_rapl_package_joules_total{path=\"/sys/class/powercap/intel-rapl-mmio:0\"}'\n");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_NEAR(std::get<Joules>((*source)->read()[0]->value).value, 99999.5, 1e-6);
}

TEST_F(Prometheus, AnySeriesWithItsUnit) {
  struct Case {
    const char* unit;
    double value;
    bool energy;
  } const cases[] = {
      {"J", 2, true},       {"mJ", 2e-3, true}, {"uJ", 2e-6, true},  {"Wh", 7200, true},
      {"kWh", 7.2e6, true}, {"W", 2, false},    {"mW", 2e-3, false}, {"uW", 2e-6, false},
  };
  exporter.show("pdu_outlet{outlet=\"7\"} 2\npdu_outlet{outlet=\"8\"} 3\n");
  for (const auto& c : cases) {
    const auto source = open("series: 'pdu_outlet{outlet=\"7\"}'\ndomain: wall\nunit: " + std::string(c.unit) + "\n");
    ASSERT_TRUE(source) << c.unit << ": " << source.error().message;
    EXPECT_THAT(described(**source), ElementsAre("pdu_outlet wall host")) << c.unit;
    const auto readings = (*source)->read();
    ASSERT_TRUE(readings[0]) << c.unit;
    EXPECT_EQ(std::holds_alternative<Joules>(readings[0]->value), c.energy) << c.unit;
    EXPECT_NEAR(std::visit([](auto q) { return q.value; }, readings[0]->value), c.value, 1e-12) << c.unit;
  }
}

TEST_F(Prometheus, LabelsNameDevicesAndChannels) {
  exporter.show("p{card=\"A/x\",bus=\"0000:03:00.0\"} 2\np{card=\"B\",bus=\"0000:04:00.0\"} 3\n");
  const auto source = open("series: p\nunit: W\ndomain: gpu\ndevice: 'pci-{bus}'\nname: 'Card {card}'\n");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("card-a-x gpu pci-0000:03:00.0", "card-b gpu pci-0000:04:00.0"));
}

TEST_F(Prometheus, WrongOptionsAreRefusedWithTheirPlace) {
  struct Case {
    const char* name;
    const char* options;
    const char* message;
  } const cases[] = {
      {"selector", "series: 'p{a=1}'\nunit: W\n",
       "test.yaml:2:9: selector `p{a=1}`, character 5: expected a value in double quotes"},
      {"one of a list", "series: [p, 'q{']\nunit: W\n", "test.yaml:2:9: selector `q{`, character 3"},
      {"unknown series", "series: p\n", "`p` is not a known series: say its `unit` (J, mJ, uJ, Wh, kWh, W, mW, uW)"},
      {"unit", "series: p\nunit: BTU\n", "test.yaml:3:7: unknown unit `BTU` (accepted: J, mJ"},
      {"domain", "series: p\nunit: W\ndomain: gpus\n", "unknown value `gpus`, did you mean `gpu`?"},
      {"open brace", "series: p\nunit: W\ndevice: 'x{a'\n", "test.yaml:4:9: expected a text, with labels as {LABEL}"},
      {"closed brace", "series: p\nunit: W\ndevice: 'x}a'\n", "with labels as {LABEL}, got `x}a`"},
      {"name", "series: p\nunit: W\nname: a/b\n", "test.yaml:4:7: a channel's name is not `auto` and has no `/`"},
      {"unit alone", "unit: W\n", "test.yaml:2:7: `unit` tells of `series`, which is not given"},
      {"unknown key", "interval: 5s\n", "unknown key `interval`"},
  };
  exporter.show("p 1\n");
  for (const auto& c : cases) {
    const auto source = open(c.options);
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST_F(Prometheus, WhatCannotBeUsedIsExplained) {
  std::string many;
  for (int i = 0; i < 65; ++i) many += "p{i=\"" + std::to_string(i) + "\"} 1\n";
  struct Case {
    const char* name;
    std::string page;
    const char* options;
    const char* message;
  } const cases[] = {
      {"empty", "", "", "it has none of the series that are looked for (looked for those of DCGM exporter, nvidia_gpu"},
      {"not these", "p 1\n", "series: q\nunit: W\n", "none of the series that are looked for (looked for q)"},
      {"a web page", "<!DOCTYPE html>\n", "", "/metrics: line 1: expected NAME{label="},
      {"too many", many, "series: p\nunit: W\ndevice: 'd{i}'\n", "65 series match, of at most 64: narrow `series`"},
      {"no such label", "p{b=\"1\"} 1\n", "series: p\nunit: W\ndevice: '{a}'\n",
       "p{b=\"1\"} has not every label of the device `{a}`"},
      {"one device, two series", "p{a=\"1\"} 1\np{a=\"2\"} 2\n", "series: p\nunit: W\ndomain: platform\n",
       "several series are for the same platform of `host` (p{a=\"1\"}, p{a=\"2\"}): narrow `series`, or tell them"},
      {"several machines",
       "kepler_node_cpu_joules_total{zone=\"package\",node_name=\"a\"} 1\n"
       "kepler_node_cpu_joules_total{zone=\"package\",node_name=\"b\"} 1\n",
       "", "it shows 2 machines (node_name a, b): narrow `series` to this one, by {node_name=\"...\"}"},
  };
  for (const auto& c : cases) {
    exporter.show(c.page);
    const auto source = open(c.options);
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST_F(Prometheus, NoServerIsNoSource) {
  exporter.answer_with(500);
  EXPECT_EQ(open().error().code, Errc::unavailable);
  exporter.answer_with(404);
  EXPECT_EQ(open().error().code, Errc::unavailable) << "the program runs on without it";
}

TEST_F(Prometheus, LiesAreNoReadings) {
  struct Case {
    const char* name;
    const char* unit;
    const char* value;
    const char* message;
  } const cases[] = {
      {"not a number", "W", "NaN", "is nan W: not a value"},
      {"infinite", "J", "+Inf", "is inf J: not a value"},
      {"negative power", "W", "-5", "p is -5 W: it cannot be negative"},
      {"negative energy", "J", "-0.001", "it cannot be negative"},
      {"a billion watts", "W", "1e9", "p is 1e+09 W: more than 100000 W"},
      {"as milliwatts", "mW", "1e9", "p is 1e+09 mW: more than 100000 W"},
      {"DCGM's mark of no value", "mJ", "9223372036854775794", "no counter of energy gets there"},
      {"too large for a unit", "kWh", "1e308", "not a value"},
      {"a platform without power", "W", "0", "a machine that runs draws more"},
  };
  for (const auto& c : cases) {
    exporter.show("p 42\n");
    const auto source = open("series: p\ndomain: platform\nunit: " + std::string(c.unit) + "\n");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    const auto reading = read_one(**source, "p " + std::string(c.value) + "\n");
    ASSERT_FALSE(reading) << c.name;
    EXPECT_EQ(reading.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(reading.error().message, HasSubstr(c.message)) << c.name;
    EXPECT_THAT(reading.error().message, HasSubstr(exporter.url())) << c.name;
    EXPECT_TRUE(read_one(**source, "p 43\n")) << c.name << ": it passes";
  }
}

TEST_F(Prometheus, ALyingPowerBesideACounterIsLeftOut) {
  exporter.show(fixture("dcgm_mig"));
  const auto source = open();
  ASSERT_TRUE(source);
  for (int i = 0; i < 7; ++i) exporter.replace("} 188.250000", "} 140737488355328");
  const auto readings = (*source)->read();
  ASSERT_TRUE(readings[0]) << readings[0].error().message;
  EXPECT_FALSE(readings[0]->power);
}

TEST_F(Prometheus, AFailureConcernsWhatItConcernsAndPasses) {
  const auto page = fixture("node_exporter");
  exporter.show(page);
  const auto source = open();
  ASSERT_TRUE(source);
  exporter.replace("node_rapl_package_joules_total{index=\"1\"", "gone{index=\"1\"");
  auto readings = (*source)->read();
  ASSERT_FALSE(readings[1]);
  EXPECT_EQ(readings[1].error().code, Errc::unavailable);
  EXPECT_THAT(readings[1].error().message,
              HasSubstr("node_rapl_package_joules_total{index=\"1\",path=\"/sys/class/powercap/intel-rapl:1\"} is not "
                        "there any more"));
  for (const std::size_t other : {0U, 2U, 3U, 4U, 5U, 6U}) EXPECT_TRUE(readings[other]) << other;

  exporter.answer_with(503);
  readings = (*source)->read();
  ASSERT_EQ(readings.size(), 7U);
  for (const auto& reading : readings) {
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, Errc::retry);
  }
  exporter.answer_with(200);
  exporter.show("node_rapl_package_joules_total{index=\"1\n");
  EXPECT_EQ((*source)->read()[6].error().code, Errc::invalid);
  exporter.show(page);
  for (const auto& reading : (*source)->read()) EXPECT_TRUE(reading);
}

// A slice that goes, or a pod's label that changes, is the same board's counter still.
TEST_F(Prometheus, ADeviceIsFollowedWhenItsLabelsChange) {
  const auto board = [](const std::string& labels, int joules) {
    return "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{UUID=\"GPU-1\"," + labels + "} " + std::to_string(joules) + "000\n";
  };
  exporter.show(board("Hostname=\"a\",GPU_I_ID=\"7\"", 5) + board("Hostname=\"a\",GPU_I_ID=\"8\"", 5));
  const auto source = open();
  ASSERT_TRUE(source);
  for (const auto& labels : {"Hostname=\"a\",GPU_I_ID=\"8\"", "Hostname=\"a\",pod=\"vllm-0\""}) {
    const auto reading = read_one(**source, board(labels, 6) + board("Hostname=\"a\",pod=\"vllm-1\"", 6));
    ASSERT_TRUE(reading) << labels << ": " << reading.error().message;
    EXPECT_EQ(std::get<Joules>(reading->value).value, 6) << labels;
  }
  EXPECT_FALSE(read_one(**source, board("Hostname=\"b\",GPU_I_ID=\"8\"", 6))) << "of another machine";

  exporter.show("p{a=\"1\"} 1\n");
  const auto own = open("series: p\nunit: W\n");
  ASSERT_TRUE(own);
  EXPECT_TRUE(read_one(**own, "p{a=\"2\"} 2\n")) << "the only one there is";
  const auto unclear = read_one(**own, "p{a=\"2\"} 2\np{a=\"3\"} 3\n");
  ASSERT_FALSE(unclear);
  EXPECT_THAT(unclear.error().message, HasSubstr("its labels have changed, and several series fit now"));
}

TEST_F(Prometheus, ATimeInTheTextIsTheStamp) {
  using std::chrono::system_clock;
  const auto page = [](double age, bool milliseconds) {
    const std::chrono::duration<double> now = system_clock::now().time_since_epoch();
    char text[64];
    std::snprintf(text, sizeof text, "p 5 %.3f\n", (now.count() - age) * (milliseconds ? 1e3 : 1));
    return std::string(text);
  };
  exporter.show("p 5\n");
  const auto source = open("series: p\nunit: W\n");
  ASSERT_TRUE(source);
  for (const bool milliseconds : {true, false}) {
    clock.advance(std::chrono::hours(1));
    const auto fresh = read_one(**source, page(20, milliseconds));
    ASSERT_TRUE(fresh) << fresh.error().message;
    EXPECT_NEAR(between(fresh->at, clock.now()).value, 20, 2) << milliseconds;
  }
  const auto before = read_one(**source, page(40, true));
  EXPECT_NEAR(between(before->at, clock.now()).value, 20, 2) << "stamps do not go back";
  const auto old = read_one(**source, page(100, true));
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, Errc::unavailable);
  EXPECT_THAT(old.error().message, HasSubstr("p is old: 100 s"));
  for (const double strange : {-100.0, 1e6, 1.7e9}) {
    const auto reading = read_one(**source, page(strange, false));
    ASSERT_TRUE(reading) << strange;
    EXPECT_EQ(reading->at, clock.now()) << strange << ": another clock than ours";
  }
}

TEST_F(Prometheus, ThousandsOfOtherSeriesDoNotMatter) {
  std::string page;
  while (page.size() < 3'900'000) page += "node_cpu_seconds_total{cpu=\"" + std::to_string(page.size()) + "\"} 1.5\n";
  exporter.show(page + "p 42\n");
  const auto source = open("series: p\nunit: W\n");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_TRUE((*source)->read()[0]);
  exporter.show(page + page);
  EXPECT_EQ((*source)->read()[0].error().code, Errc::invalid) << "over 4 MiB";
}

// Kepler's page, as time goes by.
class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "prometheus"; }
  std::string options() const override { return "url: " + exporter_.url() + "\n"; }
  void advance(int step) override { exporter_.show(page(step)); }

 private:
  static std::string page(int step) {
    std::string text = "# TYPE kepler_node_cpu_joules_total counter\n";
    for (const char* zone : {"core", "dram", "package", "psys"})
      text += "kepler_node_cpu_joules_total{node_name=\"n\",zone=\"" + std::string(zone) + "\"} " +
              std::to_string(1000 + step * 5) + "\n";
    return text;
  }
  Exporter exporter_{page(0)};
};
INSTANTIATE_TEST_SUITE_P(Prometheus, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
