#pragma once

#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "replay/dialect.hpp"

namespace ipw::testing {

// What a decoder made of a stream, as lines of text that compare and print well: `content: abc`. Neighbouring events of
// one kind of text stand on lines of their own.
struct Decoded {
  std::vector<std::string> events;
  std::string end;    // "usage in=1 cached=- out=2 reasoning=-", or "invalid: ..." of feed() or finish()
  std::string times;  // "load=0.5 decode=2", of those that the server stated
};

inline std::string to_line(const replay::StreamEvent& event) {
  constexpr const char* kNames[] = {"content", "reasoning", "tool_call", "finish", "error"};
  return std::string(kNames[static_cast<int>(event.kind)]) + ": " + event.text;
}

inline std::string to_line(const Error& error) {
  return (error.code == Errc::invalid       ? "invalid: "
          : error.code == Errc::unavailable ? "unavailable: "
                                            : "other: ") +
         error.message;
}

inline std::string to_line(const replay::Usage& usage) {
  const auto shown = [](const std::optional<std::int64_t>& count) { return count ? std::to_string(*count) : "-"; };
  return "usage in=" + shown(usage.input_tokens) + " cached=" + shown(usage.cached_tokens) +
         " out=" + shown(usage.output_tokens) + " reasoning=" + shown(usage.reasoning_tokens);
}

inline std::string to_line(const replay::ServerTimings& timings) {
  std::ostringstream line;
  const auto show = [&](const char* name, const std::optional<Seconds>& time) {
    if (time) line << (line.tellp() > 0 ? " " : "") << name << "=" << time->value;
  };
  show("load", timings.load);
  show("queue", timings.queue);
  show("prefill", timings.prefill);
  show("decode", timings.decode);
  show("total", timings.total);
  return line.str();
}

// Feeds `stream` in pieces of 1 to `largest` bytes; 0 feeds it whole.
inline Decoded decode(replay::StreamDecoder& decoder, std::string_view stream, std::size_t largest, unsigned seed = 0) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::size_t> size(1, largest == 0 ? 1 : largest);
  Decoded decoded;
  std::vector<replay::StreamEvent> events;
  Result<void> fed;
  while (!stream.empty() && fed) {
    const auto piece = stream.substr(0, largest == 0 ? stream.size() : size(random));
    fed = decoder.feed(piece, events);
    stream.remove_prefix(piece.size());
  }
  for (const auto& event : events) decoded.events.push_back(to_line(event));
  if (!fed) {
    decoded.end = to_line(fed.error());
    return decoded;
  }
  const auto usage = decoder.finish();
  decoded.end = usage ? to_line(*usage) : to_line(usage.error());
  decoded.times = to_line(decoder.timings());
  return decoded;
}

}  // namespace ipw::testing
