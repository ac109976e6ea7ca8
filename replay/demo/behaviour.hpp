#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.hpp"
#include "replay/demo/wording.hpp"

namespace ipw::replay::demo {

// How one request is answered, or how the whole server behaves. Unset, as a good server does it.
struct Behaviour {
  // What comes instead of an answer.
  enum class Instead { none, status, redirect, html, silence, reset };
  // How the connection ends with the answer.
  enum class Close { orderly, early, reset };

  // The words and the times of an answer: AnswerScript.
  Wording wording;
  Seconds late{0}, stall{0};
  bool cache_hit{false};  // all of the prompt but its last token came from the cache, unless the request forbids it

  // The exchange.
  Instead instead{};
  int status{0};
  Close close{};
  std::size_t piece_bytes{0};  // the body in HTTP chunks of so many bytes; 0: each in one
  Seconds wait{0};             // 429, until so long has passed; 0: none
  bool wait_as_date{false};    // told as an HTTP date
  bool wait_for_all{false};    // not only for the query that was refused

  // Of the whole server.
  Seconds loading{0};                           // 503 for so long from the start
  Seconds standstill{0}, standstill_after{1};   // once, so long after the first request
  std::int64_t foreign_running{0}, waiting{0};  // in /metrics

  std::vector<const struct Misbehaviour*> fell;  // on this request
  double chance{0.5};                            // of this request and of nothing else: in [0, 1)
};

}  // namespace ipw::replay::demo
