#include "exporter/web/static_files.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

namespace ipw::embedded {
extern const std::string_view page_css, live_js, chart_js, power_js, query_js, icon_svg, dygraph_js, dygraph_css;
}

namespace ipw::web {
namespace {

constexpr std::string_view kFolder = "/static/";

struct StaticFile {
  std::string_view name, type;
  std::string_view content;
};

const std::array<StaticFile, 8>& files() {
  constexpr std::string_view kCss = "text/css; charset=utf-8", kJs = "text/javascript; charset=utf-8";
  static const std::array<StaticFile, 8> kFiles{{{"page.css", kCss, embedded::page_css},
                                                 {"live.js", kJs, embedded::live_js},
                                                 {"chart.js", kJs, embedded::chart_js},
                                                 {"power.js", kJs, embedded::power_js},
                                                 {"query.js", kJs, embedded::query_js},
                                                 {"icon.svg", "image/svg+xml", embedded::icon_svg},
                                                 {"dygraph.js", kJs, embedded::dygraph_js},
                                                 {"dygraph.css", kCss, embedded::dygraph_css}}};
  return kFiles;
}

std::string digest(std::string_view content) {
  const auto* bytes = reinterpret_cast<const Bytef*>(content.data());
  return fmt::format("{:08x}", crc32(0, bytes, static_cast<uInt>(content.size())));
}

Route route_of(const StaticFile& file) {
  const Response kept{200,
                      std::string(file.type),
                      std::string(file.content),
                      {{"Cache-Control", "public, max-age=31536000, immutable"}}};
  return {std::string(kFolder).append(file.name), [kept, known = digest(file.content)](const Request& request) {
            Response response = kept;
            if (request.parameter("v") != known) response.headers.clear();
            return response;
          }};
}

}  // namespace

std::string static_address(std::string_view name) {
  const auto& file = *std::ranges::find(files(), name, &StaticFile::name);
  return fmt::format("{}{}?v={}", kFolder, name, digest(file.content));
}

std::vector<Route> static_routes() {
  std::vector<Route> routes;
  for (const auto& file : files()) routes.push_back(route_of(file));
  return routes;
}

}  // namespace ipw::web
