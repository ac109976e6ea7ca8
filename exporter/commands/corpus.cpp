#include <cstdio>

#include "exporter/commands/commands.hpp"
#include "exporter/commands/table.hpp"
#include "replay/corpus.hpp"
#include "replay/judge.hpp"

namespace ipw {
namespace {

Result<replay::CorpusSummary> summary_of(const CorpusOptions& options) {
  auto bench = replay::Bench::open(Options::none());
  if (!bench) return bench.error();
  auto reader = replay::CorpusReader::open(options.paths);
  if (!reader) return reader.error();
  return replay::summarise(**reader, [&](const auto& item) { return (*bench)->accepts(item); });
}

void print_counts(const char* what, const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  Table table({what, "queries"});
  for (const auto& [name, count] : counts) table.add({name.empty() ? "(none)" : name, std::to_string(count)});
  std::printf("%s\n", table.text().c_str());
}

}  // namespace

int corpus_check_command(const CorpusOptions& options) {
  const auto summary = summary_of(options);
  if (!summary) return fail(summary.error());
  for (const auto& error : summary->first_errors) std::fprintf(stderr, "%s\n", error.c_str());
  std::printf("%llu queries, %llu errors\n", static_cast<unsigned long long>(summary->items),
              static_cast<unsigned long long>(summary->errors));
  return summary->errors == 0 ? kSuccess : kUsage;
}

int corpus_stats_command(const CorpusOptions& options) {
  const auto summary = summary_of(options);
  if (!summary) return fail(summary.error());
  print_counts("subject", summary->by_subject);
  print_counts("language", summary->by_language);
  print_counts("judge", summary->by_judge);
  std::printf("%llu queries, %llu errors\n", static_cast<unsigned long long>(summary->items),
              static_cast<unsigned long long>(summary->errors));
  return summary->errors == 0 ? kSuccess : kUsage;
}

}  // namespace ipw
