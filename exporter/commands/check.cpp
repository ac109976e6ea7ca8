#include <unistd.h>

#include <cstdio>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/plan_text.hpp"

namespace ipw {

int check_command(const CheckOptions& options) {
  auto config = load_config(options.config);
  if (!config) return fail(config.error());
  const SteadyClock clock;
  const auto corpus = corpus_of(*config);
  const auto plan = make_plan(std::move(*config), corpus, clock);
  if (!plan) return fail(plan.error());
  std::printf("%s", plan_text(*plan, terminal_style(STDOUT_FILENO)).c_str());
  return kSuccess;
}

}  // namespace ipw
