#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/analysis/report.hpp"
#include "exporter/cli.hpp"

namespace ipw {

// One function a command; each returns the exit code. Options are what the command line said, checked by nobody else.

struct RunOptions {
  std::string config;
};
int run_command(const RunOptions& options);

struct DemoOptions {
  std::string listen{"127.0.0.1:9947"};
  std::string store;  // empty: a temporary journal, removed at the end
  double time_to_first_token{0.06};
  double tokens_per_second{120};
};
int demo_command(const DemoOptions& options);

struct DemoServerOptions {
  std::string answers, model;
  std::vector<std::string> corpus;
  std::string listen{"127.0.0.1:0"};
  double time_to_first_token{0.05};
  double tokens_per_second{100};
  std::vector<std::string> misbehave;  // NAME[:VALUE][@SHARE] each
  std::uint64_t seed{1};               // of the shares
  std::string worse;                   // answers while there is a file `worse_while`; empty: none
  std::string worse_while;
  int worse_load{100};  // percent: what a request then counts in /load
};
int demo_server_command(const DemoServerOptions& options);

struct CheckOptions {
  std::string config;
};
int check_command(const CheckOptions& options);

struct ProbesOptions {
  std::string config;  // empty: every source that needs no options
  std::string root{"/"};
  bool json{false};
  std::string record;  // empty: nothing is recorded
  double seconds{10};
};
int probes_command(const ProbesOptions& options);

struct ReplayOptions {
  std::string config, output;
  std::optional<std::uint64_t> max_queries;
  bool resume{false};
  std::string gate;  // a journal whose baseline the pass is held against; empty: none
};
int replay_command(const ReplayOptions& options);

struct ExportOptions {
  std::string journal;
  std::string format{"jsonl"};
};
int export_command(const ExportOptions& options);

struct ReportOptions {
  std::vector<std::string> journals;
  std::vector<std::string> corpus;  // empty: how many options a query has is not known
  std::string reference;            // empty: the most accurate target
  std::string format{"markdown"};
  std::string html{};                  // also write the page there; empty: not
  std::string sidecar{};               // base URL of a sidecar whose pages of queries are linked
  std::vector<std::string> imports{};  // files of the published harness
  ReportRates rates{};
};
int report_command(const ReportOptions& options);

struct JudgeOptions {
  std::vector<std::string> corpus;
  std::string answers;
  std::string config;   // whose `judges` judge; with a journal, whose corpus too
  std::string journal;  // what is open there is judged, in place of recorded answers
  bool json{false};
};
int judge_command(const JudgeOptions& options);
int judge_journal(const JudgeOptions& options);  // as above, where it names a journal

struct CorpusOptions {
  std::vector<std::string> paths;
};
int corpus_check_command(const CorpusOptions& options);
int corpus_stats_command(const CorpusOptions& options);

struct BaselineOptions {
  std::string config, target;
  std::string cycles;  // FIRST-LAST; empty: the newest whole ones
};
int baseline_list_command(const BaselineOptions& options);
int baseline_show_command(const BaselineOptions& options);
int baseline_pin_command(const BaselineOptions& options);
int baseline_accept_command(const BaselineOptions& options);
int baseline_clear_command(const BaselineOptions& options);

int version_command();

// Prints the error, for people, and gives the exit code that belongs to it.
int fail(const Error& error);

}  // namespace ipw
