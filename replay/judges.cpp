#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/json_schema.hpp"
#include "replay/judges/json_text.hpp"
#include "replay/judges/number_text.hpp"

// Every judge: its name, which is also its file, and one line of help.
#define IPW_JUDGES(X)                                                           \
  X(contains, "the expected text is said somewhere")                            \
  X(exact, "the same text, apart from case, white space and what surrounds it") \
  X(json, "the expected fields, and the line's JSON Schema")                    \
  X(multiple_choice, "the letter, or the text, of the right option")            \
  X(numeric, "the same number, however it is written")                          \
  X(regex, "the line's regular expression matches")

namespace ipw::replay {

#define IPW_DECLARE(name, summary) Result<std::unique_ptr<Judge>> open_##name(Options& options);
IPW_JUDGES(IPW_DECLARE)
#undef IPW_DECLARE

namespace {

#define IPW_ENTRY(name, summary) CatalogEntry<OpenJudge>{#name, open_##name, summary},
constexpr std::array kEntries{IPW_JUDGES(IPW_ENTRY)};
#undef IPW_ENTRY

constexpr std::string_view kAuto = "auto";

std::string_view judge_for_shape(const CorpusItem& item) {
  if (schema_of(item).starts_with('{')) return "json";
  if (!item.options.empty()) return "multiple_choice";
  if (asks_for_json(item.answer)) return "json";
  return is_number(item.answer) ? "numeric" : "exact";
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

Result<std::unique_ptr<Bench>> Bench::open(Options options) {
  std::unique_ptr<Bench> bench(new Bench);
  std::vector<std::string_view> names{kAuto};
  for (const auto& entry : judges().entries()) names.push_back(entry.name);
  bench->default_ = options.one_of("default", kAuto, names);
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
  const auto known = judges().find(name);
  if (!known) return Error{Errc::invalid, item.place + ": " + known.error().message};
  return judges_.at(std::string(name))->accepts(item);
}

Verdict Bench::judge(const CorpusItem& item, std::string_view answer) const {
  if (trim(answer).empty()) return {VerdictKind::unanswered, 0, "no answer"};
  const auto name = judge_of(item);
  const auto judge = judges_.find(std::string(name));
  if (judge == judges_.end()) return {VerdictKind::judge_error, 0, "unknown judge `" + std::string(name) + "`"};
  return judge->second->judge(item, answer);
}

}  // namespace ipw::replay
