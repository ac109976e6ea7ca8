#include "replay/attempt.hpp"

namespace ipw::replay {

std::string_view to_text(Outcome outcome) {
  constexpr std::string_view kNames[kOutcomes] = {
      "ok",       "length",   "connect",      "tls",        "timeout_first_token", "timeout_total", "http_4xx",
      "http_429", "http_5xx", "stream_error", "stream_cut", "unparsable",          "empty",         "cancelled",
  };
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view to_text(PauseReason reason) {
  constexpr std::string_view kNames[kPauseReasons] = {"not_ready", "load", "budget", "retry_after", "judging"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace ipw::replay
