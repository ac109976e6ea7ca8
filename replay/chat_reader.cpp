#include "replay/chat_decoder.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "replay/excerpt.hpp"
#include "replay/server_message.hpp"

namespace ipw::replay {
namespace {

using Json = nlohmann::json;
using Kind = StreamEvent::Kind;

constexpr std::size_t kBeginning = 200;
constexpr std::size_t kMaxObject = 64U << 20U;

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string_view text_of(const Json* value) {
  return value != nullptr && value->is_string() ? std::string_view(value->get_ref<const std::string&>())
                                                : std::string_view{};
}

void read_count(const Json* object, const char* name, std::optional<std::int64_t>& count) {
  const auto* value = object == nullptr ? nullptr : member(*object, name);
  if (value != nullptr && value->is_number_integer() && value->get<std::int64_t>() >= 0)
    count = value->get<std::int64_t>();
}

void read_usage(const Json& message, Usage& usage) {
  // llama.cpp tells what it took from its cache here, and only here.
  read_count(member(message, "timings"), "cache_n", usage.cached_tokens);
  const auto* stated = member(message, "usage");
  if (stated == nullptr) return;
  read_count(stated, "prompt_tokens", usage.input_tokens);
  read_count(stated, "completion_tokens", usage.output_tokens);
  read_count(stated, "reasoning_tokens", usage.reasoning_tokens);
  read_count(member(*stated, "prompt_tokens_details"), "cached_tokens", usage.cached_tokens);
  read_count(member(*stated, "completion_tokens_details"), "reasoning_tokens", usage.reasoning_tokens);
}

// Collects the events of one message.
class Events {
 public:
  explicit Events(std::vector<StreamEvent>& out) : out_(out) {}
  void add(Kind kind, std::string_view text) {
    if (!text.empty()) out_.push_back({kind, std::string(text)});
  }

 private:
  std::vector<StreamEvent>& out_;
};

// The same text may stand under several of these names: the first that has any counts.
void read_reasoning(const Json& delta, Events& events) {
  for (const auto* name : {"reasoning", "reasoning_content", "thinking"})
    if (const auto text = text_of(member(delta, name)); !text.empty()) return events.add(Kind::reasoning, text);
  const auto* details = member(delta, "reasoning_details");
  if (details == nullptr || !details->is_array()) return;
  for (const auto& detail : *details) {
    events.add(Kind::reasoning, text_of(member(detail, "text")));
    events.add(Kind::reasoning, text_of(member(detail, "summary")));
  }
}

void read_content(const Json& delta, Events& events) {
  const auto* content = member(delta, "content");
  events.add(Kind::content, text_of(content));
  events.add(Kind::content, text_of(member(delta, "refusal")));
  if (content == nullptr || !content->is_array()) return;
  for (const auto& part : *content) {
    events.add(Kind::content, text_of(member(part, "text")));
    const auto* thinking = member(part, "thinking");
    if (thinking == nullptr || !thinking->is_array()) continue;
    for (const auto& thought : *thinking) events.add(Kind::reasoning, text_of(member(thought, "text")));
  }
}

void read_call(const Json* call, Events& events) {
  if (call == nullptr) return;
  events.add(Kind::tool_call, text_of(member(*call, "name")));
  events.add(Kind::tool_call, text_of(member(*call, "arguments")));
}

void read_delta(const Json& delta, Events& events) {
  read_reasoning(delta, events);
  read_content(delta, events);
  read_call(member(delta, "function_call"), events);
  const auto* calls = member(delta, "tool_calls");
  if (calls == nullptr || !calls->is_array()) return;
  for (const auto& call : *calls) read_call(member(call, "function"), events);
}

// True when the choice says that it is finished.
bool read_choice(const Json& choice, Events& events) {
  for (const auto* name : {"delta", "message"})
    if (const auto* delta = member(choice, name)) read_delta(*delta, events);
  const auto reason = text_of(member(choice, "finish_reason"));
  if (reason.empty()) return false;
  if (reason == "abort" || reason == "error") {
    events.add(Kind::error, "the server ended the answer with finish_reason `" + std::string(reason) + "`");
  } else {
    events.add(Kind::finish, reason);
  }
  return true;
}

}  // namespace

Result<void> ChatDecoder::feed(std::string_view bytes, std::vector<StreamEvent>& out) {
  if (form_ == Form::unknown) sniff(bytes);
  if (messages_ == 0) keep_beginning(bytes);
  switch (form_) {
    case Form::events:
      return framer_.feed(bytes, [&](std::string_view data) { return digest(data, out); });
    case Form::object:
      return feed_object(bytes, out);
    case Form::neither:
      if (beginning_.size() >= kBeginning) return neither();
      break;
    case Form::unknown:
      break;
  }
  return {};
}

// The first byte that is not blank decides: a field name or comment of an event stream (or its byte order mark), or a
// JSON object. Servers do not reliably say which in Content-Type.
void ChatDecoder::sniff(std::string_view& bytes) {
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return bytes.remove_prefix(bytes.size());
  bytes.remove_prefix(first);
  constexpr std::string_view kEventStream = ":deir\xEF";
  if (bytes.front() == '{')
    form_ = Form::object;
  else
    form_ = kEventStream.find(bytes.front()) != std::string_view::npos ? Form::events : Form::neither;
}

void ChatDecoder::keep_beginning(std::string_view bytes) {
  if (beginning_.size() < kBeginning) beginning_ += bytes.substr(0, kBeginning - beginning_.size());
}

Error ChatDecoder::neither() const {
  return {Errc::invalid, "the answer is not a chat completion; it begins: " + excerpt(beginning_)};
}

Result<void> ChatDecoder::feed_object(std::string_view bytes, std::vector<StreamEvent>& out) {
  for (const char c : bytes) {
    if (done_) return {};
    object_ += c;
    if (in_string_) {
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      const auto events = out.size();
      if (auto ok = digest(object_, out); !ok) return ok;
      done_ = true;
      if (events == out.size() && !usage_.output_tokens) return neither();
    }
  }
  if (object_.size() > kMaxObject) return Error{Errc::invalid, "the answer is larger than 64 MiB"};
  return {};
}

Result<void> ChatDecoder::digest(std::string_view data, std::vector<StreamEvent>& out) {
  data = trim(data);
  if (data.empty()) return {};
  ++messages_;
  if (data == "[DONE]") {
    done_ = true;
    return {};
  }
  const auto message = Json::parse(data, nullptr, false);
  if (!message.is_object())
    return Error{Errc::invalid, "an event of the stream is not a JSON object: " + excerpt(data)};
  read_usage(message, usage_);
  Events events(out);
  const auto* choices = member(message, "choices");
  if (choices == nullptr || member(message, "error") != nullptr) {
    if (const auto text = error_message(data)) events.add(Kind::error, *text);
    return {};
  }
  if (!choices->is_array()) return Error{Errc::invalid, "`choices` is not a list: " + excerpt(data)};
  for (const auto& choice : *choices) {
    const auto* index = member(choice, "index");
    if (index != nullptr && *index != 0) continue;
    if (read_choice(choice, events)) done_ = true;
  }
  return {};
}

Result<Usage> ChatDecoder::finish() {
  if (done_) return usage_;
  if (form_ == Form::unknown) return Error{Errc::unavailable, "the answer is empty"};
  if (form_ == Form::neither) return neither();
  if (form_ == Form::object || framer_.pending())
    return Error{Errc::unavailable, "the stream ended in the middle of an event"};
  if (messages_ == 0) return neither();
  return Error{Errc::unavailable, "the stream ended before the server said that the answer is finished"};
}

}  // namespace ipw::replay
