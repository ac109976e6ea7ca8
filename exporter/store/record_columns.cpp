#include "exporter/store/record_columns.hpp"

#include <algorithm>

namespace ipw {
namespace {

struct Columns {
  std::int64_t since;  // this version of the journal
  std::string_view names, nulls;
};
constexpr Columns kColumns[] = {
    {1,
     "id, query_id, attempt, final, cycle, target, model, accelerator, corpus, subject, language, "
     "outcome, verdict, outcome_reason, verdict_reason, score, "
     "scheduled_us, sent_us, ended_us, first_token_us, last_token_us, "
     "duration_s, scheduled_duration_s, time_to_first_token_s, time_to_answer_s, "
     "input_tokens, cached_tokens, output_tokens, reasoning_tokens, concurrency, cost_usd, answer, problem",
     ""},
    {2, "chunks, server_load_s, server_queue_s, server_prefill_s, server_decode_s, server_total_s",
     "NULL, NULL, NULL, NULL, NULL, NULL"},
    {3, "server_running, server_waiting, foreign_running, client_lag_s", "NULL, NULL, NULL, NULL"},
    {4, "judge, control, slices", "NULL, NULL, NULL"},
    {5, "epoch", "NULL"},
};

// Ends a name or a value: a byte that no text holds.
constexpr char kEnd = '\x1f';

}  // namespace

std::string record_columns(std::int64_t version) {
  std::string all;
  for (const auto& [since, names, nulls] : kColumns)
    all.append(all.empty() ? "" : ", ").append(version >= since ? names : nulls);
  return all;
}

std::string slices_text(const std::vector<std::pair<std::string, std::string>>& slices) {
  std::string text;
  for (const auto& [name, value] : slices) text.append(name).append(1, kEnd).append(value).append(1, kEnd);
  return text;
}
std::vector<std::pair<std::string, std::string>> slices_of(std::string_view text) {
  const auto next = [&] {
    const auto end = std::min(text.find(kEnd), text.size());
    std::string part(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
  };
  std::vector<std::pair<std::string, std::string>> slices;
  while (!text.empty()) {
    auto name = next();
    slices.emplace_back(std::move(name), next());
  }
  return slices;
}

}  // namespace ipw
