#include "replay/demo/event_style.hpp"

#include <string_view>

namespace ipw::replay::demo {
namespace {

void append_event(const Wording& wording, std::string_view event, std::string& out) {
  const std::string_view line_end = wording.crlf ? "\r\n" : "\n";
  if (wording.comments) out.append(": keep-alive").append(line_end).append(line_end).append(":").append(line_end);
  if (wording.fields) out.append("event: message").append(line_end).append("id: 7").append(line_end);
  out.append(event).append(line_end);
  if (wording.fields) out.append("retry: 1000").append(line_end);
  out.append(line_end);
}

}  // namespace

void restyle(const Wording& wording, std::size_t begin, std::string& out) {
  const std::string plain = out.substr(begin);
  out.resize(begin);
  std::string_view rest = plain;
  for (auto end = rest.find("\n\n"); end != std::string_view::npos; end = rest.find("\n\n")) {
    append_event(wording, rest.substr(0, end), out);
    rest.remove_prefix(end + 2);
  }
  out += rest;
}

}  // namespace ipw::replay::demo
