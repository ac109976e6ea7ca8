#include <cstdio>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/judge_room.hpp"
#include "exporter/config.hpp"
#include "exporter/stop_signal.hpp"
#include "exporter/store/journal.hpp"
#include "exporter/store/journal_verdicts.hpp"
#include "replay/corpus.hpp"

namespace ipw {
namespace {

constexpr std::size_t kStoreAtOnce = 100;

struct OpenAnswer {
  std::string attempt_id;
  std::shared_ptr<const std::string> answer;
};
using OpenAnswers = std::unordered_multimap<std::string, OpenAnswer>;  // by query

// Answered for good, and not judged or not by a judge that could.
bool is_open(const AttemptRecord& record) {
  return record.final && replay::answered(record.outcome) &&
         (!record.verdict || record.verdict == replay::VerdictKind::judge_error);
}

Result<OpenAnswers> find_open(const Journal& journal, const std::string& corpus, std::uint64_t& without_answer) {
  OpenAnswers open;
  const auto read = journal.for_each([&](const AttemptRecord& record) {
    if (!is_open(record) || record.corpus != corpus) return true;
    if (record.answer.empty())
      ++without_answer;
    else
      open.emplace(record.query_id, OpenAnswer{record.id, std::make_shared<const std::string>(record.answer)});
    return true;
  });
  if (!read) return read.error();
  return open;
}

// Takes verdicts from any thread, and stores some at a time.
class VerdictBasket {
 public:
  explicit VerdictBasket(Journal& journal) : journal_(journal) {}

  void add(LateVerdict late) {
    std::lock_guard lock(mutex_);
    failed_ += late.verdict.kind == replay::VerdictKind::judge_error ? 1 : 0;
    ++all_;
    waiting_.push_back(std::move(late));
    if (waiting_.size() >= kStoreAtOnce) store();
  }
  // REQUIRES: nothing is added any more.
  Result<void> finish() {
    if (stored_) store();
    return stored_;
  }
  std::uint64_t all() const { return all_; }
  std::uint64_t failed() const { return failed_; }

 private:
  void store() {
    stored_ = journal_.judge(waiting_);
    if (stored_) waiting_.clear();
  }
  Journal& journal_;
  std::mutex mutex_;
  std::vector<LateVerdict> waiting_;
  Result<void> stored_;
  std::uint64_t all_{0}, failed_{0};
};

Result<void> judge_open(const Config& config, const OpenAnswers& open, JudgeRoom& room, VerdictBasket& basket) {
  const auto reader = replay::CorpusReader::open(config.corpus.paths);
  if (!reader) return reader.error();
  const StopSignal signal;
  while (!signal.token().stop_requested()) {
    auto next = (*reader)->next();
    if (!next) return next.error();
    if (!*next) break;
    const auto [first, last] = open.equal_range((*next)->id);
    if (first == last) continue;
    if (auto ok = room.accepts(**next); !ok) return ok;
    const auto item = std::make_shared<const replay::CorpusItem>(std::move(**next));
    for (auto one = first; one != last; ++one)
      room.judge({item, one->second.answer},
                 [&room, &basket, item, one](replay::Verdict verdict, const std::string& judge) {
                   const auto control = room.bench().control(*item, *one->second.answer);
                   basket.add({one->second.attempt_id, std::move(verdict), judge, control});
                 });
  }
  room.finish(signal.token());
  return basket.finish();
}

}  // namespace

int judge_journal(const JudgeOptions& options) {
  const auto config = load_config(options.config);
  if (!config) return fail(config.error());
  const auto journal = Journal::open({.path = options.journal, .keep_answers = true, .read_only = false});
  if (!journal) return fail(journal.error());
  std::uint64_t without_answer = 0;
  const auto open = find_open(**journal, config->corpus.name, without_answer);
  if (!open) return fail(open.error());
  VerdictBasket basket(**journal);  // outlives the room
  const auto rival = [&](const std::string& target, const std::string& query) {
    return (*journal)->answer(target, config->corpus.name, query);
  };
  auto room = JudgeRoom::open({options.config, std::make_shared<JournalVerdicts>(**journal), rival});
  if (!room) return fail(room.error());
  if (auto ok = judge_open(*config, *open, **room, basket); !ok) return fail(ok.error());

  const auto judged = basket.all() - basket.failed();
  const auto all = open->size() + without_answer;
  std::printf("judged %llu of %llu open answers\n", static_cast<unsigned long long>(judged),
              static_cast<unsigned long long>(all));
  if (basket.failed() > 0)
    std::fprintf(stderr, "%llu could not be judged; `export` tells why\n",
                 static_cast<unsigned long long>(basket.failed()));
  if (without_answer > 0)
    std::fprintf(stderr, "%llu have no answer in the journal (`store.keep_answers` was false)\n",
                 static_cast<unsigned long long>(without_answer));
  return judged == all ? kSuccess : kFailed;
}

}  // namespace ipw
