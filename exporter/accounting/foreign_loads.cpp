#include "exporter/accounting/foreign_loads.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ipw {
namespace {

using namespace std::chrono_literals;

// Servers' counters and their usage may differ by a token or two for a request, and what they do not state is
// estimated.
constexpr double kSlack = 2, kSlackUnstated = 2;
constexpr auto kNotAskedAnyMore = 1min;

// A refused request was never worked on.
bool refused(replay::Outcome outcome) {
  using enum replay::Outcome;
  return outcome == connect || outcome == tls || outcome == http_4xx || outcome == http_429;
}

double input_of(const replay::Attempt& attempt, bool with_cached) {
  return tokens_to_read(attempt) + (with_cached ? static_cast<double>(attempt.usage.cached_tokens.value_or(0)) : 0);
}

double output_of(const replay::Attempt& attempt) {
  if (attempt.usage.output_tokens) return static_cast<double>(*attempt.usage.output_tokens);
  double bytes = 0;
  for (const auto& chunk : attempt.chunks) bytes += chunk.bytes;
  return bytes * tokens_per_byte(attempt);
}

// Of the output, what the server can have counted at `at` at least, and at most: it counts a token before we see it.
std::pair<double, double> output_by(const replay::Attempt& attempt, double output, MonoTime at) {
  double before = 0, all = 0;
  bool next = true;
  double with_next = 0;
  for (const auto& chunk : attempt.chunks) {
    all += chunk.bytes;
    if (chunk.at <= at) before += chunk.bytes;
    if (chunk.at > at && std::exchange(next, false)) with_next = all;
  }
  if (all <= 0) return {0, output};
  return {output * before / all, next ? output : output * with_next / all};
}

}  // namespace

ForeignLoads::Server& ForeignLoads::server(std::size_t target) {
  const auto index = server_of(target);
  if (index >= servers_.size()) servers_.resize(index + 1);
  return servers_[index];
}

const ForeignLoads::Server* ForeignLoads::find(std::size_t target) const {
  const auto index = server_of(target);
  return index < servers_.size() ? &servers_[index] : nullptr;
}

// Every target's poll shows the whole server: one of them is enough.
void ForeignLoads::on(const replay::LoadSeen& event) {
  if (server_of(event.target) != event.target || (!event.foreign && !event.tokens)) return;
  auto& asked = server(event.target);
  if (asked.last_asked && event.at <= *asked.last_asked) return;
  asked.last_asked = event.at;
  if (event.tokens) asked.counts_cached = event.tokens.counts_cached;
  asked.polls.push_back({event.at, event.foreign.value_or(0), event.tokens});
}

// Before the server was asked first, nothing of ours needs to be told from others'.
void ForeignLoads::on(const replay::Finished& event) {
  const auto& attempt = *event.attempt;
  auto& at = server(attempt.query->target);
  if (!at.last_asked || refused(attempt.outcome)) return;
  Own own{event.attempt, {}, {}};
  own.least = {input_of(attempt, at.counts_cached), output_of(attempt)};
  own.most = {own.least.input * (attempt.usage.input_tokens ? 1 : kSlackUnstated) + kSlack,
              own.least.output * (attempt.usage.output_tokens ? 1 : kSlackUnstated) + kSlack};
  if (attempt.ended_at - *at.last_asked > kNotAskedAnyMore)
    at.past += own.most;
  else
    at.own.push_back(std::move(own));
}

MonoTime ForeignLoads::advance(MonoTime until, MonoTime patience) {
  MonoTime known = until;
  for (auto& server : servers_) {
    for (; !server.polls.empty() && server.polls.front().at <= until; server.polls.pop_front()) {
      take(server, server.polls.front());
      server.taken = server.polls.front().at;
    }
    const bool waits = !ended_ && server.taken && server.last_asked > patience;
    if (waits) known = std::min(known, *server.taken);
  }
  return known;
}

void ForeignLoads::take(Server& server, const Poll& poll) {
  ForeignTokens since;
  if (poll.tokens) since = take_tokens(server, poll);
  if (!server.taken) return;
  const double seconds = between(*server.taken, poll.at).value;
  const bool works = since.input > 0 || since.output > 0;
  if (!works && poll.foreign <= 0) return;
  Load load{*server.taken, poll.at, *server.taken, {}};
  load.count = static_cast<std::uint32_t>(std::clamp<std::int64_t>(poll.foreign, 1, 1'000'000));
  load.opaque = !poll.tokens;
  if (works) load.steps.push_back({poll.at, since.input / seconds, since.output / seconds});
  server.loads.push_back(std::move(load));
}

// How many of the tokens that the counters show now are others', more than at the poll before.
ForeignTokens ForeignLoads::take_tokens(Server& server, const Poll& poll) {
  ForeignTokens least = server.past, most = server.past;
  std::erase_if(server.own, [&](const Own& own) {
    const auto& attempt = *own.attempt;
    if (attempt.sent_at >= poll.at) return false;
    if (attempt.ended_at <= poll.at) {
      for (auto* sum : {&server.past, &least, &most}) *sum += own.most;
      return true;
    }
    const bool read = attempt.first_token_at && *attempt.first_token_at <= poll.at;
    least.input += read ? own.least.input : 0;
    least.output += output_by(attempt, own.least.output, poll.at).first;
    most.input += own.most.input;
    most.output += output_by(attempt, own.most.output, poll.at).second;
    return false;
  });
  const bool first = !std::exchange(server.counted, true);
  return {server.input.take(*poll.tokens.read, least.input, most.input, first),
          server.output.take(*poll.tokens.generated, least.output, most.output, first)};
}

// Returns how much more is others' than was known. A counter that fell was started anew.
double ForeignLoads::Counter::take(double shown, double least_own, double most_own, bool first) {
  const bool anew = first || shown < before;
  before = shown;
  if (anew) base = shown - least_own - found;
  const double more = shown - base - most_own - found;
  if (anew || more <= 0) return 0;
  found += more;
  return more;
}

std::vector<const Load*> ForeignLoads::loads(std::span<const std::size_t> targets, Interval when) const {
  std::vector<const Load*> all;
  std::vector<const Server*> seen;
  for (const auto target : targets) {
    const auto* server = find(target);
    if (server == nullptr || std::ranges::find(seen, server) != seen.end()) continue;
    seen.push_back(server);
    for (const auto& load : server->loads)
      if (load.begin < when.end && load.end > when.begin) all.push_back(&load);
  }
  return all;
}

bool ForeignLoads::any(std::size_t target, Interval when) const {
  const std::size_t targets[] = {target};
  return !loads(targets, when).empty();
}

void ForeignLoads::forget_before(MonoTime at) {
  for (auto& server : servers_)
    while (!server.loads.empty() && server.loads.front().end <= at) server.loads.pop_front();
}

std::optional<ForeignTokens> ForeignLoads::tokens(std::size_t target) const {
  const auto* known = find(target);
  if (server_of(target) != target || known == nullptr || !known->counted) return std::nullopt;
  return ForeignTokens{known->input.found, known->output.found};
}

}  // namespace ipw
