#include "replay/llamacpp_timings.hpp"

namespace ipw::replay {

void read_llamacpp_timings(JsonView timings, AnswerParts& answer) {
  constexpr double kMilliseconds = 1e3;
  AnswerParts::time(answer.timings.prefill, timings["prompt_ms"], kMilliseconds);
  AnswerParts::time(answer.timings.decode, timings["predicted_ms"], kMilliseconds);
  AnswerParts::count(answer.usage.cached_tokens, timings["cache_n"]);
}

}  // namespace ipw::replay
