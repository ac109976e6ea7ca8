#include "exporter/accounting/work.hpp"

#include <algorithm>

namespace ipw {

double tokens_to_read(const replay::Attempt& attempt) {
  const auto& usage = attempt.usage;
  if (usage.input_tokens)
    return static_cast<double>(std::max<std::int64_t>(0, *usage.input_tokens - usage.cached_tokens.value_or(0)));
  const auto bytes = attempt.query->item ? attempt.query->item->problem.size() : 0;
  return std::max(1.0, static_cast<double>(bytes) / kBytesPerToken);
}

double tokens_per_byte(const replay::Attempt& attempt) {
  double bytes = 0;
  for (const auto& chunk : attempt.chunks) bytes += chunk.bytes;
  const auto stated = attempt.usage.output_tokens.value_or(0);
  return bytes > 0 && stated > 0 ? static_cast<double>(stated) / bytes : 1 / kBytesPerToken;
}

Load load_of(const replay::Attempt& attempt) {
  Load load{attempt.sent_at, attempt.ended_at, attempt.first_token_at.value_or(attempt.ended_at), {}};
  load.steps.reserve(attempt.chunks.size() + 1);

  MonoTime from = load.begin;
  double prefill = tokens_to_read(attempt);
  double decode = 0;
  const auto step_to = [&](MonoTime at) {
    at = std::min(at, load.end);
    if (at <= from || (prefill <= 0 && decode <= 0)) return;
    const double seconds = between(from, at).value;
    load.steps.push_back({at, prefill / seconds, decode / seconds});
    prefill = decode = 0;
    from = at;
  };
  const double each = tokens_per_byte(attempt);
  for (std::size_t i = 0; i < attempt.chunks.size(); ++i) {
    decode += attempt.chunks[i].bytes * each;
    const bool same_arrival = i + 1 < attempt.chunks.size() && attempt.chunks[i + 1].at <= attempt.chunks[i].at;
    if (!same_arrival) step_to(attempt.chunks[i].at);
  }
  step_to(load.end);
  return load;
}

}  // namespace ipw
