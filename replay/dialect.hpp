#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/catalog.hpp"
#include "base/options.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "replay/corpus.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// Token counts as the server states them. What it does not state stays empty.
struct Usage {
  std::optional<std::int64_t> input_tokens;      // whole prompt, cached part included
  std::optional<std::int64_t> cached_tokens;     // part of input_tokens
  std::optional<std::int64_t> output_tokens;     // everything generated, reasoning included
  std::optional<std::int64_t> reasoning_tokens;  // part of output_tokens
};

// How long the server says that it took, each part as it states it. Parts may overlap, and need not add up to `total`.
struct ServerTimings {
  std::optional<Seconds> load;     // bringing the model into memory: no part of answering
  std::optional<Seconds> queue;    // waiting for its turn
  std::optional<Seconds> prefill;  // reading the prompt
  std::optional<Seconds> decode;   // generating
  std::optional<Seconds> total;
  bool operator==(const ServerTimings&) const = default;
};

// One thing that a stream says. Frames that say nothing to us (role only, comments, usage: null) give no event.
struct StreamEvent {
  enum class Kind {
    content,    // text of the answer
    reasoning,  // text of the reasoning channel
    tool_call,  // text of a tool call
    finish,     // text is the server's reason: stop, ...; always `length` where a token limit was reached
    error,      // text is the server's message: the stream reports a failure inside HTTP 200
  };
  Kind kind{};
  std::string text;  // never empty for content, reasoning and tool_call
};

// Decodes the body of one response. One stream, one decoder, one thread.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // Appends what `bytes` completes to `out`: the same events however the stream is split.
  // Errors: invalid, when a frame is not what this dialect speaks (the message shows its beginning).
  virtual Result<void> feed(std::string_view bytes, std::vector<StreamEvent>& out) = 0;
  // After the last byte. Errors: unavailable, when the stream ended before the server said that it was finished.
  virtual Result<Usage> finish() = 0;
  // After finish(): what the server told of its own times.
  virtual ServerTimings timings() const { return {}; }
};

// Where a server tells how it is doing. Paths begin at the target's URL less a last `/v1`. Empty: it has no such page.
struct ServerPages {
  std::string health;                   // any answer below 500 means that it is there
  std::string models;                   // a JSON list of what it serves
  std::string metrics;                  // Prometheus text that holds its load
  std::vector<std::string> identity{};  // JSON that says what it runs (server_identity.hpp)
};

// How to speak to one kind of server. The target's `url` is what request paths begin at. Immutable and thread-safe.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual HttpRequest request(const CorpusItem& item) const = 0;
  virtual std::unique_ptr<StreamDecoder> decoder() const = 0;
  virtual ServerPages pages() const { return {}; }
  // The header that carries an API key: a bearer token, unless this server wants it in another way.
  virtual std::pair<std::string, std::string> credential(const std::string& key) const {
    return {"Authorization", "Bearer " + key};
  }
};

// `model` is what the server calls it; `request` is the target's sub-tree of that name (max_tokens, temperature, ...).
using OpenDialect = Result<std::unique_ptr<Dialect>> (*)(const std::string& model, Options& request);

// Every dialect there is (dialects.cpp).
const Catalog<OpenDialect>& dialects();

}  // namespace ipw::replay
