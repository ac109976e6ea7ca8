#include "exporter/accounting/ledger.hpp"

#include <algorithm>
#include <utility>

namespace ipw {
namespace {

constexpr std::size_t kSlices = 64;
constexpr std::size_t kValuesOfField = 32;
constexpr std::string_view kYesOrNo = "llm";  // the judge whose verdicts can be checked
constexpr std::size_t kEpochs = 8;            // remembered for queries that are still under way

template <class Enum>
std::size_t index(Enum e) {
  return static_cast<std::size_t>(e);
}

TargetSnapshot fresh(const LedgerTarget& target) {
  TargetSnapshot counts;
  counts.info = target.info;
  for (const auto& labels : target.metered_scopes) counts.energy[labels];
  if (target.pricing) counts.cost_usd = 0;
  if (target.until_success > 1) counts.failures.emplace(failure_buckets());
  counts.cycle = target.first_cycle;
  counts.cycle_done = target.done_before;
  counts.recent_failures = target.failures;
  return counts;
}

// Whether the query has an outcome that counts: not a warm-up, not cancelled, not left without a final attempt.
bool counts_for_good(const replay::Attempt& last) {
  return last.final && last.outcome != replay::Outcome::cancelled && last.query->measured();
}

void observe_latencies(TargetSnapshot& counts, const replay::Attempt& attempt, WallTime ended_at) {
  const auto observe = [&](Histogram& histogram, double value) { histogram.observe(value, attempt.id, ended_at); };
  const auto since = [&](MonoTime from, std::optional<MonoTime> to, Histogram& histogram) {
    if (to) observe(histogram, between(from, *to).value);
  };
  since(attempt.sent_at, attempt.last_token_at, counts.duration);
  since(attempt.scheduled_at, attempt.last_token_at, counts.scheduled_duration);
  since(attempt.sent_at, attempt.first_token_at, counts.first_token);
  since(attempt.sent_at, attempt.first_answer_at, counts.first_answer);
  for (std::size_t i = 1; i < attempt.chunks.size(); ++i)
    observe(counts.inter_token, between(attempt.chunks[i - 1].at, attempt.chunks[i].at).value);
  const auto tokens = attempt.usage.output_tokens.value_or(0);
  if (tokens > 1 && attempt.first_token_at && attempt.last_token_at) {
    const auto streamed = between(*attempt.first_token_at, *attempt.last_token_at);
    observe(counts.per_output_token, streamed.value / static_cast<double>(tokens - 1));
  }
}

}  // namespace

Ledger::Ledger(std::vector<LedgerTarget> targets, const std::vector<Book>& books, const WallAnchor& anchor,
               std::optional<JudgeCounts> judge)
    : targets_(std::move(targets)),
      anchor_(anchor),
      recent_(targets_.size()),
      epochs_(targets_.size()),
      judge_(std::move(judge)) {
  for (const auto& target : targets_) {
    auto& counts = counts_.emplace_back(fresh(target));
    for (const auto& slice : target.slices)
      if (slices_.size() < kSlices || slices_.contains(slice)) add_slice(counts, *slices_.insert(slice).first);
  }
  const auto reference = std::ranges::find(targets_, true, &LedgerTarget::reference);
  if (reference != targets_.end())
    coverage_.emplace(targets_.size(), static_cast<std::size_t>(reference - targets_.begin()));
  for (const auto& book : books) {
    auto& shown = books_.emplace_back();
    shown.device = book.meter.device.id;
    shown.device_name = book.meter.device.name;
    shown.scope = book.meter.scope;
    shown.quality = book.meter.quality;
    shown.split = {
        .strategy = book.strategy, .idle_floor = book.idle_floor, .floor_configured = book.idle_floor.has_value()};
  }
}

Slice Ledger::slice_of(const replay::Query& query) {
  Slice slice{query.item->subject, query.item->language};
  if (slices_.contains(slice)) return slice;
  if (slices_.size() >= kSlices) return {"other", "other"};
  return *slices_.insert(std::move(slice)).first;
}

// Each field has so many values of its own, later ones are `other`.
std::vector<Slice> Ledger::extra_slices_of(const replay::Query& query) {
  std::vector<Slice> slices;
  for (const auto& field : targets_[query.target].extra_slices) {
    auto value = query.item->field(field);
    if (!value) continue;
    auto& known = extra_values_[field];
    if (!known.contains(*value) && known.size() >= kValuesOfField) value = "other";
    slices.emplace_back(field, *known.insert(*std::move(value)).first);
  }
  return slices;
}

void Ledger::add_slice(TargetSnapshot& counts, const Slice& slice) {
  counts.verdicts.try_emplace(slice);
  for (auto& [labels, energy] : counts.energy) energy.metered.try_emplace(slice);
}

void Ledger::on(const replay::Started& event) {
  const auto& query = *event.query;
  if (query.purpose == replay::Purpose::judge) return;
  auto& counts = counts_[query.target];
  ++counts.in_flight;
  recent_[query.target].on(event, anchor_);
  if (!query.measured()) return;
  // Series are born at 0, before anything is counted in them: a counter born at 1 is invisible to rate().
  add_slice(counts, slice_of(query));
  if (query.cycle <= counts.cycle) return;
  counts.cycle = query.cycle;
  counts.cycle_done = 0;
}

void Ledger::on(const replay::Finished& event) {
  const auto& attempt = *event.attempt;
  if (attempt.query->purpose == replay::Purpose::judge) {
    if (judge_) judge_->on(attempt);
    return;
  }
  auto& counts = counts_[attempt.query->target];
  if (counts.in_flight > 0) --counts.in_flight;
  recent_[attempt.query->target].on(event, anchor_);
  if (attempt.http_status != 0) {
    counts.client_lag.observe(attempt.client_lag.value, attempt.id, anchor_.wall(attempt.ended_at));
    client_lag_.add(attempt.ended_at, attempt.client_lag);
  }
  if (!attempt.query->measured()) return;
  ++counts.attempts[index(attempt.outcome)];
  count_tokens(counts.tokens, attempt.usage);
  if (const auto& pricing = targets_[attempt.query->target].pricing)
    *counts.cost_usd += pricing->dollars(attempt.usage).value_or(0);
  if (!replay::answered(attempt.outcome) && attempt.outcome != replay::Outcome::cancelled)
    count_failure(counts, attempt);
  if (attempt.final) count_final(counts, attempt);
}

void Ledger::count_failure(TargetSnapshot& counts, const replay::Attempt& attempt) {
  auto record = record_of(attempt, anchor_);
  describe(record, attempt);
  record.problem = record.answer = {};
  counts.recent_failures.insert(counts.recent_failures.begin(), std::move(record));
  if (counts.recent_failures.size() > kFailures) counts.recent_failures.pop_back();
}

void Ledger::count_final(TargetSnapshot& counts, const replay::Attempt& attempt) {
  ++counts.queries[index(attempt.outcome)];
  if (!counts_for_good(attempt)) return;
  ++counts.judgements_pending;
  if (attempt.query->cycle == counts.cycle) ++counts.cycle_done;
  counts.last_query = anchor_.wall(attempt.ended_at);
  counts.up = replay::answered(attempt.outcome);
  if (counts.up) observe_latencies(counts, attempt, *counts.last_query);
}

void Ledger::on(const replay::Paused& event) {
  auto& counts = counts_[event.target];
  // What was not ready is up again as soon as it is; whether it answers, the next query tells.
  if (counts.paused == replay::PauseReason::not_ready) counts.up = true;
  counts.paused = event.reason;
  counts.paused_why = event.why;
  if (counts.paused == replay::PauseReason::not_ready) counts.up = false;
}

void Ledger::on(const replay::LoadSeen& event) {
  auto& counts = counts_[event.target];
  counts.server_running = event.running;
  counts.server_waiting = event.waiting;
}

void Ledger::on(const replay::JudgementDeferred& event) {
  const auto* query = event.attempt->query.get();
  pending_[query].deferred = true;
  complete(query);
}

void Ledger::on(const replay::Judged& event) {
  const auto& query = *event.attempt->query;
  if (!counts_for_good(*event.attempt)) return;
  auto& pending = pending_[&query];
  if (pending.judged) return;
  pending.judged = event;
  if (judge_) judge_->on(event);

  auto& counts = counts_[query.target];
  const auto slice = slice_of(query);
  add_slice(counts, slice);
  if (coverage_) coverage_->on(event, slice.first);
  --counts.judgements_pending;
  const auto count = [&](VerdictCounts& verdicts) {
    ++verdicts.by_kind[index(event.verdict.kind)];
    verdicts.score += event.verdict.score;
  };
  count(counts.verdicts[slice]);
  for (const auto& extra : extra_slices_of(query)) count(counts.extra[extra]);
  if (event.judge == kYesOrNo) counts.by_model.add(event.verdict.kind);
  if (event.control) counts.agreement.add(event.verdict.kind, *event.control);
  complete(&query);
}

void Ledger::on(const replay::JudgeAudited& event) {
  counts_[event.target].agreement.add(event.verdict, event.control);
}

std::vector<AttemptRecord> Ledger::book(const Settlement& settlement) {
  watermark_ = settlement.watermark;
  for (std::size_t i = 0; i < books_.size(); ++i) {
    books_[i].metered += settlement.metered[i];
    for (std::size_t share = 0; share < kShares; ++share) books_[i].shares[share] += settlement.shares[i][share];
    if (i < settlement.splits.size()) books_[i].split = settlement.splits[i];
  }
  for (std::size_t i = 0; i < std::min(counts_.size(), settlement.foreign.size()); ++i)
    counts_[i].foreign = settlement.foreign[i];
  const auto is_judges = [](const BookedAttempt& booked) {
    return booked.attempt->query->purpose == replay::Purpose::judge;
  };
  for (const auto& booked : settlement.attempts)
    if (!is_judges(booked)) pending_[booked.attempt->query.get()].booked.push_back(booked);
  for (const auto& booked : settlement.attempts)
    if (!is_judges(booked)) complete(booked.attempt->query.get());
  return std::exchange(complete_, {});
}

void Ledger::complete(const replay::Query* query) {
  const auto found = pending_.find(query);
  if (found == pending_.end() || found->second.booked.empty()) return;
  auto& waiting = found->second;
  const bool counted = counts_for_good(*waiting.booked.back().attempt);
  if (counted && !waiting.judged) {
    if (waiting.deferred && !std::exchange(waiting.recorded, true))
      std::ranges::move(records_of(waiting), std::back_inserter(complete_));
    return;
  }

  const auto node = pending_.extract(found);
  const auto& pending = node.mapped();
  if (counted) {
    auto& counts = counts_[query->target];
    const auto& last = pending.booked.back();
    counts.concurrency.observe(last.concurrency, last.attempt->id, anchor_.wall(last.attempt->ended_at));
    count_tries(counts, pending);
    meter(counts, slice_of(*query), pending);
  }
  if (!query->measured()) return;
  auto records = records_of(pending);
  if (counted) completed_.push_back(completed_query(records));
  if (pending.recorded)
    late_.push_back(
        {pending.judged->attempt->id, pending.judged->verdict, pending.judged->judge, pending.judged->control});
  else
    std::ranges::move(records, std::back_inserter(complete_));
}

void Ledger::count_tries(TargetSnapshot& counts, const Pending& query) const {
  if (!counts.failures) return;
  if (query.judged->verdict.kind != replay::VerdictKind::correct) {
    ++counts.never_solved;
    return;
  }
  const auto was_wrong = [](const BookedAttempt& booked) {
    return booked.attempt->verdict && booked.attempt->verdict->kind != replay::VerdictKind::correct;
  };
  counts.failures->observe(static_cast<double>(std::ranges::count_if(query.booked, was_wrong)));
}

void Ledger::meter(TargetSnapshot& counts, const Slice& slice, const Pending& query) {
  const auto& last = *query.booked.back().attempt;
  const auto ended_at = anchor_.wall(last.ended_at);
  for (std::size_t i = 0; i < query.booked.front().energy.size(); ++i) {
    const auto& scope = query.booked.front().energy[i];
    auto& energy = counts.energy[{scope.scope, scope.quality}];
    ++energy.validity[static_cast<std::size_t>(scope.validity)];
    if (scope.validity != Validity::ok) continue;
    Joules gross{0}, whole{0};
    Seconds busy{0}, length{0};
    for (const auto& booked : query.booked) {
      const auto& part = booked.energy[i];
      const auto seconds = between(booked.attempt->sent_at, booked.attempt->ended_at);
      gross += part.gross;
      busy += part.busy;
      whole += part.mean_power * seconds;
      length += seconds;
      energy.active += part.active;
      energy.prefill += part.prefill;
      energy.decode += part.decode;
    }
    const double watts = length.value > 0 ? (whole / length).value : 0;
    auto& metered = energy.metered[slice];
    ++metered.queries;
    metered.score += query.judged->verdict.score;
    metered.energy += gross;
    metered.seconds += busy;
    metered.watts += watts;
    energy.query_joules.observe(gross.value, last.id, ended_at);
    energy.query_watts.observe(watts, last.id, ended_at);
  }
}

void Ledger::begin_epoch(std::size_t target, MonoTime at, std::string digest) {
  auto& epochs = epochs_[target];
  if (epochs.size() == kEpochs) epochs.erase(epochs.begin());
  epochs.push_back({at, std::move(digest)});
}

const std::string& Ledger::epoch_of(const replay::Attempt& attempt) const {
  static const std::string kUnknown;
  const auto& epochs = epochs_[attempt.query->target];
  const auto began =
      std::find_if(epochs.rbegin(), epochs.rend(), [&](const Began& e) { return e.at <= attempt.sent_at; });
  return began != epochs.rend() ? began->digest : epochs.empty() ? kUnknown : epochs.front().digest;
}

void Ledger::describe(AttemptRecord& record, const replay::Attempt& attempt) const {
  const auto& target = targets_[attempt.query->target];
  record.target = target.info.name;
  record.model = target.info.model;
  record.accelerator = target.info.accelerator;
  record.corpus = target.info.corpus;
  record.epoch = epoch_of(attempt);
  if (target.pricing) record.cost_usd = target.pricing->dollars(attempt.usage);
}

std::vector<AttemptRecord> Ledger::records_of(const Pending& query) {
  std::vector<AttemptRecord> records;
  for (const auto& booked : query.booked) {
    auto record = record_of(*booked.attempt, anchor_);
    describe(record, *booked.attempt);
    record.concurrency = booked.concurrency;
    record.energy = booked.energy;
    record.slices = extra_slices_of(*booked.attempt->query);
    const auto* verdict = booked.attempt->verdict ? &*booked.attempt->verdict : nullptr;
    if (booked.attempt->final && query.judged) {
      verdict = &query.judged->verdict;
      record.judge = query.judged->judge;
      record.control = query.judged->control;
    }
    if (verdict != nullptr) {
      record.verdict = verdict->kind;
      record.score = verdict->score;
      record.verdict_reason = verdict->reason;
    }
    records.push_back(std::move(record));
  }
  return records;
}

Snapshot Ledger::snapshot(MonoTime now) const {
  Snapshot snapshot;
  snapshot.at = anchor_.wall(now);
  snapshot.targets = counts_;
  for (std::size_t i = 0; i < recent_.size(); ++i) snapshot.targets[i].recent_attempts = recent_[i].spans();
  if (judge_) snapshot.judge = judge_->snapshot();
  if (coverage_) snapshot.coverage = coverage_->snapshot();
  snapshot.books = books_;
  snapshot.client_saturated = client_lag_.saturated(now);
  for (auto& book : snapshot.books)
    if (watermark_) book.lag = std::max(Seconds{0}, between(*watermark_, now));
  return snapshot;
}

}  // namespace ipw
