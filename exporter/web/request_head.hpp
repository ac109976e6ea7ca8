#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ipw::web {

// The head of a request, with the headers taken out that the HTTP library would act on in its own way: ranges, content
// coding (it prefers brotli, which takes 40 ms), the end of the connection (it knows only `close` in lower case),
// bodies.
struct RequestHead {
  std::string text;
  bool keep_alive{true};
  bool accepts_gzip{false};
  bool has_body{false};
  bool reads_only{false};  // GET or HEAD
};

// REQUIRES: `text` ends with its empty line.
RequestHead examine(std::string text);

// Whether a value of Accept-Encoding allows gzip.
bool accepts_gzip(std::string_view accept_encoding);

// What a value of Accept prefers for metrics: OpenMetrics where it is named and weighs no less than plain text.
bool prefers_openmetrics(std::string_view accept);

// Nothing when zlib has no memory.
std::optional<std::string> gzipped(std::string_view text);

}  // namespace ipw::web
