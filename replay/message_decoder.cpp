#include "replay/message_decoder.hpp"

#include "base/text.hpp"
#include "replay/excerpt.hpp"
#include "replay/server_message.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kBeginning = 200;

}  // namespace

void AnswerParts::add(StreamEvent::Kind kind, std::string_view text) {
  if (!text.empty()) events->push_back({kind, std::string(text)});
}

void AnswerParts::finish(std::string_view reason) {
  add(StreamEvent::Kind::finish, reason);
  finished = true;
}

void AnswerParts::count(std::optional<std::int64_t>& into, JsonView stated) {
  if (const auto count = stated.count()) into = count;
}

void AnswerParts::time(std::optional<Seconds>& into, JsonView stated, double per_second) {
  if (const auto time = stated.number()) into = Seconds{*time / per_second};
}

Result<void> MessageDecoder::feed(std::string_view bytes, std::vector<StreamEvent>& out) {
  answer_.events = &out;
  if (form_ == Form::unknown) sniff(bytes);
  if (messages_ == 0) keep_beginning(bytes);
  switch (form_) {
    case Form::events:
      return events_.feed(bytes, [this](std::string_view data) { return digest(data); });
    case Form::lines:
      return lines_.feed(bytes, [this](std::string_view data) { return digest(data); });
    case Form::object:
      return feed_object(bytes);
    case Form::neither:
      if (beginning_.size() >= kBeginning) return neither();
      break;
    case Form::unknown:
      break;
  }
  return {};
}

// A field name or comment of an event stream (or its byte order mark), or a JSON object.
void MessageDecoder::sniff(std::string_view& bytes) {
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return bytes.remove_prefix(bytes.size());
  bytes.remove_prefix(first);
  constexpr std::string_view kEventStream = ":deir\xEF";
  if (bytes.front() == '{')
    form_ = framing_ == Framing::lines ? Form::lines : Form::object;
  else if (framing_ == Framing::events && kEventStream.find(bytes.front()) != std::string_view::npos)
    form_ = Form::events;
  else
    form_ = Form::neither;
}

void MessageDecoder::keep_beginning(std::string_view bytes) {
  if (beginning_.size() < kBeginning) beginning_ += bytes.substr(0, kBeginning - beginning_.size());
}

Error MessageDecoder::neither() const {
  return {Errc::invalid, "the answer is not " + std::string(what_) + "; it begins: " + excerpt(beginning_)};
}

Result<void> MessageDecoder::feed_object(std::string_view bytes) {
  return object_.feed(bytes, [this](std::string_view data) -> Result<void> {
    if (messages_ > 0) return {};
    const auto events = answer_.events->size();
    if (auto ok = digest(data); !ok) return ok;
    answer_.finished = true;
    if (events == answer_.events->size() && !answer_.usage.output_tokens) return neither();
    return {};
  });
}

Result<void> MessageDecoder::digest(std::string_view data) {
  data = trim(data);
  if (data.empty()) return {};
  ++messages_;
  if (data == "[DONE]") {
    answer_.finished = true;
    return {};
  }
  if (const auto text = repeated_.text_of(data)) {
    answer_.add(repeated_.kind(), *text);
    return {};
  }
  const auto events = answer_.events->size();
  if (auto ok = parse(data); !ok) return ok;
  if (reader_->remembers_nothing() && answer_.events->size() == events + 1)
    repeated_.learn(data, answer_.events->back());
  else
    repeated_.forget();
  return {};
}

Result<void> MessageDecoder::parse(std::string_view data) {
  const JsonDocument document(data);
  const auto message = document.root();
  if (!message) return Error{Errc::invalid, "an event of the stream is not a JSON object: " + excerpt(data)};
  if (message["error"]) {
    answer_.add(StreamEvent::Kind::error, error_message(message).value_or(excerpt(data)));
    return {};
  }
  if (auto ok = reader_->read(message, answer_); !ok)
    return Error{Errc::invalid, ok.error().message + ": " + excerpt(data)};
  return {};
}

Result<Usage> MessageDecoder::finish() {
  if (answer_.finished) return answer_.usage;
  if (form_ == Form::unknown) return Error{Errc::unavailable, "the answer is empty"};
  if (form_ == Form::neither) return neither();
  if (form_ == Form::object || events_.pending() || lines_.pending())
    return Error{Errc::unavailable, "the stream ended in the middle of an event"};
  if (messages_ == 0) return neither();
  return Error{Errc::unavailable, "the stream ended before the server said that the answer is finished"};
}

}  // namespace ipw::replay
