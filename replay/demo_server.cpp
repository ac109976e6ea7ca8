#include "replay/demo_server.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "replay/demo/answer_script.hpp"
#include "replay/demo/chat_request.hpp"
#include "replay/demo/load_meter.hpp"
#include "replay/demo/loop.hpp"

namespace ipw::replay {
namespace {

using demo::AnswerScript;
using demo::ChatRequest;
using demo::Connection;
using demo::error_json;
using demo::LoadMeter;
using demo::Request;

constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMostPerWrite = 64U << 10U;

// What all requests share. Changed on the loop's thread only.
struct Site {
  std::vector<DemoModel> models;
  std::int64_t started_at;  // Unix seconds
  LoadMeter load;
  std::uint64_t completions{0};
  std::string scratch;  // what is about to be written; its memory serves every stream

  const DemoModel* find(std::string_view name) const {
    const auto model = std::ranges::find(models, name, &DemoModel::name);
    return model == models.end() ? nullptr : &*model;
  }
};

void reply_invalid(Connection& client, int status, std::string_view message, std::string_view code) {
  client.reply(status, kJson, error_json(message, "invalid_request_error", code));
}

// A chat completion: finds the recorded answer, then plays its script to the client.
class ChatExchange final : public demo::Exchange {
 public:
  explicit ChatExchange(Site& site) : site_(site), counted_(site.load) {}

  void begin(Connection& client, const Request& request) override {
    const auto chat = ChatRequest::parse(request.body);
    if (!chat) return reply_invalid(client, 400, chat.error().message, "bad_request");
    const DemoModel* model = site_.find(chat->model);
    if (!model) return reply_invalid(client, 404, "there is no model `" + chat->model + "` here", "model_not_found");
    const auto id = demo::percent_decoded(request.header("X-Query-Id"));
    const bool needs_text = !model->clock_tokens || !chat->max_tokens;
    const auto text = needs_text ? recorded(*model, id, chat->problem) : std::string_view();
    if (!text) return reply_invalid(client, 404, unknown_query(*model, id), "query_not_found");

    stream_ = chat->stream;
    script_.emplace(demo::Answer{.text = *text,
                                 .id = "chatcmpl-" + std::to_string(++site_.completions),
                                 .model = model->name,
                                 .created = site_.started_at,
                                 .prompt_tokens = chat->prompt_tokens,
                                 .max_tokens = chat->max_tokens,
                                 .stream = chat->stream,
                                 .include_usage = chat->include_usage,
                                 .from = request.read_at,
                                 .time_to_first_token = model->time_to_first_token,
                                 .tokens_per_second = model->tokens_per_second,
                                 .clock_tokens = model->clock_tokens});
    resume(client);
  }

  void resume(Connection& client) override { stream_ ? resume_stream(client) : resume_whole(client); }

 private:
  static std::optional<std::string_view> recorded(const DemoModel& model, const std::string& id,
                                                  const std::string& problem) {
    return model.recordings ? model.recordings->find(id, problem) : std::nullopt;
  }

  static std::string unknown_query(const DemoModel& model, const std::string& id) {
    if (id.empty()) return "`" + model.name + "` has no answer recorded for this message, and no X-Query-Id was sent";
    return "`" + model.name + "` has no answer recorded for the query `" + id + "`";
  }

  void resume_whole(Connection& client) {
    std::string& body = site_.scratch;
    body.clear();
    const auto again = script_->play(std::chrono::steady_clock::now(), kMostPerWrite, body);
    if (again) return client.wake_at(*again);
    client.reply(200, kJson, body);
  }

  void resume_stream(Connection& client) {
    while (!client.blocked()) {
      const auto now = std::chrono::steady_clock::now();
      const auto again = write_due(client, now);
      if (!again) return client.finish();
      if (*again > now) return client.wake_at(*again);
    }
  }

  // Everything that is due goes out as one HTTP chunk in one write, however many events it is.
  std::optional<MonoTime> write_due(Connection& client, MonoTime now) {
    std::string& out = site_.scratch;
    out.clear();
    if (!opened_) {
      out +=
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
          "Transfer-Encoding: chunked\r\n\r\n";
    }
    opened_ = true;
    const std::size_t size_at = out.size();
    out += "00000000\r\n";  // the size, once it is known
    const std::size_t data_at = out.size();
    const auto again = script_->play(now, kMostPerWrite, out);
    if (out.size() == data_at) return again;
    char size[9];
    std::snprintf(size, sizeof size, "%08x", static_cast<unsigned>(out.size() - data_at));
    out.replace(size_at, 8, size);
    out += again ? "\r\n" : "\r\n0\r\n\r\n";
    client.send(out);
    return again;
  }

  Site& site_;
  LoadMeter::Request counted_;
  std::optional<AnswerScript> script_;
  bool stream_{false};
  bool opened_{false};  // the response's headers are sent
};

// Everything that is answered at once.
class PageExchange final : public demo::Exchange {
 public:
  explicit PageExchange(Site& site) : site_(site) {}

  void begin(Connection& client, const Request& request) override {
    if (request.method == "GET" && request.path == "/load") return client.reply(200, "text/plain", load());
    if (request.method == "GET" && request.path == "/health") return client.reply(200, kJson, R"({"status":"ok"})");
    if (request.method == "GET" && request.path == "/v1/models") return client.reply(200, kJson, models());
    reply_invalid(client, 404, "there is no " + request.method + " " + request.path + " here", "not_found");
  }
  void resume(Connection&) override {}

 private:
  std::string load() const {
    const auto integral = site_.load.integral().count();
    char text[96];
    std::snprintf(text, sizeof text, "running %lld\nquery_seconds %lld.%09lld\n",
                  static_cast<long long>(site_.load.running()), static_cast<long long>(integral / 1'000'000'000),
                  static_cast<long long>(integral % 1'000'000'000));
    return text;
  }

  std::string models() const {
    auto list = nlohmann::json::array();
    for (const auto& model : site_.models)
      list.push_back({{"id", model.name}, {"object", "model"}, {"created", site_.started_at}, {"owned_by", "demo"}});
    return nlohmann::json{{"object", "list"}, {"data", list}}.dump();
  }

  Site& site_;
};

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

struct DemoServer::Impl {
  std::string origin;
  Site site;
  std::unique_ptr<demo::Loop> loop;  // last: its thread uses the site
};

Result<std::unique_ptr<DemoServer>> DemoServer::start(std::vector<DemoModel> models, const std::string& host,
                                                      int port) {
  auto impl = std::make_unique<Impl>();
  impl->site.models = std::move(models);
  impl->site.started_at = unix_seconds();
  auto accept = [&site = impl->site](const Request& head) -> std::unique_ptr<demo::Exchange> {
    if (head.method == "POST" && head.path == "/v1/chat/completions") return std::make_unique<ChatExchange>(site);
    return std::make_unique<PageExchange>(site);
  };
  auto loop = demo::Loop::start(host, port, std::move(accept));
  if (!loop) return loop.error();
  impl->loop = std::move(*loop);
  const bool ipv6 = host.find(':') != std::string::npos;
  impl->origin = "http://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(impl->loop->port());
  return std::unique_ptr<DemoServer>(new DemoServer(std::move(impl)));
}

DemoServer::DemoServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DemoServer::~DemoServer() = default;
int DemoServer::port() const {
  return impl_->loop->port();
}
std::string DemoServer::url() const {
  return impl_->origin + "/v1";
}
std::string DemoServer::load_url() const {
  return impl_->origin + "/load";
}

}  // namespace ipw::replay
