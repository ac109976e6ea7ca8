#include "replay/excerpt.hpp"

#include "base/text.hpp"

namespace ipw::replay {
namespace {

// The length of the UTF-8 character that `text` begins with, or 0 when it begins with none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string excerpt(std::string_view body, std::size_t limit) {
  std::string line;
  while (!body.empty() && line.size() <= limit) {
    const auto first = static_cast<unsigned char>(body.front());
    const auto length = character(body);
    if (first <= ' ' || first == 0x7f) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else if (length == 0) {
      line += "\xEF\xBF\xBD";
    } else {
      line += body.substr(0, length);
    }
    body.remove_prefix(length == 0 ? 1 : length);
  }
  if (line.ends_with(' ')) line.pop_back();
  return shortened(line, limit);
}

}  // namespace ipw::replay
