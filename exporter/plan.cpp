#include "exporter/plan.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.hpp"
#include "replay/panel_draw.hpp"

namespace ipw {
namespace {

// Long enough for the slowest query that the books may have to wait for, all its attempts and the waits between them
// (each at most a minute) included; and what the pages show.
probes::HistoryLength history_to_keep(const Config& config) {
  double longest = 600;
  for (const auto& target : config.targets)
    longest = std::max(longest, (target.timeouts.total.value + 60) * target.retry.attempts +
                                    target.timeouts.total.value * target.retry.until_success + 120);
  const auto recent = config.store.keep_power;
  return {Seconds{std::max(longest, recent.value)}, recent};
}

bool is_auto(const probes::PowerChoice& power) {
  return power.accelerator.empty() && power.node.empty() && power.wall.empty();
}

std::string accelerator_label(const TargetConfig& target, const std::vector<probes::Meter>& meters) {
  if (target.accelerator != "auto") return target.accelerator;
  std::vector<std::string> names;
  for (const auto& meter : meters)
    if (meter.scope == probes::Scope::accelerator) names.push_back(meter.device.name);
  if (names.empty()) return target.locality == "cloud" ? "cloud" : "unknown";
  const bool alike = std::ranges::all_of(names, [&](const auto& name) { return name == names.front(); });
  if (alike) return names.size() == 1 ? names.front() : std::to_string(names.size()) + "x " + names.front();
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : " + ") + name;
  return all;
}

// Adds the target's meters to the books; two targets on one device share its book.
Result<void> enter(std::vector<Book>& books, const std::vector<probes::Meter>& meters, std::size_t target,
                   const Config& whole) {
  const auto& config = whole.targets[target];
  for (const auto& meter : meters) {
    const auto same = std::ranges::find_if(books, [&](const Book& book) {
      return book.meter.scope == meter.scope && book.meter.device.id == meter.device.id;
    });
    const auto idle = meter.scope == probes::Scope::accelerator ? config.idle_power : std::nullopt;
    if (same == books.end()) {
      books.push_back(
          {meter, {target}, idle, meter.channels.empty() ? config.estimate : std::nullopt, whole.attribution});
      continue;
    }
    if (same->meter.channels != meter.channels)
      return Error{Errc::invalid, "target `" + config.name + "` takes other power channels for " + meter.device.id +
                                      " (" + std::string(to_text(meter.scope)) +
                                      ") than a target before it: a device has one set of books"};
    same->targets.push_back(target);
    if (idle) same->idle_floor = idle;
  }
  return {};
}

Result<std::vector<probes::Meter>> meters_of(const TargetConfig& target, const probes::Rig& rig, std::string& reason) {
  if (target.locality == "cloud" && is_auto(target.power)) {
    reason = "a cloud target has no meter";
    return std::vector<probes::Meter>{};
  }
  auto meters = rig.topology().meters(target.power);
  if (!meters) return Error{Errc::invalid, "target `" + target.name + "`: " + meters.error().message};
  // The user's estimate by tokens knows more than the model of this machine's CPUs that `auto` takes for want of
  // better.
  const auto is_model = [](const probes::Meter& meter) { return meter.quality == probes::Quality::estimated; };
  if (target.estimate && is_auto(target.power)) std::erase_if(*meters, is_model);
  if (meters->empty()) reason = "no power source on this machine";
  return meters;
}

// What stands for the accelerator's meter where energy is estimated by tokens: a device of the target's own.
Result<void> add_estimate(const TargetConfig& config, const std::string& accelerator, PlannedTarget& target) {
  if (!config.estimate) return {};
  auto& meters = target.meters;
  const auto meter = std::ranges::find(meters, probes::Scope::accelerator, &probes::Meter::scope);
  if (meter != meters.end())
    return Error{Errc::invalid, config.estimate_place + ": target `" + config.name + "` is metered (" +
                                    meter->device.name + "), and measured beats estimated: remove `estimate`, or say " +
                                    "`locality: cloud` if its model runs elsewhere"};
  meters.push_back({probes::Scope::accelerator, probes::Quality::estimated, {config.name, accelerator}, {}});
  target.no_meter_reason.clear();
  return {};
}

std::vector<EnergyLabels> scopes_of(const std::vector<probes::Meter>& meters) {
  std::vector<EnergyLabels> scopes;
  for (const auto& meter : meters) {
    const auto known = std::ranges::find(scopes, meter.scope, &EnergyLabels::first);
    if (known == scopes.end())
      scopes.emplace_back(meter.scope, meter.quality);
    else
      known->second = std::max(known->second, meter.quality);
  }
  return scopes;
}

Result<void> check_budget(const TargetConfig& config, const std::vector<probes::Meter>& meters) {
  const bool metered = std::ranges::find(meters, probes::Scope::accelerator, &probes::Meter::scope) != meters.end();
  if (!config.budget || !config.budget->joules || metered) return {};
  return Error{Errc::invalid, config.budget_place + ": nothing measures the joules of target `" + config.name +
                                  "`: limit its queries instead, or give it a meter (see `ipw-sidecar probes`)"};
}

// A URL that ends in what the dialect puts behind it asks for a path that no server has.
Result<void> check_url(const TargetConfig& config, const replay::Dialect& dialect) {
  const auto path = dialect.request({}).path;
  const bool whole = config.url.path.ends_with(path);
  if (!whole && !(config.url.path.ends_with("/v1") && path.starts_with("/v1/"))) return {};
  return Error{Errc::invalid, config.url_place + ": dialect `" + config.dialect + "` adds `" + path +
                                  "` by itself: end the URL before `" + (whole ? path : "/v1") + "`"};
}

Result<PlannedTarget> plan_target(TargetConfig& config, const Config& whole, const probes::Rig& rig) {
  PlannedTarget target;
  auto meters = meters_of(config, rig, target.no_meter_reason);
  if (!meters) return meters.error();
  target.meters = std::move(*meters);
  const auto accelerator = accelerator_label(config, target.meters);
  if (auto ok = add_estimate(config, accelerator, target); !ok) return ok.error();

  const auto open = replay::dialects().find(config.dialect);
  if (!open) return Error{Errc::invalid, "target `" + config.name + "`: " + open.error().message};
  auto dialect = (*open)(config.model, config.request);
  if (!dialect) return dialect.error();
  target.dialect = std::move(*dialect);
  if (auto ok = check_url(config, *target.dialect); !ok) return ok.error();
  auto pacing = replay::open_pacing(config.schedule, config.name);
  if (!pacing) return pacing.error();
  target.pacing = std::move(*pacing);

  target.transport.url = config.url;
  target.transport.timeouts = config.timeouts;
  target.transport.streams = target.pacing->max_in_flight();
  if (!config.api_key.empty()) target.transport.headers.push_back(target.dialect->credential(config.api_key));
  if (config.retry.until_success > 1 && config.request.number("temperature", 0) <= 0)
    return Error{Errc::invalid, config.until_success_place +
                                    ": a model that is asked again at temperature 0 says the same again: set "
                                    "`request.temperature`"};
  target.retry = config.retry;
  target.warmup = config.warmup;
  target.expects_no_cache = config.request.text("prompt_cache", "bypass") == "bypass";
  if (config.locality != "cloud") target.politeness = config.politeness;
  target.ready_timeout = config.ready_timeout;
  target.budget = config.budget;
  if (auto ok = check_budget(config, target.meters); !ok) return ok.error();

  target.ledger.info = {.name = config.name,
                        .model = config.model,
                        .accelerator = accelerator,
                        .corpus = whole.corpus.name,
                        .url = config.url.origin() + config.url.path,
                        .dialect = config.dialect,
                        .locality = config.locality,
                        .demo = false,
                        .replayed = {}};
  target.ledger.metered_scopes = scopes_of(target.meters);
  target.ledger.pricing = config.pricing;
  target.ledger.extra_slices = whole.corpus.slices;
  target.ledger.until_success = config.retry.until_success;
  target.ledger.reference = config.name == whole.coverage_reference;
  return target;
}

Error corpus_error(const replay::CorpusSummary& corpus) {
  std::string message;
  for (const auto& error : corpus.first_errors) message += (message.empty() ? "" : "\n") + error;
  if (corpus.errors > corpus.first_errors.size())
    message += "\n... and " + std::to_string(corpus.errors - corpus.first_errors.size()) + " more";
  return {Errc::invalid, message};
}

// Whether the item can be judged, by those that this configuration has.
Result<void> check_judge(const Plan& plan, const replay::CorpusItem& item) {
  if (auto ok = plan.bench->accepts(item); !ok || plan.bench->model_judge(item) == nullptr) return ok;
  const auto judge = "the judge `" + std::string(plan.bench->judge_of(item)) + "`";
  if (!plan.judge)
    return Error{Errc::invalid,
                 item.place + ": " + judge + " asks a model: configure `judges.llm` with its url and model"};
  for (const auto& target : plan.config.targets)
    if (target.retry.until_success > 1)
      return Error{Errc::invalid, target.until_success_place + ": " + judge + " of " + item.place +
                                      " takes too long: only what is judged at once can be tried until it is right"};
  return {};
}

// One pass for the summary and the draw, and one more for the panel's items.
Result<void> read_corpus(Plan& plan, const OpenCorpus& corpus) {
  std::optional<replay::PanelDraw> draw;
  if (plan.config.corpus.panel) draw.emplace(*plan.config.corpus.panel);
  auto reader = corpus();
  if (!reader) return reader.error();
  plan.corpus = replay::summarise(**reader, [&](const auto& item) {
    if (draw) draw->look(item);
    return check_judge(plan, item);
  });
  if (plan.corpus.errors > 0) return corpus_error(plan.corpus);
  if (plan.corpus.items == 0) return Error{Errc::invalid, "the corpus is empty: " + plan.config.corpus.name};
  if (!draw) return {};
  reader = corpus();
  if (!reader) return reader.error();
  auto panel = draw->draw(**reader);
  if (!panel) return Error{Errc::invalid, plan.config.corpus.stratify_place + ": " + panel.error().message};
  plan.panel = std::make_shared<const replay::Panel>(*std::move(panel));
  if (const auto size = plan.config.corpus.panel->size; size > plan.corpus.items)
    log_warn("the panel is larger than the corpus: the whole corpus is the panel",
             {{"panel", std::to_string(size)}, {"corpus", std::to_string(plan.corpus.items)}});
  return {};
}

// The pairs of subject and language that will be asked, in an order of their own.
std::vector<Slice> slices_of(const Plan& plan) {
  if (!plan.panel) return plan.corpus.slices;
  std::set<Slice> slices;
  for (const auto& item : plan.panel->items()) slices.emplace(item->subject, item->language);
  return {slices.begin(), slices.end()};
}

}  // namespace

CorpusInfo Plan::replayed() const {
  if (panel) return {panel->digest(), corpus.items, panel->size()};
  return {corpus.digest, corpus.items, {}};
}

RegressionWatch::Target Plan::watched(std::size_t target) const {
  const auto& info = targets[target].ledger.info;
  Facts facts{{"model", info.model},
              {"dialect", info.dialect},
              {"request", config.targets[target].request_digest},
              {"corpus", replayed().digest},
              {"judges", config.judges_digest},
              {"load", targets[target].pacing->text() + ", attribution " + std::string(to_text(config.attribution))}};
  if (judge)
    for (const auto& [name, digest] : judge->counts.snapshot().info.prompts)
      facts["judges"].append(" ").append(name).append(" ").append(digest);
  return {.name = info.name, .corpus = info.corpus, .configured = std::move(facts), .queries_per_year = {}};
}

std::vector<std::size_t> Plan::server_of() const {
  std::vector<std::string> servers;
  servers.reserve(targets.size() + 1);
  for (const auto& target : targets) servers.push_back(target.transport.url.origin());
  if (judge) servers.push_back(judge->transport.url.origin());
  std::vector<std::size_t> first;
  first.reserve(servers.size());
  for (const auto& server : servers)
    first.push_back(static_cast<std::size_t>(std::ranges::find(servers, server) - servers.begin()));
  return first;
}

OpenCorpus corpus_of(const Config& config) {
  return [paths = config.corpus.paths] { return replay::CorpusReader::open(paths); };
}

Result<Plan> make_plan(Config config, const OpenCorpus& corpus, const Clock& clock) {
  Plan plan{.config = std::move(config),
            .clock = &clock,
            .rig = {},
            .bench = {},
            .corpus = {},
            .panel = {},
            .targets = {},
            .judge = {},
            .judge_shares = {},
            .books = {}};
  const probes::ProbeEnvironment environment{plan.config.probes.root, &clock, true};
  auto rig = probes::Rig::open(plan.config.probes.sources, environment, plan.config.probes.period,
                               history_to_keep(plan.config));
  if (!rig) return rig.error();
  plan.rig = std::move(*rig);
  auto judge_model = read_judge_model(plan.config.judges);
  auto bench = replay::Bench::open(plan.config.judges);
  if (!bench) return bench.error();
  plan.bench = std::move(*bench);

  for (std::size_t i = 0; i < plan.config.targets.size(); ++i) {
    auto target = plan_target(plan.config.targets[i], plan.config, *plan.rig);
    if (!target) return target.error();
    if (auto ok = enter(plan.books, target->meters, i, plan.config); !ok) return ok.error();
    plan.targets.push_back(std::move(*target));
  }
  if (auto ok = plan_judge(plan, std::move(judge_model)); !ok) return ok.error();
  if (auto ok = plan.config.finish(); !ok) return ok.error();

  if (auto ok = read_corpus(plan, corpus); !ok) return ok.error();
  for (auto& target : plan.targets) {
    target.ledger.slices = slices_of(plan);
    target.ledger.info.replayed = plan.replayed();
  }
  return plan;
}

}  // namespace ipw
