#include <cstdio>

#include "base/log.hpp"
#include "exporter/app.hpp"
#include "exporter/commands/commands.hpp"
#include "exporter/stop_signal.hpp"

namespace ipw {
namespace {

void log_plan(const Plan& plan) {
  for (const auto& report : plan.rig->reports())
    if (report.name.empty() && !report.configured)
      log_info("power source not used", {{"source", report.type}, {"reason", report.reason}});
  for (const auto& target : plan.targets) {
    const auto& info = target.ledger.info;
    log_info("target",
             {{"target", info.name}, {"url", info.url}, {"model", info.model}, {"accelerator", info.accelerator}});
    if (target.meters.empty())
      log_warn("no energy for this target", {{"target", info.name}, {"reason", target.no_meter_reason}});
    for (const auto& meter : target.meters)
      log_info("metered", {{"target", info.name},
                           {"scope", std::string(to_text(meter.scope))},
                           {"quality", std::string(to_text(meter.quality))},
                           {"device", meter.device.name}});
  }
}

}  // namespace

int run_command(const RunOptions& options) {
  auto config = load_config(options.config);
  if (!config) return fail(config.error());
  const SteadyClock clock;
  const auto corpus = corpus_of(*config);
  auto plan = make_plan(std::move(*config), corpus, clock);
  if (!plan) return fail(plan.error());
  log_plan(*plan);
  const StopSignal stop;
  const auto host = plan->config.listen.host;
  auto app = App::open(std::move(*plan), corpus,
                       {.repeat = true,
                        .finish_running = false,
                        .serve = true,
                        .new_cycle = false,
                        .max_queries = {},
                        .demo_notice = {}});
  if (!app) return fail(app.error());
  log_info("ready", {{"metrics", "http://" + host + ":" + std::to_string((*app)->port()) + "/metrics"}});
  const auto outcome = (*app)->run(stop.token());
  if (!outcome) return fail(outcome.error());
  log_info("stopped");
  return kSuccess;
}

}  // namespace ipw
