#include <array>
#include <cstdio>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/commands.hpp"
#include "exporter/commands/judge_room.hpp"
#include "exporter/commands/table.hpp"
#include "exporter/stop_signal.hpp"
#include "replay/corpus.hpp"
#include "replay/recordings.hpp"

namespace ipw {
namespace {

struct Tally {
  std::array<std::uint64_t, replay::kVerdictKinds> by_kind{};
  double score{0};
  std::uint64_t all{0};

  void add(const replay::Verdict& verdict) {
    ++all;
    ++by_kind[static_cast<std::size_t>(verdict.kind)];
    score += verdict.score;
  }
};

struct Judged {
  std::string id;
  std::optional<replay::Verdict> verdict;  // nothing yet, or it never came
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

// Every item of the corpus that has a recorded answer, in the order of the corpus; then waits for the verdicts.
Result<std::uint64_t> judge_all(const JudgeOptions& options, JudgeRoom& room, std::deque<Judged>& judged) {
  const auto recordings = replay::Recordings::load(options.answers, options.corpus);
  if (!recordings) return recordings.error();
  const auto reader = replay::CorpusReader::open(options.corpus);
  if (!reader) return reader.error();
  const StopSignal signal;
  std::uint64_t missing = 0;
  while (!signal.token().stop_requested()) {
    auto item = (*reader)->next();
    if (!item) return item.error();
    if (!*item) break;
    if (auto ok = room.accepts(**item); !ok) return ok.error();
    const auto answer = (*recordings)->find((*item)->id, {});
    if (!answer) {
      ++missing;
      continue;
    }
    auto& slot = judged.emplace_back(Judged{(*item)->id, {}});
    room.judge(
        {std::make_shared<const replay::CorpusItem>(std::move(**item)), std::make_shared<const std::string>(*answer)},
        [&slot](replay::Verdict verdict, const std::string&) { slot.verdict = std::move(verdict); });
  }
  room.finish(signal.token());
  return missing;
}

int judge_answers(const JudgeOptions& options) {
  if (options.corpus.empty() || options.answers.empty())
    return fail({Errc::invalid, "judge: give --corpus and --answers, or --journal and --config"});
  std::deque<Judged> judged;  // outlives the room
  auto room = JudgeRoom::open({options.config, std::make_shared<replay::VerdictMemory>()});
  if (!room) return fail(room.error());
  const auto missing = judge_all(options, **room, judged);
  if (!missing) return fail(missing.error());

  Tally tally;
  for (const auto& [id, verdict] : judged) {
    if (!verdict) continue;
    tally.add(*verdict);
    if (options.json) print_line(id, *verdict);
  }
  if (*missing > 0)
    std::fprintf(stderr, "%s has no answer to %llu of the corpus's queries: they are not counted\n",
                 options.answers.c_str(), static_cast<unsigned long long>(*missing));
  if (const auto open = judged.size() - tally.all; open > 0)
    std::fprintf(stderr, "stopped: %zu answers are not judged, and not counted\n", open);
  if (tally.all == 0) return fail({Errc::invalid, options.answers + ": no answer belongs to a query of this corpus"});
  if (!options.json) print_tally(tally);
  return kSuccess;
}

}  // namespace

int judge_command(const JudgeOptions& options) {
  return options.journal.empty() ? judge_answers(options) : judge_journal(options);
}

}  // namespace ipw
