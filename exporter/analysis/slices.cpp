#include "exporter/analysis/slices.hpp"

#include <algorithm>
#include <functional>

namespace ipw {
namespace {

constexpr const char* kSubject = "subject";
constexpr const char* kLanguage = "language";

}  // namespace

std::optional<Bounds> SliceAccuracy::bounds() const {
  const auto mean = accuracy();
  if (!mean) return std::nullopt;
  const auto n = static_cast<double>(distinct);
  return wilson(std::min(*mean, 1.0) * n, n);
}

void SliceTable::Tally::add(const AttemptRecord& record, std::size_t query) {
  answers.score.add(record.score.value_or(0));
  if (record.verdict == replay::VerdictKind::unparsed) ++answers.unparsed;
  if (record.outcome == replay::Outcome::length) ++answers.truncated;
  queries.insert(query);
}

void SliceTable::Tally::add(const Tally& other) {
  answers.score.sum += other.answers.score.sum;
  answers.score.n += other.answers.score.n;
  answers.unparsed += other.answers.unparsed;
  answers.truncated += other.answers.truncated;
  queries.insert(other.queries.begin(), other.queries.end());
}

SliceAccuracy SliceTable::Tally::result() const {
  auto result = answers;
  result.distinct = queries.size();
  return result;
}

void SliceTable::add(const AttemptRecord& record) {
  if (!record.final || !record.verdict || record.outcome == replay::Outcome::cancelled) return;
  const auto query = std::hash<std::string>()(record.corpus + '\n' + record.query_id);
  all_.add(record, query);
  if (!record.subject.empty()) fields_[kSubject][record.subject].add(record, query);
  if (!record.language.empty()) fields_[kLanguage][record.language].add(record, query);
  for (const auto& [field, value] : record.slices) fields_[field][value].add(record, query);
}

SliceAccuracy SliceTable::all() const {
  return all_.result();
}

std::vector<SliceRow> SliceTable::rows() const {
  std::vector<SliceRow> rows;
  for (const auto* first : {kSubject, kLanguage})
    if (const auto found = fields_.find(first); found != fields_.end()) add_rows(rows, first, found->second);
  for (const auto& [field, values] : fields_)
    if (field != kSubject && field != kLanguage) add_rows(rows, field, values);
  return rows;
}

void SliceTable::add_rows(std::vector<SliceRow>& rows, const std::string& field, const Values& values) {
  std::vector<Values::const_iterator> greatest;
  for (auto it = values.begin(); it != values.end(); ++it) greatest.push_back(it);
  std::ranges::stable_sort(greatest, std::greater(), [](auto it) { return it->second.answers.score.n; });
  const auto shown = greatest.size() > kValues ? kValues - 1 : greatest.size();
  Tally rest;
  for (std::size_t i = shown; i < greatest.size(); ++i) rest.add(greatest[i]->second);
  greatest.resize(shown);
  std::ranges::sort(greatest, {}, [](auto it) { return it->first; });
  for (const auto it : greatest) rows.push_back({field, it->first, it->second.result()});
  if (rest.answers.score.n > 0) rows.push_back({field, "other", rest.result()});
}

}  // namespace ipw
