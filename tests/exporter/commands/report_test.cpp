#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/markdown.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/store/journal.hpp"
#include "tests/support/judged_records.hpp"
#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::judged;
using ::testing::Not;
using Json = nlohmann::json;

constexpr auto kRight = VerdictKind::correct;
constexpr auto kWrong = VerdictKind::wrong;

// Four queries: small solves a, large solves a, b and c.
std::vector<AttemptRecord> two_targets() {
  std::vector<AttemptRecord> records;
  for (const std::string query : {"a", "b", "c", "d"}) {
    records.push_back(judged("small", query, query == "a" ? kRight : kWrong, 10));
    records.push_back(judged("large", query, query == "d" ? kWrong : kRight, 100));
  }
  records[0].language = "de";
  records[2].outcome = replay::Outcome::length;
  records[4].verdict = VerdictKind::unparsed;
  return records;
}

Report built(const std::vector<AttemptRecord>& records, const std::string& reference = "") {
  ReportBuilder builder;
  for (const auto& record : records) builder.add(record);
  auto report = builder.build(reference, [](std::string_view) -> std::optional<std::size_t> { return 4; });
  EXPECT_TRUE(report) << report.error().message;
  return report ? std::move(*report) : Report{};
}

Json json_of(const std::vector<AttemptRecord>& records, const std::string& reference = "") {
  return Json::parse(report_json(built(records, reference)));
}

TEST(ReportJson, Headline) {
  const auto json = json_of(two_targets());
  ASSERT_EQ(json["targets"].size(), 2U);
  const auto& small = json["targets"][1];
  EXPECT_EQ(small["target"], "small");
  EXPECT_EQ(small["corpora"], Json({"mmlu"}));
  EXPECT_EQ(small["queries"], 4);
  EXPECT_EQ(small["judged"], 4);
  EXPECT_EQ(small["accuracy"], 0.25);
  EXPECT_NEAR(small["accuracy_lower"].get<double>(), 0.0456, 5e-5);
  EXPECT_EQ(small["verdicts"]["unparsed"], 1);
  EXPECT_EQ(small["unparsed_rate"], 0.25);
  EXPECT_EQ(small["truncated_rate"], 0.25);
  EXPECT_EQ(small["energy"][0]["scope"], "accelerator");
  EXPECT_EQ(small["energy"][0]["joules_per_query"], 10);
  EXPECT_EQ(small["energy"][0]["intelligence_per_joule"], 1.0 / 40);
  EXPECT_EQ(small["slices"][1]["field"], "language");
  EXPECT_EQ(small["slices"][1]["accuracy"], 1);
  EXPECT_TRUE(small["attempts_until_success"].is_null()) << "each was tried once";
  EXPECT_EQ(json["judges"], Json::array());
}

// Forty queries in each of three cycles, a day and a half apart; three of four right.
std::vector<AttemptRecord> three_cycles() {
  std::vector<AttemptRecord> records;
  for (int cycle = 0; cycle < 3; ++cycle)
    for (int i = 0; i < 40; ++i) {
      auto record = judged("local", std::to_string(i), i % 4 == 0 ? kWrong : kRight, 10 + i % 2);
      record.id += "/" + std::to_string(cycle);
      record.cycle = static_cast<std::uint64_t>(cycle);
      record.subject = i < 35 ? "physics" : "law";
      record.ended_at += std::chrono::hours(36 * cycle);
      records.push_back(record);
    }
  return records;
}

TEST(ReportJson, WindowsHaveBoundsClusteredByQuery) {
  const auto windows = json_of(three_cycles())["targets"][0]["windows"];
  ASSERT_EQ(windows.size(), 3U);
  const auto &all = windows[0], &day = windows[1], &cycle = windows[2];
  EXPECT_EQ(all["queries"], 120);
  EXPECT_EQ(day["queries"], 40);
  EXPECT_EQ(cycle["queries"], 40);
  const auto lower = [](const Json& window) { return window["accuracy"]["lower"].get<double>(); };
  EXPECT_EQ(lower(day), lower(cycle));
  EXPECT_NEAR(lower(all), lower(cycle), 0.02) << "the same answers again are nothing new";
  const auto& energy = cycle["energy"][0];
  EXPECT_EQ(energy["joules_per_query"]["value"], 10.5);
  EXPECT_NEAR(energy["intelligence_per_joule"]["value"].get<double>(), 30.0 / 420, 1e-15);
  EXPECT_LT(energy["intelligence_per_joule"]["lower"], energy["intelligence_per_joule"]["upper"]);
  ASSERT_EQ(cycle["slices"].size(), 2U);
  EXPECT_EQ(cycle["slices"][0]["subject"], "law");
  EXPECT_TRUE(cycle["slices"][0]["accuracy"].is_null()) << "five are too few";
  EXPECT_EQ(cycle["slices"][1]["queries"], 35);
  EXPECT_FALSE(cycle["slices"][1]["accuracy"].is_null());
}

TEST(ReportMarkdown, WindowsAndRates) {
  auto report = built(three_cycles());
  report.rates = {.grams_per_kwh = 3600, .price_per_kwh = 0.36, .currency = "EUR"};
  const auto text = report_markdown(report);
  EXPECT_THAT(text, AllOf(HasSubstr("### local, the newest cycle"), HasSubstr("### local, all records"),
                          HasSubstr("grams of CO2e per query (accelerator, measured)"),
                          HasSubstr("electricity, EUR per query (accelerator, measured)")));
  const auto json = Json::parse(report_json(report))["targets"][0]["energy"][0];
  EXPECT_NEAR(json["carbon_g"].get<double>(), 1.26, 1e-12);  // 1,260 J
  EXPECT_NEAR(json["electricity_cost"].get<double>(), 1.26e-4, 1e-16);
  EXPECT_TRUE(json_of(three_cycles())["targets"][0]["energy"][0]["carbon_g"].is_null()) << "unknown is not 0";
}

TEST(ReportJson, Comparison) {
  const auto json = json_of(two_targets())["comparison"];
  EXPECT_EQ(json["reference"], "large") << "the most accurate";
  EXPECT_EQ(json["coverage"][0]["target"], "small");
  EXPECT_EQ(json["coverage"][0]["share"], 0.5) << "a and d";
  EXPECT_EQ(json["coverage"][0]["subjects"]["physics"]["queries"], 4);
  EXPECT_EQ(json["order"], Json({"small", "large"}));
  EXPECT_EQ(json["ordered_by"], "joules");
  EXPECT_EQ(json["scope"], "accelerator");
  EXPECT_EQ(json["qualities"], Json({"measured"}));
  EXPECT_EQ(json["union"]["solved"]["share"], 0.25);
  EXPECT_EQ(json["union"]["solved_by_chance"], 0.25);
  EXPECT_EQ(json["difficulty"][0]["queries"], 1);
  EXPECT_EQ(json["difficulty"][1]["queries"], 2);
  EXPECT_TRUE(json["difficulty"][2]["target"].is_null());
  EXPECT_EQ(json["difficulty"][2]["queries"], 1);
  const auto& oracle = json["routing"][0];
  EXPECT_EQ(oracle["right"], 1);
  EXPECT_EQ(oracle["joules"]["routed_per_query"], 77.5);  // (10 + 3 * 100) / 4
  EXPECT_NEAR(oracle["joules"]["saved_ratio"].get<double>(), 0.225, 1e-12);
  EXPECT_TRUE(oracle["dollars"].is_null()) << "no prices";
  EXPECT_EQ(json_of(two_targets(), "small")["comparison"]["reference"], "small");
}

TEST(ReportJson, WithoutEnergyTargetsAreOrderedByWhatIsKnown) {
  auto records = two_targets();
  for (auto& record : records) record.energy.clear();
  auto json = json_of(records)["comparison"];
  EXPECT_EQ(json["ordered_by"], "seconds");
  EXPECT_TRUE(json["scope"].is_null());
  EXPECT_TRUE(json["routing"][0]["joules"].is_null());
  for (auto& record : records) record.cost_usd = record.target == "small" ? 2 : 1;
  json = json_of(records)["comparison"];
  EXPECT_EQ(json["ordered_by"], "dollars");
  EXPECT_EQ(json["order"], Json({"large", "small"}));
}

TEST(ReportJson, OneTargetIsComparedWithNobody) {
  const auto json = json_of({judged("only", "a", kRight)});
  EXPECT_TRUE(json["comparison"].is_null());
  EXPECT_EQ(json["targets"][0]["energy"], Json::array());
}

TEST(ReportJson, TargetsWithoutACommonQuery) {
  const auto json = json_of({judged("one", "a", kRight), judged("two", "b", kWrong)})["comparison"];
  EXPECT_EQ(json["queries"], 0);
  EXPECT_TRUE(json["coverage"][0]["share"].is_null());
  EXPECT_TRUE(json["ordered_by"].is_null());
  EXPECT_EQ(json["routing"], Json::array());
}

// A model judge that a deterministic one has checked on 100 correct and 100 wrong answers: 0.9 and 0.8 right.
std::vector<AttemptRecord> checked_judge() {
  std::vector<AttemptRecord> records;
  for (int i = 0; i < 200; ++i) {
    const bool right = i < 100, passed = right ? i < 90 : i >= 180;
    auto record = judged("local", "q" + std::to_string(i), passed ? kRight : kWrong);
    record.judge = "llm";
    record.control = right ? kRight : kWrong;
    records.push_back(record);
  }
  auto error = judged("local", "error", VerdictKind::judge_error);
  error.judge = "llm";
  records.push_back(error);
  return records;
}

TEST(ReportJson, JudgeQuality) {
  const auto json = json_of(checked_judge());
  ASSERT_EQ(json["judges"].size(), 1U);
  const auto& judge = json["judges"][0];
  EXPECT_EQ(judge["judge"], "llm");
  EXPECT_EQ(judge["verdicts"], 201);
  EXPECT_EQ(judge["judge_errors"], 1);
  EXPECT_EQ(judge["compared"], 200);
  EXPECT_EQ(judge["sensitivity"]["share"], 0.9);
  EXPECT_EQ(judge["specificity"]["share"], 0.8);
  EXPECT_NEAR(judge["cohen_kappa"].get<double>(), 0.7, 1e-9);
  const auto& corrected = json["targets"][0]["judges"][0];
  EXPECT_NEAR(corrected["passed_share"].get<double>(), 110.0 / 201, 1e-9);
  EXPECT_NEAR(corrected["corrected_accuracy"]["value"].get<double>(), 100.0 / 201, 1e-9);
}

TEST(ReportJson, ADeterministicJudgeIsNotQuestioned) {
  auto record = judged("local", "a", kRight);
  record.judge = "numeric";
  EXPECT_EQ(json_of({record})["judges"], Json::array());
  record.judge = "llm";
  EXPECT_TRUE(json_of({record})["judges"][0]["cohen_kappa"].is_null()) << "never checked";
}

std::vector<AttemptRecord> several_tries() {
  const auto a = judged("local", "a", kWrong, 10), b = judged("local", "b", kRight, 10);
  return {testing::attempt(a, 1, false), testing::attempt(judged("local", "a", kRight, 10), 2, true), b};
}

TEST(ReportJson, AttemptsUntilSuccess) {
  const auto json = json_of(several_tries())["targets"][0]["attempts_until_success"];
  EXPECT_EQ(json["failures_before_success"], Json({{"0", 1}, {"1", 1}}));
  EXPECT_EQ(json["failures_mean"], 0.5);
  EXPECT_EQ(json["solved_at_once"]["share"], 0.5);
  EXPECT_EQ(json["never_solved"]["share"], 0);
  EXPECT_EQ(json["joules_to_first_success"][0]["mean"], 15);
  EXPECT_TRUE(json["tail_exponent"].is_null());
}

TEST(ReportMarkdown, TellsWhatIsKnown) {
  const auto text = report_markdown(built(two_targets()));
  for (const auto* part :
       {"| accuracy | 75.0 % | 25.0 % |", "| unparsed | 0 (0.0 %) | 1 (25.0 %) |",
        "| truncated | 0 (0.0 %) | 1 (25.0 %) |", "| joules per query (accelerator, measured) | 100 | 10.0 |",
        "| small | all | 4 | 50.0 % | 15.0 % to 85.0 % |", "| solves it | 4 | 25.0 % | 4.6 % to 69.9 % | 25.0 % |",
        "| nobody | 1 (25.0 %) |", "| oracle | 75.0 % | 22.5 % of 100 | - |"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("## Judge")), Not(HasSubstr("## Attempts"))));
  EXPECT_THAT(report_markdown(built(checked_judge())), AllOf(HasSubstr("| llm | 201 | 1 | 200 | 90.0 %"),
                                                             HasSubstr("| 49.8 % |"), Not(HasSubstr("## Coverage"))));
  EXPECT_THAT(report_markdown(built(several_tries())), HasSubstr("| 1 | 1 (50.0 %) |"));
}

TEST(ReportMarkdown, NamesCannotBreakATable) {
  const struct {
    const char *name, *text, *escaped;
  } cases[] = {
      {"a cell's end", "a|b", "a\\|b"},         {"a line's end", "a\nb", "a b"},
      {"an image", "![x](y)", "!\\[x\\](y)"},   {"a tag", "<script>", "\\<script\\>"},
      {"a word", "judge_error", "judge_error"}, {"emphasis", "_a_ *b*", "\\_a\\_ \\*b\\*"},
      {"another alphabet", "πß", "πß"},         {"not UTF-8", "a\xff", "a\xef\xbf\xbd"},
  };
  for (const auto& c : cases) EXPECT_EQ(markdown_escaped(c.text), c.escaped) << c.name;
}

TEST(ReportBuilder, NamesTheTargetsThatThereAre) {
  ReportBuilder builder;
  for (const auto& record : two_targets()) builder.add(record);
  const auto report = builder.build("larg", [](std::string_view) { return std::optional<std::size_t>(); });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::invalid);
  EXPECT_THAT(report.error().message, AllOf(HasSubstr("`larg`, did you mean `large`?"), HasSubstr("large, small")));
}

class ReportCommand : public ::testing::Test {
 protected:
  std::string store(const std::string& name, const std::vector<AttemptRecord>& records) const {
    const auto path = (folder_.path() / name).string();
    const auto journal = Journal::open({.path = path});
    EXPECT_TRUE(journal && (*journal)->append(records));
    return path;
  }
  // Exit code, then what was written.
  static std::pair<int, std::string> run(const ReportOptions& options) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = report_command(options);
    const auto out = ::testing::internal::GetCapturedStdout();
    return {code, out + ::testing::internal::GetCapturedStderr()};
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ReportCommand, ReadsAJournal) {
  const auto path = store("ipw.db", two_targets());
  const auto [code, text] = run({.journals = {path}, .corpus = {}, .reference = {}, .format = "json"});
  ASSERT_EQ(code, kSuccess) << text;
  const auto json = Json::parse(text);
  EXPECT_EQ(json["journals"], Json({path}));
  EXPECT_EQ(json["targets"][0]["accuracy"], 0.75);
  EXPECT_NEAR(json["comparison"]["routing"][0]["joules"]["saved_ratio"].get<double>(), 0.225, 1e-12);
  EXPECT_TRUE(json["comparison"]["union"]["solved_by_chance"].is_null()) << "no corpus was given";
}

TEST_F(ReportCommand, KnowsTheOptionsFromTheCorpus) {
  std::string lines;
  for (const std::string id : {"a", "b", "c", "d"})
    lines += R"({"id":")" + id + R"(","problem":"?","answer":"A","options":["x","y"]})" + "\n";
  const auto corpus = folder_.write("corpus.jsonl", lines).string();
  const auto path = store("ipw.db", two_targets());
  const auto [code, text] = run({.journals = {path}, .corpus = {corpus}, .reference = {}, .format = "json"});
  ASSERT_EQ(code, kSuccess) << text;
  EXPECT_EQ(Json::parse(text)["comparison"]["union"]["solved_by_chance"], 0.5);
}

TEST_F(ReportCommand, ATargetInTwoJournalsIsTwoTargets) {
  const auto before = store("before.db", {judged("local", "a", kRight), judged("other", "a", kRight)});
  const auto after = store("after.db", {judged("local", "a", kWrong)});
  const auto [code, text] =
      run({.journals = {before, after}, .corpus = {}, .reference = "local@" + before, .format = "json"});
  ASSERT_EQ(code, kSuccess) << text;
  const auto json = Json::parse(text);
  std::vector<std::string> names;
  for (const auto& target : json["targets"]) names.push_back(target["target"]);
  EXPECT_THAT(names, ElementsAre("local@" + after, "local@" + before, "other"));
}

TEST_F(ReportCommand, BadInputIsRefused) {
  const auto good = store("good.db", two_targets()), empty = store("empty.db", {});
  const auto text = folder_.write("text.db", "no journal, though a file of some length\n").string();
  const auto corpus = folder_.write("corpus.jsonl", "{}\n").string();
  const struct {
    const char* name;
    ReportOptions options;
    int code;
    std::string message;
  } cases[] = {
      {"no such file", {{folder_.path() / "no.db"}, {}, "", "json"}, kFailed, "no.db: there is no such file"},
      {"no journal", {{text}, {}, "", "json"}, kUsage, "not a journal"},
      {"no record", {{good, empty}, {}, "", "json"}, kUsage, "empty.db holds no record"},
      {"unknown reference", {{good}, {}, "medium", "json"}, kUsage, "large, small"},
      {"twice", {{good, good}, {}, "", "json"}, kUsage, "given twice"},
      {"a corpus line that is wrong", {{good}, {corpus}, "", "json"}, kUsage, "corpus.jsonl:1"},
  };
  for (const auto& c : cases) {
    const auto [code, told] = run(c.options);
    EXPECT_EQ(code, c.code) << c.name << ": " << told;
    EXPECT_THAT(told, HasSubstr(c.message)) << c.name;
  }
}

}  // namespace
}  // namespace ipw
