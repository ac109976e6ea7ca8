#include "replay/demo/chat_exchange.hpp"

#include <algorithm>
#include <cstdio>

#include "replay/demo/refusal.hpp"

namespace ipw::replay::demo {
namespace {

using Close = Behaviour::Close;

constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMostPerWrite = 64U << 10U;
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

void reply_invalid(Connection& client, int status, std::string_view message, std::string_view code) {
  client.reply(status, kJson, error_json(message, "invalid_request_error", code));
}

std::optional<std::string_view> recorded(const DemoModel& model, bool worse, const std::string& id,
                                         const ChatRequest& chat) {
  if (model.clock_tokens && chat.max_tokens) return std::string_view();
  const auto& recordings = worse && model.worse ? model.worse : model.recordings;
  return recordings ? recordings->find(id, chat.problem) : std::nullopt;
}

std::string unknown_query(const DemoModel& model, const std::string& id) {
  if (id.empty()) return "`" + model.name + "` has no answer recorded for this message, and no X-Query-Id was sent";
  return "`" + model.name + "` has no answer recorded for the query `" + id + "`";
}

}  // namespace

ChatExchange::~ChatExchange() {
  if (running_ != nullptr) --*running_;
}

void ChatExchange::begin(Connection& client, const Request& request) {
  const auto& still = site_.standstill();
  if (!still || !still->holds(request.read_at)) return start(client, request);
  held_ = request;
  client.wake_at(still->end);
}

void ChatExchange::resume(Connection& client) {
  if (held_) {
    auto request = *std::exchange(held_, std::nullopt);
    request.read_at = std::chrono::steady_clock::now();
    return start(client, request);
  }
  if (script_) stream_ ? resume_stream(client) : resume_whole(client);
}

void ChatExchange::start(Connection& client, const Request& request) {
  if (!set_behaviour(client, request) || refuse(site_, behaviour_, request, client)) return;
  answer(client, request);
}

// False when the request asks for what is not known.
bool ChatExchange::set_behaviour(Connection& client, const Request& request) {
  const auto number = site_.enter(request.read_at);
  site_.misbehaviours().apply(number, behaviour_);
  if (const auto asked = request.header("X-Demo-Misbehave"); !asked.empty()) {
    const auto more = site_.misbehaviours().for_request(asked);
    if (!more) return reply_invalid(client, 400, more.error().message, "unknown_misbehaviour"), false;
    more->apply(number, behaviour_);
  }
  site_.note(behaviour_);
  return true;
}

void ChatExchange::answer(Connection& client, const Request& request) {
  const auto chat = ChatRequest::parse(request.body);
  if (!chat) return reply_invalid(client, 400, chat.error().message, "bad_request");
  const DemoModel* model = site_.find(chat->model);
  if (!model) return reply_invalid(client, 404, "there is no model `" + chat->model + "` here", "model_not_found");
  const auto id = percent_decoded(request.header("X-Query-Id"));
  const auto text = recorded(*model, site_.worse(), id, *chat);
  if (!text) return reply_invalid(client, 404, unknown_query(*model, id), "query_not_found");

  running_ = &site_.running[model->name];
  ++*running_;
  stream_ = chat->stream;
  auto answer = answer_of(*model, *chat, request.read_at);
  answer.text = *text;
  script_.emplace(std::move(answer));
  resume(client);
}

Answer ChatExchange::answer_of(const DemoModel& model, const ChatRequest& chat, MonoTime from) const {
  Answer answer{.text = {},
                .id = "chatcmpl-" + std::to_string(site_.requests()),
                .model = model.name,
                .created = site_.started_at(),
                .prompt_tokens = chat.prompt_tokens,
                .max_tokens = chat.max_tokens,
                .stream = chat.stream,
                .include_usage = chat.include_usage,
                .from = from,
                .time_to_first_token = model.time_to_first_token,
                .tokens_per_second = model.tokens_per_second,
                .late = behaviour_.late,
                .stall = behaviour_.stall,
                .standstill = site_.standstill(),
                .clock_tokens = model.clock_tokens,
                .wording = behaviour_.wording};
  if (behaviour_.cache_hit)
    answer.wording.cached_tokens = chat.forbids_cache ? 0 : std::max<std::int64_t>(chat.prompt_tokens - 1, 0);
  return answer;
}

void ChatExchange::resume_whole(Connection& client) {
  std::string& body = site_.scratch;
  body.clear();
  const auto again = script_->play(std::chrono::steady_clock::now(), kMostPerWrite, body);
  if (again) return client.wake_at(*again);
  client.reply(200, kJson, body);
  end(client);
}

void ChatExchange::resume_stream(Connection& client) {
  while (!client.blocked()) {
    const auto now = std::chrono::steady_clock::now();
    const auto again = write_due(client, now);
    if (!again) return end(client);
    if (*again > now) return client.wake_at(*again);
  }
}

// Everything that is due goes out as one HTTP chunk in one write, however many events it is.
std::optional<MonoTime> ChatExchange::write_due(Connection& client, MonoTime now) {
  std::string& out = site_.scratch;
  out.clear();
  if (!opened_) out += kStreamHead;
  opened_ = true;
  const std::size_t size_at = out.size();
  out += "00000000\r\n";  // the size, once it is known
  const std::size_t data_at = out.size();
  const auto again = script_->play(now, kMostPerWrite, out);
  const bool last = !again && behaviour_.close == Close::orderly;
  if (behaviour_.piece_bytes > 0) return send_chunks(client, data_at, !last), again;
  if (out.size() == data_at) {
    out.resize(size_at);
  } else {
    char size[9];
    std::snprintf(size, sizeof size, "%08x", static_cast<unsigned>(out.size() - data_at));
    out.replace(size_at, 8, size);
    out += "\r\n";
  }
  if (last) out += "0\r\n\r\n";
  if (!out.empty()) client.send(out);
  return again;
}

// The same bytes in small chunks. What precedes `data_at` is the head, perhaps, and room for a size.
void ChatExchange::send_chunks(Connection& client, std::size_t data_at, bool more) {
  constexpr std::size_t kSizeRoom = 10;
  const std::string out = site_.scratch;
  client.send(std::string_view(out).substr(0, data_at - kSizeRoom));
  for (auto rest = std::string_view(out).substr(data_at); !rest.empty();) {
    const auto piece = rest.substr(0, behaviour_.piece_bytes);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    client.send(size + std::string(piece) + "\r\n");
    rest.remove_prefix(piece.size());
  }
  if (!more) client.send("0\r\n\r\n");
}

void ChatExchange::end(Connection& client) const {
  if (behaviour_.close == Close::reset) return client.reset();
  if (behaviour_.close == Close::early) client.close_after_answer();
  client.finish();
}

}  // namespace ipw::replay::demo
