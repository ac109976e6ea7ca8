#include "replay/retry.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <string>

#include "base/quantity_text.hpp"
#include "base/text.hpp"

namespace ipw::replay {

bool may_pass(Outcome outcome) {
  switch (outcome) {
    case Outcome::connect:
    case Outcome::timeout_first_token:
    case Outcome::timeout_total:
    case Outcome::http_429:
    case Outcome::http_5xx:
    case Outcome::stream_error:
    case Outcome::stream_cut:
      return true;
    default:
      return false;
  }
}

Seconds retry_delay(const RetryPolicy& policy, int number, std::optional<Seconds> retry_after, std::mt19937& random) {
  constexpr double kMost = 60, kMostAskedFor = 3600;
  std::uniform_real_distribution<double> jitter(0.5, 1.5);
  const double own = std::ldexp(policy.backoff.value, number - 1) * jitter(random);
  const double asked = retry_after.value_or(Seconds{0}).value;
  return Seconds{std::max(std::clamp(own, 0.0, kMost), std::clamp(asked, 0.0, kMostAskedFor))};
}

std::optional<Seconds> parse_retry_after(std::string_view text, WallTime now) {
  const std::string word(trim(text));
  if (const auto seconds = parse_integer(word); seconds && *seconds >= 0) return Seconds{static_cast<double>(*seconds)};
  std::tm date{};
  const char* end = ::strptime(word.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto at = std::chrono::system_clock::from_time_t(::timegm(&date));
  return Seconds{std::max(0.0, std::chrono::duration<double>(at - now).count())};
}

}  // namespace ipw::replay
