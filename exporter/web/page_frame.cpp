#include "exporter/web/page_frame.hpp"

#include <fmt/format.h>

#include "exporter/web/html.hpp"
#include "exporter/web/static_files.hpp"

namespace ipw::web {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr const char* kFoot = R"(<footer><nav aria-label="Raw data"><a href="/metrics">metrics</a>
<a href="/api/v1/status">status</a> <a href="/api/v1/queries">queries</a> <a href="/api/v1/power">power</a>
<a href="/api/v1/config">configuration</a></nav></footer>
</body></html>
)";

std::string script(std::string_view name) {
  return fmt::format("<script src=\"{}\" defer></script>\n", static_address(name));
}

std::string stylesheet(std::string_view name) {
  return fmt::format("<link rel=stylesheet href=\"{}\">\n", static_address(name));
}

std::string head(const PageFrame& frame) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=color-scheme content=\"light dark\"><title>{}</title>\n<link rel=icon href=\"{}\">\n",
      escaped(frame.title), static_address("icon.svg"));
  if (frame.charts) html += stylesheet("dygraph.css");
  html += stylesheet("page.css");
  if (frame.live) html += script("live.js") + "<noscript><meta http-equiv=refresh content=10></noscript>\n";
  if (frame.charts) html += script("dygraph.js") + script("chart.js") + script(frame.chart_script);
  return html + "</head>\n";
}

std::string link(std::string_view address, std::string_view text, std::string_view here) {
  return fmt::format("<a href=\"{}\"{}>{}</a>\n", address, address == here ? " aria-current=page" : "", text);
}

}  // namespace

Response html_page(const PageFrame& frame, const std::string& main) {
  std::string html = head(frame);
  html += fmt::format(
      "<body{}><a class=skip href=\"#main\">Skip to the content</a>\n"
      "<header><p class=brand>ipw-sidecar <span>intelligence per watt, measured while it runs</span></p>\n"
      "<nav aria-label=Pages>{}{}</nav></header>\n",
      frame.live ? " class=live" : "", link("/", "Status", frame.here), link("/queries", "Queries", frame.here));
  html += "<main id=main tabindex=-1>\n" + main + "</main>\n";
  if (frame.live) html += "<p id=connection role=status></p>\n";
  html += kFoot;
  return {frame.status, "text/html; charset=utf-8", std::move(html), {{"Content-Security-Policy", kPolicy}}};
}

Response trouble_page(int status, std::string_view what, const std::string& advice) {
  return html_page({.title = std::string(what) + " · ipw-sidecar", .status = status},
                   fmt::format("<section class=trouble><h1>{}</h1>\n<p>{}</p></section>\n", escaped(what), advice));
}

}  // namespace ipw::web
