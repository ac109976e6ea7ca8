#include "probes/power_trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr MonoTime kBegun{std::chrono::hours(5)};

std::vector<Channel> two_channels() {
  Channel gpu;
  gpu.name = "gpu0";
  gpu.device = {"GPU-5b4e", "NVIDIA \"H200\" \xC3\xA9"};
  gpu.domain = Domain::gpu;
  gpu.max_power = Watts{7000};
  gpu.read_every = Seconds{0.02};
  gpu.averages_over = Seconds{1};
  gpu.looks = 0.25;
  Channel package;
  package.name = "package-0";
  package.parent = "gpu0";
  package.device = {"cpu0", "CPU"};
  package.domain = Domain::cpu_package;
  package.quality = Quality::estimated;
  package.wraps_at = Joules{262143.328850};
  return {gpu, package};
}

class PowerTraceFile : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder.path() / "trace.jsonl"; }
  PowerTraceWriter writer() const {
    auto made = PowerTraceWriter::create(path(), two_channels(), kBegun);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  testing::TemporaryFolder folder;
};

TEST_F(PowerTraceFile, ComesBackAsItWas) {
  auto writing = writer();
  const StampedReading counted{kBegun + milliseconds(49), Joules{17.123456789012345},
                               StampedWatts{kBegun - milliseconds(3), Watts{301.5}}};
  const std::vector<Result<StampedReading>> first{counted, StampedReading{kBegun + milliseconds(50), Watts{0.1}}};
  ASSERT_TRUE(writing.add(kBegun + milliseconds(50), first));
  const std::vector<Result<StampedReading>> second{Error{Errc::retry, "busy: \"\n"}};
  ASSERT_TRUE(writing.add(kBegun + milliseconds(100), second, 1));

  auto trace = PowerTrace::open(path());
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->channels().size(), 2U);
  const auto &gpu = trace->channels()[0], &package = trace->channels()[1];
  EXPECT_EQ(gpu.device.name, "NVIDIA \"H200\" \xC3\xA9");
  EXPECT_EQ(gpu.device.id, "GPU-5b4e");
  EXPECT_EQ(gpu.domain, Domain::gpu);
  EXPECT_EQ(gpu.quality, Quality::measured);
  EXPECT_EQ(gpu.max_power, Watts{7000});
  EXPECT_EQ(gpu.read_every, Seconds{0.02});
  EXPECT_EQ(gpu.averages_over, Seconds{1});
  EXPECT_EQ(gpu.looks, 0.25);
  EXPECT_FALSE(gpu.wraps_at);
  EXPECT_EQ(package.parent, "gpu0");
  EXPECT_EQ(package.domain, Domain::cpu_package);
  EXPECT_EQ(package.quality, Quality::estimated);
  EXPECT_EQ(package.wraps_at, Joules{262143.328850});
  EXPECT_FALSE(package.max_power);

  for (int round = 0; round < 2; ++round) {
    const auto one = trace->next();
    ASSERT_TRUE(one) << one.error().message;
    ASSERT_TRUE(*one);
    EXPECT_NEAR((*one)->at.value, 0.05, 1e-12);
    const auto& gpu_entry = (*one)->entries[0];
    ASSERT_TRUE(gpu_entry && *gpu_entry);
    EXPECT_TRUE((*gpu_entry)->energy);
    EXPECT_EQ((*gpu_entry)->value, 17.123456789012345);
    EXPECT_NEAR((*gpu_entry)->stamp.value, 0.049, 1e-12);
    EXPECT_EQ((*gpu_entry)->power, Watts{301.5});
    EXPECT_NEAR((*gpu_entry)->power_stamp.value, -0.003, 1e-12);
    EXPECT_FALSE((*(*one)->entries[1])->energy);
    const auto two = trace->next();
    ASSERT_TRUE(two && *two);
    EXPECT_EQ(trace->place(), path().string() + ":3");
    EXPECT_FALSE((*two)->entries[0]) << "not told";
    ASSERT_TRUE((*two)->entries[1]);
    EXPECT_EQ((*two)->entries[1]->error().code, Errc::retry);
    EXPECT_EQ((*two)->entries[1]->error().message, "busy: \"\n");
    const auto end = trace->next();
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_FALSE(*end);
    trace->rewind();
  }
}

TEST_F(PowerTraceFile, EveryKindOfErrorComesBack) {
  auto writing = writer();
  for (const auto code : {Errc::retry, Errc::unavailable, Errc::invalid, Errc::cancelled, Errc::internal}) {
    const std::vector<Result<StampedReading>> failed{Error{code, "why"}};
    ASSERT_TRUE(writing.add(kBegun, failed));
    auto trace = PowerTrace::open(path());
    ASSERT_TRUE(trace);
    Result<std::optional<PowerTraceLine>> line = std::optional<PowerTraceLine>();
    for (auto next = trace->next(); next && *next; next = trace->next()) line = next;
    ASSERT_TRUE(*line);
    EXPECT_EQ((*line)->entries[0]->error().code, code);
  }
}

TEST_F(PowerTraceFile, NothingImpossibleIsWritten) {
  struct Case {
    const char* name;
    StampedReading reading;
    bool good;
  } const cases[] = {
      {"not a number", {kBegun, Joules{std::nan("")}}, false},
      {"infinite", {kBegun, Watts{std::numeric_limits<double>::infinity()}}, false},
      {"negative", {kBegun, Joules{-1}}, false},
      {"power beside it negative", {kBegun, Joules{1}, StampedWatts{kBegun, Watts{-1}}}, true},
      {"a stamp after the line", {kBegun + milliseconds(500), Joules{1}}, true},
      {"power's stamp after the line", {kBegun, Joules{1}, StampedWatts{kBegun + milliseconds(500), Watts{1}}}, true},
  };
  for (const auto& c : cases) {
    auto writing = writer();
    ASSERT_TRUE(writing.add(kBegun, std::vector<Result<StampedReading>>{c.reading}));
    auto trace = PowerTrace::open(path());
    ASSERT_TRUE(trace);
    const auto line = trace->next();
    ASSERT_TRUE(line) << c.name << ": " << line.error().message;
    EXPECT_EQ(static_cast<bool>(*(*line)->entries[0]), c.good) << c.name;
  }
}

TEST_F(PowerTraceFile, ALineCutOffAtTheEndIsNone) {
  auto writing = writer();
  const std::vector<Result<StampedReading>> readings{StampedReading{kBegun, Joules{1}}};
  ASSERT_TRUE(writing.add(kBegun, readings));
  ASSERT_TRUE(writing.add(kBegun, readings));
  const auto text = testing::read_file(path());
  const auto second = text.rfind("{\"at\"");
  for (auto end = second; end < text.size(); ++end) {
    auto trace = PowerTrace::open(folder.write("cut.jsonl", text.substr(0, end)));
    ASSERT_TRUE(trace);
    int lines = 0;
    auto next = trace->next();
    for (; next && *next; next = trace->next()) ++lines;
    EXPECT_TRUE(next) << end << ": " << next.error().message;
    EXPECT_EQ(lines, end + 1 < text.size() ? 1 : 2) << end << " of " << text.size() << ": whole without its newline";
  }
}

const std::string kChannel = R"({"name":"a","device":{"id":"host","name":"x"},"domain":"wall"})";
const std::string kHeader = R"({"format":"ipw-power-trace","version":1,"channels":[)" + kChannel + "]}\n";

TEST_F(PowerTraceFile, WrongHeadersAreNamed) {
  const auto header = [](const std::string& channels) {
    return R"({"format":"ipw-power-trace","version":1,"channels":)" + channels + "}\n";
  };
  const auto channel = [&](const std::string& rest) { return header("[{\"name\":\"a\"" + rest + "}]"); };
  const std::string device = R"(,"device":{"id":"host","name":"x"})";
  struct Case {
    const char* name;
    std::string text;
    const char* message;
  } const cases[] = {
      {"empty", "", ":1: the file is empty"},
      {"no JSON", "hello\n", ":1: this is no recorded power trace"},
      {"other JSON", "[1]\n", "no recorded power trace: it does not begin with {\"format\":\"ipw-power-trace\",...}"},
      {"other format", R"({"format":"csv","version":1})", "no recorded power trace"},
      {"no version", R"({"format":"ipw-power-trace"})", "a trace of another version: this program reads version 1"},
      {"version 2", R"({"format":"ipw-power-trace","version":2,"channels":[]})", "of another version"},
      {"no channels", R"({"format":"ipw-power-trace","version":1})", "`channels` is missing or empty"},
      {"none", header("[]"), "`channels` is missing or empty"},
      {"a number", header("[1]"), "a channel is an object"},
      {"no name", header("[{}]"), "a channel needs a `name` without /"},
      {"name with slash", header(R"([{"name":"a/b"}])"), "a channel needs a `name` without /"},
      {"no device", channel(""), "channel `a`: `device` is missing"},
      {"device without id", channel(R"(,"device":{"name":"x"})"), "a device has an `id` and a `name`"},
      {"device without name", channel(R"(,"device":{"id":"x","name":""})"), "a device has an `id` and a `name`"},
      {"no domain", channel(device), "`domain` is missing or unknown"},
      {"unknown domain", channel(device + R"(,"domain":"moon")"), "`domain` is missing or unknown"},
      {"quality", channel(device + R"(,"domain":"gpu","quality":"good")"), "unknown `quality`"},
      {"parent", channel(device + R"(,"domain":"gpu","parent":1)"), "`parent` is a channel's name"},
      {"no such parent", channel(device + R"(,"domain":"gpu","parent":"b")"), "there is no channel `b`"},
      {"range", channel(device + R"(,"domain":"gpu","wraps_at_joules":0)"), "`wraps_at_joules` is above 0"},
      {"power", channel(device + R"(,"domain":"gpu","max_power_watts":"9")"), "`max_power_watts` is above 0"},
      {"looks", channel(device + R"(,"domain":"gpu","looks":2)"), "`looks` is 0 to 1"},
      {"period", channel(device + R"(,"domain":"gpu","read_every_seconds":-1)"), "`read_every_seconds` is above 0"},
      {"twice", header("[" + kChannel + "," + kChannel + "]"), "channel `a` stands there twice"},
      {"too long", std::string((1U << 20U) + 1, ' '), ":1: the line is longer than 1 MiB"},
  };
  for (const auto& c : cases) {
    const auto file = folder.write("wrong.jsonl", c.text);
    const auto trace = PowerTrace::open(file);
    ASSERT_FALSE(trace) << c.name;
    EXPECT_EQ(trace.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(trace.error().message, HasSubstr(file.string())) << c.name;
    EXPECT_THAT(trace.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST_F(PowerTraceFile, WrongLinesAreNamed) {
  struct Case {
    const char* name;
    std::string line;
    const char* message;
  } const cases[] = {
      {"no JSON", "{\"at\":", ":3: this is no JSON"},
      {"a list", "[]", "expected {\"at\":...,\"readings\":[...]}"},
      {"no time", R"({"readings":[null]})", "`at` is missing"},
      {"negative time", R"({"at":-1,"readings":[null]})", "`at` is missing, or no time"},
      {"huge time", R"({"at":1e300,"readings":[null]})", "`at` is missing, or no time"},
      {"back in time", R"({"at":0.5,"readings":[null]})", "`at` goes back in time"},
      {"no readings", R"({"at":2})", "`readings` has an entry for each of the 1 channels"},
      {"too many", R"({"at":2,"readings":[null,null]})", "`readings` has an entry for each"},
      {"a text", R"({"at":2,"readings":["x"]})", "a reading is an object or null"},
      {"nothing", R"({"at":2,"readings":[{}]})", "a reading has `joules` or `watts`"},
      {"both", R"({"at":2,"readings":[{"joules":1,"watts":1,"stamp":2}]})", "`joules` or `watts`"},
      {"no stamp", R"({"at":2,"readings":[{"joules":1}]})", "and a `stamp`"},
      {"negative", R"({"at":2,"readings":[{"joules":-1,"stamp":2}]})", "not negative"},
      {"too large", R"({"at":2,"readings":[{"joules":1e300,"stamp":2}]})", "a reading has `joules`"},
      {"beyond numbers", R"({"at":2,"readings":[{"joules":1e999,"stamp":2}]})", "this is no JSON"},
      {"a text for a number", R"({"at":2,"readings":[{"joules":"1","stamp":2}]})", "a reading has `joules`"},
      {"stamp of tomorrow", R"({"at":2,"readings":[{"joules":1,"stamp":3}]})", "a `stamp` is after its line's `at`"},
      {"power of tomorrow", R"({"at":2,"readings":[{"joules":1,"stamp":2,"power":{"watts":1,"stamp":3}}]})",
       "is after"},
      {"power no object", R"({"at":2,"readings":[{"joules":1,"stamp":2,"power":5}]})", "`power` stands beside"},
      {"power negative", R"({"at":2,"readings":[{"joules":1,"stamp":2,"power":{"watts":-1,"stamp":2}}]})",
       "`power` has `watts`, not negative"},
      {"power beside power", R"({"at":2,"readings":[{"watts":1,"stamp":2,"power":{"watts":1,"stamp":2}}]})",
       "`power` stands beside `joules`"},
      {"another kind", R"({"at":2,"readings":[{"watts":1,"stamp":2}]})", "channel `a` has shown joules and watts"},
      {"unknown error", R"({"at":2,"readings":[{"error":"oops","message":"x"}]})", "an `error` is a known one"},
      {"error without reason", R"({"at":2,"readings":[{"error":"retry"}]})", "and has a `message`"},
      {"too long", std::string((1U << 20U) + 1, ' '), ":3: the line is longer than 1 MiB"},
      {"deeply nested", std::string(200000, '['), "this is no JSON"},
  };
  for (const auto& c : cases) {
    const auto file =
        folder.write("wrong.jsonl", kHeader + R"({"at":1,"readings":[{"joules":1,"stamp":1}]})" + "\n" + c.line + "\n");
    auto trace = PowerTrace::open(file);
    ASSERT_TRUE(trace) << c.name << ": " << trace.error().message;
    const auto good = trace->next();
    ASSERT_TRUE(good) << c.name << ": " << good.error().message;
    const auto line = trace->next();
    ASSERT_FALSE(line) << c.name;
    EXPECT_EQ(line.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(line.error().message, HasSubstr(file.string() + ":3: ")) << c.name;
    EXPECT_THAT(line.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST_F(PowerTraceFile, FilesThatAreNotThere) {
  const auto missing = PowerTrace::open(folder.path() / "no.jsonl");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("no.jsonl: it cannot be read: No such file"));
  EXPECT_THAT(PowerTrace::open(folder.path()).error().message, HasSubstr("this is a folder"));
  const auto nowhere = PowerTraceWriter::create(folder.path() / "no" / "such", two_channels(), kBegun);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::unavailable);
  EXPECT_THAT(nowhere.error().message, HasSubstr("such: it cannot be written: No such file"));
}

TEST(PowerTraceWriter, SaysWhenTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto writing = PowerTraceWriter::create("/dev/full", two_channels(), kBegun);
  ASSERT_FALSE(writing);
  EXPECT_EQ(writing.error().code, Errc::unavailable);
  EXPECT_THAT(writing.error().message, HasSubstr("/dev/full: it cannot be written: No space left"));
}

}  // namespace
}  // namespace ipw::probes
