#include "replay/demo/refusal.hpp"

#include <cmath>
#include <ctime>

#include "replay/demo/chat_request.hpp"
#include "replay/demo/page_exchange.hpp"

namespace ipw::replay::demo {
namespace {

using Instead = Behaviour::Instead;

constexpr std::string_view kJson = "application/json";

// Source: RFC 9110, 5.6.7. Never before `when`.
std::string http_date(std::chrono::system_clock::time_point when) {
  const auto second = std::chrono::system_clock::to_time_t(std::chrono::ceil<std::chrono::seconds>(when));
  std::tm date{};
  ::gmtime_r(&second, &date);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &date)};
}

void reply_busy(Connection& client, MonoTime until, bool as_date) {
  const Seconds left = between(std::chrono::steady_clock::now(), until);
  const auto value = as_date ? http_date(std::chrono::system_clock::now() + to_chrono(left))
                             : std::to_string(std::llround(std::ceil(left.value)));
  client.reply(429, kJson, error_json("Rate limit reached", "rate_limit_error", "rate_limit_exceeded"),
               "Retry-After: " + value + "\r\n");
}

// 429 to who was asked to wait and did not, and to whom it falls on now.
bool refuse_busy(Site& site, const Behaviour& behaviour, const Request& request, Connection& client) {
  using Met = WaitList::Answer;
  const auto now = std::chrono::steady_clock::now();
  const std::string all, one = "query " + std::string(request.header("X-Query-Id"));
  bool waited = false;
  for (const auto& who : {all, one}) {
    const auto met = site.waits.meet(who, now);
    if (met == Met::too_early) return reply_busy(client, site.waits.until(who), behaviour.wait_as_date), true;
    waited = waited || met == Met::waited;
  }
  if (waited || behaviour.wait <= Seconds{0}) return false;
  const auto until = now + to_chrono(behaviour.wait);
  site.waits.ask(behaviour.wait_for_all ? all : one, until);
  reply_busy(client, until, behaviour.wait_as_date);
  return true;
}

void reply_status(Connection& client, int status) {
  const auto say = [&](std::string_view message, std::string_view type, std::string_view code) {
    client.reply(status, kJson, error_json(message, type, code));
  };
  switch (status) {
    case 400:
      return say("The request is not valid", "invalid_request_error", "bad_request");
    case 401:
      return say("Incorrect API key provided", "invalid_request_error", "invalid_api_key");
    case 404:
      return say("The model does not exist", "invalid_request_error", "model_not_found");
    case 503:
      return say("The server is overloaded", "server_error", "overloaded");
    default:
      return say("The server had an error", "server_error", "internal_error");
  }
}

}  // namespace

bool refuse(Site& site, const Behaviour& behaviour, const Request& request, Connection& client) {
  if (behaviour.instead == Instead::silence) return true;
  if (behaviour.instead == Instead::reset) return client.reset(), true;
  if (site.loading(request.read_at)) return reply_loading(client), true;
  if (refuse_busy(site, behaviour, request, client)) return true;
  switch (behaviour.instead) {
    case Instead::status:
      return reply_status(client, behaviour.status), true;
    case Instead::redirect:
      return client.reply(307, "text/plain", "", "Location: https://elsewhere.example/v1/chat/completions\r\n"), true;
    case Instead::html:
      return client.reply(200, "text/html", "<!DOCTYPE html>\n<html><body>It works!</body></html>\n"), true;
    default:
      return false;
  }
}

}  // namespace ipw::replay::demo
