#include "probes/sources/redfish_service.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ipw::probes::sources {
namespace {

constexpr const char* kSessions = "/redfish/v1/SessionService/Sessions";

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string redfish_path(std::string_view link) {
  // Some services write whole URLs. Whatever host they name, only our own is asked.
  if (const auto scheme = link.find("://"); scheme != std::string_view::npos) {
    const auto path = link.find('/', scheme + 3);
    link.remove_prefix(std::min(path, link.size()));
  }
  return link.starts_with("/redfish/") && is_token(link) ? std::string(link) : std::string();
}

RedfishService::~RedfishService() {
  if (!token_.empty() && !session_.empty() && answers_) static_cast<void>(ask("DELETE", session_));
}

Result<MeterAnswer> RedfishService::get(const std::string& path) {
  if (way_ == Way::unknown || (way_ == Way::session && token_.empty()))
    if (auto ok = log_in(); !ok) return ok.error();
  auto answer = ask("GET", path);
  if (answer && answer->status == 401 && way_ == Way::session) {
    token_.clear();
    if (auto ok = log_in(); !ok) return ok.error();
    answer = ask("GET", path);
  }
  if (!answer) return answer.error();
  if (answer->status != 200) return endpoint_.refusal(path, *answer);
  return MeterAnswer::parse(endpoint_.url() + path, answer->body);
}

Result<HttpEndpoint::Answer> RedfishService::ask(const std::string& method, const std::string& path) {
  HttpEndpoint::Request request{.method = method, .path = path};
  request.headers = {{"Accept", "application/json"}, {"OData-Version", "4.0"}};
  if (way_ == Way::session) {
    request.headers.push_back({"X-Auth-Token", token_});
    request.anonymous = true;
  }
  auto answer = endpoint_.request(request);
  answers_ = static_cast<bool>(answer);
  return answer;
}

Result<void> RedfishService::log_in() {
  const auto login = endpoint_.login();
  if (!login) return login.error();
  if (login->user.empty()) {
    way_ = Way::open;
    return {};
  }
  const nlohmann::json body{{"UserName", login->user}, {"Password", login->password}};
  HttpEndpoint::Request request{.method = "POST", .path = kSessions};
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}, {"OData-Version", "4.0"}};
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  request.anonymous = true;
  const auto answer = endpoint_.request(request);
  if (!answer) return answer.error();
  const auto token = answer->header("X-Auth-Token");
  if (answer->status / 100 == 2 && is_token(token)) {
    way_ = Way::session;
    token_ = token;
    session_ = redfish_path(answer->header("Location"));
    return {};
  }
  const bool offers_none = answer->status == 404 || answer->status == 405 || answer->status == 501;
  if (way_ == Way::unknown && (offers_none || answer->status / 100 == 2)) {
    way_ = Way::every_request;
    return {};
  }
  auto why = endpoint_.refusal(kSessions, *answer);
  if (answer->status == 400 || answer->status == 403)
    why =
        Error{Errc::unavailable, endpoint_.url() + kSessions + ": wrong user or password, or too many sessions (HTTP " +
                                     std::to_string(answer->status) + ")"};
  return why;
}

}  // namespace ipw::probes::sources
