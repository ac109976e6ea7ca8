#include "exporter/commands/plan_text.hpp"

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

}  // namespace

std::string plan_text(const Plan& plan) {
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
  return targets.text() + "\n" + "corpus " + plan.config.corpus.name + ": " + std::to_string(plan.corpus.items) +
         " queries\n  judges    " + counts_text(plan.corpus.by_judge) + "\n  subjects  " +
         counts_text(plan.corpus.by_subject) + "\n  languages " + counts_text(plan.corpus.by_language) + "\n\n" +
         sources.text() + "\n" + power.text() + "\njournal " + plan.config.store.path + "\nlisten  " +
         plan.config.listen.host + ":" + std::to_string(plan.config.listen.port) + "\n";
}

}  // namespace ipw
