#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/json_schema.hpp"
#include "replay/judges/json_text.hpp"
#include "replay/judges/math_expression.hpp"
#include "replay/judges/number_text.hpp"
#include "replay/model_judge.hpp"
#include "replay/seeded.hpp"

// Every judge: its name, which is also its file, and one line of help.
#define IPW_JUDGES(X)                                                           \
  X(contains, "the expected text is said somewhere")                            \
  X(exact, "the same text, apart from case, white space and what surrounds it") \
  X(json, "the expected fields, and the line's JSON Schema")                    \
  X(math, "the same mathematics: numbers, formulas, sets, intervals, points")   \
  X(multiple_choice, "the letter, or the text, of the right option")            \
  X(numeric, "the same number, however it is written")                          \
  X(regex, "the line's regular expression matches")

// Those that ask a model.
#define IPW_MODEL_JUDGES(X)                                              \
  X(llm, "right or not, by the word of a model that sees the reference") \
  X(pairwise, "better or worse than another answer, asked in both orders")

namespace ipw::replay {

#define IPW_DECLARE(name, summary) Result<std::unique_ptr<Judge>> open_##name(Options& options);
IPW_JUDGES(IPW_DECLARE)
#undef IPW_DECLARE
#define IPW_DECLARE(name, summary) Result<std::unique_ptr<ModelJudge>> open_##name(Options& options);
IPW_MODEL_JUDGES(IPW_DECLARE)
#undef IPW_DECLARE

namespace {

#define IPW_ENTRY(name, summary) CatalogEntry<OpenJudge>{#name, open_##name, summary},
constexpr std::array kEntries{IPW_JUDGES(IPW_ENTRY)};
#undef IPW_ENTRY
#define IPW_ENTRY(name, summary) CatalogEntry<OpenModelJudge>{#name, open_##name, summary},
constexpr std::array kModelEntries{IPW_MODEL_JUDGES(IPW_ENTRY)};
#undef IPW_ENTRY

constexpr std::string_view kAuto = "auto", kAuditor = "llm", kFreeText = "exact", kMayBeUndecided = "math";
constexpr std::uint64_t kAuditSeed = 0x61756469;  // other queries than the panel's draw takes

std::string_view judge_for_shape(const CorpusItem& item) {
  if (schema_of(item).starts_with('{')) return "json";
  if (!item.options.empty()) return "multiple_choice";
  if (asks_for_json(item.answer)) return "json";
  if (is_number(item.answer)) return "numeric";
  return is_mathematics(item.answer) ? "math" : kFreeText;
}

}  // namespace

std::string_view to_text(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::correct:
      return "correct";
    case VerdictKind::tie:
      return "tie";
    case VerdictKind::wrong:
      return "wrong";
    case VerdictKind::unparsed:
      return "unparsed";
    case VerdictKind::unanswered:
      return "unanswered";
    case VerdictKind::judge_error:
      return "judge_error";
  }
  return "judge_error";
}

Result<void> require_answer(const CorpusItem& item, std::string_view judge) {
  if (!trim(item.answer).empty()) return {};
  return Error{Errc::invalid, item.place + ": `answer` is missing: the judge `" + std::string(judge) + "` needs it"};
}

const Catalog<OpenJudge>& judges() {
  static const Catalog<OpenJudge> catalog("judge", kEntries);
  return catalog;
}

const Catalog<OpenModelJudge>& model_judges() {
  static const Catalog<OpenModelJudge> catalog("judge", kModelEntries);
  return catalog;
}

namespace {

std::vector<std::string_view> judge_names() {
  std::vector<std::string_view> names;
  for (const auto& entry : judges().entries()) names.push_back(entry.name);
  for (const auto& entry : model_judges().entries()) names.push_back(entry.name);
  return names;
}

}  // namespace

Bench::Bench() = default;
Bench::~Bench() = default;

Result<void> Bench::open_models(Options& options) {
  audit_ = options.number("audit", 0, {0, 1});
  for (const auto& entry : model_judges().entries()) {
    auto own = options.child(entry.name);
    auto judge = entry.open(own);
    if (!judge) return judge.error();
    models_.emplace(entry.name, *std::move(judge));
  }
  return {};
}

Result<std::unique_ptr<Bench>> Bench::open(Options options) {
  std::unique_ptr<Bench> bench(new Bench);
  auto names = judge_names();
  names.insert(names.begin(), kAuto);
  bench->default_ = options.one_of("default", kAuto, names);
  if (auto ok = bench->open_models(options); !ok) return ok.error();
  for (const auto& entry : judges().entries()) {
    auto own = options.child(entry.name);
    auto judge = entry.open(own);
    if (!judge) return judge.error();
    bench->judges_.emplace(entry.name, *std::move(judge));
  }
  if (auto ok = options.finish(); !ok) return ok.error();
  return bench;
}

std::string_view Bench::judge_of(const CorpusItem& item) const {
  if (!item.judge.empty() && item.judge != kAuto) return item.judge;
  return default_ == kAuto || item.judge == kAuto ? judge_for_shape(item) : std::string_view(default_);
}

Result<void> Bench::accepts(const CorpusItem& item) const {
  const auto name = judge_of(item);
  if (const auto* model = model_judge(name)) return model->accepts(item);
  if (!judges_.contains(std::string(name)))
    return Error{Errc::invalid, item.place + ": unknown judge " + did_you_mean(name, judge_names()) +
                                    " (known: " + join(judge_names(), ", ") + ")"};
  return judges_.at(std::string(name))->accepts(item);
}

Verdict Bench::judge(const CorpusItem& item, std::string_view answer) const {
  if (trim(answer).empty()) return {VerdictKind::unanswered, 0, "no answer"};
  const auto name = judge_of(item);
  const auto judge = judges_.find(std::string(name));
  if (judge == judges_.end()) return {VerdictKind::judge_error, 0, "unknown judge `" + std::string(name) + "`"};
  return judge->second->judge(item, answer);
}

const ModelJudge* Bench::model_judge(std::string_view name) const {
  const auto found = models_.find(std::string(name));
  return found == models_.end() ? nullptr : found->second.get();
}

const ModelJudge* Bench::model_judge(const CorpusItem& item) const {
  return model_judge(judge_of(item));
}

const ModelJudge* Bench::second_opinion(const CorpusItem& item, const Verdict& verdict) const {
  const bool undecided = verdict.kind == VerdictKind::unparsed && judge_of(item) == kMayBeUndecided;
  return undecided ? auditor() : nullptr;
}

std::optional<VerdictKind> Bench::control(const CorpusItem& item, std::string_view answer) const {
  if (judge_of(item) != kAuditor || trim(item.answer).empty()) return std::nullopt;
  const auto& judge = *judges_.at(std::string(judge_for_shape(item)));
  if (judge_for_shape(item) == kFreeText || !judge.accepts(item)) return std::nullopt;
  return judge.judge(item, answer).kind;
}

bool Bench::audits(const CorpusItem& item) const {
  if (audit_ <= 0 || model_judge(item) != nullptr) return false;
  return static_cast<double>(hash_of(item.id, kAuditSeed)) < audit_ * 0x1p64;
}

const ModelJudge* Bench::auditor() const {
  return model_judge(kAuditor);
}

}  // namespace ipw::replay
