#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/commands.hpp"
#include "exporter/commands/table.hpp"
#include "replay/corpus.hpp"
#include "replay/judge.hpp"
#include "replay/recordings.hpp"

namespace ipw {
namespace {

struct Tally {
  std::array<std::uint64_t, replay::kVerdictKinds> by_kind{};
  double score{0};
  std::uint64_t all{0};
};

void print_line(const std::string& id, const replay::Verdict& verdict) {
  const nlohmann::ordered_json line = {
      {"id", id}, {"verdict", to_text(verdict.kind)}, {"score", verdict.score}, {"reason", verdict.reason}};
  std::puts(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

void print_tally(const Tally& tally) {
  Table table({"verdict", "answers", "share"});
  for (std::size_t i = 0; i < tally.by_kind.size(); ++i)
    table.add({std::string(to_text(static_cast<replay::VerdictKind>(i))), std::to_string(tally.by_kind[i]),
               percent(static_cast<double>(tally.by_kind[i]) / static_cast<double>(tally.all))});
  const auto bounds = wilson(tally.score, static_cast<double>(tally.all));
  std::printf("%s\naccuracy %.2f %%  (95 %%: %.2f to %.2f)  of %llu\n", table.text().c_str(),
              100 * tally.score / static_cast<double>(tally.all), 100 * bounds.lower, 100 * bounds.upper,
              static_cast<unsigned long long>(tally.all));
}

}  // namespace

int judge_command(const JudgeOptions& options) {
  auto bench = replay::Bench::open(Options::none());
  if (!bench) return fail(bench.error());
  auto recordings = replay::Recordings::load(options.answers, options.corpus);
  if (!recordings) return fail(recordings.error());
  auto reader = replay::CorpusReader::open(options.corpus);
  if (!reader) return fail(reader.error());

  Tally tally;
  std::uint64_t missing = 0;
  for (;;) {
    auto item = (*reader)->next();
    if (!item) return fail(item.error());
    if (!*item) break;
    if (auto ok = (*bench)->accepts(**item); !ok) return fail(ok.error());
    const auto answer = (*recordings)->find((*item)->id, {});
    if (!answer) {
      ++missing;
      continue;
    }
    const auto verdict = (*bench)->judge(**item, *answer);
    ++tally.all;
    ++tally.by_kind[static_cast<std::size_t>(verdict.kind)];
    tally.score += verdict.score;
    if (options.json) print_line((*item)->id, verdict);
  }
  if (missing > 0)
    std::fprintf(stderr, "%s has no answer to %llu of the corpus's queries: they are not counted\n",
                 options.answers.c_str(), static_cast<unsigned long long>(missing));
  if (tally.all == 0) return fail({Errc::invalid, options.answers + ": no answer belongs to a query of this corpus"});
  if (!options.json) print_tally(tally);
  return kSuccess;
}

}  // namespace ipw
