#include "exporter/commands/plan_text.hpp"

#include <algorithm>

#include "exporter/commands/table.hpp"

namespace ipw {
namespace {

std::string channels_text(const probes::Topology& topology, const probes::Meter& meter) {
  std::string text;
  for (const auto id : meter.channels) {
    const auto& channel = topology.channels()[static_cast<std::size_t>(id)];
    text += (text.empty() ? "" : " + ") + channel.source + "/" + channel.channel.name;
  }
  return text;
}

std::string counts_text(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  std::string text;
  for (const auto& [name, count] : counts)
    text += (text.empty() ? "" : ", ") + (name.empty() ? "(none)" : name) + " " + std::to_string(count);
  return text;
}

// How many of each stratum are in the panel, and where the field that makes them is missing.
std::string panel_text(const Plan& plan) {
  constexpr std::size_t kShown = 20;
  const auto& choice = *plan.config.corpus.panel;
  const auto& strata = plan.panel->strata();
  std::string text = "  panel     " + std::to_string(plan.panel->size()) + " of " + std::to_string(plan.corpus.items) +
                     ", seed " + std::to_string(choice.seed) + ", ";
  if (choice.stratify == "none") return text + "not stratified\n";
  text +=
      std::to_string(strata.size()) + (strata.size() == 1 ? " stratum" : " strata") + " by " + choice.stratify + ": ";
  for (std::size_t i = 0; i < std::min(strata.size(), kShown); ++i)
    text += (i == 0 ? "" : ", ") + (strata[i].name.empty() ? "(none)" : strata[i].name) + " " +
            std::to_string(strata[i].chosen) + " of " + std::to_string(strata[i].items);
  if (strata.size() > kShown) text += ", ... and " + std::to_string(strata.size() - kShown) + " more";
  if (const auto none = std::ranges::find(strata, "", &replay::Stratum::name); none != strata.end())
    text += "\n            " + std::to_string(none->items) + " queries have no " + choice.stratify +
            ": they are a stratum of their own";
  return text + "\n";
}

std::string corpus_text(const Plan& plan) {
  return "corpus " + plan.config.corpus.name + ": " + std::to_string(plan.corpus.items) + " queries\n" +
         (plan.panel ? panel_text(plan) : "") + "  digest    " + plan.replayed().digest + "\n  judges    " +
         counts_text(plan.corpus.by_judge) + "\n  subjects  " + counts_text(plan.corpus.by_subject) + "\n  languages " +
         counts_text(plan.corpus.by_language) + "\n";
}

}  // namespace

std::string plan_text(const Plan& plan, const TerminalStyle& style) {
  Table targets({"target", "url", "dialect", "model", "accelerator", "schedule"});
  Table power({"target", "scope", "quality", "device", "channels"});
  for (const auto& target : plan.targets) {
    const auto& info = target.ledger.info;
    targets.add({info.name, info.url, info.dialect, info.model, info.accelerator, target.pacing->text()});
    for (const auto& meter : target.meters)
      power.add({info.name, std::string(to_text(meter.scope)), std::string(to_text(meter.quality)),
                 meter.device.id + " (" + meter.device.name + ")", channels_text(plan.rig->topology(), meter)});
    if (target.meters.empty()) power.add({info.name, "-", "-", "-", "not metered: " + target.no_meter_reason});
  }
  Table sources({"power source", "found", "reason"});
  for (const auto& report : plan.rig->reports())
    sources.add({report.type, report.name.empty() ? "no" : "yes", report.reason});
  sources.paint("yes", Tone::good);
  sources.paint("no", Tone::quiet);
  return targets.text(style) + "\n" + corpus_text(plan) + "\n" + sources.text(style) + "\n" + power.text(style) +
         "\njournal " + plan.config.store.path + "\nlisten  " + plan.config.listen.host + ":" +
         std::to_string(plan.config.listen.port) + "\n";
}

}  // namespace ipw
