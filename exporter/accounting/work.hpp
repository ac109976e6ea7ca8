#pragma once

#include <cstddef>
#include <vector>

#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// How much work one token is, generated against read: an assumption. It only decides how attempts that overlap share
// the active joules, never how many joules there are (METHODOLOGY, "Attribution").
constexpr double kPrefillWork = 1;
constexpr double kDecodeWork = 20;
// What a token is taken for where the server does not count tokens.
constexpr double kBytesPerToken = 4;

// A stretch of one attempt in which it worked at constant rates (work per second). It begins where the one before
// ended.
struct WorkStep {
  MonoTime end;
  double prefill{0}, decode{0};
};

// One attempt as attribution sees it: when it was there, and how fast it worked. A value type.
struct Load {
  MonoTime begin, end;
  MonoTime first_token;         // `end` where none came
  std::vector<WorkStep> steps;  // from `begin` on, ascending, none empty, none beyond `end`
};

// Reading the prompt (its tokens less the cached ones) is spread evenly over sent to first text, or to the end where no
// text came. The output tokens are dealt out to the chunks by their bytes, and each chunk's are spread from the chunk
// before it (the first one's: from sent) to its arrival. Tokens that the server does not state are estimated from
// bytes.
Load load_of(const replay::Attempt& attempt);

}  // namespace ipw
