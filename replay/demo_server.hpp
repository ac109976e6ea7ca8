#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "replay/demo/misbehaviour.hpp"
#include "replay/recordings.hpp"

namespace ipw::replay {

// How one model of the demo server answers.
struct DemoModel {
  std::string name;
  std::shared_ptr<const Recordings> recordings;  // may be null: nothing is recorded
  Seconds time_to_first_token{0.05};
  double tokens_per_second{100};  // 0: no pacing at all, everything at once, the first token too
  // For measuring readers: every token is the time at which it was written, nanoseconds of the monotonic clock as 16
  // lower-case hexadecimal digits. As many of them as the request's token limit says, whatever the query, and
  // the answer is then complete; without a limit, as many as the recorded answer has tokens.
  bool clock_tokens{false};
  std::shared_ptr<const Recordings> worse{};  // in place of `recordings` while the server is worse; null: the same
};

// An OpenAI-compatible server on loopback that streams recorded answers. One event-loop thread serves every stream, so
// that the server costs little beside what is measured. Used by `demo`, `demo-server` and the tests.
//
//   POST /v1/chat/completions   streaming and not; the query by header X-Query-Id, else by the last user message
//   GET  /v1/models  /health
//   GET  /metrics               running and waiting requests, in the words of vLLM
//   GET  /load                  `running` and `query_seconds`: requests being answered now, and the time integral of
//                               that number since start, each on a line `name value`: the truth for simulated power
//   GET  /misbehaviours         `requests`, `too_early` (came before the end of a Retry-After), and how many requests
//                               each misbehaviour fell on
//
// Tokens are pieces of about four bytes; usage counts them. Token k goes out at time_to_first_token + k /
// tokens_per_second after the request was read, never earlier and without drift; the role and the headers at once. A
// request counts as running from its headers being read until its last byte is handed to the socket or its client is
// gone. It behaves well unless misbehaviours are chosen (demo/misbehaviour.hpp), for all requests or by a request's
// header X-Demo-Misbehave. Speaks HTTP/1.1; bodies need a Content-Length. Constructed running, on a port of its own;
// the destructor ends every stream.
class DemoServer {
 public:
  // `port` 0 picks a free one. Errors: unavailable, when the port is taken; invalid, when `host` is no address of ours.
  static Result<std::unique_ptr<DemoServer>> start(std::vector<DemoModel> models, const std::string& host = "127.0.0.1",
                                                   int port = 0, demo::Misbehaviours misbehaviours = {});
  ~DemoServer();

  int port() const;
  std::string url() const;       // http://127.0.0.1:PORT/v1
  std::string load_url() const;  // http://127.0.0.1:PORT/load

  // From now on the models answer with their worse recordings, and in `query_seconds` a request counts as so many
  // percent of one; 0: all is as it began. Answers under way stay as they are. Thread-safe.
  void worsen(int load_percent);

 private:
  struct Impl;
  explicit DemoServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipw::replay
