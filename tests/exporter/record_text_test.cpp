#include "exporter/record_text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/records.hpp"

namespace ipw {
namespace {

using Json = nlohmann::ordered_json;
using testing::full_record;

TEST(RecordText, AFullRecordHasTheKeysOfTheContract) {
  EXPECT_EQ(to_json(full_record("a-1", "q-1")),
            R"({"id":"a-1","query_id":"q-1","attempt":1,"final":true,"target":"local","model":"llama",)"
            R"("accelerator":"NVIDIA H200","corpus":"mmlu","subject":"physics","language":"en","cycle":3,)"
            R"("epoch":"0123456789ab",)"
            R"("outcome":"ok","verdict":"correct","score":1.0,"judge":"multiple_choice",)"
            R"("control_verdict":null,"reason":"`C`, expected C",)"
            R"("scheduled_at":"2026-11-20T13:41:53.000001Z","sent_at":"2026-11-20T13:41:53.000500Z",)"
            R"("first_token_at":"2026-11-20T13:41:53.100500Z","last_token_at":"2026-11-20T13:41:54.250500Z",)"
            R"("duration_s":1.25,"scheduled_duration_s":1.250499,"time_to_first_token_s":0.1,"time_to_answer_s":0.2,)"
            R"("input_tokens":100,"cached_tokens":10,"output_tokens":50,"reasoning_tokens":5,)"
            R"("token_counts":"server","chunks":40,"chunk_discrepancy":10,"server_load_s":0.5,"server_queue_s":null,)"
            R"("server_prefill_s":0.0625,"server_decode_s":1.0,"server_total_s":null,)"
            R"("server_running":6,"server_waiting":0,"foreign_running":2,)"
            R"("client_lag_s":0.00025,"client_saturated":false,)"
            R"("energy_gross_j":375.1,"energy_active_j":281.32500000000005,"energy_error_j":3.7510000000000003,)"
            R"("energy_validity":"ok","energy_quality":"measured","prefill_j":93.775,"decode_j":187.55,)"
            R"("power_mean_w":300.125,"scopes":{"node":{"energy_gross_j":500.2,"energy_active_j":375.15,)"
            R"("energy_error_j":5.002,"energy_validity":"ok","energy_quality":"measured","prefill_j":125.05,)"
            R"("decode_j":250.1,"power_mean_w":300.125}},"concurrency":3.5,"cost_usd":4.5e-05,)"
            R"("slices":{"level":"hard, \"very\""},"answer":"It is (C)."})");
}

TEST(RecordText, WhatIsUnknownIsNull) {
  const auto json = Json::parse(to_json(AttemptRecord{}));
  EXPECT_EQ(json.size(), 56U);
  for (const auto* key : {"verdict",
                          "score",
                          "judge",
                          "control_verdict",
                          "slices",
                          "reason",
                          "first_token_at",
                          "last_token_at",
                          "duration_s",
                          "scheduled_duration_s",
                          "time_to_first_token_s",
                          "time_to_answer_s",
                          "input_tokens",
                          "cached_tokens",
                          "output_tokens",
                          "reasoning_tokens",
                          "token_counts",
                          "chunks",
                          "chunk_discrepancy",
                          "server_load_s",
                          "server_queue_s",
                          "server_prefill_s",
                          "server_decode_s",
                          "server_total_s",
                          "server_running",
                          "server_waiting",
                          "foreign_running",
                          "client_lag_s",
                          "client_saturated",
                          "energy_gross_j",
                          "energy_active_j",
                          "energy_error_j",
                          "energy_validity",
                          "prefill_j",
                          "decode_j",
                          "power_mean_w",
                          "concurrency",
                          "cost_usd",
                          "answer"})
    EXPECT_TRUE(json.at(key).is_null()) << key;
  EXPECT_EQ(json.at("scopes"), Json::object());
}

TEST(RecordText, SaysWhoseTheTokenCountsAre) {
  auto record = full_record("a", "q");
  record.usage.output_tokens = 30;
  EXPECT_EQ(Json::parse(to_json(record)).at("chunk_discrepancy"), -10);
  record.usage.input_tokens.reset();
  EXPECT_EQ(Json::parse(to_json(record)).at("token_counts"), "estimated");
  record.usage.output_tokens.reset();
  auto json = Json::parse(to_json(record));
  EXPECT_EQ(json.at("token_counts"), "estimated");
  EXPECT_EQ(json.at("chunks"), 40);
  EXPECT_TRUE(json.at("chunk_discrepancy").is_null());
  record.first_token_at.reset();
  EXPECT_TRUE(Json::parse(to_json(record)).at("token_counts").is_null()) << "nothing came that could be counted";
}

TEST(RecordText, AFailureSaysWhy) {
  auto record = full_record("a", "q");
  record.outcome = replay::Outcome::http_5xx;
  record.outcome_reason = "HTTP 503: busy";
  record.verdict = replay::VerdictKind::unanswered;
  const auto json = Json::parse(to_json(record));
  EXPECT_EQ(json.at("outcome"), "http_5xx");
  EXPECT_EQ(json.at("verdict"), "unanswered");
  EXPECT_EQ(json.at("reason"), "HTTP 503: busy");
}

TEST(RecordText, NumbersComeBackAsTheyWere) {
  auto record = full_record("a", "q");
  record.duration = Seconds{0.1 + 0.2};
  record.cost_usd = std::numeric_limits<double>::denorm_min();
  record.energy[0].gross = Joules{1.0 / 3};
  record.energy[0].sd = Joules{std::numeric_limits<double>::quiet_NaN()};
  const auto json = Json::parse(to_json(record));
  EXPECT_EQ(json.at("duration_s").get<double>(), 0.1 + 0.2);
  EXPECT_EQ(json.at("cost_usd").get<double>(), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(json.at("energy_gross_j").get<double>(), 1.0 / 3);
  EXPECT_TRUE(json.at("energy_error_j").is_null()) << "not a number is unknown";
}

TEST(RecordText, AHostileAnswerStaysOneLineOfJson) {
  auto record = full_record("a", "q");
  record.answer = "line\nbreak \"quoted\" caf\xe9 \x01";
  const auto text = to_json(record);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(Json::parse(text).at("answer"), "line\nbreak \"quoted\" caf\uFFFD \x01");
}

std::size_t fields(const std::string& line) {
  std::size_t count = 1;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    count += c == ',' && !quoted;
  }
  return count;
}

TEST(RecordText, CsvHasOneColumnAKeyAndThoseOfTheScopes) {
  const auto header = csv_header();
  EXPECT_TRUE(header.starts_with("id,query_id,attempt,final,target,")) << header;
  EXPECT_NE(header.find(",power_mean_w,node_energy_gross_j,"), std::string::npos) << header;
  EXPECT_NE(header.find(",wall_power_mean_w,concurrency,cost_usd,slices,answer"), std::string::npos) << header;
  EXPECT_EQ(header.find("scopes"), std::string::npos);
  for (const auto& record : {AttemptRecord{}, full_record("a", "q")}) EXPECT_EQ(fields(to_csv(record)), fields(header));
}

TEST(RecordText, CsvQuotesWhatItMust) {
  auto record = full_record("a", "q");
  record.answer = "He said \"C\",\nthen left\xff";
  const auto line = to_csv(record);
  EXPECT_TRUE(line.starts_with(
      "a,q,1,true,local,llama,NVIDIA H200,mmlu,physics,en,3,0123456789ab,ok,correct,1.0,multiple_choice,,"
      "\"`C`, expected C\","))
      << line;
  EXPECT_TRUE(line.ends_with(
      ",3.5,4.5e-05,\"{\"\"level\"\":\"\"hard, \\\"\"very\\\"\"\"\"}\",\"He said \"\"C\"\",\nthen left\uFFFD\""))
      << line;
  EXPECT_NE(line.find(",300.125,500.2,"), std::string::npos) << line;
  EXPECT_NE(line.find(",300.125,,,,,,,,,3.5,"), std::string::npos) << "no wall meter: " << line;
}

}  // namespace
}  // namespace ipw
