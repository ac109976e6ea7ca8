#include "replay/server_load.hpp"

#include <algorithm>
#include <cmath>

#include "base/prometheus_text.hpp"

namespace ipw::replay {
namespace {

constexpr struct {
  std::string_view running, waiting, read, generated;
  bool counts_cached;
} kServers[] = {
    {"vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:prompt_tokens_total",
     "vllm:generation_tokens_total", true},
    {"sglang:num_running_reqs", "sglang:num_queue_reqs", "sglang:prompt_tokens_total", "sglang:generation_tokens_total",
     true},
    {"tgi_batch_current_size", "tgi_queue_size", "tgi_request_input_length_sum", "tgi_request_generated_tokens_sum",
     true},
    {"llamacpp:requests_processing", "llamacpp:requests_deferred", "llamacpp:prompt_tokens_total",
     "llamacpp:tokens_predicted_total", false},
};
constexpr double kMostRequests = 1e9;  // what is beyond it is no count
constexpr double kMostTokens = 1e15;   // what is beyond it a double does not count one by one

bool is_running(std::string_view name, const LoadMetrics& names) {
  if (!names.running.empty()) return name == names.running;
  return std::ranges::any_of(kServers, [&](const auto& server) { return server.running == name; });
}

bool is_waiting(std::string_view name, const LoadMetrics& names) {
  if (!names.waiting.empty()) return name == names.waiting;
  return std::ranges::any_of(kServers, [&](const auto& server) { return server.waiting == name; });
}

void count_tokens(const PrometheusSample& sample, TokenCounters& tokens) {
  if (!(sample.value >= 0 && sample.value <= kMostTokens)) return;
  for (const auto& server : kServers) {
    if (sample.name != server.read && sample.name != server.generated) continue;
    auto& counter = sample.name == server.read ? tokens.read : tokens.generated;
    counter = counter.value_or(0) + sample.value;
    tokens.counts_cached = server.counts_cached;
  }
}

bool is_tokens(std::string_view name) {
  return std::ranges::any_of(kServers,
                             [&](const auto& server) { return server.read == name || server.generated == name; });
}

void raise(std::optional<std::int64_t>& most, std::optional<std::int64_t> value) {
  if (value) most = std::max(most.value_or(0), *value);
}

}  // namespace

Result<LoadCounts> read_load(std::string_view page, const LoadMetrics& names) {
  const auto samples = parse_prometheus_text(page, [&](std::string_view name) {
    return is_running(name, names) || is_waiting(name, names) || is_tokens(name);
  });
  if (!samples) return samples.error();
  LoadCounts counts;
  for (const auto& sample : *samples) {
    if (is_tokens(sample.name)) {
      count_tokens(sample, counts.tokens);
      continue;
    }
    if (!(sample.value >= 0 && sample.value <= kMostRequests)) continue;
    auto& count = is_running(sample.name, names) ? counts.running : counts.waiting;
    count = count.value_or(0) + std::llround(sample.value);
  }
  return counts;
}

void LoadHistory::add(MonoTime at, const LoadCounts& counts, std::int64_t ours) {
  now_ = {.running = counts.running, .waiting = counts.waiting, .foreign = {}};
  if (counts.running) now_.foreign = std::max<std::int64_t>(0, *counts.running - ours);
  polls_.push_back({at, now_});
  while (polls_.front().at < at - to_chrono(keep_)) polls_.pop_front();
}

ServerLoad LoadHistory::most(Interval when) const {
  ServerLoad most;
  for (auto poll = polls_.rbegin(); poll != polls_.rend(); ++poll) {
    if (poll->at > when.end) continue;
    raise(most.running, poll->load.running);
    raise(most.waiting, poll->load.waiting);
    raise(most.foreign, poll->load.foreign);
    if (poll->at <= when.begin) break;
  }
  return most;
}

}  // namespace ipw::replay
