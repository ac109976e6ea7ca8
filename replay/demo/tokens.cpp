#include "replay/demo/tokens.hpp"

#include <algorithm>
#include <array>

namespace ipw::replay::demo {
namespace {

constexpr std::size_t kTokenBytes = 4;
constexpr std::string_view kHex = "0123456789abcdef";

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

void append_escaped_character(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    out += c;
    return;
  }
  out.append("\\u00").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 0xFU]);
}

}  // namespace

std::size_t token_end(std::string_view text, std::size_t begin) {
  std::size_t end = std::min(begin + kTokenBytes, text.size());
  while (end < text.size() && continues_character(text[end])) ++end;
  return end;
}

std::int64_t count_tokens(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = token_end(text, at)) ++count;
  return count;
}

void append_clock_token(MonoTime time, std::string& out) {
  auto left = static_cast<std::uint64_t>(time.time_since_epoch().count());
  std::array<char, 16> digits{};
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, left >>= 4U) *digit = kHex[left & 0xFU];
  out.append(digits.data(), digits.size());
}

void append_json_escaped(std::string_view text, std::string& out) {
  for (const char c : text) append_escaped_character(c, out);
}

}  // namespace ipw::replay::demo
