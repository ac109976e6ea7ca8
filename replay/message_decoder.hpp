#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "replay/dialect.hpp"
#include "replay/framing.hpp"
#include "replay/json_view.hpp"
#include "replay/repeated_message.hpp"

namespace ipw::replay {

// What the messages of one answer have told so far.
struct AnswerParts {
  std::vector<StreamEvent>* events{nullptr};  // where the next ones go
  Usage usage;
  ServerTimings timings;
  bool finished{false};  // the server said that the answer is whole

  // An event without text says nothing, and is none.
  void add(StreamEvent::Kind kind, std::string_view text);
  void finish(std::string_view reason);
  // The last stated value counts; what is no count says nothing.
  static void count(std::optional<std::int64_t>& into, JsonView stated);
  // The same for a time, stated in units of which a second has `per_second`.
  static void time(std::optional<Seconds>& into, JsonView stated, double per_second = 1);
};

// Reads the messages of one answer, JSON objects as one kind of server writes them. One answer, one reader, one thread.
class MessageReader {
 public:
  virtual ~MessageReader() = default;
  // An `error` member is no reader's business: it was told as an event. Errors: invalid, for what cannot be meant.
  virtual Result<void> read(JsonView message, AnswerParts& answer) = 0;
  // Whether a message tells the same whatever came before it, so that one which is repeated need not be read again.
  virtual bool remembers_nothing() const { return true; }
};

// Decodes an answer that is a stream of JSON messages: as server-sent events, one a line, or one object where the
// server does not stream. Servers do not reliably say which in Content-Type: the first byte that is not blank does.
// `[DONE]` may be missing where the answer finished in another way.
class MessageDecoder final : public StreamDecoder {
 public:
  enum class Framing { events, lines };
  // `what` is the kind of answer, with its article, for messages: "a chat completion". It outlives the decoder.
  MessageDecoder(Framing framing, std::string_view what, std::unique_ptr<MessageReader> reader)
      : framing_(framing), what_(what), reader_(std::move(reader)) {}

  Result<void> feed(std::string_view bytes, std::vector<StreamEvent>& out) override;
  Result<Usage> finish() override;
  ServerTimings timings() const override { return answer_.timings; }

 private:
  enum class Form { unknown, events, lines, object, neither };

  void sniff(std::string_view& bytes);
  void keep_beginning(std::string_view bytes);
  Result<void> feed_object(std::string_view bytes);
  Result<void> digest(std::string_view data);
  Result<void> parse(std::string_view data);
  Error neither() const;

  Framing framing_;
  std::string_view what_;
  std::unique_ptr<MessageReader> reader_;
  Form form_{Form::unknown};
  SseFramer events_;
  JsonFramer lines_{JsonFramer::Layout::lines}, object_{JsonFramer::Layout::free};
  std::string beginning_;    // of the body, for messages
  std::size_t messages_{0};  // that came
  AnswerParts answer_;
  RepeatedMessage repeated_;
};

}  // namespace ipw::replay
