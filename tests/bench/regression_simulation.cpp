// How often the regression detector errs and how fast it is, on real verdicts resampled. Prints Markdown.
//   regression_simulation SHARED_FOLDER null YEARS SEED       false alarms in years without any change
//   regression_simulation SHARED_FOLDER falls|rises RUNS SEED queries until detection
//   regression_simulation SHARED_FOLDER churn RUNS SEED       items that flip for good, as many each way
//   regression_simulation SHARED_FOLDER drift YEARS SEED      whole cycles that differ for reasons of their own
//   regression_simulation SHARED_FOLDER recovery|acceptance RUNS SEED

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "exporter/regression/monitor.hpp"
#include "tests/support/panel_world.hpp"

namespace {

using namespace ipw;

constexpr std::size_t kPanel = 500;
constexpr std::uint64_t kYear = 525'960;  // queries of a trickle of 60/h
constexpr std::size_t kQuantities = 4;
constexpr std::array<const char*, 3> kModels{"llama-3.1-70b-instruct", "llama-3.1-8b-instruct",
                                             "phi-3-mini-4k-instruct"};
constexpr std::array<double, 3> kEnergyNoise{0.03, 0.1, 0.3};

struct Verdict {
  std::string id;
  bool correct;
};
using Verdicts = std::vector<Verdict>;

Verdicts verdicts_of(const std::filesystem::path& recording) {
  Verdicts verdicts;
  std::ifstream file(recording);
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    verdicts.push_back({record.at("id"), record.at("correct")});
  }
  return verdicts;
}

struct Setting {
  const Verdicts* verdicts;
  double discordance{0.06};  // of two replays
  double energy_noise{0.1};
  std::size_t cycles{5};
  double drift{0};  // between cycles
};

double flip_of(double discordance) {
  return (1 - std::sqrt(1 - 2 * discordance)) / 2;
}

PanelWorld world_of(const Setting& setting, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Verdicts panel;
  std::ranges::sample(*setting.verdicts, std::back_inserter(panel), kPanel, random);
  const double flip = flip_of(setting.discordance);
  std::vector<PanelWorld::Item> items;
  for (auto& verdict : panel)
    items.push_back({verdict.id, "all", verdict.correct ? 1 - flip : flip, 5 + normal(random), 1 + normal(random) / 2});
  return {std::move(items), {.energy = setting.energy_noise, .latency = 0.1, .cycle = setting.drift}, seed + 1};
}

std::shared_ptr<const PanelBaseline> baseline_of(PanelWorld& world, std::size_t cycles) {
  auto baseline = world.baseline(cycles);
  if (!baseline) std::abort();
  return std::make_shared<const PanelBaseline>(*std::move(baseline));
}

MonitorOptions options() {
  MonitorOptions options;
  options.queries_per_year = kYear;
  return options;
}

// "The ratio is 10 % below its own last day": correct per joule of the last hour and of the last 24.
class NaiveRule {
 public:
  bool add(double score, double joules) {
    push(hour_, hour_sum_, 60, {score, joules});
    push(day_, day_sum_, 1440, {score, joules});
    return day_.size() == 1440 && hour_sum_[0] * day_sum_[1] < 0.9 * day_sum_[0] * hour_sum_[1];
  }

 private:
  using Pair = std::array<double, 2>;
  static void push(std::deque<Pair>& values, Pair& sum, std::size_t most, Pair value) {
    values.push_back(value);
    for (std::size_t i = 0; i < 2; ++i) sum[i] += value[i];
    if (values.size() <= most) return;
    for (std::size_t i = 0; i < 2; ++i) sum[i] -= values.front()[i];
    values.pop_front();
  }
  std::deque<Pair> hour_, day_;
  Pair hour_sum_{}, day_sum_{};
};

std::size_t place_of(WatchedQuantity quantity, const PanelBaseline& baseline) {
  std::size_t place = 0;
  for (const auto& [tested, reference] : baseline.references()) {
    if (tested.quantity == quantity) return place;
    ++place;
  }
  std::abort();
}

// --- Years in which nothing changes ---

struct NullYear {
  std::array<std::uint64_t, kQuantities> alarms{};
  std::uint64_t naive{0};  // times that the naive rule began to hold
};

NullYear null_year(const Setting& setting, std::uint64_t seed) {
  auto world = world_of(setting, seed);
  const auto baseline = baseline_of(world, setting.cycles);
  RegressionMonitor monitor(baseline, options(), false);
  NaiveRule rule;
  NullYear year;
  bool held = false;
  for (std::uint64_t i = 0; i < kYear; ++i) {
    const auto& query = world.next();
    monitor.add(query);
    const bool holds = rule.add(query.score, query.energy.front().gross.value);
    year.naive += holds && !held ? 1 : 0;
    held = holds;
  }
  for (const auto quantity :
       {WatchedQuantity::accuracy, WatchedQuantity::energy, WatchedQuantity::latency, WatchedQuantity::ipj})
    year.alarms[static_cast<std::size_t>(quantity)] = monitor.alarms(place_of(quantity, *baseline));
  return year;
}

// Nine laws in turn, so that a run that is cut short has seen all of them.
void null_years(const std::vector<Verdicts>& models, std::uint64_t years, std::uint64_t seed) {
  std::printf("| model | discordance | energy sd | accuracy | energy | latency | ipj | naive |\n%s\n",
              "| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (std::uint64_t y = 0; y < years; ++y) {
    const auto m = y % 3, n = y / 3 % 3;
    const Setting setting{&models[m], (m + n) % 3 == 2 ? 0.12 : 0.06, kEnergyNoise[n], 5};
    const auto year = null_year(setting, seed * 1'000'003 + y * 1'009);
    std::printf("| %s | %.0f %% | %.0f %% | %lu | %lu | %lu | %lu | %lu |\n", kModels[m], 100 * setting.discordance,
                100 * setting.energy_noise, year.alarms[0], year.alarms[1], year.alarms[2], year.alarms[3], year.naive);
    std::fflush(stdout);
  }
}

void drift(const Verdicts& model, std::uint64_t years, std::uint64_t seed) {
  std::printf("| between cycles | baseline cycles | years | energy | ipj |\n| --- | --- | --- | --- | --- |\n");
  for (const double spread : {0.0, 0.005, 0.01, 0.02})
    for (const std::size_t cycles : {5UL, 10UL, 20UL}) {
      std::uint64_t energy = 0, ipj = 0;
      for (std::uint64_t y = 0; y < years; ++y) {
        const auto year = null_year({&model, 0.06, 0.1, cycles, spread}, seed * 1'000'003 + y * 1'009);
        energy += year.alarms[static_cast<std::size_t>(WatchedQuantity::energy)];
        ipj += year.alarms[static_cast<std::size_t>(WatchedQuantity::ipj)];
      }
      std::printf("| %.1f %% | %zu | %lu | %lu | %lu |\n", 100 * spread, cycles, years, energy, ipj);
      std::fflush(stdout);
    }
}

// --- Queries until detection ---

using ChangeLaw = std::function<void(PanelWorld&)>;
constexpr std::uint64_t kHorizon = 30'000;

struct Delays {
  std::vector<double> queries;  // kHorizon where nothing was found
  std::uint64_t found{0};
  void add(std::optional<std::uint64_t> delay) {
    queries.push_back(static_cast<double>(delay.value_or(kHorizon)));
    found += delay ? 1 : 0;
  }
  double mean() const {
    return std::accumulate(queries.begin(), queries.end(), 0.0) / static_cast<double>(queries.size());
  }
  double median() const {
    auto sorted = queries;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

struct Trial {
  std::optional<std::uint64_t> ours, naive;
};

Trial trial(const Setting& setting, WatchedQuantity quantity, const ChangeLaw& change, bool declared,
            std::uint64_t seed) {
  auto world = world_of(setting, seed);
  const auto baseline = baseline_of(world, setting.cycles);
  const auto place = place_of(quantity, *baseline);
  RegressionMonitor monitor(baseline, options(), declared);
  NaiveRule rule;
  const std::uint64_t before = declared ? 0 : 1'500 + seed % 1'000;
  for (std::uint64_t i = 0; i < before; ++i) {
    const auto& query = world.next();
    monitor.add(query);
    rule.add(query.score, query.energy.front().gross.value);
  }
  if (monitor.alarms(place) > 0) return trial(setting, quantity, change, declared, seed + 7'919);
  change(world);
  Trial result;
  for (std::uint64_t i = 1; i <= kHorizon && (!result.ours || (!declared && !result.naive && i <= 1'440)); ++i) {
    const auto& query = world.next();
    if (!result.ours) monitor.add(query);
    if (!result.ours && monitor.alarms(place) > 0) result.ours = i;
    if (rule.add(query.score, query.energy.front().gross.value) && !result.naive) result.naive = i;
  }
  return result;
}

// The bound where the baseline's own noise counts as well: M items seen C times tell a shift no better than M·C
// queries.
double with_baseline(double bound, double cycles) {
  if (bound * (1 + 1 / cycles) <= kPanel) return bound * (1 + 1 / cycles);
  const double inverse = kPanel / bound - 1 / cycles;
  return inverse > 0 ? kPanel / inverse : HUGE_VAL;
}

void row(const char* name, const Setting& setting, WatchedQuantity quantity, const ChangeLaw& change,
         const std::function<double(double)>& bound, std::uint64_t runs, std::uint64_t seed) {
  Delays unknown, declared, naive;
  for (std::uint64_t run = 0; run < runs; ++run) {
    const auto at = seed * 1'000'003 + run * 31;
    const auto seen = trial(setting, quantity, change, false, at);
    unknown.add(seen.ours);
    naive.add(seen.naive);
    declared.add(trial(setting, quantity, change, true, at + 17).ours);
  }
  const double share = 1.0 / kQuantities, rate = kYear;
  const double bound_unknown = bound(std::log(rate / share)), bound_declared = bound(std::log(24 / share));
  std::printf(
      "| %s | %.0f %% | %.0f %% | %zu | %.0f | %.0f | %.0f | %.0f | %.0f %% | %.2f | %.0f | %.0f | %.0f | %.0f %% | "
      "%.0f (%.0f %%) |\n",
      name, 100 * setting.discordance, 100 * setting.energy_noise, setting.cycles, bound_unknown,
      with_baseline(bound_unknown, static_cast<double>(setting.cycles)), unknown.median(), unknown.mean(),
      100.0 * static_cast<double>(unknown.found) / static_cast<double>(runs), unknown.mean() / bound_unknown,
      bound_declared, declared.median(), declared.mean(),
      100.0 * static_cast<double>(declared.found) / static_cast<double>(runs), naive.median(),
      100.0 * static_cast<double>(naive.found) / static_cast<double>(runs));
  std::fflush(stdout);
}

void head() {
  std::printf(
      "| change | discordance | energy sd | cycles | bound | with baseline | median | mean | found | mean/bound | "
      "declared: bound "
      "| median | mean | found | naive: median (found) |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
}

double mean_right(const PanelWorld& world) {
  double sum = 0;
  for (const auto& item : world.items) sum += item.right;
  return sum / static_cast<double>(world.items.size());
}

double divergence(double p, double q) {
  return p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
}

// Information after so many queries that reaches `needed`: by whole and broken cycles of the panel.
double queries_for(double needed, const std::function<double(int)>& per_item) {
  double before = 0;
  for (int visits = 1; visits < 200; ++visits) {
    const double now = per_item(visits);
    if (now * kPanel >= needed) return kPanel * (visits - 1 + (needed / kPanel - before) / (now - before));
    before = now;
  }
  return HUGE_VAL;
}

// A fall of `points` in which every item loses the same part of its chance; or in which right items flip for good.
double loss_bound(double points, double accuracy, double flip, double needed) {
  const double right = (accuracy - flip) / (1 - 2 * flip), kept = 1 - points / accuracy;
  return needed / (right * divergence((1 - flip) * kept, 1 - flip) + (1 - right) * divergence(flip * kept, flip));
}
double flips_bound(double points, double accuracy, double flip, double needed) {
  const double right = (accuracy - flip) / (1 - 2 * flip), flipped = points / (1 - 2 * flip) / right;
  return queries_for(needed, [=](int visits) {
    double information = 0, ways = 1;
    for (int k = 0; k <= visits; ++k) {  // wrong answers of a right item
      const double null = ways * std::pow(flip, k) * std::pow(1 - flip, visits - k);
      const double turned = ways * std::pow(1 - flip, k) * std::pow(flip, visits - k);
      const double changed = (1 - flipped) * null + flipped * turned;
      information += changed * std::log(changed / null);
      ways *= static_cast<double>(visits - k) / (k + 1);
    }
    return right * information;
  });
}

// That share of the panel that was right is wrong from now on; and as much the other way round, if `both`.
void flip_for_good(PanelWorld& world, double share, bool both) {
  const auto count = std::lround(share * static_cast<double>(world.items.size()));
  std::mt19937_64 random(static_cast<std::uint64_t>(world.uniform() * 1e15));
  std::vector<PanelWorld::Item*> right, wrong, chosen;
  for (auto& item : world.items) (item.right > 0.5 ? right : wrong).push_back(&item);
  std::ranges::sample(right, std::back_inserter(chosen), count, random);
  if (both) std::ranges::sample(wrong, std::back_inserter(chosen), count, random);
  for (auto* item : chosen) item->right = 1 - item->right;
}

void fall_rows(const Verdicts& model, double accuracy, double points, const Setting& base,
               std::array<std::uint64_t, 2> runs_and_seed) {
  const auto [runs, seed] = runs_and_seed;
  Setting setting = base;
  setting.verdicts = &model;
  const double flip = flip_of(setting.discordance), at = accuracy * (1 - 2 * flip) + flip;
  char name[64];
  std::snprintf(name, sizeof name, "−%.0f points, chances", 100 * points);
  row(
      name, setting, WatchedQuantity::accuracy,
      [points](PanelWorld& world) {
        const double kept = 1 - points / mean_right(world);
        for (auto& item : world.items) item.right *= kept;
      },
      [=](double needed) { return loss_bound(points, at, flip, needed); }, runs, seed);
  std::snprintf(name, sizeof name, "−%.0f points, flips", 100 * points);
  row(
      name, setting, WatchedQuantity::accuracy,
      [=](PanelWorld& world) { flip_for_good(world, points / (1 - 2 * flip), false); },
      [=](double needed) { return flips_bound(points, at, flip, needed); }, runs, seed);
}

void falls(const Verdicts& model, std::uint64_t runs, std::uint64_t seed) {
  double correct = 0;
  for (const auto& verdict : model) correct += verdict.correct ? 1 : 0;
  const double accuracy = correct / static_cast<double>(model.size());
  head();
  for (const double discordance : {0.06, 0.12})
    for (const std::size_t cycles : {5UL, 10UL, 20UL})
      for (const double points : {0.02, 0.03, 0.05})
        fall_rows(model, accuracy, points, {&model, discordance, 0.1, cycles}, {runs, seed});
}

void rises(const Verdicts& model, std::uint64_t runs, std::uint64_t seed) {
  head();
  for (const double noise : kEnergyNoise)
    for (const std::size_t cycles : {5UL, 10UL, 20UL})
      for (const double rise : {0.02, 0.05, 0.1}) {
        const double shift = std::log1p(rise);
        char name[32];
        std::snprintf(name, sizeof name, "+%.0f %% energy", 100 * rise);
        row(
            name, {&model, 0.06, noise, cycles}, WatchedQuantity::energy,
            [shift](PanelWorld& world) {
              for (auto& item : world.items) item.log_joules += shift;
            },
            [=](double needed) { return needed / (shift * shift / 2 / noise / noise); }, runs, seed);
      }
}

// --- Items that flip for good, as many each way ---

void churn(const Verdicts& model, std::uint64_t runs, std::uint64_t seed) {
  std::printf(
      "| churn | epoch | runs | accuracy alarms in 20 cycles | energy | latency | ipj |\n| --- | --- | --- | --- | --- "
      "| --- | --- |\n");
  for (const double share : {0.0, 0.06, 0.12})
    for (const bool declared : {true, false}) {
      std::array<std::uint64_t, kQuantities> alarms{};
      for (std::uint64_t run = 0; run < runs; ++run) {
        const Setting setting{&model, 0.06, 0.1, 5};
        auto world = world_of(setting, seed * 1'000'003 + run * 31);
        const auto baseline = baseline_of(world, setting.cycles);
        RegressionMonitor monitor(baseline, options(), declared);
        flip_for_good(world, share / 2, true);
        for (std::size_t i = 0; share > 0 && i < kPanel; i += 2) {  // and so do joules, by 20 %, in pairs
          const double moved = 0.2 * world.normal();
          world.items[i].log_joules += moved;
          world.items[i + 1].log_joules -= moved;
        }
        for (std::size_t i = 0; i < 20 * kPanel; ++i) monitor.add(world.next());
        for (const auto quantity :
             {WatchedQuantity::accuracy, WatchedQuantity::energy, WatchedQuantity::latency, WatchedQuantity::ipj})
          alarms[static_cast<std::size_t>(quantity)] += monitor.alarms(place_of(quantity, *baseline)) > 0 ? 1 : 0;
      }
      std::printf("| %.0f %% | %s | %lu | %lu | %lu | %lu | %lu |\n", 100 * share, declared ? "declared" : "unknown",
                  runs, alarms[0], alarms[1], alarms[2], alarms[3]);
      std::fflush(stdout);
    }
}

// --- The way back, and acceptance ---

struct Law {
  const char* name;
  WatchedQuantity quantity;
  double points, rise;
};
constexpr std::array<Law, 5> kLaws{{{"−3 points", WatchedQuantity::accuracy, 0.03, 0},
                                    {"−5 points", WatchedQuantity::accuracy, 0.05, 0},
                                    {"+2 % energy", WatchedQuantity::energy, 0, 0.02},
                                    {"+5 % energy", WatchedQuantity::energy, 0, 0.05},
                                    {"+10 % energy", WatchedQuantity::energy, 0, 0.1}}};

void apply(PanelWorld& world, const Law& law) {
  const double kept = 1 - law.points / mean_right(world);
  for (auto& item : world.items) {
    item.right *= kept;
    item.log_joules += std::log1p(law.rise);
  }
}

void recovery(const Verdicts& model, std::uint64_t runs, std::uint64_t seed) {
  std::printf(
      "| change | cycles | runs | median until `ok` again | mean | found | `ok` while still worse, 20 cycles |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const auto& law : kLaws)
    for (const std::size_t cycles : {5UL, 10UL, 20UL}) {
      Delays back;
      std::uint64_t wrongly = 0;
      for (std::uint64_t run = 0; run < 2 * runs; ++run) {
        auto world = world_of({&model, 0.06, 0.1, cycles}, seed * 1'000'003 + run * 31);
        const auto baseline = baseline_of(world, cycles);
        const auto place = place_of(law.quantity, *baseline);
        RegressionMonitor monitor(baseline, options(), false);
        const auto before = world.items;
        apply(world, law);
        for (std::uint64_t i = 0; i < kHorizon && !monitor.regressed(place); ++i) monitor.add(world.next());
        if (!monitor.regressed(place)) continue;
        const bool comes_back = run % 2 == 0;
        if (comes_back) world.items = before;
        std::uint64_t i = 0;
        while (i < (comes_back ? kHorizon : 20 * kPanel) && monitor.regressed(place)) monitor.add(world.next()), ++i;
        if (comes_back) back.add(monitor.regressed(place) ? std::nullopt : std::optional(i));
        if (!comes_back && !monitor.regressed(place)) ++wrongly;
      }
      if (back.queries.empty()) continue;
      std::printf("| %s | %zu | %zu | %.0f | %.0f | %lu | %lu |\n", law.name, cycles, back.queries.size(),
                  back.median(), back.mean(), back.found, wrongly);
      std::fflush(stdout);
    }
}

// Queries until an epoch is shown to be no worse; and how often one is accepted that is worse by just the margin.
void acceptance(const Verdicts& model, std::uint64_t runs, std::uint64_t seed) {
  std::printf("| quantity | cycles | median | accepted in 20 cycles | wrongly, of those at the margin |\n");
  std::printf("| --- | --- | --- | --- | --- |\n");
  for (const Law& law :
       {Law{"accuracy", WatchedQuantity::accuracy, 0.01, 0}, Law{"energy", WatchedQuantity::energy, 0, 0.02}})
    for (const std::size_t cycles : {5UL, 10UL, 20UL}) {
      std::array<Delays, 2> until;  // unchanged, at the margin
      for (std::uint64_t run = 0; run < 2 * runs; ++run) {
        auto world = world_of({&model, 0.06, 0.1, cycles}, seed * 1'000'003 + run * 31);
        const auto baseline = baseline_of(world, cycles);
        const auto place = place_of(law.quantity, *baseline);
        RegressionMonitor monitor(baseline, options(), true);
        if (run % 2 == 1) apply(world, law);
        std::uint64_t i = 0;
        while (i < 20 * kPanel && !monitor.no_worse(place)) monitor.add(world.next()), ++i;
        until[run % 2].add(monitor.no_worse(place) ? std::optional(i) : std::nullopt);
      }
      std::printf("| %s | %zu | %.0f | %.0f %% | %.1f %% |\n", law.name, cycles, until[0].median(),
                  100.0 * static_cast<double>(until[0].found) / static_cast<double>(runs),
                  100.0 * static_cast<double>(until[1].found) / static_cast<double>(runs));
      std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(
        stderr,
        "usage: regression_simulation SHARED_FOLDER null|drift|falls|rises|churn|recovery|acceptance COUNT SEED\n");
    return 2;
  }
  std::vector<Verdicts> models;
  for (const auto* model : kModels) {
    const auto path = std::filesystem::path(argv[1]) / "recordings" / "mmlu-pro" / (std::string(model) + ".jsonl");
    if (!std::filesystem::exists(path)) {
      std::fprintf(stderr, "skipped: no %s\n", path.c_str());
      return 0;
    }
    models.push_back(verdicts_of(path));
  }
  const std::string what = argv[2];
  const auto count = std::strtoul(argv[3], nullptr, 10), seed = std::strtoul(argv[4], nullptr, 10);
  if (what == "null") null_years(models, count, seed);
  if (what == "drift") drift(models[1], count, seed);
  if (what == "falls") falls(models[1], count, seed);
  if (what == "rises") rises(models[1], count, seed);
  if (what == "churn") churn(models[1], count, seed);
  if (what == "recovery") recovery(models[1], count, seed);
  if (what == "acceptance") acceptance(models[1], count, seed);
}
