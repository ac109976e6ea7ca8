#include "replay/judges/math_signs.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/number_script.hpp"

namespace ipw::replay {
namespace {

struct Sign {
  std::string_view wide, latex;
};
constexpr std::array kSigns{
    Sign{"π", "\\pi "},
    Sign{"√", "\\sqrt "},
    Sign{"∛", "\\sqrt[3]"},
    Sign{"×", "\\times "},
    Sign{"·", "\\cdot "},
    Sign{"⋅", "\\cdot "},
    Sign{"∙", "\\cdot "},
    Sign{"∗", "*"},
    Sign{"÷", "/"},
    Sign{"⁄", "/"},
    Sign{"∕", "/"},
    Sign{"−", "-"},
    Sign{"–", "-"},
    Sign{"½", "\\frac{1}{2}"},
    Sign{"⅓", "\\frac{1}{3}"},
    Sign{"⅔", "\\frac{2}{3}"},
    Sign{"¼", "\\frac{1}{4}"},
    Sign{"¾", "\\frac{3}{4}"},
    Sign{"⅕", "\\frac{1}{5}"},
    Sign{"⅖", "\\frac{2}{5}"},
    Sign{"⅗", "\\frac{3}{5}"},
    Sign{"⅘", "\\frac{4}{5}"},
    Sign{"⅙", "\\frac{1}{6}"},
    Sign{"⅚", "\\frac{5}{6}"},
    Sign{"⅛", "\\frac{1}{8}"},
    Sign{"⅜", "\\frac{3}{8}"},
    Sign{"⅝", "\\frac{5}{8}"},
    Sign{"⅞", "\\frac{7}{8}"},
    Sign{"∞", "\\infty "},
    Sign{"≤", "\\le "},
    Sign{"⩽", "\\le "},
    Sign{"≥", "\\ge "},
    Sign{"⩾", "\\ge "},
    Sign{"≠", "\\ne "},
    Sign{"≈", "\\approx "},
    Sign{"∪", "\\cup "},
    Sign{"∈", "\\in "},
    Sign{"∅", "\\emptyset "},
    Sign{"ℝ", "\\mathbb{R}"},
    Sign{"°", "\\degree "},
    Sign{"±", "\\pm "},
    Sign{"∓", "\\mp "},
    Sign{"α", "\\alpha "},
    Sign{"β", "\\beta "},
    Sign{"γ", "\\gamma "},
    Sign{"δ", "\\delta "},
    Sign{"ε", "\\epsilon "},
    Sign{"θ", "\\theta "},
    Sign{"λ", "\\lambda "},
    Sign{"μ", "\\mu "},
    Sign{"ρ", "\\rho "},
    Sign{"σ", "\\sigma "},
    Sign{"τ", "\\tau "},
    Sign{"φ", "\\phi "},
    Sign{"ω", "\\omega "},
    Sign{"⟨", "\\langle "},
    Sign{"⟩", "\\rangle "},
    Sign{"⌊", "\\lfloor "},
    Sign{"⌋", "\\rfloor "},
    Sign{"⌈", "\\lceil "},
    Sign{"⌉", "\\rceil "},
    Sign{"，", ","},
    Sign{"；", ";"},
    Sign{"（", "("},
    Sign{"）", ")"},
    Sign{"＝", "="},
    Sign{"。", " "},
    Sign{"€", " "},
    Sign{"£", " "},
    Sign{"¥", " "},
    Sign{"\u2009", "\\,"},
    Sign{"\u00a0", " "},
    Sign{"\u200b", ""},
    Sign{"“", "\""},
    Sign{"”", "\""},
    Sign{"‘", "'"},
    Sign{"’", "'"},
};
constexpr std::array kSuperscripts{Sign{"⁰", "0"}, Sign{"¹", "1"}, Sign{"²", "2"}, Sign{"³", "3"}, Sign{"⁴", "4"},
                                   Sign{"⁵", "5"}, Sign{"⁶", "6"}, Sign{"⁷", "7"}, Sign{"⁸", "8"}, Sign{"⁹", "9"},
                                   Sign{"⁻", "-"}, Sign{"⁺", "+"}, Sign{"ⁿ", "n"}, Sign{"ˣ", "x"}};
constexpr std::array kSubscripts{Sign{"₀", "0"}, Sign{"₁", "1"}, Sign{"₂", "2"}, Sign{"₃", "3"}, Sign{"₄", "4"},
                                 Sign{"₅", "5"}, Sign{"₆", "6"}, Sign{"₇", "7"}, Sign{"₈", "8"}, Sign{"₉", "9"}};

template <std::size_t N>
const Sign* sign_at(const std::array<Sign, N>& signs, std::string_view text) {
  const auto* found = std::ranges::find_if(signs, [&](const Sign& sign) { return text.starts_with(sign.wide); });
  return found == signs.end() ? nullptr : found;
}

// Appends a run of raised or lowered digits as one group: x¹⁰ becomes x^{10}.
template <std::size_t N>
std::size_t append_group(const std::array<Sign, N>& signs, std::string_view text, std::string& out) {
  std::size_t at = 0;
  while (const auto* sign = sign_at(signs, text.substr(at))) {
    out += sign->latex;
    at += sign->wide.size();
  }
  return at;
}

// What the text of a formula may be wrapped in; the content stays.
constexpr std::array<std::string_view, 23> kWrappers{
    "text",   "textbf", "textit",  "textrm",       "texttt",  "mathrm",    "mathbf",       "mathit",
    "mathsf", "mathtt", "mathcal", "operatorname", "mbox",    "emph",      "boldsymbol",   "displaystyle",
    "left",   "right",  "quad",    "qquad",        "mathord", "textstyle", "displaylimits"};

}  // namespace

std::string with_latex_signs(std::string_view text) {
  std::string buffer, out;
  text = with_ascii_numbers(text, buffer);
  out.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    if (static_cast<unsigned char>(rest[0]) < 0x80) {
      if (rest[0] == kDecimalMark)
        out += '.';
      else if (rest[0] == kGroupMark)
        out += "\\,";
      else
        out += rest[0];
      ++at;
    } else if (const auto* sign = sign_at(kSigns, rest)) {
      out += sign->latex;
      at += sign->wide.size();
    } else if (sign_at(kSuperscripts, rest) != nullptr) {
      out += "^{";
      at += append_group(kSuperscripts, rest, out);
      out += '}';
    } else if (sign_at(kSubscripts, rest) != nullptr) {
      out += "_{";
      at += append_group(kSubscripts, rest, out);
      out += '}';
    } else {
      out += rest[0];
      ++at;
    }
  }
  return out;
}

std::string without_markup(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '\\') {
      if (std::string_view("{}$ \t\r\n~").find(c) == std::string_view::npos) out += c;
      // Words keep their distance from each other; formulas have none.
      if (c == ' ' && !out.empty() && is_letter(out.back()) && at + 1 < text.size() && is_letter(text[at + 1]))
        out += ' ';
      continue;
    }
    auto end = at + 1;
    while (end < text.size() && is_letter(text[end])) ++end;
    const auto name = text.substr(at + 1, end - at - 1);
    if (name.empty()) {
      // `\,` and its like are space, `\{` and `\%` are characters.
      if (end < text.size() && std::string_view("{}%&#_").find(text[end]) != std::string_view::npos) out += text[end];
      at = end;
    } else {
      if (std::ranges::find(kWrappers, name) == kWrappers.end()) out.append("\\").append(name);
      at = end - 1;
    }
  }
  return out;
}

std::string plain_latex(std::string_view text) {
  std::string out;
  bool parted = false;
  for (std::size_t at = 0; at < text.size();) {
    auto end = at + 1;
    if (text[at] == '\\') {
      while (end < text.size() && is_letter(text[end])) ++end;
      if (end == at + 1 && end < text.size()) ++end;
    }
    auto piece = text.substr(at, end - at);
    at = end;
    if (piece == "\\dfrac" || piece == "\\tfrac") piece = "\\frac";
    const bool nothing = piece == "\\left" || piece == "\\right" || piece == "$" || piece == "\\$";
    constexpr std::string_view kSpacing = " \t\r\n~,;:!";
    if (piece.size() == 1 ? kSpacing.substr(0, 5).find(piece[0]) != std::string_view::npos
                          : piece.size() == 2 && kSpacing.find(piece[1]) != std::string_view::npos) {
      parted = true;
    } else if (!nothing) {
      // What a space keeps apart: `1 3/4`, `x dx`, `\pi x`.
      if (parted && !out.empty() && is_word(out.back()) && is_word(piece[0])) out += ' ';
      out += piece;
      parted = false;
    }
  }
  return out;
}

std::string_view bare_formula(std::string_view text) {
  constexpr std::string_view kBefore = " \t\r\n$*`\"':", kAfter = " \t\r\n$*`\"'.,;:";
  // Nobody wraps a formula as often as that; a long text is not gone through for nothing.
  constexpr int kMostLayers = 16;
  std::size_t before = text.size() + 1;
  for (int layer = 0; layer < kMostLayers && before != text.size(); ++layer) {
    before = text.size();
    text.remove_prefix(std::min(text.find_first_not_of(kBefore), text.size()));
    text = text.substr(0, text.find_last_not_of(kAfter) + 1);
    for (const std::string_view opener : {"\\(", "\\[", "“", "”"})
      if (text.starts_with(opener)) text.remove_prefix(opener.size());
    for (const std::string_view closer : {"\\)", "\\]", "“", "”", "。", "\\,", "\\ "})
      if (text.ends_with(closer)) text.remove_suffix(closer.size());
  }
  // A dollar that is money's: its backslash is no command.
  if (text.ends_with('\\')) text.remove_suffix(1);
  return text;
}

}  // namespace ipw::replay
