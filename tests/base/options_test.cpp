#include "base/options.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/options_from.hpp"

namespace ipw {
namespace {

using testing::options_from;

std::string outcome_of(Options& options) {
  const auto finished = options.finish();
  return finished ? "ok" : finished.error().message;
}

TEST(Options, ReadsEveryKindOfValue) {
  auto options = options_from(
      "text: hello\nflag: true\ninteger: -3\nnumber: 2.5\nduration: 50ms\nrate: 60/h\nsize: 64MiB\n"
      "one: [a]\nmany: [a, b]\nmap: {x: 1, y: 2}\nchild: {deep: 7}\nlist: [{name: first}, {name: second}]\n");
  EXPECT_EQ(options.text("text", ""), "hello");
  EXPECT_TRUE(options.flag("flag", false));
  EXPECT_EQ(options.integer("integer", 0), -3);
  EXPECT_EQ(options.number("number", 0), 2.5);
  EXPECT_DOUBLE_EQ(options.duration("duration", Seconds{1}).value, 0.05);
  EXPECT_DOUBLE_EQ(options.rate("rate", 0), 1.0 / 60);
  EXPECT_EQ(options.size("size", 0), 64 * 1024 * 1024);
  EXPECT_EQ(options.texts("one", {}), std::vector<std::string>{"a"});
  EXPECT_EQ(options.texts("many", {}), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.text_map("map"), (std::vector<std::pair<std::string, std::string>>{{"x", "1"}, {"y", "2"}}));
  EXPECT_EQ(options.child("child").integer("deep", 0), 7);
  auto list = options.children("list");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].text("name", "") + list[1].text("name", ""), "firstsecond");
  EXPECT_EQ(outcome_of(options), "ok");
}

TEST(Options, GivesTheFallbackForWhatIsAbsentOrNull) {
  auto options = options_from("nothing:\n");
  EXPECT_FALSE(options.has("nothing"));
  EXPECT_EQ(options.text("nothing", "fallback"), "fallback");
  EXPECT_EQ(options.integer("absent", 4), 4);
  EXPECT_EQ(options.optional_number("absent"), std::nullopt);
  EXPECT_EQ(options.texts("list", {"x"}), std::vector<std::string>{"x"});
  EXPECT_EQ(options.child("child").child("deeper").text("key", "deep"), "deep");
  EXPECT_TRUE(options.children("children").empty());
  EXPECT_EQ(options.raw("raw").kind, OptionsNode::Kind::null);
  EXPECT_EQ(outcome_of(options), "ok");
}

TEST(Options, TellsWhatAValueIs) {
  auto options = options_from("power: {a: 1}\nname: auto\nlist: []\n");
  EXPECT_EQ(options.kind("power"), OptionsNode::Kind::map);
  EXPECT_EQ(options.kind("name"), OptionsNode::Kind::scalar);
  EXPECT_EQ(options.kind("list"), OptionsNode::Kind::list);
  EXPECT_EQ(options.kind("absent"), OptionsNode::Kind::null);
  EXPECT_EQ(outcome_of(options), "ok");
}

TEST(Options, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char* name;
    const char* yaml;
    std::function<void(Options&)> read;
    const char* error;
  } const cases[] = {
      {"no number", "a: 1\nkey: fast",
       [](auto& o) {
         o.text("a", "");
         o.number("key", 0);
       },
       "test.yaml:2:6: expected a number, got `fast`"},
      {"no whole number", "key: 1.5", [](auto& o) { o.integer("key", 0); },
       "test.yaml:1:6: expected a whole number, got `1.5`"},
      {"too small", "key: 0",
       [](auto& o) {
         o.integer("key", 1, {1, 256});
       },
       "test.yaml:1:6: `0` is out of range: 1 to 256"},
      {"too large, open range", "key: -1", [](auto& o) { o.number("key", 1, {0}); },
       "test.yaml:1:6: `-1` is out of range: at least 0"},
      {"duration without unit", "key: 5", [](auto& o) { o.duration("key", Seconds{1}); },
       "test.yaml:1:6: expected a duration such as 50ms, 5s or 30d, got `5`"},
      {"duration out of range", "key: 1us",
       [](auto& o) {
         o.duration("key", Seconds{1}, {0.001, 10});
       },
       "test.yaml:1:6: `1us` is out of range: 0.001 s to 10 s"},
      {"no flag", "key: yes", [](auto& o) { o.flag("key", false); },
       "test.yaml:1:6: expected true or false, got `yes`"},
      {"none of the accepted", "key: clsoed",
       [](auto& o) {
         o.one_of("key", "closed", {"closed", "poisson"});
       },
       "test.yaml:1:6: unknown value `clsoed`, did you mean `closed`? (accepted: closed, poisson)"},
      {"list for a value", "key: [1]", [](auto& o) { o.text("key", ""); },
       "test.yaml:1:6: expected a single value, got a list"},
      {"value for a map", "key: 1", [](auto& o) { o.child("key"); },
       "test.yaml:1:6: expected a map, got a single value"},
      {"map for a list of values", "key: {a: 1}", [](auto& o) { o.texts("key", {}); },
       "test.yaml:1:6: expected a value or a list of values, got a map"},
      {"value for a list", "key: 1", [](auto& o) { o.children("key"); },
       "test.yaml:1:6: expected a list, got a single value"},
      {"value in a list of maps", "key: [{a: 1}, b]",
       [](auto& o) {
         for (auto& c : o.children("key")) c.text("a", "");
       },
       "test.yaml:1:15: expected a map in `key`"},
      {"map in a list of values", "key: [a, {b: 1}]", [](auto& o) { o.texts("key", {}); },
       "test.yaml:1:10: expected a single value in `key`"},
      {"list in a map of values", "key: {a: [1]}", [](auto& o) { o.text_map("key"); },
       "test.yaml:1:7: expected a single value for `a`"},
      {"missing", "a: 1",
       [](auto& o) {
         o.text("a", "");
         o.required_text("key");
       },
       "test.yaml:1:1: `key` is missing: it has no default"},
      {"missing, null", "a: 1\nkey:",
       [](auto& o) {
         o.text("a", "");
         o.required_text("key");
       },
       "test.yaml:2:5: `key` is missing: it has no default"},
      {"missing in a map that is missing", "a: 1",
       [](auto& o) {
         o.text("a", "");
         o.child("map").required_text("key");
       },
       "test.yaml:1:1: `map.key` is missing: it has no default"},
      {"empty", "key: ''", [](auto& o) { o.required_text("key"); }, "test.yaml:1:6: `key` must not be empty"},
      {"required, and a list", "key: [a]", [](auto& o) { o.required_text("key"); },
       "test.yaml:1:6: expected a single value, got a list"},
      {"unknown key", "kye: 1", [](auto& o) { o.text("key", ""); },
       "test.yaml:1:1: unknown key `kye`, did you mean `key`? (known here: key)"},
      {"unknown key, nothing near", "colour: 1", [](auto& o) { o.text("key", ""); },
       "test.yaml:1:1: unknown key `colour` (known here: key)"},
      {"unknown key in a list of maps", "list: [{key: 1}, {kye: 1}]",
       [](auto& o) {
         for (auto& c : o.children("list")) c.text("key", "");
       },
       "test.yaml:1:19: unknown key `kye`, did you mean `key`? (known here: key)"},
      {"a plug-in's own complaint", "a: 1\nkey: 2",
       [](auto& o) {
         o.text("a", "");
         o.text("key", "");
         o.fail("key", "odd");
       },
       "test.yaml:2:6: odd"},
  };
  for (const auto& c : cases) {
    auto options = options_from(c.yaml);
    c.read(options);
    EXPECT_EQ(outcome_of(options), c.error) << c.name;
  }
}

TEST(Options, ReportsTheEarliestPlaceFirst) {
  auto options = options_from("first: x\nsecond: y\nthird: 1\n");
  options.number("second", 0);
  options.number("first", 0);
  EXPECT_EQ(outcome_of(options), "test.yaml:1:8: expected a number, got `x`");

  auto early_unknown = options_from("unknown: 1\nsecond: y\n");
  early_unknown.number("second", 0);
  EXPECT_EQ(outcome_of(early_unknown), "test.yaml:1:1: unknown key `unknown` (known here: second)");
}

TEST(Options, AMisspeltKeyExplainsAMissingOne) {
  auto options = options_from("ulr: http://x\n");
  options.required_text("url");
  EXPECT_EQ(outcome_of(options), "test.yaml:1:1: unknown key `ulr`, did you mean `url`? (known here: url)");
}

TEST(Options, APlugInHearsOfItsOwnErrorsOnly) {
  auto root = options_from("mine: {a: x}\nother: {b: y}\n");
  auto mine = root.child("mine");
  auto other = root.child("other");
  other.number("b", 0);
  mine.text("a", "");
  EXPECT_EQ(outcome_of(mine), "ok");
  EXPECT_EQ(outcome_of(other), "test.yaml:2:12: expected a number, got `y`");
  EXPECT_EQ(outcome_of(root), "test.yaml:2:12: expected a number, got `y`");
}

TEST(Options, ASubTreeIsNotUnknownUntilItsReaderHasComeByAndThenItIs) {
  auto root = options_from("plug_in: {a: 1, b: 2}\n");
  auto plug_in = root.child("plug_in");
  EXPECT_EQ(outcome_of(root), "ok") << "nobody has read it yet";
  plug_in.text("a", "");
  EXPECT_EQ(outcome_of(root), "test.yaml:1:17: unknown key `b` (known here: a)");
}

TEST(Options, WhatIsTakenRawIsReadWhole) {
  auto options = options_from("extra: {anything: [1, {goes: here}]}\n");
  EXPECT_EQ(options.raw("extra").entries.at(0).key, "anything");
  EXPECT_EQ(outcome_of(options), "ok");
}

TEST(Options, ARootThatIsNoMapIsRefused) {
  OptionsNode list;
  list.kind = OptionsNode::Kind::list;
  list.line = list.column = 1;
  Options options("test.yaml", list);
  EXPECT_EQ(outcome_of(options), "test.yaml:1:1: expected a map of keys and values, got a list");
}

TEST(Options, BuiltInOptionsHaveNoPlace) {
  auto options = Options::none();
  options.required_text("url");
  EXPECT_EQ(outcome_of(options), "built-in: `url` is missing: it has no default");
}

TEST(Options, RelativeFilesBeginBesideTheConfiguration) {
  const struct {
    const char *configuration, *name, *file;
  } cases[] = {
      {"/etc/ipw/ipw.yaml", "ca.pem", "/etc/ipw/ca.pem"},
      {"/etc/ipw/ipw.yaml", "/root/ca.pem", "/root/ca.pem"},
      {"ipw.yaml", "ca.pem", "ca.pem"},
      {"/etc/ipw/ipw.yaml", "", ""},
  };
  for (const auto& c : cases) {
    OptionsNode name, root;
    name.kind = OptionsNode::Kind::scalar;
    name.text = c.name;
    root.kind = OptionsNode::Kind::map;
    root.entries = {{"ca_file", name}};
    EXPECT_EQ(Options(c.configuration, root).file("ca_file", ""), c.file);
  }
}

}  // namespace
}  // namespace ipw
