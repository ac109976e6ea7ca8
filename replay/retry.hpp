#pragma once

#include <optional>
#include <random>
#include <string_view>

#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw::replay {

struct RetryPolicy {
  int attempts{2};       // of these, at most so many may fail
  int until_success{1};  // an answer that is not right is asked for again, up to so many in all
  Seconds backoff{
      0.5};  // before the second attempt, doubled each time, with jitter; Retry-After wins where it is longer
};

// Whether the same request may well succeed later: connect, timeouts, 429, 5xx, a failed or cut stream.
bool may_pass(Outcome outcome);

// How long to wait after attempt number `number` has failed: backoff * 2^(number-1), times a random factor in
// [0.5, 1.5) so that concurrent queries do not return all at once, a minute at most; never less than `retry_after`, of
// which an hour at most is honoured.
Seconds retry_delay(const RetryPolicy& policy, int number, std::optional<Seconds> retry_after, std::mt19937& random);

// The wait that a Retry-After header asks for: seconds, or an HTTP date seen from `now`. Nothing for other texts.
// Source: RFC 9110, 10.2.3 and 5.6.7 (the preferred form of dates only).
std::optional<Seconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace ipw::replay
