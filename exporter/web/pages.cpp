#include "exporter/web/pages.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "exporter/metrics.hpp"
#include "exporter/web/query_pages.hpp"
#include "exporter/web/query_views.hpp"
#include "exporter/web/request_head.hpp"
#include "exporter/web/static_files.hpp"
#include "exporter/web/status_json.hpp"
#include "exporter/web/status_page.hpp"

namespace ipw::web {
namespace {

constexpr const char* kJson = "application/json";

Route fixed(std::string pattern, std::string type, std::string_view body) {
  return {std::move(pattern),
          [response = Response{200, std::move(type), std::string(body)}](const Request&) { return response; }};
}

Response ready_page(const PageSources& sources) {
  if (sources.ready()) return {.body = "ready\n"};
  return {.status = 503, .body = "not ready: power sources are being opened or replay has not begun\n"};
}

Response metrics_page(const MetricsView& metrics, const Request& request) {
  const bool open = prefers_openmetrics(request.header("Accept"));
  Response response{
      200,
      open ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8",
      *metrics.text(open ? TextFormat::openmetrics : TextFormat::prometheus)};
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace

std::vector<Route> pages(PageSources given) {
  const auto sources = std::make_shared<const PageSources>(std::move(given));
  const auto snapshot = [sources] { return sources->snapshots->get(); };
  const auto metrics = std::make_shared<const MetricsView>(*sources->snapshots);
  std::vector<Route> routes{
      {"/metrics", [=](const Request& request) { return metrics_page(*metrics, request); }},
      fixed("/-/healthy", "text/plain; charset=utf-8", "healthy\n"),
      {"/-/ready", [=](const Request&) { return ready_page(*sources); }},
      {"/", [=](const Request&) { return status_page(*snapshot(), sources->demo_notice); }},
      {"/queries", [=](const Request& request) { return queries_view(*sources, request); }},
      {"/queries/*", [=](const Request& request) { return query_view(*sources, request); }},
      {"/api/v1/status",
       [=](const Request&) {
         return Response{200, kJson, status_json(*snapshot(), {sources->ready(), sources->demo_notice})};
       }},
      {"/api/v1/targets",
       [=](const Request&) {
         return Response{200, kJson, targets_json(*snapshot())};
       }},
      {"/api/v1/queries", [=](const Request& request) { return queries_page(*sources, request); }},
      {"/api/v1/queries/*", [=](const Request& request) { return query_page(*sources, request); }},
      {"/api/v1/power", [=](const Request& request) { return power_page(*sources, request); }},
      fixed("/api/v1/config", "text/yaml; charset=utf-8", sources->config_text),
  };
  std::ranges::move(static_routes(), std::back_inserter(routes));
  return routes;
}

}  // namespace ipw::web
