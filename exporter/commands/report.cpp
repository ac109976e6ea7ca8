#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/ipw_records.hpp"
#include "exporter/commands/report_html.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/store/epoch_store.hpp"
#include "exporter/store/journal.hpp"
#include "replay/corpus.hpp"

namespace ipw {
namespace {

using Journals = std::vector<std::unique_ptr<Journal>>;
using TargetNames = std::map<std::string, std::string>;  // as the journal has it: as the report shows it

Result<Journals> open_all(const std::vector<std::string>& paths) {
  Journals journals;
  std::set<std::filesystem::path> seen;
  for (const auto& path : paths) {
    std::error_code ignored;
    if (!seen.insert(std::filesystem::weakly_canonical(path, ignored)).second)
      return Error{Errc::invalid, "journal " + path + " is given twice"};
    auto journal = Journal::open({.path = path, .keep_answers = true, .read_only = true});
    if (!journal) return journal.error();
    journals.push_back(std::move(*journal));
  }
  return journals;
}

Result<std::set<std::string>> targets_of(const Journal& journal) {
  std::set<std::string> targets;
  const auto read = journal.for_each([&](const AttemptRecord& record) {
    targets.insert(record.target);
    return true;
  });
  if (!read) return read.error();
  return targets;
}

// A target that several journals know is a target of its own in each, `TARGET@JOURNAL`: they are compared.
Result<std::vector<TargetNames>> name_targets(const Journals& journals, const std::vector<std::string>& paths) {
  std::vector<TargetNames> names(journals.size());
  if (journals.size() == 1) return names;
  std::map<std::string, int> journals_with;
  std::vector<std::set<std::string>> targets;
  for (const auto& journal : journals) {
    auto found = targets_of(*journal);
    if (!found) return found.error();
    for (const auto& target : *found) ++journals_with[target];
    targets.push_back(std::move(*found));
  }
  for (std::size_t i = 0; i < journals.size(); ++i)
    for (const auto& target : targets[i])
      if (journals_with[target] > 1) names[i][target] = target + "@" + paths[i];
  return names;
}

Result<void> add_all(ReportBuilder& builder, const Journal& journal, const TargetNames& names,
                     const std::string& path) {
  bool any = false;
  const auto read = journal.for_each([&](const AttemptRecord& record) {
    any = true;
    const auto found = names.find(record.target);
    if (found == names.end()) {
      builder.add(record);
      return true;
    }
    auto renamed = record;
    renamed.target = found->second;
    builder.add(renamed);
    return true;
  });
  if (!read) return read.error();
  if (!any) return Error{Errc::invalid, "journal " + path + " holds no record"};
  return {};
}

// How many options each query of the corpus offers.
Result<std::unordered_map<std::string, std::size_t>> options_in(const std::vector<std::string>& corpus) {
  std::unordered_map<std::string, std::size_t> options;
  if (corpus.empty()) return options;
  auto reader = replay::CorpusReader::open(corpus);
  if (!reader) return reader.error();
  while (true) {
    const auto item = (*reader)->next();
    if (!item) return item.error();
    if (!*item) return options;
    if (!(*item)->options.empty()) options[(*item)->id] = (*item)->options.size();
  }
}

// What ran, where the journal knows it: an older one does not.
void add_epochs(Report& report, const TargetNames& names, const std::string& path) {
  auto store = EpochStore::open(path, Database::Mode::read_only);
  if (!store) return;
  for (auto& target : report.targets) {
    const auto renamed = std::ranges::find_if(names, [&](const auto& name) { return name.second == target.target; });
    const auto epochs = store->epochs(renamed == names.end() ? target.target : renamed->first);
    if (!epochs || !target.epochs.empty()) continue;
    for (const auto& epoch : *epochs)
      if (epoch.since <= target.figures.time().second) target.epochs.push_back(epoch);
  }
}

Result<Report> report_of(const ReportOptions& options) {
  const auto journals = open_all(options.journals);
  if (!journals) return journals.error();
  const auto names = name_targets(*journals, options.journals);
  if (!names) return names.error();
  const auto option_counts = options_in(options.corpus);
  if (!option_counts) return option_counts.error();
  ReportBuilder builder;
  for (std::size_t i = 0; i < journals->size(); ++i)
    if (auto ok = add_all(builder, *(*journals)[i], (*names)[i], options.journals[i]); !ok) return ok.error();
  for (const auto& path : options.imports)
    if (auto ok = read_ipw_records(path, [&](const auto& row) { builder.add_imported(row.record, row.sample); }); !ok)
      return ok.error();
  auto report = builder.build(options.reference, [&](std::string_view query) -> std::optional<std::size_t> {
    const auto found = option_counts->find(std::string(query));
    return found == option_counts->end() ? std::nullopt : std::optional(found->second);
  });
  if (!report) return report;
  report->journals = options.journals;
  report->journals.insert(report->journals.end(), options.imports.begin(), options.imports.end());
  for (std::size_t i = 0; i < journals->size(); ++i) add_epochs(*report, (*names)[i], options.journals[i]);
  report->rates = options.rates;
  return report;
}

std::string text_of(const Report& report, const ReportOptions& options) {
  if (options.format == "json") return report_json(report);
  return options.format == "html" ? report_html(report, options.sidecar) : report_markdown(report);
}

Result<void> write_page(const std::string& path, const std::string& html) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  const bool written = file != nullptr && std::fwrite(html.data(), 1, html.size(), file) == html.size();
  if (file == nullptr || std::fclose(file) != 0 || !written) return Error{Errc::unavailable, "cannot write " + path};
  return {};
}

}  // namespace

int report_command(const ReportOptions& options) {
  if (options.journals.empty() && options.imports.empty())
    return fail({Errc::invalid, "report: give a journal, or records of the published harness by --import-ipw FILE"});
  const auto report = report_of(options);
  if (!report) return fail(report.error());
  if (!options.html.empty())
    if (auto ok = write_page(options.html, report_html(*report, options.sidecar)); !ok) return fail(ok.error());
  const auto text = text_of(*report, options);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return fail({Errc::unavailable, "cannot write to standard output"});
  return kSuccess;
}

}  // namespace ipw
