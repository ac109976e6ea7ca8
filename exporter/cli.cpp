#include "exporter/cli.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <functional>

#include "base/log.hpp"
#include "exporter/commands/commands.hpp"
#include "replay/demo/misbehaviour.hpp"

namespace ipw {
namespace {

struct Parsed {
  RunOptions run;
  DemoOptions demo;
  DemoServerOptions demo_server;
  CheckOptions check;
  ProbesOptions probes;
  ReplayOptions replay;
  ExportOptions exported;
  ReportOptions report;
  JudgeOptions judge;
  CorpusOptions corpus;
  BaselineOptions baseline;
};

using Action = std::function<int()>;

// The command line as it is being described: a command that is chosen leaves what is to be done in `action`.
struct Commands {
  CLI::App& app;
  Parsed& parsed;
  Action& action;

  CLI::App& add(CLI::App& parent, const char* name, const char* summary, Action act) const {
    auto* command = parent.add_subcommand(name, summary);
    command->callback([this_action = &action, act = std::move(act)] { *this_action = act; });
    return *command;
  }
  CLI::App& add(const char* name, const char* summary, Action act) const {
    return add(app, name, summary, std::move(act));
  }
};

CLI::Option* add_config(CLI::App& command, std::string& config) {
  return command.add_option("-c,--config", config, "Configuration file (docs/CONFIGURATION.md)")->option_text("FILE");
}

void add_pace(CLI::App& command, double& time_to_first_token, double& tokens_per_second) {
  command.add_option("--ttft", time_to_first_token, "Seconds to the first token")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  command.add_option("--rate", tokens_per_second, "Tokens per second of a stream; 0: unpaced")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
}

void add_run(const Commands& commands) {
  auto& parsed = commands.parsed;
  auto& run = commands.add("run", "Watch: replay the corpus again and again, serve metrics",
                           [&] { return run_command(parsed.run); });
  add_config(run, parsed.run.config)->required();
}

void add_demo(const Commands& commands) {
  auto& options = commands.parsed.demo;
  auto& demo = commands.add("demo", "Run on embedded defaults, against a built-in server",
                            [&options] { return demo_command(options); });
  demo.add_option("--listen", options.listen, "Address of metrics and pages")
      ->option_text("HOST:PORT")
      ->capture_default_str();
  demo.add_option("--store", options.store, "Journal; without it a temporary one")->option_text("FILE");
  add_pace(demo, options.time_to_first_token, options.tokens_per_second);
}

void add_check_and_probes(const Commands& commands) {
  auto& parsed = commands.parsed;
  auto& check = commands.add("check", "Validate configuration and corpus, print the plan",
                             [&] { return check_command(parsed.check); });
  add_config(check, parsed.check.config)->required();

  auto& probes = commands.add("probes", "Show every power source: found, or why not",
                              [&] { return probes_command(parsed.probes); });
  add_config(probes, parsed.probes.config);
  probes.add_option("--root", parsed.probes.root, "Where /sys, /proc and /dev are looked for")->option_text("DIR");
  auto* json = probes.add_flag("--json", parsed.probes.json, "As JSON");
  auto* record =
      probes.add_option("--record", parsed.probes.record, "Write their readings to a file, to be played back")
          ->option_text("FILE")
          ->excludes(json);
  probes.add_option("--seconds", parsed.probes.seconds, "How long to record")
      ->check(CLI::Range(0.01, 1e6))
      ->capture_default_str()
      ->needs(record);
}

void add_replay(const Commands& commands) {
  auto& options = commands.parsed.replay;
  auto& replay =
      commands.add("replay", "One pass over the corpus, then a table", [&options] { return replay_command(options); });
  add_config(replay, options.config)->required();
  replay.add_option("--max-queries", options.max_queries, "Stop after so many queries")
      ->option_text("N")
      ->check(CLI::PositiveNumber);
  replay.add_flag("--resume", options.resume, "Go on with an unfinished pass");
  replay
      .add_option("--gate", options.gate,
                  "Journal whose baseline the pass is held against: where it is worse, the exit code is 4")
      ->option_text("BASELINE");
  replay.add_option("--output", options.output, "Folder for journal and summary")->option_text("DIR");
}

void add_judge_and_export(const Commands& commands) {
  auto& parsed = commands.parsed;
  auto& judge = commands.add("judge", "Score recorded answers, or what a journal holds unjudged",
                             [&] { return judge_command(parsed.judge); });
  auto* corpus = judge.add_option("--corpus", parsed.judge.corpus, "Corpus file")->option_text("FILE");
  auto* answers = judge.add_option("--answers", parsed.judge.answers, "Recorded answers: JSONL of `id`, `text`")
                      ->option_text("FILE")
                      ->needs(corpus);
  auto* config =
      judge.add_option("-c,--config", parsed.judge.config, "Configuration whose `judges` judge")->option_text("FILE");
  judge.add_option("--journal", parsed.judge.journal, "Journal: judge what is still open there")
      ->option_text("FILE")
      ->needs(config)
      ->excludes(corpus)
      ->excludes(answers);
  judge.add_flag("--json", parsed.judge.json, "One JSON line per answer");

  auto& exported = commands.add("export", "Write the journal's records to standard output",
                                [&] { return export_command(parsed.exported); });
  exported.add_option("journal", parsed.exported.journal, "Journal file")->required();
  exported.add_option("--format", parsed.exported.format, "jsonl or csv")
      ->check(CLI::IsMember({"jsonl", "csv"}))
      ->capture_default_str();
}

void add_report(const Commands& commands) {
  auto& options = commands.parsed.report;
  auto& report = commands.add("report", "Targets compared: accuracy by slice, judges, coverage, routing, attempts",
                              [&options] { return report_command(options); });
  report.add_option("journal", options.journals, "Journal files; a target that several have is compared with itself");
  report.add_option("--format", options.format, "markdown, json or html")
      ->check(CLI::IsMember({"markdown", "json", "html"}))
      ->capture_default_str();
  report.add_option("--html", options.html, "Also write one self-contained page with plots there")->option_text("FILE");
  report
      .add_option("--import-ipw", options.imports, "Records of the published harness (JSONL), shown beside; repeatable")
      ->option_text("FILE")
      ->expected(1)
      ->take_all();
  report.add_option("--sidecar", options.sidecar, "Base URL of a running sidecar: the page links its pages of queries")
      ->option_text("URL")
      ->check([](const std::string& url) -> std::string {
        const bool web = url.starts_with("http://") || url.starts_with("https://");
        return web ? "" : "expected a URL that begins with http:// or https://";
      });
  report
      .add_option("--reference", options.reference, "Whom the others are compared with; else the most accurate target")
      ->option_text("TARGET");
  report.add_option("--corpus", options.corpus, "Corpus file: for what guessing among its options would solve")
      ->option_text("FILE")
      ->expected(1)
      ->take_all();
  report.add_option("--carbon-intensity", options.rates.grams_per_kwh, "Grams of CO2 equivalent a kWh")
      ->option_text("GRAMS")
      ->check(CLI::NonNegativeNumber);
  report.add_option("--electricity-price", options.rates.price_per_kwh, "What a kWh costs, in --currency")
      ->option_text("PRICE")
      ->check(CLI::NonNegativeNumber);
  report.add_option("--currency", options.rates.currency, "Of the price")->capture_default_str();
}

void add_corpus(const Commands& commands) {
  auto& options = commands.parsed.corpus;
  auto* corpus = commands.app.add_subcommand("corpus", "Look at a corpus")->require_subcommand(1);
  auto& check =
      commands.add(*corpus, "check", "Validate every line", [&options] { return corpus_check_command(options); });
  check.add_option("file", options.paths, "Corpus file")->required();
  auto& stats = commands.add(*corpus, "stats", "Count by subject, language and judge",
                             [&options] { return corpus_stats_command(options); });
  stats.add_option("file", options.paths, "Corpus file")->required();
}

void add_baseline(const Commands& commands) {
  auto& options = commands.parsed.baseline;
  auto* baseline =
      commands.app.add_subcommand("baseline", "What regressions are measured against")->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*command)(const BaselineOptions&)) -> CLI::App& {
    auto& sub = commands.add(*baseline, name, help, [&options, command] { return command(options); });
    add_config(sub, options.config)->required();
    sub.add_option("--target", options.target, "Which target, where there are several")->option_text("NAME");
    return sub;
  };
  add("list", "Every baseline there was, and which counts", baseline_list_command);
  add("show", "The one that counts: what ran, and how much its repeats differ", baseline_show_command);
  auto& pin = add("pin", "Take the newest cycles, and keep them until told otherwise", baseline_pin_command);
  auto& accept = add("accept", "Take what runs now, though it is worse", baseline_accept_command);
  for (auto* sub : {&pin, &accept})
    sub->add_option("--cycles", options.cycles, "These cycles; else the newest whole ones")->option_text("FIRST-LAST");
  add("clear", "Have none: the next one is made anew", baseline_clear_command);
}

void add_demo_server(const Commands& commands) {
  auto& options = commands.parsed.demo_server;
  auto& server = commands.add("demo-server", "Serve recorded answers as an OpenAI-compatible server",
                              [&options] { return demo_server_command(options); });
  server.add_option("--corpus", options.corpus, "Corpus file")->option_text("FILE")->required();
  server.add_option("--answers", options.answers, "Recorded answers: JSONL of `id`, `text`")
      ->option_text("FILE")
      ->required();
  server.add_option("--model", options.model, "Name of the model")->required();
  server.add_option("--listen", options.listen, "Address; port 0 picks a free one")
      ->option_text("HOST:PORT")
      ->capture_default_str();
  add_pace(server, options.time_to_first_token, options.tokens_per_second);
  const auto show_all = [](const std::string& spec) {
    if (spec == "list") throw CLI::CallForVersion(replay::demo::misbehaviour_list(), 0);
  };
  server
      .add_option("--misbehave", options.misbehave, "What it does wrongly, and on which share of the requests; `list`")
      ->option_text("NAME[:VALUE][@SHARE] ...")
      ->each(show_all);
  server.add_option("--seed", options.seed, "Which requests a share falls on")->capture_default_str();
  auto* worse =
      server.add_option("--worse", options.worse, "Answers while there is the file --worse-while")->option_text("FILE");
  server.add_option("--worse-while", options.worse_while, "File that is looked for ten times a second")
      ->option_text("FILE")
      ->needs(worse);
  worse->needs("--worse-while");
  server.add_option("--worse-load", options.worse_load, "What a request then counts in the load, in percent")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str()
      ->needs(worse);
  server.footer("Misbehaviours, also for one request by its header X-Demo-Misbehave:\n" +
                replay::demo::misbehaviour_list());
}

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warn") return LogLevel::warn;
  return name == "error" ? LogLevel::error : LogLevel::info;
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app{"Intelligence per watt as a continuously monitored signal", "ipw-sidecar"};
  app.require_subcommand(1);
  app.fallthrough();
  std::string level = "info", format = "text";
  app.add_option("--log-level", level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log-format", format, "text or json")->check(CLI::IsMember({"text", "json"}));

  Parsed parsed;
  Action action;
  const Commands commands{app, parsed, action};
  for (const auto add : {add_run, add_demo, add_check_and_probes, add_replay, add_judge_and_export, add_report,
                         add_corpus, add_baseline, add_demo_server})
    add(commands);
  commands.add("version", "Version, commit, compiler, libraries", version_command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kSuccess : kUsage;
  }
  configure_log(level_of(level), format == "json" ? LogFormat::json : LogFormat::text);
  try {
    return action();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ipw-sidecar: internal error: %s\n", error.what());
    return kFailed;
  }
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return error.code == Errc::invalid ? kUsage : kFailed;
}

}  // namespace ipw
