#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "exporter/accounting/summary.hpp"
#include "exporter/app.hpp"
#include "exporter/commands/commands.hpp"
#include "exporter/commands/pass_text.hpp"
#include "exporter/commands/progress.hpp"
#include "exporter/commands/regression_gate.hpp"
#include "exporter/stop_signal.hpp"

namespace ipw {
namespace {

// What the journal holds of this pass, resumed parts included: one summary a target.
Result<std::vector<PassSummary>> summaries(const App& app) {
  const auto& targets = app.plan().targets;
  std::vector<PassSummary> all(targets.size());
  const auto read = app.journal().for_each([&](const AttemptRecord& record) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const auto& info = targets[i].ledger.info;
      if (record.target == info.name && record.corpus == info.corpus && record.cycle == app.first_cycle(i))
        all[i].add(record);
    }
    return true;
  });
  if (!read) return read.error();
  return all;
}

Result<void> use_output_folder(Config& config, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{Errc::invalid, "cannot make the folder " + folder + ": " + error.message()};
  config.store.path = (std::filesystem::path(folder) / "ipw.db").string();
  return {};
}

Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file == nullptr || std::fclose(file) != 0 || !written)
    return Error{Errc::unavailable, "cannot write " + path.string()};
  return {};
}

// `ended`: how the run came to its end; a pass that a server or a budget has ended early is concluded all the same.
int conclude(const App& app, const ReplayOptions& options, bool stopped, std::uint64_t total,
             const Result<void>& ended) {
  const auto all = summaries(app);
  if (!all) return fail(all.error());
  std::printf("%s", pass_text(app.plan(), *all, terminal_style(STDOUT_FILENO)).c_str());
  if (!options.output.empty())
    if (auto ok = write_file(std::filesystem::path(options.output) / "summary.txt", pass_text(app.plan(), *all)); !ok)
      return fail(ok.error());
  const bool unfinished = std::ranges::any_of(*all, [&](const auto& pass) { return pass.queries() < total; });
  if (!ended) std::fprintf(stderr, "the pass ended early: %s\n", ended.error().message.c_str());
  if (unfinished)
    std::fprintf(stderr, "%s: go on with `ipw-sidecar replay -c %s%s --resume`\n", stopped ? "stopped" : "unfinished",
                 options.config.c_str(), options.output.empty() ? "" : (" --output " + options.output).c_str());
  const bool any_answered = std::ranges::any_of(*all, [](const auto& pass) { return pass.answered() > 0; });
  const bool any_sent = std::ranges::any_of(*all, [](const auto& pass) { return pass.queries() > 0; });
  if (any_sent && !any_answered) {
    std::fprintf(stderr, "every query failed: %s\n", failure_text(*app.snapshot()).c_str());
    return kAllFailed;
  }
  if (ended) return kSuccess;
  if (any_answered || ended.error().code == Errc::cancelled) return kFailed;
  std::fprintf(stderr, "no query was answered\n");
  return kAllFailed;
}

int hold_against(const RegressionGate& gate, const App& app) {
  const auto found = gate.look(app);
  if (!found) return fail(found.error());
  std::printf("\nagainst the baseline:\n%s", found->table.c_str());
  return found->worse ? kRegression : kSuccess;
}

}  // namespace

int replay_command(const ReplayOptions& options) {
  auto config = load_config(options.config);
  if (!config) return fail(config.error());
  if (!options.output.empty())
    if (auto ok = use_output_folder(*config, options.output); !ok) return fail(ok.error());
  const SteadyClock clock;
  const auto corpus = corpus_of(*config);
  auto plan = make_plan(std::move(*config), corpus, clock);
  if (!plan) return fail(plan.error());
  std::optional<RegressionGate> gate;
  if (!options.gate.empty()) {
    auto opened = RegressionGate::open(options.gate, *plan);
    if (!opened) return fail(opened.error());
    gate = std::move(*opened);
  }
  const auto queries = plan->replayed().queries();
  const auto total = std::min<std::uint64_t>(queries, options.max_queries.value_or(queries));
  const StopSignal stop;
  auto app = App::open(std::move(*plan), corpus,
                       {.repeat = false,
                        .finish_running = true,
                        .serve = false,
                        .new_cycle = !options.resume,
                        .max_queries = options.max_queries,
                        .demo_notice = {}});
  if (!app) return fail(app.error());
  Result<void> outcome;
  {
    const std::stop_callback told(stop.token(), [] {
      std::fprintf(stderr, "\nstopping: running queries are being finished; once more ends at once, without them\n");
    });
    const Progress progress(**app, total, clock);
    outcome = (*app)->run(stop.token());
  }
  const bool early = !outcome && (outcome.error().code == Errc::unavailable || outcome.error().code == Errc::cancelled);
  const int code = conclude(**app, options, stop.token().stop_requested(), total, early ? outcome : Result<void>{});
  if (!outcome && !early) return fail(outcome.error());
  return gate && code == kSuccess ? hold_against(*gate, **app) : code;
}

}  // namespace ipw
