#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "replay/attempt.hpp"
#include "replay/dialect.hpp"
#include "replay/transport.hpp"

namespace ipw::replay {

// Makes an Attempt out of one response: decodes the bytes, notes what came when, and says how it ended. Calls come from
// the transport, one at a time; touches nothing that is shared until it is done.
class AttemptStream final : public StreamSink {
 public:
  // Called last, from the transport's thread; the stream may be destroyed as soon as it is.
  using Done = std::function<void(AttemptStream&)>;

  // `attempt` knows its id, query, number and scheduled time. `done` outlives the stream.
  AttemptStream(Attempt attempt, std::unique_ptr<StreamDecoder> decoder, const Done& done)
      : attempt_(std::move(attempt)), decoder_(std::move(decoder)), done_(done) {}

  void sent(MonoTime at) override;
  void response(MonoTime at, int status, const std::function<std::string(std::string_view)>& header) override;
  bool bytes(MonoTime at, std::string_view data) override;
  void end(MonoTime at, StreamEnd end) override;

  // Ends the stream early, as cancelled. Any thread.
  void cancel() { stop_.request_stop(); }
  std::stop_token stop_token() const { return stop_.get_token(); }

  // REQUIRES, of both: done. What the attempt lacks is whether it was the last.
  Attempt& attempt() { return attempt_; }
  std::optional<Seconds> retry_after() const { return retry_after_; }

 private:
  void digest(MonoTime at, const StreamEvent& event);
  void note_text(MonoTime at, std::size_t size);
  void conclude(const StreamEnd& end);
  void conclude_http();
  void conclude_answer(const StreamEnd& end);
  // Settles the outcome; the first one stands.
  void settle(Outcome outcome, std::string reason);

  Attempt attempt_;
  std::unique_ptr<StreamDecoder> decoder_;
  const Done& done_;
  std::stop_source stop_;
  std::vector<StreamEvent> events_;  // of one call, kept for its memory
  std::string error_body_;           // of a response that is not 2xx
  std::string location_;             // where a redirect leads
  std::optional<Seconds> retry_after_;
  bool settled_{false};
};

}  // namespace ipw::replay
