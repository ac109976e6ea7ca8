#include "replay/judges/option_words.hpp"

namespace ipw::replay {
namespace {

constexpr CharacterSet kBefore(" *_(`$"), kAfter(" *_)`$");

}  // namespace

std::string_view word_before(std::string_view text, std::size_t at) {
  for (int i = 0; i < 6 && at > 0 && kBefore.contains(text[at - 1]); ++i) --at;
  auto begin = at;
  while (begin > 0 && at - begin < 14 &&
         (is_letter(text[begin - 1]) || static_cast<unsigned char>(text[begin - 1]) >= 0x80))
    --begin;
  return text.substr(begin, at - begin);
}

std::string_view word_after(std::string_view text, std::size_t& at) {
  while (at < text.size() && kAfter.contains(text[at])) ++at;
  const auto begin = at;
  while (at < text.size() && at - begin < 14 && is_letter(text[at])) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace ipw::replay
