#include "exporter/web/request_head.hpp"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/quantity_text.hpp"
#include "base/text.hpp"

namespace ipw::web {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// Takes the text up to `separator` off the front of `rest`; all of it when there is none.
std::string_view take(std::string_view& rest, std::string_view separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
  return part;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Removes every header of that name (in lower case); their values, or nothing when there was none.
std::optional<std::string> take_header(std::string& head, std::string_view name) {
  std::optional<std::string> values;
  for (auto begin = head.find(kLineEnd) + kLineEnd.size(); begin < head.size();) {
    const auto end = head.find(kLineEnd, begin) + kLineEnd.size();
    const auto line = std::string_view(head).substr(begin, end - begin);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || lower(trim(line.substr(0, colon))) != name) {
      begin = end;
      continue;
    }
    values = values.value_or("") + (values ? "," : "") + std::string(trim(line.substr(colon + 1)));
    head.erase(begin, end - begin);
  }
  return values;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty())
    if (lower(trim(take(list, ","))) == word) return true;
  return false;
}

// The weight (RFC 9110, 12.4.2) in the parameters of one part of a list; 1 where none is given.
double weight(std::string_view parameters) {
  while (!parameters.empty()) {
    auto parameter = take(parameters, ";");
    if (lower(trim(take(parameter, "="))) != "q") continue;
    const auto value = parse_number(trim(parameter));
    return value ? *value : 1;
  }
  return 1;
}

}  // namespace

RequestHead examine(std::string text) {
  RequestHead head;
  head.text = std::move(text);
  const auto line = std::string_view(head.text).substr(0, head.text.find(kLineEnd));
  head.reads_only = line.starts_with("GET ") || line.starts_with("HEAD ");
  const bool old = line.ends_with("HTTP/1.0");

  const auto connection = take_header(head.text, "connection").value_or("");
  head.keep_alive = old ? has_word(connection, "keep-alive") : !has_word(connection, "close");
  head.accepts_gzip = accepts_gzip(take_header(head.text, "accept-encoding").value_or(""));
  const bool chunked = take_header(head.text, "transfer-encoding").has_value();
  head.has_body = take_header(head.text, "content-length").value_or("0") != "0" || chunked;
  take_header(head.text, "range");
  take_header(head.text, "expect");
  return head;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    auto part = take(accept_encoding, ",");
    if (lower(trim(take(part, ";"))) == "gzip") return weight(part) > 0;
  }
  return false;
}

bool prefers_openmetrics(std::string_view accept) {
  double openmetrics = 0, text = 0;
  while (!accept.empty()) {
    auto part = take(accept, ",");
    const auto type = lower(trim(take(part, ";")));
    if (type == "application/openmetrics-text") openmetrics = std::max(openmetrics, weight(part));
    if (type == "text/plain") text = std::max(text, weight(part));
  }
  return openmetrics > 0 && openmetrics >= text;
}

std::optional<std::string> gzipped(std::string_view text) {
  constexpr int kGzipFormat = 15 + 16;
  z_stream stream{};
  // Level 1: a scrape is compressed every few seconds, and level 6 costs three times the time for a fifth less.
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!done) return std::nullopt;
  return out;
}

}  // namespace ipw::web
