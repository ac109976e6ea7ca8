#include <algorithm>
#include <charconv>
#include <cstdio>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/table.hpp"
#include "exporter/config.hpp"
#include "exporter/regression/baseline_history.hpp"

namespace ipw {
namespace {

// The journal of a configuration, and one of its targets.
struct Opened {
  Config config;
  std::unique_ptr<Journal> journal;
  EpochStore store;
  std::vector<BaselineEntry> entries;
};

Result<Opened> open(const BaselineOptions& options, Database::Mode mode) {
  auto config = load_config(options.config);
  if (!config) return config.error();
  const auto path = config->store.path;
  auto journal = Journal::open({.path = path, .keep_answers = true, .read_only = true});
  if (!journal) return journal.error();
  auto store = EpochStore::open(path, mode);
  if (!store) return store.error();
  auto entries = store->baselines();
  if (!entries) return entries.error();
  return Opened{std::move(*config), std::move(*journal), std::move(*store), std::move(*entries)};
}

Result<std::string> target_of(const Config& config, const std::string& wanted) {
  std::string all;
  for (const auto& target : config.targets) {
    if (target.name == wanted) return wanted;
    all += (all.empty() ? "" : ", ") + target.name;
  }
  if (!wanted.empty()) return Error{Errc::invalid, "there is no target `" + wanted + "`; the targets are: " + all};
  if (config.targets.size() == 1) return config.targets.front().name;
  return Error{Errc::invalid, "say which target with --target; the targets are: " + all};
}

std::string cycles_text(const BaselineEntry& entry) {
  if (entry.origin == BaselineOrigin::cleared) return "-";
  return std::to_string(entry.first_cycle) + "-" + std::to_string(entry.last_cycle);
}

// "A-B". Errors: invalid.
Result<void> read_cycles(const std::string& text, BaselineEntry& entry) {
  const auto dash = text.find('-');
  const auto number = [](std::string_view digits, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size();
  };
  const std::string_view view(text);
  if (dash == std::string::npos || !number(view.substr(0, dash), entry.first_cycle) ||
      !number(view.substr(dash + 1), entry.last_cycle) || entry.last_cycle < entry.first_cycle)
    return Error{Errc::invalid, "--cycles: expected FIRST-LAST such as 0-4, got `" + text + "`"};
  return {};
}

constexpr std::size_t kMostPinned = 20;

// The newest whole cycles of what runs now. `waits`: cycles that are still to come will do as well.
Result<void> choose_cycles(const Journal& journal, BaselineEntry& entry, bool waits) {
  const auto sizes = cycles_of(journal, entry);
  if (!sizes) return sizes.error();
  const auto whole = whole_cycles(*sizes);
  if (whole.size() >= kBaselineCycles) {
    entry.first_cycle = whole[whole.size() - std::min(whole.size(), kMostPinned)];
    entry.last_cycle = whole.back();
    return {};
  }
  if (!waits)
    return Error{Errc::unavailable, "epoch " + entry.epoch + " has " + std::to_string(whole.size()) +
                                        " whole cycles, and a baseline needs " + std::to_string(kBaselineCycles) +
                                        ": wait for them, or use `baseline accept`, which waits by itself"};
  entry.first_cycle = whole.empty() ? sizes->empty() ? 0 : sizes->begin()->first : whole.front();
  entry.last_cycle = entry.first_cycle + kBaselineCycles - 1;
  return {};
}

int set_baseline(const BaselineOptions& options, BaselineOrigin origin) {
  auto opened = open(options, Database::Mode::read_write);
  if (!opened) return fail(opened.error());
  const auto target = target_of(opened->config, options.target);
  if (!target) return fail(target.error());
  BaselineEntry entry{.number = 0,
                      .target = *target,
                      .corpus = opened->config.corpus.name,
                      .epoch = {},
                      .origin = origin,
                      .since = WallTime::clock::now()};
  if (origin != BaselineOrigin::cleared) {
    const auto epochs = opened->store.epochs(*target);
    if (!epochs) return fail(epochs.error());
    if (epochs->empty())
      return fail({Errc::unavailable, "the journal has no query of target `" + *target + "` yet: `run` it first"});
    entry.epoch = epochs->back().digest;
    const bool waits = origin == BaselineOrigin::accepted;
    auto chosen =
        options.cycles.empty() ? choose_cycles(*opened->journal, entry, waits) : read_cycles(options.cycles, entry);
    if (!chosen) return fail(chosen.error());
    const auto panel = baseline_of(*opened->journal, entry);
    if (!panel && !(waits && panel.error().code == Errc::unavailable)) return fail(panel.error());
  }
  if (auto ok = opened->store.add(entry); !ok) return fail(ok.error());
  if (origin == BaselineOrigin::cleared)
    std::printf("target %s has no baseline now\n", target->c_str());
  else
    std::printf("baseline of target %s: cycles %s of epoch %s, %s\n", target->c_str(), cycles_text(entry).c_str(),
                entry.epoch.c_str(), std::string(to_text(origin)).c_str());
  return kSuccess;
}

void print_references(const PanelBaseline& panel) {
  Table table({"quantity", "scope", "items", "sd of a repeat"});
  for (const auto& [tested, reference] : panel.references())
    table.add({std::string(to_text(tested.quantity)), tested.metered ? std::string(to_text(tested.metered->scope)) : "",
               std::to_string(reference.known_items()), percent(std::sqrt(reference.variance()))});
  std::printf("%zu items, %zu cycles, accuracy %s\n\n%s", panel.items().size(), panel.cycles(),
              percent(panel.mean_score()).c_str(), table.text().c_str());
}

}  // namespace

int baseline_list_command(const BaselineOptions& options) {
  const auto opened = open(options, Database::Mode::read_only);
  if (!opened) return fail(opened.error());
  Table table({"target", "corpus", "epoch", "cycles", "origin", "since", ""});
  for (const auto& entry : opened->entries) {
    const auto current = current_baseline(opened->entries, entry.target, entry.corpus);
    table.add({entry.target, entry.corpus, entry.epoch, cycles_text(entry), std::string(to_text(entry.origin)),
               rfc3339(entry.since).substr(0, 19) + "Z", current && current->number == entry.number ? "current" : ""});
  }
  if (opened->entries.empty())
    std::printf("no baseline yet: `run` makes one of the first cycles, or `baseline pin` does\n");
  else
    std::printf("%s", table.text().c_str());
  return kSuccess;
}

int baseline_show_command(const BaselineOptions& options) {
  auto opened = open(options, Database::Mode::read_only);
  if (!opened) return fail(opened.error());
  const auto target = target_of(opened->config, options.target);
  if (!target) return fail(target.error());
  const auto entry = current_baseline(opened->entries, *target, opened->config.corpus.name);
  if (!entry) {
    std::printf("target %s has no baseline\n", target->c_str());
    return kSuccess;
  }
  std::printf("target %s: cycles %s of epoch %s, %s\n", target->c_str(), cycles_text(*entry).c_str(),
              entry->epoch.c_str(), std::string(to_text(entry->origin)).c_str());
  if (const auto epochs = opened->store.epochs(*target)) {
    const auto epoch = std::ranges::find(*epochs, entry->epoch, &Epoch::digest);
    if (epoch != epochs->end())
      for (const auto& [name, value] : epoch->facts) std::printf("  %s: %s\n", name.c_str(), value.c_str());
  }
  const auto panel = baseline_of(*opened->journal, *entry);
  if (!panel) return fail(panel.error());
  print_references(*panel);
  return kSuccess;
}

int baseline_pin_command(const BaselineOptions& options) {
  return set_baseline(options, BaselineOrigin::pinned);
}

int baseline_accept_command(const BaselineOptions& options) {
  return set_baseline(options, BaselineOrigin::accepted);
}

int baseline_clear_command(const BaselineOptions& options) {
  return set_baseline(options, BaselineOrigin::cleared);
}

}  // namespace ipw
