#include "replay/judges/math_tokens.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/math_signs.hpp"
#include "replay/judges/math_words.hpp"

namespace ipw::replay {
namespace {

using Kind = MathToken::Kind;

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

constexpr std::array<std::string_view, 19> kNothing{
    "left", "right", "displaystyle", "textstyle", "limits", "quad", "qquad", "big", "Big",  "bigl",
    "bigr", "Bigl",  "Bigr",         "nolimits",  "boxed",  "fbox", "rm",    "bf",  "angle"};
constexpr std::array<std::string_view, 10> kText{"text", "textbf", "textit", "textrm", "texttt",
                                                 "mbox", "mathrm", "mathit", "emph",   "operatorname"};
constexpr std::array<std::string_view, 9> kAccents{"mathbf", "boldsymbol", "vec",    "hat",   "mathcal",
                                                   "bold",   "bm",         "mathsf", "mathbb"};
constexpr std::array<std::string_view, 4> kRepeats{"overline", "bar", "dot", "overbar"};

bool is_letter_byte(char c) {
  return is_letter(c) || static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  Lexer(std::string_view text, Commas commas) : text_(text), commas_(commas) {}

  Result<std::vector<MathToken>> run() {
    while (at_ < text_.size() && !failure_) next();
    if (failure_) return *failure_;
    return std::move(tokens_);
  }

 private:
  bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool digit_at(std::size_t at) const { return at < text_.size() && is_digit(text_[at]); }
  void add(Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), spaced_, !in_text_});
    spaced_ = false;
  }
  void fail(std::string message) {
    if (!failure_) failure_ = Error{Errc::invalid, std::move(message)};
  }

  void next() {
    const char c = text_[at_];
    if (std::string_view(" \t\r\n~").find(c) != std::string_view::npos) {
      spaced_ = true;
      ++at_;
    } else if (is_digit(c) || (c == '.' && digit_at(at_ + 1))) {
      number();
    } else if (sees(".\\overline{") || sees(".\\bar{")) {
      ++at_;
      add(Kind::number, "0");
    } else if (is_letter_byte(c)) {
      letters();
    } else if (c == '\\') {
      command();
    } else {
      mark();
    }
  }

  std::string_view digits() {
    const auto begin = at_;
    while (digit_at(at_)) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // The length of what joins the groups of a number here, such as `,` before three digits.
  std::size_t group_mark() const {
    for (const std::string_view mark : {"{,}", ",\\!", "\\,", "\\ ", "\\!", ","}) {
      if (!sees(mark)) continue;
      const bool in_list = !spaced_ && !tokens_.empty() && tokens_.back().text == ",";  // 1,2,345
      if (mark == "," && (commas_ != Commas::group_thousands || brackets_ > 0 || in_list)) continue;
      const auto after = at_ + mark.size();
      if (digit_at(after) && digit_at(after + 1) && digit_at(after + 2) && !digit_at(after + 3)) return mark.size();
    }
    return 0;
  }

  // The length of what stands before decimals here; `{,}` is LaTeX's comma between digits.
  std::size_t decimal_mark() const {
    for (const std::string_view mark : {".", "{,}", ","})
      if (sees(mark) && digit_at(at_ + mark.size()))
        return mark != "," || commas_ == Commas::before_decimals ? mark.size() : 0;
    return 0;
  }

  void number() {
    std::string text(digits());
    if (!text.empty() && text.size() <= 3)
      while (const auto mark = group_mark()) {
        at_ += mark;
        text += digits();
      }
    if (const auto mark = decimal_mark(); mark > 0) {
      at_ += mark;
      text.append(".").append(digits());
      exponent(text);
      add(Kind::number, std::move(text));
    } else if (const auto base = subscript(); !base.empty()) {
      add(base == "10" ? Kind::number : Kind::based, base == "10" ? text : text + "_" + base);
    } else {
      exponent(text);
      add(Kind::number, std::move(text));
      if (sees(".\\")) ++at_;  // 0.\overline{3}
    }
  }

  // 1.5e3, 2E-4; but 2e-3 is more often a formula.
  void exponent(std::string& text) {
    if (!sees("e") && !sees("E")) return;
    auto after = at_ + 1;
    const bool sign = after < text_.size() && (text_[after] == '-' || text_[after] == '+');
    if (sign && text_[at_] == 'e' && text != "1" && text.find('.') == std::string::npos) return;
    if (sign) ++after;
    const auto begin = after;
    while (digit_at(after)) ++after;
    if (after == begin || after - begin > 4 || (after < text_.size() && is_letter(text_[after]))) return;
    text.append("e").append(text_.substr(at_ + 1, after - at_ - 1));
    at_ = after;
  }

  // What stands behind `_`, without its braces, and moves behind it; empty where nothing does.
  std::string subscript() {
    if (!sees("_") || at_ + 1 >= text_.size()) return {};
    auto end = at_ + 2;
    std::string inner(1, text_[at_ + 1]);
    if (inner == "{") {
      const auto close = text_.find('}', at_);
      if (close == std::string_view::npos) return {};
      inner = without_markup(text_.substr(at_ + 2, close - at_ - 2));
      end = close + 1;
    } else if (inner == "\\") {
      while (end < text_.size() && is_letter(text_[end])) ++end;
      inner = text_.substr(at_ + 2, end - at_ - 2);
    } else if (is_digit(inner[0])) {
      while (digit_at(end)) ++end;
      inner = text_.substr(at_ + 1, end - at_ - 1);
    }
    at_ = end;
    return inner;
  }

  void symbol(std::string name) {
    if (const auto index = subscript(); !index.empty()) name.append("_").append(index);
    while (sees("'")) {
      name += '\'';
      ++at_;
    }
    add(Kind::symbol, std::move(name));
  }

  void letters() {
    const auto begin = at_;
    while (at_ < text_.size() && is_letter_byte(text_[at_])) ++at_;
    const auto run = text_.substr(begin, at_ - begin);
    if (run.size() == 1 && (sees(".m.") || sees(".m"))) {  // a.m.
      at_ += 2;
      return add(Kind::word, std::string(run) + "m");
    }
    if (const auto* name = math_name(run); name != nullptr && !(in_text_ && name->kind == Kind::function))
      return add(name->kind, std::string(name->text));
    const bool wide = std::ranges::any_of(run, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (in_text_ || wide || is_common_word(run)) {
      // `sinx` and `lnx` are no words.
      const auto* function = math_name(run.substr(0, run.size() - 1));
      if (in_text_ || function == nullptr || function->kind != Kind::function) return add(Kind::word, std::string(run));
    }
    // Two products side by side are prose: `we get`.
    if (run.size() > 1 && spaced_ && products_end_ == tokens_.size()) return add(Kind::word, std::string(run));
    if (run.size() > 2)
      if (const auto* function = math_name(run.substr(0, run.size() - 1)); function != nullptr) {
        add(function->kind, std::string(function->text));
        return add(Kind::symbol, std::string(run.substr(run.size() - 1)));
      }
    for (std::size_t i = 0; i + 1 < run.size(); ++i) add(Kind::symbol, std::string(1, run[i]));
    symbol(std::string(1, run.back()));
    if (run.size() > 1) products_end_ = tokens_.size();
  }

  // The content of the braces that follow, and moves behind them.
  std::optional<std::string_view> braced() {
    auto open = at_;
    while (open < text_.size() && text_[open] == ' ') ++open;
    if (open >= text_.size() || text_[open] != '{') return std::nullopt;
    int depth = 0;
    for (auto at = open; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
        continue;
      }
      depth += text_[at] == '{' ? 1 : text_[at] == '}' ? -1 : 0;
      if (depth > 0) continue;
      at_ = at + 1;
      return text_.substr(open + 1, at - open - 1);
    }
    return std::nullopt;
  }

  void command() {
    auto end = at_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    if (end == at_ + 1) return escaped();
    const auto name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    if (name == "left" || name == "right") {
      if (sees(".")) ++at_;
      if (sees("|")) {
        ++at_;
        add(name == "left" ? Kind::open : Kind::close, "|");
      }
    } else if (is_among(kNothing, name)) {
      spaced_ |= name.ends_with("quad");
    } else if (is_among(kText, name)) {
      text_command(name);
    } else if (is_among(kAccents, name) || is_among(kRepeats, name)) {
      accent(name);
    } else if (name == "begin" || name == "end") {
      const auto environment = braced();
      add(name == "begin" ? Kind::begin : Kind::end, std::string(environment.value_or("")));
    } else {
      named(name);
    }
  }

  void named(std::string_view name) {
    const auto* word = math_command(name);
    if (word == nullptr) return fail("`\\" + shortened(name, 24) + "` is not understood");
    if (word->kind == Kind::symbol && word->text != "pi" && word->text != "infinity")
      return symbol(std::string(word->text));
    if (word->kind == Kind::open) ++brackets_;
    if (word->kind == Kind::close) --brackets_;
    add(word->kind, std::string(word->text));
    if (name == "frac" || name.ends_with("frac")) {
      // \frac12 and \frac1{2}: each digit is an argument.
      while (sees(" ")) ++at_;
      for (int argument = 0; argument < 2 && digit_at(at_); ++argument, ++at_)
        add(Kind::number, std::string(1, text_[at_]));
    }
  }

  // Only the braces are taken away: what is in them is read as text, one token after another.
  void text_command(std::string_view name) {
    const auto begin = at_;
    const auto content = braced();
    if (!content) return;
    if (name == "mathrm" && (*content == "e" || *content == "i")) return symbol(std::string(*content));
    if (const auto* word = math_name(*content); word != nullptr && word->kind == Kind::function)
      return add(Kind::function, std::string(word->text));
    Lexer inner(*content, commas_);
    inner.in_text_ = true;
    inner.spaced_ = spaced_ || begin > 0;
    inner.depth_ = depth_ + 1;
    if (inner.depth_ > kDeepest) return fail("is nested too deeply");
    while (inner.at_ < inner.text_.size() && !inner.failure_) inner.next();
    if (inner.failure_) return fail(inner.failure_->message);
    for (auto& token : inner.tokens_) tokens_.push_back(std::move(token));
    spaced_ = true;
  }

  void accent(std::string_view name) {
    const auto content = braced();
    if (!content) return fail("`\\" + std::string(name) + "` has nothing behind it");
    const bool digits_only = !content->empty() && std::ranges::all_of(*content, is_digit);
    if (digits_only && is_among(kRepeats, name) && !tokens_.empty() && tokens_.back().kind == Kind::number)
      return add(Kind::repeated, std::string(*content));
    if (digits_only && !is_among(kRepeats, name)) return add(Kind::number, std::string(*content));
    if (name == "mathbb" && *content == "R") return add(Kind::command, "reals");
    if (content->size() > 4) return fail("`\\" + std::string(name) + "` is not understood");
    symbol(std::string(is_among(kRepeats, name) || name == "mathbb" ? name : "") + without_markup(*content));
  }

  void escaped() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
    at_ += 2;
    if (c == '{' || c == '}') {
      brackets_ += c == '{' ? 1 : -1;
      add(c == '{' ? Kind::open : Kind::close, "\\{");
    } else if (c == '%' || c == '|') {
      add(Kind::sign, std::string(1, c));
    } else if (c == '\\') {
      add(Kind::sign, "newline");
    } else if (c != '!') {
      spaced_ = true;  // `\,`, `\;`, `\ `, `\$`, `\(` and their like
    }
  }

  bool degree() {
    for (const std::string_view mark : {"^\\circ", "^{\\circ}", "^{\\circ }", "^\\degree", "^ \\circ"})
      if (sees(mark)) {
        at_ += mark.size();
        add(Kind::sign, "deg");
        return true;
      }
    return false;
  }

  void mark() {
    if (degree()) return;
    for (const std::string_view two : {"<=", ">=", "!=", "**", "+-", "+/-"}) {
      if (!sees(two) || (two == "!=" && !spaced_ && !tokens_.empty() && tokens_.back().kind == Kind::number)) continue;
      at_ += two.size();
      if (two == "**") return add(Kind::sign, "^");
      return two[0] == '+' ? add(Kind::sign, "pm") : add(Kind::relation, std::string(two));
    }
    const char c = text_[at_++];
    const std::string one(1, c);
    if (c == '(' || c == '[' || c == '{') {
      if (c != '{') ++brackets_;
      add(Kind::open, one);
    } else if (c == ')' || c == ']' || c == '}') {
      if (c != '}') --brackets_;
      add(Kind::close, c == ')' ? "(" : c == ']' ? "[" : "{");
    } else if (c == '=' || c == '<' || c == '>') {
      add(Kind::relation, one);
    } else if (c == ',' || c == ';') {
      add(Kind::comma, one);
    } else if (std::string_view("+-*/^_!:%|&").find(c) != std::string_view::npos) {
      add(Kind::sign, one);
    } else if (c == '.' && !sees(".")) {
      spaced_ = true;
    } else if (c != '$' && c != '"' && c != '`') {
      fail("`" + shortened(text_.substr(at_ - 1), 8) + "` is not understood");
    }
  }

  static constexpr int kDeepest = 20;
  std::string_view text_;
  Commas commas_;
  std::size_t at_{0};
  std::size_t products_end_{std::string::npos};  // behind a product of letters, such as xy
  int brackets_{0}, depth_{0};
  bool in_text_{false}, spaced_{false};
  std::vector<MathToken> tokens_;
  std::optional<Error> failure_;
};

}  // namespace

Result<std::vector<MathToken>> math_tokens(std::string_view text, Commas commas) {
  return Lexer(text, commas).run();
}

}  // namespace ipw::replay
