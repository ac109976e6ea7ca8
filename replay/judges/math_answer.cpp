#include "replay/judges/math_answer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/math_expression.hpp"
#include "replay/judges/math_signs.hpp"
#include "replay/judges/statements.hpp"

namespace ipw::replay {
namespace {

constexpr int kMostUnclosed = 8, kMostJoined = 8;
// Beyond this nothing is looked for at the beginning of a statement or the end of a text: it could not be read.
constexpr std::size_t kReach = 2 * kLongestFormula;

struct Box {
  std::size_t begin, end;  // of the command with its braces
  std::string_view content;
};

// Behind the brace that closes the one at `open`.
std::optional<std::size_t> closing_brace(std::string_view text, std::size_t open) {
  int depth = 0;
  for (auto at = open; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '{')
      ++depth;
    else if (text[at] == '}' && --depth == 0)
      return at + 1;
  }
  return std::nullopt;
}

// The last closed box that begins before `limit`.
std::optional<Box> last_box(std::string_view text, std::size_t limit) {
  for (int tries = 0; tries < kMostUnclosed && limit > 0; ++tries) {
    const auto before = text.substr(0, limit);
    const auto boxed = before.rfind("\\boxed"), framed = before.rfind("\\fbox");
    if (boxed == std::string_view::npos && framed == std::string_view::npos) return std::nullopt;
    const bool is_boxed = framed == std::string_view::npos || (boxed != std::string_view::npos && boxed > framed);
    const auto begin = is_boxed ? boxed : framed;
    auto open = begin + (is_boxed ? 6 : 5);
    while (open < text.size() && text[open] == ' ') ++open;
    if (open < text.size() && text[open] == '{') {
      if (const auto end = closing_brace(text, open)) return Box{begin, *end, text.substr(open + 1, *end - open - 2)};
    } else if (open < text.size() && !is_letter(text[open])) {
      const auto end = std::min(text.find_first_of(" \t\r\n$", open), text.size());  // \boxed 5
      return Box{begin, end, text.substr(open, end - open)};
    }
    limit = begin;
  }
  return std::nullopt;
}

// Where what stands between two boxes of one answer begins: `$ and $`, `, `.
std::size_t before_joint(std::string_view text, std::size_t at) {
  text = text.substr(0, at);
  const auto strip = [&] { text = text.substr(0, text.find_last_not_of(" $\\(),;") + 1); };
  strip();
  for (const std::string_view word : {"and", "or"})
    if (text.ends_with(word) && text.size() > word.size() && !is_letter(text[text.size() - word.size() - 1])) {
      text.remove_suffix(word.size());
      break;
    }
  strip();
  return text.size();
}

std::optional<std::string_view> boxed_answer(std::string_view text) {
  const auto last = last_box(text, text.size());
  if (!last) return std::nullopt;
  auto first = *last;
  for (int joined = 0; joined < kMostJoined; ++joined) {
    const auto joint = before_joint(text, first.begin);
    if (joint == 0 || text[joint - 1] != '}' || first.begin - joint > 16 || joint == first.begin) break;
    const auto before = last_box(text, first.begin);
    if (!before || before->end != joint) break;
    first = *before;
  }
  return first.begin == last->begin ? last->content : text.substr(first.begin, last->end - first.begin);
}

// The beginning of `said` up to a full stop or question mark that ends a sentence; a `!` is a factorial.
std::string_view sentence(std::string_view said) {
  for (std::size_t at = 0; at + 1 < std::min(said.size(), kReach); ++at) {
    const bool stop = (said[at] == '.' || said[at] == '?') && (said[at + 1] == ' ' || said[at + 1] == '\n');
    if (stop || said.substr(at).starts_with("。")) return said.substr(0, at);
  }
  return said;
}

std::string_view end_of(std::string_view text) {
  return text.substr(text.size() - std::min(text.size(), kReach));
}

struct Fence {
  std::string_view open, close;
};
constexpr std::array kFences{Fence{"$$", "$$"}, Fence{"\\[", "\\]"}, Fence{"\\(", "\\)"}, Fence{"$", "$"}};

// The first formula between dollars or brackets that begins in `text`, before `limit`.
std::string_view first_fenced(std::string_view text, std::size_t limit) {
  for (std::size_t at = 0; at < std::min({limit, text.size(), kReach}); ++at)
    for (const auto& fence : kFences) {
      if (!text.substr(at).starts_with(fence.open)) continue;
      const auto inside = text.substr(at + fence.open.size(), kReach);
      const auto close = inside.find(fence.close);
      return close == std::string_view::npos ? std::string_view{} : inside.substr(0, close);
    }
  return {};
}

// The last one, which may reach over several lines where it ends the text.
std::string_view last_fenced(std::string_view text) {
  text = end_of(text);
  std::string_view last;
  for (const auto& fence : kFences) {
    const auto close = text.rfind(fence.close);
    if (close == std::string_view::npos || close == 0) continue;
    const auto open = text.rfind(fence.open, close - 1);
    if (open == std::string_view::npos) continue;
    const auto begin = open + fence.open.size();
    if (begin >= close || (!last.empty() && text.data() + close <= last.data() + last.size())) continue;
    last = text.substr(begin, close - begin);
  }
  return last;
}

// What follows the last `=` that is one.
std::string_view after_equals(std::string_view text) {
  text = end_of(text);
  for (auto at = text.rfind('='); at != std::string_view::npos && at > 0; at = text.rfind('=', at - 1))
    if (std::string_view("<>!").find(text[at - 1]) == std::string_view::npos) return text.substr(at + 1);
  return {};
}

// What follows the last `is` of a sentence: `so the length is 11√2.`
std::string_view after_is(std::string_view text) {
  text = end_of(text);
  const auto at = text.rfind(" is ");
  return at == std::string_view::npos ? std::string_view{} : sentence(text.substr(at + 4));
}

// The last statement of each kind but the boxed, the plainest first.
std::array<std::optional<Statement>, 5> last_statements(std::string_view text) {
  std::array<std::optional<Statement>, 5> last;
  Statements statements(text);
  while (const auto statement = statements.next())
    if (statement->anchor != Anchor::boxed && !statement->said.empty())
      last[static_cast<std::size_t>(statement->anchor)] = statement;
  return last;
}

}  // namespace

StatedFormulas stated_formulas(std::string_view text) {
  StatedFormulas found;
  const auto add = [&](std::string_view formula) {
    if (const auto bare = bare_formula(formula); !bare.empty()) found.all.push_back(bare);
  };
  if (const auto boxed = boxed_answer(text)) {
    found.boxed = true;
    add(*boxed);
    found.first = found.all.size();
    return found;
  }
  const auto last = last_statements(text);
  for (const auto anchor : {Anchor::final_answer, Anchor::answer, Anchor::label, Anchor::marked}) {
    const auto& statement = last[static_cast<std::size_t>(anchor)];
    if (!statement || begins_with(statement->said, "not ")) continue;
    const auto said = sentence(statement->said);
    add(said);
    const auto rest = text.substr(static_cast<std::size_t>(statement->said.data() - text.data()));
    add(first_fenced(rest, statement->said.size()));
    add(after_equals(said));
    if (found.first == 0) found.first = found.all.size();
  }
  const auto line = last_line(text);
  add(line);
  const auto trimmed = trim(text);
  if (!trimmed.empty() && std::string_view("$)]").find(trimmed.back()) != std::string_view::npos)
    add(last_fenced(text));
  add(last_fenced(line));
  add(sentence(after_equals(line)));
  add(after_is(line));
  if (found.first == 0) found.first = found.all.size();
  return found;
}

}  // namespace ipw::replay
