#include "replay/demo/page_exchange.hpp"

#include <nlohmann/json.hpp>

#include "replay/demo/chat_request.hpp"

namespace ipw::replay::demo {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

// As llama.cpp says it.
void reply_loading(Connection& client) {
  client.reply(503, kJson, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})");
}

void PageExchange::begin(Connection& client, const Request& request) {
  method_ = request.method;
  path_ = request.path;
  if (tell_of_us(client)) return;
  const auto& still = site_.standstill();
  if (still && still->holds(request.read_at)) return client.wake_at(still->end);
  answer(client);
}

void PageExchange::resume(Connection& client) {
  answer(client);
}

// No model server has these two: they are for whoever drives this one, and never misbehave.
bool PageExchange::tell_of_us(Connection& client) const {
  if (method_ != "GET") return false;
  if (path_ == "/load") return client.reply(200, "text/plain", site_.load()), true;
  if (path_ == "/misbehaviours") return client.reply(200, "text/plain", site_.told()), true;
  return false;
}

void PageExchange::answer(Connection& client) const {
  const bool get = method_ == "GET";
  if (site_.loading(std::chrono::steady_clock::now())) return reply_loading(client);
  if (get && path_ == "/health") return client.reply(200, kJson, R"({"status":"ok"})");
  if (get && path_ == "/v1/models") return client.reply(200, kJson, models());
  if (get && path_ == "/metrics") return client.reply(200, "text/plain; version=0.0.4", site_.metrics());
  client.reply(404, kJson,
               error_json("there is no " + method_ + " " + path_ + " here", "invalid_request_error", "not_found"));
}

std::string PageExchange::models() const {
  auto list = nlohmann::json::array();
  for (const auto& model : site_.models())
    list.push_back({{"id", model.name}, {"object", "model"}, {"created", site_.started_at()}, {"owned_by", "demo"}});
  return nlohmann::json{{"object", "list"}, {"data", list}}.dump();
}

}  // namespace ipw::replay::demo
