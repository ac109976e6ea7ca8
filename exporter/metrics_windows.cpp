#include "exporter/metrics_builder.hpp"

namespace ipw::metrics {
namespace {

using enum prometheus::MetricType;

// A figure's family, and those of its bounds.
class BoundedFamily {
 public:
  BoundedFamily(const std::string& name, const std::string& help)
      : value_(name, help, Gauge),
        lower_(name + "_lower", "Lower 95 % bound of " + name + ".", Gauge),
        upper_(name + "_upper", "Upper 95 % bound of " + name + ".", Gauge) {}

  void add(const Labels& labels, const std::optional<Estimate>& figure) {
    if (!figure) return;
    value_.add(labels, figure->value);
    lower_.add(labels, figure->bounds.lower);
    upper_.add(labels, figure->bounds.upper);
  }
  void move_to(const Sink& out) {
    for (auto* family : {&value_, &lower_, &upper_}) family->move_to(out);
  }

 private:
  Family value_, lower_, upper_;
};

// How far the round through the panel is: a target that does not get round has no new answer to some of its questions.
void add_cycles(const std::vector<TargetSnapshot>& targets, const std::vector<Labels>& names, const Sink& out) {
  Family number("ipw_cycle_number", "The cycle through the corpus or panel that is under way; the first is 0.", Gauge);
  Family progress("ipw_cycle_progress_ratio", "The share of its queries that have ended.", Gauge);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    number.add(names[t], targets[t].cycle);
    const auto all = targets[t].info.replayed.queries();
    if (all > 0) progress.add(names[t], static_cast<double>(targets[t].cycle_done) / static_cast<double>(all));
  }
  number.move_to(out);
  progress.move_to(out);
}

}  // namespace

void add_windows(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out) {
  BoundedFamily accuracy("ipw_accuracy_ratio", "Mean score of the window's judged queries.");
  BoundedFamily per_joule("ipw_intelligence_per_joule", "Score over gross joules of the window's metered queries.");
  BoundedFamily per_watt("ipw_intelligence_per_watt",
                         "Score over mean power of the window's metered queries, each query's power counted once or "
                         "weighted by time.");
  BoundedFamily joules("ipw_joules_per_query", "Mean gross joules of the window's metered queries.");
  Family judged("ipw_window_queries", "Judged queries in the window.", Gauge);
  Family metered("ipw_window_metered_queries", "Metered queries in the window.", Gauge);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    if (!snapshot.targets[t].windows) continue;
    for (const auto& window : *snapshot.targets[t].windows) {
      const auto named = labels(targets[t], {{"window", window.window}});
      accuracy.add(named, window.all.accuracy);
      judged.add(named, window.all.queries);
      for (const auto& [energy, figures] : window.all.energy) {
        const auto scoped = labels(named, {{"scope", to_text(energy.first)}, {"quality", to_text(energy.second)}});
        per_joule.add(scoped, figures.per_joule);
        joules.add(scoped, figures.joules_per_query);
        per_watt.add(labels(scoped, {{"weighting", "query"}}), figures.per_watt_by_query);
        per_watt.add(labels(scoped, {{"weighting", "time"}}), figures.per_watt_by_time);
        metered.add(scoped, figures.queries);
      }
    }
  }
  for (auto* family : {&accuracy, &per_joule, &per_watt, &joules}) family->move_to(out);
  judged.move_to(out);
  metered.move_to(out);
  add_cycles(snapshot.targets, targets, out);
}

}  // namespace ipw::metrics
