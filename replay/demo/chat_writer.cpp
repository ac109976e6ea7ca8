#include "replay/demo/chat_writer.hpp"

#include "replay/demo/tokens.hpp"

namespace ipw::replay::demo {
namespace {

using Reasoning = Wording::Reasoning;
using UsageIn = Wording::UsageIn;
using Place = Wording::Place;
using Break = Wording::Break;

constexpr std::string_view kChoice = R"("choices":[{"index":0,"delta":)";
constexpr std::string_view kDone = "data: [DONE]\n\n";
constexpr std::string_view kFailure = "EngineCore encountered an issue.";

// "id":…,"object":…,"created":…,"model":… of a chunk or of a whole completion.
std::string preamble(const ChatWriter::Identity& identity, std::string_view object) {
  std::string text = "{\"id\":\"";
  append_json_escaped(identity.id, text);
  text.append("\",\"object\":\"").append(object).append("\",\"created\":").append(std::to_string(identity.created));
  text += ",\"model\":\"";
  append_json_escaped(identity.model, text);
  return text + "\",";
}

std::string_view reasoning_open(Reasoning reasoning) {
  switch (reasoning) {
    case Reasoning::reasoning_content:
      return R"("reasoning_content":")";
    case Reasoning::thinking:
      return R"("thinking":")";
    case Reasoning::reasoning_details:
      return R"("reasoning_details":[{"type":"reasoning.text","index":0,"text":")";
    case Reasoning::reasoning:
    case Reasoning::none:
      break;
  }
  return R"("reasoning":")";
}

std::string_view reasoning_close(Reasoning reasoning) {
  return reasoning == Reasoning::reasoning_details ? R"("}])" : R"(")";
}

void append_count(std::string_view name, std::int64_t count, std::string& out) {
  out.append(",\"").append(name).append("\":").append(std::to_string(count));
}

// A count of the usage beside the others, or in an object of its own.
void append_detail(Place place, std::string_view object, std::string_view name, std::int64_t count, std::string& out) {
  if (place == Place::none) return;
  if (place == Place::top) return append_count(name, count, out);
  out.append(",\"").append(object).append("\":{\"").append(name).append("\":").append(std::to_string(count)) += '}';
}

}  // namespace

ChatWriter::ChatWriter(const Identity& identity, const Wording& wording)
    : wording_(wording),
      include_usage_(identity.include_usage && wording.usage_in != UsageIn::none),
      reasoning_close_(reasoning_close(wording.reasoning)),
      content_close_(wording.tool_call ? R"("}}])" : R"(")"),
      plain_(!wording.null_usage && wording.usage_in != UsageIn::every_event) {
  if (!identity.stream) {
    head_ = preamble(identity, "chat.completion");
    return;
  }
  head_ = "data: " + preamble(identity, "chat.completion.chunk");
  const auto choice = head_ + std::string(kChoice) + "{";
  reasoning_ = choice + std::string(reasoning_open(wording.reasoning));
  content_ = choice + (wording.tool_call ? R"("tool_calls":[{"index":0,"function":{"arguments":")" : R"("content":")");
}

void ChatWriter::begin(std::string& out) const {
  append_choice(R"({"role":"assistant","content":""})", "", out);
  if (wording_.empty_first) {
    append_choice(R"({"role":"assistant"})", "", out);
    append_choice("{}", "", out);
    append_choice(R"({"content":null,"reasoning":null,"reasoning_content":"","tool_calls":[]})", "", out);
    out.append(head_).append("\"choices\":[]}\n\n");
  }
}

void ChatWriter::open_call(std::string& out) const {
  append_choice(
      R"({"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"answer","arguments":""}}]})", "",
      out);
}

void ChatWriter::close_text(bool reasoning, const TokenCounts& counts, std::string_view finish,
                            std::string& out) const {
  out += reasoning ? reasoning_close_ : content_close_;
  if (plain_ && finish.empty()) {
    out += "},\"finish_reason\":null}]}\n\n";
    return;
  }
  out += "},\"finish_reason\":";
  finish.empty() ? out += "null" : out.append("\"").append(finish) += '"';
  out += "}]";
  append_usage_of_event(counts, !finish.empty(), out);
  out += "}\n\n";
}

void ChatWriter::end(const TokenCounts& counts, std::string_view finish, bool finish_is_said, std::string& out) const {
  const bool with_finish = wording_.usage_in == UsageIn::last_event;
  if (!finish_is_said) {
    out.append(head_).append(kChoice).append(R"({},"finish_reason":")").append(finish).append("\"}]");
    append_usage_of_event(counts, with_finish, out);
    out += "}\n\n";
  }
  if (include_usage_ && !with_finish) {
    out.append(head_).append("\"choices\":[],");
    append_usage(counts, out);
    out += "}\n\n";
  }
  if (wording_.done) out += kDone;
}

void ChatWriter::break_off(std::string& out) const {
  switch (wording_.breaks) {
    case Break::none:
    case Break::cut:
      return;
    case Break::half_event:
      out.append(content_).append("ha");
      return;
    case Break::not_json:
      out += "data: {oops\n\n";
      return;
    case Break::error_nested:
    case Break::error_flat:
      failure(out += "data: ");
      break;
    case Break::abort:
      out.append(head_).append(kChoice).append(R"({},"finish_reason":"abort"}]})");
      break;
  }
  out.append("\n\n").append(kDone);
}

// vLLM's way and SGLang's.
void ChatWriter::failure(std::string& out) const {
  const bool nested = wording_.breaks == Break::error_nested;
  out += nested ? R"({"error":{"message":")" : R"({"object":"error","message":")";
  out.append(kFailure).append(R"(","type":"InternalServerError","param":null,"code":500)").append(nested ? "}}" : "}");
}

void ChatWriter::whole(const Whole& answer, const TokenCounts& counts, std::string& out) const {
  out.append(head_).append(R"("choices":[{"index":0,"message":{"role":"assistant",)");
  if (!answer.reasoning.empty()) {
    out.append(reasoning_open(wording_.reasoning)).append(answer.reasoning);
    out.append(reasoning_close_) += ',';
  }
  if (wording_.tool_call) out += R"("content":null,"tool_calls":[{"type":"function","function":{"arguments":")";
  if (!wording_.tool_call) out += R"("content":")";
  out.append(answer.content).append(content_close_);
  out.append(R"(},"finish_reason":")").append(answer.finish).append("\"}]");
  if (wording_.usage_in != UsageIn::none) append_usage(counts, out += ',');
  out += '}';
}

void ChatWriter::append_choice(std::string_view delta, std::string_view finish, std::string& out) const {
  out.append(head_).append(kChoice).append(delta).append(R"(,"finish_reason":)");
  finish.empty() ? out += "null" : out.append("\"").append(finish) += '"';
  out += "}]";
  append_usage_of_event({}, false, out);
  out += "}\n\n";
}

void ChatWriter::append_usage_of_event(const TokenCounts& counts, bool last, std::string& out) const {
  const bool states = wording_.usage_in == UsageIn::every_event || (wording_.usage_in == UsageIn::last_event && last);
  if (states && include_usage_) return append_usage(counts, out += ',');
  if (wording_.null_usage) out += ",\"usage\":null";
}

void ChatWriter::append_usage(const TokenCounts& counts, std::string& out) const {
  out.append("\"usage\":{\"prompt_tokens\":").append(std::to_string(counts.prompt));
  append_count("completion_tokens", counts.completion, out);
  append_count("total_tokens", counts.prompt + counts.completion, out);
  const auto cached = wording_.cached_tokens.value_or(0);
  append_detail(wording_.cached_in, "prompt_tokens_details", "cached_tokens", cached, out);
  append_detail(wording_.reasoning_in, "completion_tokens_details", "reasoning_tokens", counts.reasoning, out);
  out += '}';
}

}  // namespace ipw::replay::demo
