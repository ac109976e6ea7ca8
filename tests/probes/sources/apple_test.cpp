#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/energy_meter.hpp"
#include "probes/power_source.hpp"
#include "probes/sources/apple_powermetrics.hpp"
#include "probes/sources/apple_soc.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using sources::AppleCounter;
using sources::AppleSoc;
using sources::AppleValue;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr MonoTime kNow{std::chrono::hours(9)};

double joules(const Result<StampedReading>& reading) {
  EXPECT_TRUE(reading) << reading.error().message;
  return reading ? std::get<Joules>(reading->value).value : -1;
}

std::vector<std::string> described(std::span<const Channel> channels) {
  std::vector<std::string> all;
  for (const auto& c : channels)
    all.push_back(c.name + " " + std::string(to_text(c.domain)) + " " + c.device.id +
                  (c.parent.empty() ? "" : " in " + c.parent));
  return all;
}

TEST(Apple, ElsewhereItSaysWhere) {
  const testing::FakeClock clock;
  auto none = Options::none();
  const auto source = power_sources().find("apple")->open(none, {"/no/such/root", &clock});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
#ifdef __APPLE__
  EXPECT_THAT(source.error().message, HasSubstr("only on the running machine"));
#else
  EXPECT_THAT(source.error().message, HasSubstr("only on macOS"));
#endif
  auto wrong = testing::options_from("colour: red\n");
  const auto refused = power_sources().find("apple")->open(wrong, {"/", &clock});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("test.yaml:1:1: unknown key `colour`"));
}

TEST(AppleSoc, UnitsAreWholeWords) {
  EXPECT_EQ(sources::apple_unit("mJ"), 1e-3);
  EXPECT_EQ(sources::apple_unit("uJ"), 1e-6);
  EXPECT_EQ(sources::apple_unit("nJ "), 1e-9) << "padded by some drivers";
  for (const char* other : {"", "J", "mJ/s", "24Mticks", "events"}) EXPECT_FALSE(sources::apple_unit(other)) << other;
}

// A counter that says 1 for each of `names`, in joules whatever its unit, and the parts' sums of them.
TEST(AppleSoc, ReadsEachPartFromItsCoarsestCounters) {
  struct Case {
    const char* name;
    std::vector<std::string> names;
    double cpu, gpu, ane, dram;  // how many counters each is made of; 0: no channel
  } const cases[] = {
      {"M4 Max",
       {"ECPU0", "ECPU", "PCPU0", "PCPU", "ECPUDTL0", "CPU Energy", "GPU SRAM0", "GPU CS0", "GPU Energy", "ANE0", "ANE",
        "DRAM0", "DRAM", "DCS0", "AMCC", "ISP", "AVE", "MSR", "GPU Energy Budget"},
       1,
       1,
       1,
       1},
      {"M2 Ultra",
       {"DIE_0_ECPU", "DIE_0_CPU Energy", "DIE_1_CPU Energy", "GPU Energy", "ANE0_0", "ANE0_1", "ANE1_0", "DRAM0",
        "DRAM1", "DIE_x_CPU Energy", "DIE_CPU Energy", "DIE_0CPU Energy"},
       2,
       1,
       3,
       2},
      {"numbered GPUs", {"CPU Energy", "GPU0", "GPU1", "GPU0_0", "GPU", "GPUX", "GPU0_", "GPU0_0_0"}, 1, 2, 0, 0},
      {"the whole after its parts", {"DIE_0_CPU Energy", "GPU0", "GPU Energy", "CPU Energy"}, 1, 1, 0, 0},
      {"a name twice", {"CPU Energy", "CPU Energy", "GPU Energy"}, 1, 1, 0, 0},
      {"parts of dies", {"CPU Energy", "GPU Energy", "DIE_0_ANE", "DIE_1_ANE", "DIE_0_ANE0", "DIE_0_DRAM"}, 1, 1, 2, 1},
  };
  for (const auto& c : cases) {
    std::vector<AppleCounter> counters;
    for (const auto& name : c.names) counters.push_back({name, "uJ"});
    auto soc = AppleSoc::from(counters, "Apple M4 Max");
    ASSERT_TRUE(soc) << c.name << ": " << soc.error().message;
    const auto readings = soc->read([](std::size_t) { return AppleValue{1'000'000, std::nullopt}; }, kNow);
    std::vector<double> expected{c.cpu + c.gpu + c.ane + c.dram};
    for (const double part : {c.cpu, c.gpu, c.ane, c.dram})
      if (part > 0) expected.push_back(part);
    ASSERT_EQ(readings.size(), expected.size()) << c.name;
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(joules(readings[i]), expected[i], 1e-9) << c.name << " " << soc->channels()[i].name;
  }
}

std::vector<AppleCounter> usual() {
  return {{"CPU Energy", "mJ"}, {"GPU Energy", "nJ"}, {"ANE", "mJ"}, {"DRAM", "mJ"}};
}

TEST(AppleSoc, TheSocContainsItsParts) {
  const auto soc = AppleSoc::from(usual(), "Apple M4 Max");
  ASSERT_TRUE(soc) << soc.error().message;
  EXPECT_THAT(described(soc->channels()),
              ElementsAre("soc soc soc0", "cpu cpu_package cpu0 in soc", "gpu gpu soc0 in soc", "ane other soc0 in soc",
                          "dram dram soc0 in soc"));
  for (const auto& c : soc->channels()) {
    EXPECT_EQ(c.device.name, "Apple M4 Max");
    EXPECT_EQ(c.max_power, Watts{1000});
    EXPECT_EQ(c.quality, Quality::measured);
  }
}

TEST(AppleSoc, NanojoulesAreNotCutOff) {
  auto soc = AppleSoc::from(usual(), "");
  ASSERT_TRUE(soc);
  const auto readings = soc->read([](std::size_t i) { return AppleValue{i == 1 ? 7 : 0, std::nullopt}; }, kNow);
  EXPECT_NEAR(joules(readings[2]), 7e-9, 1e-15);
  EXPECT_NEAR(joules(readings[0]), 7e-9, 1e-15);
}

TEST(AppleSoc, AReadingIsAsOldAsItsOldestCounter) {
  auto soc = AppleSoc::from(usual(), "");
  ASSERT_TRUE(soc);
  const double ages[] = {2.1, 0.01, 1.5, 0.5};
  const auto value_of = [&](std::size_t i) { return AppleValue{1, Seconds{ages[i]}}; };
  const auto readings = soc->read(value_of, kNow);
  const double expected[] = {2.1, 2.1, 0.01, 1.5, 0.5};
  for (std::size_t i = 0; i < readings.size(); ++i)
    EXPECT_NEAR(between(readings[i]->at, kNow).value, expected[i], 1e-9) << i;
  const auto earlier = soc->read([](std::size_t) { return AppleValue{1, Seconds{3}}; }, kNow);
  for (std::size_t i = 0; i < earlier.size(); ++i)
    EXPECT_EQ(earlier[i]->at, readings[i]->at) << "stamps do not go back";
}

TEST(AppleSoc, AFaultConcernsItsPartAndTheSum) {
  struct Case {
    const char* name;
    Result<AppleValue> ane;
    Errc code;
    const char* message;
  } const cases[] = {
      {"negative", AppleValue{-1, std::nullopt}, Errc::invalid, "IOReport's counter `ANE` is negative"},
      {"stalled", AppleValue{5, Seconds{11}}, Errc::unavailable, "`ANE` has not been written for more than 10 s"},
      {"gone", Error{Errc::unavailable, "gone"}, Errc::unavailable, "gone"},
  };
  for (const auto& c : cases) {
    auto soc = AppleSoc::from(usual(), "");
    ASSERT_TRUE(soc);
    const auto value_of = [&](std::size_t i) -> Result<AppleValue> {
      if (i == 2) return c.ane;
      return AppleValue{1, std::nullopt};
    };
    const auto readings = soc->read(value_of, kNow);
    for (const std::size_t bad : {0U, 3U}) {
      ASSERT_FALSE(readings[bad]) << c.name << " " << bad;
      EXPECT_EQ(readings[bad].error().code, c.code) << c.name;
      EXPECT_THAT(readings[bad].error().message, HasSubstr(c.message)) << c.name;
    }
    for (const std::size_t good : {1U, 2U, 4U}) EXPECT_TRUE(readings[good]) << c.name << " " << good;
  }
}

TEST(AppleSoc, ChipsThatAreNotUnderstoodAreRefused) {
  struct Case {
    const char* name;
    std::vector<AppleCounter> counters;
    Errc code;
    const char* message;
  } const cases[] = {
      {"nothing", {}, Errc::unavailable, "IOReport has no energy counter `CPU Energy` among its 0"},
      {"no CPU", {{"GPU Energy", "nJ"}, {"PCPU", "mJ"}}, Errc::unavailable, "no energy counter `CPU Energy`"},
      {"no GPU", {{"CPU Energy", "mJ"}}, Errc::unavailable, "no energy counter `GPU Energy` among its 1"},
      {"unknown unit",
       {{"CPU Energy", "mJ"}, {"GPU Energy", "pJ"}},
       Errc::invalid,
       "IOReport's counter `GPU Energy` has the unknown unit `pJ`"},
  };
  for (const auto& c : cases) {
    const auto soc = AppleSoc::from(c.counters, "");
    ASSERT_FALSE(soc) << c.name;
    EXPECT_EQ(soc.error().code, c.code) << c.name;
    EXPECT_THAT(soc.error().message, HasSubstr(c.message)) << c.name;
  }
}

// Counters in millijoules that are published every two seconds, read every 100 ms: the meter sees 30 W, and no burst.
TEST(AppleSoc, BatchesGiveTheMeterNoEvent) {
  auto soc = AppleSoc::from(std::vector<AppleCounter>{{"CPU Energy", "mJ"}, {"GPU Energy", "nJ"}}, "");
  ASSERT_TRUE(soc);
  EnergyMeter meter(soc->channels()[1], Seconds{0.1});
  for (int i = 0; i <= 100; ++i) {
    const double now = 0.1 * i, written = 2 * std::floor(now / 2 + 1e-9);
    const auto value_of = [&](std::size_t) {
      return AppleValue{static_cast<std::int64_t>(30e3 * written), Seconds{now - written}};
    };
    const auto readings = soc->read(value_of, kNow + std::chrono::milliseconds(100 * i));
    ASSERT_TRUE(readings[1]);
    EXPECT_EQ(to_text(meter.feed(*readings[1]).event), to_text(MeterEvent::normal)) << i;
  }
  EXPECT_NEAR(meter.cumulative().value, 300, 1e-6);
}

std::string recorded() {
  return testing::read_file(testing::testdata() / "powermetrics" / "m4_max.plists");
}

TEST(Powermetrics, ReadsWhatWasRecorded) {
  const auto text = recorded();
  const auto report = sources::parse_powermetrics(text.substr(0, text.find('\0')));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_NEAR(report->elapsed.value, 1.009301125, 1e-12) << "not the second that was asked for";
  EXPECT_NEAR(report->power[0]->value, 2.97845, 1e-9) << "the processor's, not a cluster's";
  EXPECT_NEAR(report->power[1]->value, 41.2696, 1e-9);
  EXPECT_NEAR(report->power[2]->value, 0, 1e-9);
  EXPECT_FALSE(report->power[3]) << "of memory it knows nothing";
  EXPECT_NEAR(report->combined.value, 44.24805, 1e-9);
}

std::string report_of(const std::string& processor, const std::string& elapsed = "<integer>500000000</integer>") {
  return "<plist version=\"1.0\"><dict><key>elapsed_ns</key>" + elapsed + "<key>processor</key><dict>" + processor +
         "</dict></dict></plist>";
}

TEST(Powermetrics, WithoutASumItAddsTheParts) {
  const auto report = sources::parse_powermetrics(
      report_of("<key>cpu_power</key><integer>1500</integer><!-- > --><key>gpu_power</key><real> 2.5e2 </real>"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_NEAR(report->combined.value, 1.75, 1e-12);
  EXPECT_FALSE(report->power[2]);
}

TEST(Powermetrics, WrongReportsAreNamed) {
  const std::string good = "<key>cpu_power</key><real>1</real><key>gpu_power</key><real>1</real>";
  struct Case {
    const char* name;
    std::string text;
    const char* message;
  } const cases[] = {
      {"empty", "", "this is no property list"},
      {"an error message", "powermetrics must be invoked as the superuser\n", "this is no property list"},
      {"another tag", "<html>", "a value of the property list is not closed"},
      {"no time", report_of(good, ""), "the report has no `elapsed_ns`"},
      {"time 0", report_of(good, "<integer>0</integer>"), "no `elapsed_ns`"},
      {"negative time", report_of(good, "<integer>-5</integer>"), "no `elapsed_ns`"},
      {"time of a day", report_of(good, "<integer>86400000000000</integer>"), "no `elapsed_ns`"},
      {"an Intel machine", report_of("<key>package_watts</key><real>12.5</real>"), "no power of CPU and GPU"},
      {"no GPU", report_of("<key>cpu_power</key><real>1</real>"), "no power of CPU and GPU"},
      {"negative power", report_of("<key>cpu_power</key><real>-1</real>"),
       "cpu_power is `-1`, which is no power in mW"},
      {"not a number", report_of("<key>gpu_power</key><real>nan</real>"), "gpu_power is `nan`"},
      {"infinite", report_of("<key>gpu_power</key><real>inf</real>"), "gpu_power is `inf`"},
      {"a megawatt", report_of("<key>combined_power</key><real>1e9</real>"), "combined_power is `1e9`"},
      {"a text", report_of("<key>ane_power</key><string>much</string>"), "ane_power is `much`"},
      {"cut off", "<plist version=\"1.0\"><dict>", "the property list is cut off"},
      {"cut off in a tag", "<plist version=\"1.0\"><dic", "cut off in a tag"},
      {"cut off in a value", "<plist><dict><key>elapsed_ns</key><integer>5",
       "a value of the property list is not closed"},
      {"cut off in a comment", "<plist><!-- ", "cut off"},
      {"crossed tags", "<plist><dict></plist></dict>", "a tag of the property list is closed that is not open"},
      {"closed once too often", "<plist></plist></plist>", "is closed that is not open"},
      {"too deep",
       [] {
         std::string deep;
         for (int i = 0; i < 100; ++i) deep += "<array>";
         return deep;
       }(),
       "nested too deeply"},
  };
  for (const auto& c : cases) {
    const auto report = sources::parse_powermetrics(c.text);
    ASSERT_FALSE(report) << c.name;
    EXPECT_EQ(report.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(report.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(Powermetrics, BearsAnyText) {
  const auto text = recorded();
  const auto report = text.substr(0, text.find('\0'));
  for (std::size_t i = 0; i < report.size(); ++i) {
    static_cast<void>(sources::parse_powermetrics(report.substr(0, i)));
    for (const char c : {'<', '>', '/', '\xFF'}) {
      auto broken = report;
      broken[i] = c;
      static_cast<void>(sources::parse_powermetrics(broken));
    }
  }
}

TEST(Powermetrics, TheStreamIsCutAtEachNul) {
  const auto text = recorded();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, text.size()}) {
    sources::PowermetricsStream stream;
    std::vector<double> elapsed;
    for (std::size_t at = 0; at < text.size(); at += piece)
      for (const auto& report : stream.feed(std::string_view(text).substr(at, piece))) {
        ASSERT_TRUE(report) << report.error().message;
        elapsed.push_back(report->elapsed.value);
      }
    EXPECT_THAT(elapsed, ElementsAre(DoubleNear(1.009301125, 1e-12), DoubleNear(1.007912, 1e-12))) << piece;
  }
}

TEST(Powermetrics, AWrongReportIsToldAndTheNextIsRead) {
  sources::PowermetricsStream stream;
  const auto good = report_of("<key>combined_power</key><real>1</real>") + std::string(1, '\0');
  EXPECT_FALSE(stream.feed(std::string("garbage\0", 8)).at(0));
  EXPECT_TRUE(stream.feed(std::string("\n\0", 2)).empty()) << "nothing between two reports is nothing";
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(stream.feed(std::string(1U << 20U, 'x')).empty());
  const auto reports = stream.feed("x" + std::string(1, '\0') + good);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_THAT(reports[0].error().message, HasSubstr("longer than 4 MiB"));
  EXPECT_TRUE(reports[1]);
}

TEST(Powermetrics, ReportsAddUp) {
  sources::PowermetricsStream stream;
  const auto reports = stream.feed(recorded());
  ASSERT_EQ(reports.size(), 2U);
  sources::PowermetricsCounters counters(*reports[0], "Apple M4 Max", kNow);
  EXPECT_THAT(described(counters.channels()), ElementsAre("soc soc soc0", "cpu cpu_package cpu0 in soc",
                                                          "gpu gpu soc0 in soc", "ane other soc0 in soc"));
  const auto first = joules(counters.read()[0]);
  const auto then = kNow + std::chrono::seconds(1);
  counters.add(*reports[1], then);
  auto readings = counters.read();
  EXPECT_NEAR(joules(readings[0]) - first, 44.0031 * 1.007912, 1e-9);
  EXPECT_NEAR(joules(readings[3]), 0.0125 * 1.007912, 1e-12);
  EXPECT_EQ(readings[0]->at, then);

  auto partial = *reports[1];
  partial.power[1].reset();
  counters.add(partial, then + std::chrono::seconds(1));
  readings = counters.read();
  ASSERT_FALSE(readings[2]) << "what is not told is not 0";
  EXPECT_EQ(readings[2].error().code, Errc::retry);
  EXPECT_THAT(readings[2].error().message, HasSubstr("the last report leaves `gpu` out"));
  EXPECT_TRUE(readings[0]);
}

}  // namespace
}  // namespace ipw::probes
