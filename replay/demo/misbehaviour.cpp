#include "replay/demo/misbehaviour.hpp"

#include <algorithm>

#include "base/quantity_text.hpp"
#include "base/text.hpp"

namespace ipw::replay::demo {
namespace {

using Value = std::optional<double>;
using Takes = Misbehaviour::Takes;
using Instead = Behaviour::Instead;
using Close = Behaviour::Close;
using Reasoning = Wording::Reasoning;
using UsageIn = Wording::UsageIn;
using Place = Wording::Place;
using Break = Wording::Break;

std::int64_t whole(Value value) {
  return static_cast<std::int64_t>(value.value_or(0));
}
Seconds seconds(Value value) {
  return Seconds{value.value_or(0)};
}

template <Reasoning Name>
void reason(Behaviour& b, Value) {
  b.wording.reasoning = Name;
}
template <UsageIn Where>
void put_usage(Behaviour& b, Value) {
  b.wording.usage_in = Where;
}
template <Place Where>
void put_cached(Behaviour& b, Value value) {
  b.wording.cached_in = Where;
  b.wording.cached_tokens = whole(value);
}
template <Place Where>
void put_reasoning(Behaviour& b, Value) {
  b.wording.reasoning_in = Where;
}
template <auto Wording::*Switch, bool On = true>
void set(Behaviour& b, Value) {
  b.wording.*Switch = On;
}
template <Break What, Close How = Close::orderly>
void break_off(Behaviour& b, Value value) {
  b.wording.breaks = What;
  b.wording.break_part = b.chance;
  if (value) b.wording.break_after = whole(value);
  b.close = How;
}
template <int Status>
void refuse(Behaviour& b, Value) {
  b.instead = Instead::status;
  b.status = Status;
}
template <Instead What>
void reply_instead(Behaviour& b, Value) {
  b.instead = What;
}
template <bool AsDate, bool ForAll>
void ask_to_wait(Behaviour& b, Value value) {
  b.wait = seconds(value);
  b.wait_as_date = AsDate;
  b.wait_for_all = ForAll;
}
template <auto Behaviour::*Member>
void set_time(Behaviour& b, Value value) {
  b.*Member = seconds(value);
}
template <auto Behaviour::*Member>
void set_number(Behaviour& b, Value value) {
  b.*Member = static_cast<std::remove_reference_t<decltype(b.*Member)>>(value.value_or(0));
}
template <auto Wording::*Member>
void set_word_number(Behaviour& b, Value value) {
  b.wording.*Member = whole(value);
}
void hit_cache(Behaviour& b, Value) {
  b.cache_hit = true;
  b.wording.cached_in = Place::nested;
}

constexpr auto kNothing = Takes::nothing;
constexpr auto kDuration = Takes::duration;
constexpr auto kNumber = Takes::number;
constexpr bool kOfServer = true;

constexpr Misbehaviour kAll[] = {
    {"reasoning_content", "", kNothing, "reasons first, in `reasoning_content`", false,
     reason<Reasoning::reasoning_content>},
    {"reasoning", "", kNothing, "reasons first, in `reasoning`", false, reason<Reasoning::reasoning>},
    {"thinking", "", kNothing, "reasons first, in `thinking`", false, reason<Reasoning::thinking>},
    {"reasoning_details", "", kNothing, "reasons first, in `reasoning_details`", false,
     reason<Reasoning::reasoning_details>},
    {"usage_merged", "", kNothing, "usage and finish reason come with the last token", false,
     put_usage<UsageIn::last_event>},
    {"usage_continuous", "", kNothing, "usage in every event", false, put_usage<UsageIn::every_event>},
    {"usage_absent", "", kNothing, "no usage at all", false, put_usage<UsageIn::none>},
    {"usage_null", "", kNothing, "`usage: null` in every other event", false, set<&Wording::null_usage>},
    {"cached_nested", "8", kNumber, "so many cached tokens, in `prompt_tokens_details`", false,
     put_cached<Place::nested>},
    {"cached_top", "8", kNumber, "so many cached tokens, beside the other counts", false, put_cached<Place::top>},
    {"cache_hit", "", kNothing, "the prompt was cached, unless the request forbids it", false, hit_cache},
    {"reasoning_tokens_nested", "", kNothing, "reasoning tokens in `completion_tokens_details`", false,
     put_reasoning<Place::nested>},
    {"reasoning_tokens_top", "", kNothing, "reasoning tokens beside the other counts", false,
     put_reasoning<Place::top>},
    {"empty_first", "", kNothing, "events without text before the first token", false, set<&Wording::empty_first>},
    {"tool_call", "", kNothing, "the answer is the argument of a tool call", false, set<&Wording::tool_call>},
    {"speculative", "4", kNumber, "so many tokens in each event", false, set_word_number<&Wording::tokens_per_event>},
    {"pieces", "3", kNumber, "the body in HTTP chunks of so many bytes", false, set_number<&Behaviour::piece_bytes>},
    {"crlf", "", kNothing, "lines end in CRLF", false, set<&Wording::crlf>},
    {"comments", "", kNothing, "comments between the events", false, set<&Wording::comments>},
    {"fields", "", kNothing, "`event:`, `id:` and `retry:` lines", false, set<&Wording::fields>},
    {"no_done", "", kNothing, "no `[DONE]` at the end", false, set<&Wording::done, false>},
    {"empty", "", kNothing, "finishes without any text", false, set<&Wording::no_text>},
    {"length", "", kNothing, "stops at half of the answer, with finish reason `length`", false,
     set<&Wording::too_long>},
    {"error_nested", "", kNumber, "an error inside HTTP 200 after so many tokens, as OpenAI and vLLM say it", false,
     break_off<Break::error_nested>},
    {"error_flat", "", kNumber, "the same as SGLang says it", false, break_off<Break::error_flat>},
    {"abort", "", kNumber, "finish reason `abort` after so many tokens", false, break_off<Break::abort>},
    {"not_json", "", kNumber, "an event that is no JSON after so many tokens", false, break_off<Break::not_json>},
    {"unfinished", "", kNumber, "an orderly end after so many tokens, without a finish", false, break_off<Break::cut>},
    {"cut", "", kNumber, "the connection closes after so many tokens", false, break_off<Break::cut, Close::early>},
    {"cut_event", "", kNumber, "the connection closes in the middle of an event", false,
     break_off<Break::half_event, Close::early>},
    {"cut_reset", "", kNumber, "the connection is reset after so many tokens", false,
     break_off<Break::cut, Close::reset>},
    {"stall", "2s", kDuration, "stands still so long in the middle of the answer", false, set_time<&Behaviour::stall>},
    {"slow_first_token", "2s", kDuration, "the first token comes so much later", false, set_time<&Behaviour::late>},
    {"endless", "", kNothing, "the answer begins again and again", false, set<&Wording::endless>},
    {"huge_line", "20000000", kNumber, "the first token is so many bytes longer", false,
     set_word_number<&Wording::huge_token>},
    {"html", "", kNothing, "an HTML page with HTTP 200", false, reply_instead<Instead::html>},
    {"http_400", "", kNothing, "HTTP 400", false, refuse<400>},
    {"http_401", "", kNothing, "HTTP 401", false, refuse<401>},
    {"http_404", "", kNothing, "HTTP 404", false, refuse<404>},
    {"http_500", "", kNothing, "HTTP 500", false, refuse<500>},
    {"http_503", "", kNothing, "HTTP 503", false, refuse<503>},
    {"redirect", "", kNothing, "HTTP 307 to another host", false, reply_instead<Instead::redirect>},
    {"retry_after", "1s", kDuration, "HTTP 429 with Retry-After; the query is refused until then", false,
     ask_to_wait<false, false>},
    {"retry_date", "1s", kDuration, "the same with an HTTP date", false, ask_to_wait<true, false>},
    {"rate_limit", "1s", kDuration, "HTTP 429 with Retry-After; every query is refused until then", false,
     ask_to_wait<false, true>},
    {"reset", "", kNothing, "the connection is reset before the headers", false, reply_instead<Instead::reset>},
    {"silence", "", kNothing, "nothing is ever answered", false, reply_instead<Instead::silence>},
    {"loading", "5s", kDuration, "HTTP 503 `Loading model` for so long from the start, health too", kOfServer,
     set_time<&Behaviour::loading>},
    {"standstill", "2s", kDuration, "every stream and every page stands still so long, once", kOfServer,
     set_time<&Behaviour::standstill>},
    {"standstill_after", "1s", kDuration, "so long after the first request comes that", kOfServer,
     set_time<&Behaviour::standstill_after>},
    {"foreign_load", "1", kNumber, "so many more running requests in /metrics", kOfServer,
     set_number<&Behaviour::foreign_running>},
    {"waiting", "1", kNumber, "so many waiting requests in /metrics", kOfServer, set_number<&Behaviour::waiting>},
};

// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (splitmix64's finalizer).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

double chance(std::uint64_t seed, std::uint64_t request, std::uint64_t purpose) {
  return static_cast<double>(mixed(mixed(mixed(seed) ^ request) ^ purpose) >> 11U) * 0x1p-53;
}

Error wrong(std::string_view spec, const std::string& why) {
  return {Errc::invalid, "misbehaviour `" + std::string(spec) + "`: " + why};
}

Result<double> parse_value(const Misbehaviour& what, std::string_view text) {
  if (what.takes == Takes::duration) {
    const auto time = parse_duration(text);
    if (!time) return time.error();
    return time->value;
  }
  const auto number = parse_integer(text);
  if (!number) return number.error();
  if (*number < 0 || *number > 1'000'000'000) return Error{Errc::invalid, "a number of 0 to 1000000000 is needed"};
  return static_cast<double>(*number);
}

}  // namespace

std::span<const Misbehaviour> misbehaviours() {
  return kAll;
}

std::string misbehaviour_list() {
  std::string list;
  for (const auto& each : kAll) {
    std::string form(each.name);
    if (each.takes == Takes::duration) form.append("[:").append(each.usual).append("]");
    if (each.takes == Takes::number) form.append("[:").append(each.usual.empty() ? "N" : each.usual).append("]");
    form.resize(std::max<std::size_t>(form.size() + 2, 26), ' ');
    list.append("  ").append(form).append(each.meaning) += '\n';
  }
  return list;
}

Result<Misbehaviours::Chosen> Misbehaviours::parse_one(std::string_view spec) {
  const auto at = spec.rfind('@');
  const auto before = spec.substr(0, at);
  const auto colon = before.find(':');
  const auto name = before.substr(0, colon);
  const auto* found = std::ranges::find(kAll, name, &Misbehaviour::name);
  if (found == std::end(kAll)) {
    std::vector<std::string_view> names;
    for (const auto& each : kAll) names.push_back(each.name);
    return Error{Errc::invalid,
                 "unknown misbehaviour " + did_you_mean(name, names) + " (known: " + join(names, ", ") + ")"};
  }
  Chosen chosen{found, {}, 1};
  if (colon != std::string_view::npos && found->takes == Takes::nothing) return wrong(spec, "takes no value");
  const auto text = colon == std::string_view::npos ? found->usual : before.substr(colon + 1);
  if (colon != std::string_view::npos || !text.empty()) {
    const auto value = parse_value(*found, text);
    if (!value) return wrong(spec, value.error().message);
    chosen.value = *value;
  }
  if (at == std::string_view::npos) return chosen;
  const auto share = parse_number(spec.substr(at + 1));
  if (!share || *share < 0 || *share > 1) return wrong(spec, "the share after `@` must be a number from 0 to 1");
  if (found->of_server) return wrong(spec, "is of the whole server and has no share");
  chosen.share = *share;
  return chosen;
}

Result<Misbehaviours> Misbehaviours::parse(std::span<const std::string> specs, std::uint64_t seed) {
  Misbehaviours all;
  all.seed_ = seed;
  for (const auto& spec : specs) {
    const auto chosen = parse_one(spec);
    if (!chosen) return chosen.error();
    all.chosen_.push_back(*chosen);
  }
  return all;
}

Result<Misbehaviours> Misbehaviours::for_request(std::string_view specs) const {
  Misbehaviours all;
  all.seed_ = seed_;
  while (!specs.empty()) {
    const auto end = std::min(specs.find_first_of(", "), specs.size());
    const auto spec = specs.substr(0, end);
    specs.remove_prefix(std::min(end + 1, specs.size()));
    if (spec.empty()) continue;
    const auto chosen = parse_one(spec);
    if (!chosen) return chosen.error();
    if (chosen->what->of_server) return wrong(spec, "is of the whole server, not of a request");
    all.chosen_.push_back(*chosen);
  }
  return all;
}

Behaviour Misbehaviours::of_server() const {
  Behaviour behaviour;
  for (const auto& each : chosen_)
    if (each.what->of_server) each.what->apply(behaviour, each.value);
  return behaviour;
}

void Misbehaviours::apply(std::uint64_t request, Behaviour& behaviour) const {
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const auto& [what, value, share] = chosen_[i];
    if (what->of_server || chance(seed_, request, i + 1) >= share) continue;
    behaviour.chance = chance(seed_, request, 0);
    what->apply(behaviour, value);
    behaviour.fell.push_back(what);
  }
}

}  // namespace ipw::replay::demo
