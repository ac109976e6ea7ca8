#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// What a token is taken for where the server does not count tokens.
constexpr double kBytesPerToken = 4;

// A stretch of one attempt in which it worked at constant rates (tokens per second). It begins where the one before
// ended.
struct WorkStep {
  MonoTime end;
  double prefill{0}, decode{0};
};

// One attempt as attribution sees it: when it was there, and how fast it worked; or what others had done by the same
// server. What a token is worth is not in it (work_model.hpp). A value type.
struct Load {
  MonoTime begin, end;
  MonoTime first_token;         // `end` where none came
  std::vector<WorkStep> steps;  // from `begin` on, ascending, none empty, none beyond `end`
  std::uint32_t count{1};       // so many requests
  bool opaque{false};           // it may work, and nobody knows how much
};

// Reading the prompt (its tokens less the cached ones) is spread evenly over sent to first text, or to the end where no
// text came. The output tokens are dealt out to the chunks by their bytes, and each chunk's are spread from the chunk
// before it (the first one's: from sent) to its arrival. Tokens that the server does not state are estimated from
// bytes.
Load load_of(const replay::Attempt& attempt);

// The same tokens, undivided.
double tokens_to_read(const replay::Attempt& attempt);
double tokens_per_byte(const replay::Attempt& attempt);

}  // namespace ipw
