// docs/CONFIGURATION.md against the keys that the program asks for, and what it takes when they are absent.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/quantity_text.hpp"
#include "base/text.hpp"
#include "exporter/config.hpp"
#include "probes/rig.hpp"
#include "replay/dialect.hpp"
#include "replay/judge.hpp"
#include "replay/pacing.hpp"
#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

using namespace testing;
using Keys = std::map<std::string, std::set<std::string>>;  // path: its defaults, by what else is given

// Between them they open every section.
constexpr const char* kFiles[] = {
    R"(
corpus: {path: c.jsonl, panel: {size: 5}}
coverage: {reference: b}
judges: {llm: {url: "http://j", model: j, pricing: {input_per_million: 1, output_per_million: 1}}, pairwise: {}}
carbon: {prometheus: {url: "http://p", query: q}}
electricity: {currency: EUR, prometheus: {url: "http://p", query: q}}
probes: {sources: [{type: simulated, watts: 1}]}
targets:
  - {name: a, url: "http://a", model: m, power: {accelerator: auto}, schedule: {mode: closed}, budget: {queries: 1},
     pricing: {input_per_million: 1, output_per_million: 1}}
  - {name: b, url: "http://b", model: m, dialect: openai_completions, schedule: {mode: poisson, rate: 1/s}}
  - {name: c, url: "http://c", model: m, dialect: ollama, schedule: {mode: constant, rate: 1/s}}
  - {name: d, url: "http://d", model: m, dialect: llamacpp, schedule: {mode: trickle, rate: 1/h}}
  - {name: e, url: "http://e", model: m, dialect: sglang}
  - {name: f, url: "http://f", model: m, dialect: tgi}
  - {name: g, url: "http://g", model: m, dialect: anthropic,
     estimate: {joules_per_input_token: 1, joules_per_output_token: 1}}
  - {name: h, url: "http://h", model: m, estimate: {active_parameters: 1e9}}
)",
    R"(
corpus: {path: c.jsonl}
carbon: {grams_per_kwh: 400}
electricity: {currency: EUR, price_per_kwh: 1}
probes: {sources: [{type: simulated, watts: 1}]}
targets: [{name: a, url: "http://a", model: m}]
)"};

void open_plug_ins(Config& config) {
  for (auto& target : config.targets) {
    const auto open = replay::dialects().find(target.dialect);
    ASSERT_TRUE(open) << open.error().message;
    const auto dialect = (*open)(target.model, target.request);
    EXPECT_TRUE(dialect) << dialect.error().message;
    const auto schedule = replay::open_pacing(target.schedule);
    EXPECT_TRUE(schedule) << schedule.error().message;
  }
  const SteadyClock clock;
  const auto rig = probes::Rig::open(config.probes.sources, {.clock = &clock}, config.probes.period, Seconds{60});
  EXPECT_TRUE(rig) << rig.error().message;
  read_judge_model(config.judges);
  const auto bench = replay::Bench::open(config.judges);
  EXPECT_TRUE(bench) << bench.error().message;
}

// Lists lose their numbers.
Keys asked_keys() {
  Keys keys;
  for (const auto* yaml : kFiles) {
    auto config = parse_config("ipw.yaml", yaml);
    EXPECT_TRUE(config) << config.error().message;
    if (!config) continue;
    open_plug_ins(*config);
    for (const auto& [path, fallback] : config->root.asked())
      keys[std::regex_replace(path, std::regex(R"(\[\d+\])"), "[]")].insert(fallback);
  }
  return keys;
}

// Where the rows of a section stand in the file.
const std::map<std::string, std::vector<std::string>> kPrefixes{
    {"Top level", {""}},
    {"`corpus`", {"corpus."}},
    {"`panel`", {"corpus.panel."}},
    {"`targets[]`", {"targets[]."}},
    {"`power`", {"targets[].power."}},
    {"`schedule`", {"targets[].schedule."}},
    {"`request`", {"targets[].request.", "judges.llm.request."}},
    {"`timeouts`, `retry`, `pricing`", {"targets[].", "judges.llm."}},
    {"Readiness, `politeness`, `budget`", {"targets[]."}},
    {"`estimate`", {"targets[].estimate."}},
    {"`coverage`", {"coverage."}},
    {"`judges`", {"judges."}},
    {"Models as judges", {"judges."}},
    {"`probes`", {"probes.", "probes.sources[]."}},
    {"`store`", {"store."}},
    {"`regression`", {"regression."}},
    {"`carbon`, `electricity`", {"", "carbon.", "electricity."}},
};

std::vector<std::string> in_backticks(const std::string& cell) {
  std::vector<std::string> all;
  const std::regex quoted("`([^`]+)`");
  for (std::sregex_iterator at(cell.begin(), cell.end(), quoted), end; at != end; ++at) all.push_back((*at)[1]);
  return all;
}

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream parts(row.substr(1));
  for (std::string cell; std::getline(parts, cell, '|');) cells.emplace_back(trim(cell));
  return cells;
}

struct DocumentedKey {
  std::vector<std::string> paths;     // where it may stand
  std::optional<std::string> stated;  // its default; nothing where that is told in words
  std::string cell;
};

// The rows of tables with a heading `key`.
std::vector<DocumentedKey> documented_keys() {
  std::vector<DocumentedKey> keys;
  std::string section;
  std::ptrdiff_t default_column = -1;
  std::istringstream lines(read_file(std::filesystem::path(IPW_SOURCE_DIR) / "docs" / "CONFIGURATION.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) section = line.substr(line.find(' ') + 1);
    if (!line.starts_with("|")) {
      default_column = -1;
      continue;
    }
    const auto cells = cells_of(line);
    if (cells[0] == "key") default_column = std::ranges::find(cells, "default") - cells.begin();
    const auto prefixes = kPrefixes.find(section);
    if (default_column < 0 || prefixes == kPrefixes.end() || !cells[0].starts_with("`")) continue;
    const auto names = in_backticks(cells[0]);
    const auto& cell = cells[static_cast<std::size_t>(default_column)];
    const auto stated = in_backticks(cell);
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto& key = keys.emplace_back();
      for (const auto& prefix : prefixes->second) key.paths.push_back(prefix + names[i]);
      key.cell = cell;
      if (cell.starts_with("`")) key.stated = stated[std::min(i, stated.size() - 1)];
    }
  }
  return keys;
}

bool same_value(const std::string& documented, const std::string& real) {
  const bool map_or_list = documented.starts_with('{') || documented.starts_with('[');
  if (documented == real || (real.empty() && map_or_list)) return true;
  for (const auto parse : {parse_number, parse_rate}) {
    const auto left = parse(documented), right = parse(real);
    if (left && right) return *left == *right;
  }
  const auto left = parse_duration(documented), right = parse_duration(real);
  return left && right && *left == *right;
}

TEST(ConfigurationDocument, EveryKeyIsDocumented) {
  std::set<std::string> documented;
  for (const auto& key : documented_keys()) documented.insert(key.paths.begin(), key.paths.end());
  const auto under = [](const std::string& path, std::string_view tree) { return path.starts_with(tree); };
  const auto sources = read_file(std::filesystem::path(IPW_SOURCE_DIR) / "docs" / "SOURCES.md");
  for (const auto& [path, fallbacks] : asked_keys()) {
    if (documented.contains(path)) continue;
    // Maps whose keys have rows of their own, and what `judges.llm` has in common with a target.
    const bool parent = std::ranges::any_of(
        documented, [&](const auto& key) { return key.starts_with(path + ".") || key.starts_with(path + "[]."); });
    const bool as_of_target = under(path, "judges.llm.") &&
                              documented.contains("targets[]." + path.substr(std::string("judges.llm.").size()));
    const bool as_of_meters = (under(path, "carbon.prometheus.") || under(path, "electricity.prometheus.") ||
                               under(path, "probes.sources[].")) &&
                              sources.find("`" + path.substr(path.rfind('.') + 1) + "`") != std::string::npos;
    const bool judge = static_cast<bool>(replay::judges().find(path.substr(path.rfind('.') + 1)));
    EXPECT_TRUE(parent || as_of_target || as_of_meters || judge)
        << path << " (default `" << *fallbacks.rbegin() << "`)";
  }
}

TEST(ConfigurationDocument, EveryDocumentedKeyExistsWithItsDefault) {
  const auto keys = asked_keys();
  for (const auto& key : documented_keys()) {
    const auto exists = std::ranges::find_if(key.paths, [&](const auto& path) { return keys.contains(path); });
    if (exists == key.paths.end()) {
      ADD_FAILURE() << key.paths.front() << " is documented, and nothing asks for it";
      continue;
    }
    const auto& real = keys.at(*exists);
    const auto same = [&](const auto& fallback) { return same_value(*key.stated, fallback); };
    EXPECT_TRUE(!key.stated || std::ranges::any_of(real, same))
        << *exists << ": " << key.cell << " against " << *real.rbegin();
  }
}

}  // namespace
}  // namespace ipw
