#include "exporter/commands/ipw_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace ipw {
namespace {

using replay::Outcome;
using replay::VerdictKind;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class IpwRecords : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<std::vector<ImportedRecord>> read(const std::string& text) {
    std::ofstream(path_) << text;
    std::vector<ImportedRecord> rows;
    const auto done = read_ipw_records(path_, [&](const ImportedRecord& row) { rows.push_back(row); });
    if (!done) return done.error();
    return rows;
  }

  std::string folder_ = ::testing::TempDir() + "ipw_records", path_ = folder_ + "/records.jsonl";
};

std::string profile(const std::string& metrics) {
  return R"({"problem":"What is 2+2?","answer":"4","subject":"math","dataset_metadata":"{}",)"
         R"("model_answers":{"qwen3-8b":"4"},)"
         R"("model_metrics":{"qwen3-8b":{)" +
         metrics + "}}}\n";
}

constexpr const char* kWhole =
    R"("energy_metrics":{"per_query_joules":600.0,"total_joules":600.0},)"
    R"("latency_metrics":{"time_to_first_token_seconds":0.25,)"
    R"("total_query_seconds":2.0},"power_metrics":{"gpu":{"per_query_watts":{"avg":290.0,)"
    R"("max":310.0,"median":295.0,"min":250.0}}},)"
    R"("token_metrics":{"input":20,"output":100,"total":120},"gpu_info":{"name":"NVIDIA H200"},"lm_correctness":false,)"
    R"("evaluation":{"is_correct":true,"metadata":"{}"})";

TEST_F(IpwRecords, ARecordOfAProfile) {
  const auto rows = read(profile(kWhole));
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 1U);
  const auto& [record, sample] = rows->front();
  EXPECT_EQ(record.target, "qwen3-8b@" + path_);
  EXPECT_EQ(record.accelerator, "NVIDIA H200");
  EXPECT_EQ(record.subject, "math");
  EXPECT_THAT(record.id, EndsWith(":1:qwen3-8b"));
  EXPECT_EQ(record.verdict, VerdictKind::correct);
  EXPECT_EQ(record.usage.input_tokens, 20);
  EXPECT_EQ(record.usage.output_tokens, 100);
  EXPECT_EQ(record.time_to_first_token->value, 0.25);
  EXPECT_EQ(record.duration->value, 2);
  ASSERT_EQ(record.energy.size(), 1U);
  EXPECT_EQ(record.energy[0].gross.value, 600);
  EXPECT_EQ(record.energy[0].mean_power.value, 290);
  EXPECT_EQ(sample.correct, true);
}

TEST_F(IpwRecords, WhatIsMissingIsUnknownAndNever0) {
  const auto rows =
      read(profile(R"("energy_metrics":{"per_query_joules":0.0},"latency_metrics":{"total_query_seconds":2.0},)"
                   R"("power_metrics":null,"token_metrics":{"input":-1,"output":null},"lm_correctness":false)"));
  ASSERT_TRUE(rows) << rows.error().message;
  const auto& record = rows->front().record;
  EXPECT_TRUE(record.energy.empty()) << "0 J says that no sample fell into the query";
  EXPECT_FALSE(record.usage.input_tokens || record.usage.output_tokens);
  EXPECT_FALSE(record.time_to_first_token);
  EXPECT_FALSE(record.verdict) << "`lm_correctness` is false also where nobody has judged";
}

TEST_F(IpwRecords, WhatItCouldNotScoreIsShownAndNotRight) {
  const auto rows = read(profile(R"("evaluation":{"is_correct":null,"metadata":"{\"evaluation_failed\": true}"})"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front().record.verdict, VerdictKind::judge_error);
  EXPECT_FALSE(rows->front().sample.correct);
}

TEST_F(IpwRecords, Traces) {
  const auto rows = read(R"({"query_id":"q1","workload_type":"gaia","query_text":"?","response_text":"!",)"
                         R"("turns":[{"turn_index":0,"input_tokens":100,)"
                         R"("output_tokens":50,"gpu_energy_joules":5.0,"gpu_power_avg_watts":200.0},{"turn_index":1,)"
                         R"("input_tokens":10,"output_tokens":5,)"
                         R"("gpu_energy_joules":7.0}],"total_wall_clock_s":1.5,"completed":true,"timed_out":false,)"
                         R"("query_gpu_energy_joules":99.0,)"
                         R"("query_gpu_power_avg_watts":210.0,"is_resolved":true})"
                         "\n\n"
                         R"({"query_id":"q2","workload_type":"gaia","turns":[],"total_wall_clock_s":60.0,)"
                         R"("completed":false,"timed_out":true,)"
                         R"("query_gpu_energy_joules":null,"is_resolved":null})"
                         "\n");
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2U);
  const auto& first = (*rows)[0].record;
  EXPECT_EQ(first.target, "ipw@" + path_);
  EXPECT_EQ(first.corpus, "gaia");
  EXPECT_EQ(first.usage.input_tokens, 110);
  EXPECT_EQ(first.energy.at(0).gross.value, 12) << "the turns', where they have some";
  const auto& second = (*rows)[1].record;
  EXPECT_EQ(second.outcome, Outcome::timeout_total);
  EXPECT_EQ(second.verdict, VerdictKind::unanswered) << "a time-out counts as wrong";
  EXPECT_FALSE(second.usage.output_tokens) << "no turn is not no token";
}

TEST_F(IpwRecords, TheSameProblemHasTheSameId) {
  const auto rows = read(profile(kWhole) + profile(kWhole));
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0].record.query_id, (*rows)[1].record.query_id);
  EXPECT_NE((*rows)[0].record.id, (*rows)[1].record.id);
}

struct BadLine {
  const char *name, *text, *words;
};

TEST_F(IpwRecords, BadLinesAreNamed) {
  const std::string good = profile(kWhole);
  const BadLine cases[] = {
      {"not JSON", "{\"problem\": ", ":2: expected a JSON object"},
      {"a list", "[1, 2]", ":2: expected a JSON object"},
      {"a corpus line", R"({"id": "a", "problem": "?", "answer": "4"})", ":2: no record of the published harness"},
      {"no models", R"({"problem": "?", "model_metrics": {}})", ":2: `model_metrics`"},
      {"energy is text", R"({"model_metrics": {"m": {"energy_metrics": {"per_query_joules": "5 J"}}}})",
       ":2: `per_query_joules`: expected a number or null"},
      {"a list in place of an object", R"({"model_metrics": {"m": {"token_metrics": [1]}}})",
       ":2: expected an object around `input`"},
      {"a verdict in words", R"({"model_metrics": {"m": {"evaluation": {"is_correct": "yes"}}}})",
       ":2: `is_correct`: expected true, false or null"},
      {"turns are no list", R"({"query_id": "a", "workload_type": "b", "turns": {}})", ":2: `turns`: expected a list"},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto rows = read(good + bad.text + "\n");
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, Errc::invalid);
    EXPECT_THAT(rows.error().message, HasSubstr(path_ + bad.words));
  }
  EXPECT_THAT(read("\n").error().message, HasSubstr("holds no record"));
  EXPECT_THAT(read_ipw_records(folder_, {}).error().message, HasSubstr("is a folder"));
  EXPECT_EQ(read_ipw_records(folder_ + "/none", {}).error().code, Errc::unavailable);
}

TEST(PublishedFigures, TheHarnesssFormulas) {
  PublishedFigures figures;
  figures.add({.correct = true, .joules = 600, .watts = 290, .seconds = 2});
  figures.add({.correct = false, .joules = 300, .watts = 310, .seconds = 1});
  figures.add({.correct = true, .joules = 0, .watts = 200, .seconds = 3});
  figures.add({.correct = {}, .joules = 100, .watts = 100, .seconds = 1});
  EXPECT_DOUBLE_EQ(figures.accuracy().value(), 2.0 / 3) << "what could not be scored is left out";
  EXPECT_DOUBLE_EQ(figures.mean_joules().value(), 500) << "600, 300, and 200 W times 3 s";
  EXPECT_DOUBLE_EQ(figures.per_joule_analyze().value(), 2.0 / 3 / 500);
  EXPECT_DOUBLE_EQ(figures.per_watt_analyze().value(), 2.0 / 3 / ((300.0 + 300 + 200) / 3));
  EXPECT_DOUBLE_EQ(figures.per_joule_run().value(), 2.0 / 3 / 1000) << "the energy of the whole run";
  EXPECT_DOUBLE_EQ(figures.per_watt_run().value(), 2.0 / 3 / 225);
  EXPECT_EQ(figures.imputed(), 1U);
  EXPECT_EQ(figures.unscored(), 1U);
  EXPECT_FALSE(PublishedFigures().per_joule_run()) << "unknown is not 0";
}

}  // namespace
}  // namespace ipw
