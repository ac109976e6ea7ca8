#include "replay/chat_reader.hpp"

#include "replay/llamacpp_timings.hpp"
#include "replay/server_message.hpp"

namespace ipw::replay {
namespace {

using Kind = StreamEvent::Kind;

void read_cached(JsonView stated, std::optional<std::int64_t>& cached) {
  AnswerParts::count(cached, stated["cached_tokens"]);            // Moonshot
  AnswerParts::count(cached, stated["prompt_cache_hit_tokens"]);  // DeepSeek
  AnswerParts::count(cached, stated["cache_read_input_tokens"]);  // gateways to Anthropic
  for (const auto* details : {"prompt_tokens_details", "input_tokens_details"})
    AnswerParts::count(cached, stated[details]["cached_tokens"]);
}

void read_usage(JsonView stated, AnswerParts& answer) {
  auto& usage = answer.usage;
  for (const auto* name : {"prompt_tokens", "input_tokens"}) AnswerParts::count(usage.input_tokens, stated[name]);
  for (const auto* name : {"completion_tokens", "output_tokens"}) AnswerParts::count(usage.output_tokens, stated[name]);
  AnswerParts::count(usage.reasoning_tokens, stated["reasoning_tokens"]);  // SGLang
  for (const auto* details : {"completion_tokens_details", "output_tokens_details"})
    AnswerParts::count(usage.reasoning_tokens, stated[details]["reasoning_tokens"]);
  read_cached(stated, usage.cached_tokens);
  // xAI leaves reasoning out of completion_tokens; the total tells.
  const auto total = stated["total_tokens"].count();
  if (total && usage.input_tokens && usage.output_tokens && usage.reasoning_tokens.value_or(0) > 0 &&
      *total == *usage.input_tokens + *usage.output_tokens + *usage.reasoning_tokens)
    *usage.output_tokens += *usage.reasoning_tokens;
}

void read_times(JsonView stated, ServerTimings& timings) {
  AnswerParts::time(timings.queue, stated["queue_time"]);
  AnswerParts::time(timings.prefill, stated["prompt_time"]);
  AnswerParts::time(timings.decode, stated["completion_time"]);
  AnswerParts::time(timings.total, stated["total_time"]);
}

void read_timings(JsonView message, ServerTimings& timings) {
  read_times(message["usage"], timings);
  read_times(message["x_groq"]["usage"], timings);
  read_times(message["time_info"], timings);
  AnswerParts::time(timings.prefill, message["stats"]["time_to_first_token"]);
  AnswerParts::time(timings.decode, message["stats"]["generation_time"]);
  const auto metrics = message["perf_metrics"];
  AnswerParts::time(timings.queue, metrics["prefill-queue-duration"]);
  AnswerParts::time(timings.prefill, metrics["prefill-duration"]);
  AnswerParts::time(timings.decode, metrics["generation-duration"]);
  AnswerParts::time(timings.total, metrics["server-processing-time"]);
}

// The same text may stand under several of these names: the first that has any counts.
void read_reasoning(JsonView delta, AnswerParts& answer) {
  for (const auto* name : {"reasoning", "reasoning_content", "thinking", "reasoning_text"})
    if (const auto text = delta[name].text(); !text.empty()) return answer.add(Kind::reasoning, text);
  for (const auto* name : {"reasoning_details", "thinking_blocks"}) {
    const auto blocks = delta[name];
    for (std::size_t i = 0; i < blocks.size(); ++i)
      for (const auto* text : {"text", "summary", "thinking"}) answer.add(Kind::reasoning, blocks.item(i)[text].text());
    if (blocks.size() > 0) return;
  }
}

void read_part(JsonView part, AnswerParts& answer) {
  answer.add(Kind::content, part["text"].text());
  const auto thinking = part["thinking"];
  for (std::size_t i = 0; i < thinking.size(); ++i) answer.add(Kind::reasoning, thinking.item(i)["text"].text());
}

void read_content(JsonView delta, AnswerParts& answer) {
  const auto content = delta["content"];
  const bool thought = delta["extra_content"]["google"]["thought"].is_true();
  answer.add(thought ? Kind::reasoning : Kind::content, content.text());
  answer.add(Kind::content, delta["refusal"].text());
  for (std::size_t i = 0; i < content.size(); ++i) read_part(content.item(i), answer);
}

void read_call(JsonView call, AnswerParts& answer) {
  answer.add(Kind::tool_call, call["name"].text());
  answer.add(Kind::tool_call, call["arguments"].text());
}

void read_delta(JsonView delta, AnswerParts& answer) {
  read_reasoning(delta, answer);
  read_content(delta, answer);
  read_call(delta["function_call"], answer);
  const auto calls = delta["tool_calls"];
  for (std::size_t i = 0; i < calls.size(); ++i) read_call(calls.item(i)["function"], answer);
}

void read_finish(std::string_view reason, AnswerParts& answer) {
  if (reason.empty()) return;
  if (reason == "abort" || reason == "error") {
    answer.add(Kind::error, "the server ended the answer with finish_reason `" + std::string(reason) + "`");
    answer.finished = true;
  } else {
    answer.finish(reason == "max_tokens" || reason == "model_length" ? "length" : reason);
  }
}

void read_choice(JsonView choice, AnswerParts& answer) {
  for (const auto* name : {"delta", "message"}) read_delta(choice[name], answer);
  answer.add(Kind::content, choice["text"].text());
  read_usage(choice["usage"], answer);
  read_finish(choice["finish_reason"].text(), answer);
}

}  // namespace

Result<void> ChatReader::read(JsonView message, AnswerParts& answer) {
  read_usage(message["x_groq"]["usage"], answer);
  read_usage(message["usage"], answer);
  read_timings(message, answer.timings);
  read_llamacpp_timings(message["timings"], answer);
  const auto choices = message["choices"];
  const auto late_error = message["x_groq"]["error"];
  if (!choices || late_error) {
    if (const auto text = error_message(late_error ? message["x_groq"] : message)) answer.add(Kind::error, *text);
    return {};
  }
  if (!choices.is_list()) return Error{Errc::invalid, "`choices` is not a list"};
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const auto index = choices.item(i)["index"];
    if (!index || index.count() == 0) read_choice(choices.item(i), answer);
  }
  return {};
}

}  // namespace ipw::replay
