#include "replay/judges/math_parser.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/math_token_reader.hpp"
#include "replay/judges/math_words.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;
using Token = MathToken;

constexpr int kDeepest = 60;
constexpr std::size_t kMostTokens = 400;
constexpr std::size_t kMostUnits = 4;

bool is_whole(const Token& token) {
  return token.kind == Token::Kind::number && std::ranges::all_of(token.text, is_digit);
}

// Recursive descent.
class Parser : private MathTokenReader {
 public:
  using MathTokenReader::MathTokenReader;

  Result<MathNode> run() {
    if (tokens_.empty()) return Error{Errc::invalid, "is empty"};
    if (tokens_.size() > kMostTokens) return Error{Errc::invalid, "is too long to be read"};
    auto whole = list();
    if (!failure_ && at_ < tokens_.size()) fail_at_token();
    if (failure_) return Error{Errc::invalid, *failure_};
    return whole;
  }

 private:
  // Solutions, items of a set or coordinates of a point: a node of its own only where there are several.
  MathNode list() {
    auto first = relation();
    if (!sees(Token::Kind::comma)) return first;
    auto all = node_of(Kind::list, std::move(first));
    while (takes(Token::Kind::comma)) {
      while (takes(Token::Kind::comma)) continue;
      all.kids.push_back(relation());
    }
    return all;
  }

  MathNode relation() {
    if (at_ == 0 && (sees(Token::Kind::relation, "=") || sees(Token::Kind::relation, "~"))) ++at_;
    auto first = ratio();
    if (!sees(Token::Kind::relation)) return first;
    auto chain = node_of(Kind::relation, std::move(first));
    while (sees(Token::Kind::relation)) {
      chain.text.append(tokens_[at_++].text).append(" ");
      chain.kids.push_back(ratio());
    }
    return chain;
  }

  MathNode ratio() {
    auto first = joined();
    if (!sees_sign(":")) return first;
    auto all = node_of(Kind::ratio, std::move(first));
    while (takes_sign(":")) all.kids.push_back(joined());
    return all;
  }

  MathNode joined() {
    auto first = sum();
    if (!sees_sign("cup")) return first;
    auto all = node_of(Kind::join, std::move(first));
    while (takes_sign("cup")) all.kids.push_back(sum());
    return all;
  }

  MathNode sum() {
    auto left = signed_term();
    while (!failure_) {
      if (takes_sign("+"))
        left = node_of(Kind::add, std::move(left), signed_term());
      else if (takes_sign("-"))
        left = node_of(Kind::subtract, std::move(left), signed_term());
      else if (takes_sign("pm"))
        left = node_of(Kind::plus_minus, std::move(left), term());
      else if (takes_sign("mp"))
        left = node_of(Kind::minus_plus, std::move(left), term());
      else
        break;
    }
    return left;
  }

  MathNode signed_term() {
    bool negative = false;
    while (sees_sign("+") || sees_sign("-")) negative ^= tokens_[at_++].text == "-";
    auto made = [&] {
      if (takes_sign("pm")) return node_of(Kind::plus_minus, term());
      if (takes_sign("mp")) return node_of(Kind::minus_plus, term());
      return term();
    }();
    return negative ? node_of(Kind::negate, std::move(made)) : made;
  }

  bool begins_operand() const {
    if (at_ >= tokens_.size()) return false;
    switch (tokens_[at_].kind) {
      case Token::Kind::number:
      case Token::Kind::based:
      case Token::Kind::symbol:
      case Token::Kind::function:
      case Token::Kind::command:
      case Token::Kind::open:
      case Token::Kind::begin:
        return true;
      default:
        return sees_sign("|") && bars_ == 0;
    }
  }

  MathNode term() {
    auto left = mixed_number();
    while (!failure_) {
      if (takes_sign("*")) {
        left = node_of(Kind::multiply, std::move(left), signed_factor());
      } else if (takes_sign("/")) {
        left = node_of(Kind::divide, std::move(left), signed_factor());
      } else if (sees(Token::Kind::word)) {
        if (!units(left)) break;
      } else if (begins_operand()) {
        // Two numbers side by side are no product: `2 3`, `x2`.
        const auto before = tokens_[at_ - 1].kind;
        if (sees(Token::Kind::number) && before != Token::Kind::close && before != Token::Kind::word)
          return fail_at_token();
        if (sees(Token::Kind::number) && before == Token::Kind::word) return fail_at_token();
        left = node_of(Kind::multiply, std::move(left), factor());
      } else {
        break;
      }
    }
    return left;
  }

  MathNode signed_factor() {
    if (takes_sign("-")) return node_of(Kind::negate, factor());
    takes_sign("+");
    return factor();
  }

  // 1 3/4, 1\frac{3}{4}
  MathNode mixed_number() {
    const auto whole = at_;
    if (!ahead(0) || !is_whole(tokens_[at_])) return factor();
    const auto *second = ahead(1), *third = ahead(2), *fourth = ahead(3);
    if (second && third && fourth && is_whole(*second) && second->spaced && third->text == "/" && is_whole(*fourth)) {
      at_ += 4;
      auto part = node_of(Kind::divide, node(Kind::number, {}, second->text), node(Kind::number, {}, fourth->text));
      return raised(node_of(Kind::add, node(Kind::number, {}, tokens_[whole].text), std::move(part)));
    }
    if (second && second->kind == Token::Kind::command && second->text == "frac") {
      ++at_;
      auto part = primary();
      const bool plain = part.kind == Kind::divide &&
                         std::ranges::all_of(part.kids, [](const auto& kid) { return kid.kind == Kind::number; });
      auto number = node(Kind::number, {}, tokens_[whole].text);
      if (plain) return raised(node_of(Kind::add, std::move(number), std::move(part)));
      return node_of(Kind::multiply, std::move(number), raised(std::move(part)));
    }
    return factor();
  }

  // Moves behind the units of what was read: `cm^2`, `miles per hour`; false at a word that is none.
  bool units(MathNode& left) {
    for (std::size_t count = 0; sees(Token::Kind::word); ++count) {
      const auto& word = tokens_[at_];
      // Plain words behind letters are prose: `let me think`.
      const bool prose = word.plain && !contains(left, [](const auto& part) { return part.kind == Kind::number; });
      if (left.kind == Kind::text || prose || count >= kMostUnits + (word.plain ? 0 : 8) || !may_be_unit(word.text)) {
        fail_at_token();
        return false;
      }
      if (const auto scale = scale_of(word.text); !scale.empty())
        left = node_of(Kind::multiply, std::move(left), node(Kind::number, {}, std::string(scale)));
      ++at_;
      left.measured = true;
      if (takes_sign("^")) exponent();
      const auto* below = sees_sign("/") ? ahead(1) : nullptr;
      if (below && below->kind == Token::Kind::word) ++at_;
      if (below && below->kind == Token::Kind::symbol) at_ += 2;  // km/h
    }
    return !failure_;
  }

  MathNode factor() { return raised(primary()); }

  // With what stands behind it: powers, `!`, `%`, degrees.
  MathNode raised(MathNode base) {
    while (!failure_) {
      if (takes_sign("^"))
        base = node_of(Kind::power, std::move(base), exponent());
      else if (takes_sign("!"))
        base = node_of(Kind::factorial, std::move(base));
      else if (takes_sign("%"))
        base = node_of(Kind::percent, std::move(base));
      else if (takes_sign("deg"))
        base = in_degrees(std::move(base));
      else
        break;
    }
    return base;
  }

  // A degree is a unit like others, but not to a sine.
  MathNode in_degrees(MathNode angle) {
    for (const std::string_view scale : {"C", "F"})
      if (takes(Token::Kind::symbol, scale)) return angle;
    if (functions_ == 0) return angle;
    auto half_turn = node_of(Kind::divide, node(Kind::symbol, {}, "pi"), node(Kind::number, {}, "180"));
    return node_of(Kind::multiply, std::move(angle), std::move(half_turn));
  }

  MathNode exponent() {
    if (++depth_ > kDeepest) return fail("is nested too deeply");
    const bool negative = takes_sign("-");
    auto made = primary();
    if (takes_sign("^")) made = node_of(Kind::power, std::move(made), exponent());
    --depth_;
    return negative ? node_of(Kind::negate, std::move(made)) : made;
  }

  MathNode primary() {
    if (++depth_ > kDeepest) return fail("is nested too deeply");
    if (at_ >= tokens_.size()) return fail_at_token();
    auto made = operand();
    --depth_;
    return made;
  }

  MathNode operand() {
    const auto& token = tokens_[at_];
    switch (token.kind) {
      case Token::Kind::number:
        return number();
      case Token::Kind::based:
        ++at_;
        return node(Kind::based, {}, token.text);
      case Token::Kind::symbol:
        ++at_;
        return node(Kind::symbol, {}, token.text);
      case Token::Kind::word:
        return words();
      case Token::Kind::open:
        return bracket();
      case Token::Kind::function:
        return function();
      case Token::Kind::command:
        return command();
      case Token::Kind::begin:
        return matrix();
      default:
        if (takes_sign("|")) return absolute(Token::Kind::sign);
        return fail_at_token();
    }
  }

  // 0.1\overline{6} is (16 - 1) / 90, and (1 6 - 1) shifted by its decimals.
  MathNode number() {
    const auto& text = tokens_[at_++].text;
    if (!sees(Token::Kind::repeated)) return node(Kind::number, {}, text);
    const auto repeated = tokens_[at_++].text;
    const auto point = std::min(text.find('.'), text.size());
    const auto fixed = text.substr(0, point) + (point < text.size() ? text.substr(point + 1) : "");
    const auto decimals = fixed.size() - point;
    auto above = node_of(Kind::subtract, node(Kind::number, {}, fixed + repeated), node(Kind::number, {}, fixed));
    auto below = node(Kind::number, {}, std::string(repeated.size(), '9') + std::string(decimals, '0'));
    return node_of(Kind::divide, std::move(above), std::move(below));
  }

  MathNode words() {
    std::string text;
    for (; sees(Token::Kind::word); ++at_) text.append(text.empty() ? "" : " ").append(tokens_[at_].text);
    return node(Kind::text, {}, comparable(text, true));
  }

  MathNode bracket() {
    const auto opening = tokens_[at_++].text;
    if (opening == "|") return absolute(Token::Kind::close);
    if (opening == "\\{" && takes(Token::Kind::close, opening)) return node(Kind::set, {});
    // {x | x > 3} is what x > 3 is.
    const bool condition = opening == "\\{" && ahead(1) && sees(Token::Kind::symbol) &&
                           ahead(1)->kind == Token::Kind::sign && (ahead(1)->text == "|" || ahead(1)->text == ":");
    if (condition) at_ += 2;
    const int bars = std::exchange(bars_, 0);
    auto inner = list();
    bars_ = bars;
    if (condition) return expect(Token::Kind::close, opening, std::move(inner));
    if (!sees(Token::Kind::close)) return fail_at_token();
    const auto closing = tokens_[at_++].text;
    const bool round = (opening == "(" || opening == "[") && (closing == "(" || closing == "[");
    if (opening != closing && !round) return --at_, fail_at_token();
    if (opening == "floor" || opening == "ceil") return node(Kind::call, {std::move(inner)}, opening);
    const bool several = inner.kind == Kind::list;
    if (opening == "\\{" || (opening == "{" && several))
      return several ? node(Kind::set, std::move(inner.kids)) : node_of(Kind::set, std::move(inner));
    if (several) return node(Kind::tuple, std::move(inner.kids), opening == "<" ? "((" : opening + closing);
    if (opening != closing) return fail("has a `" + opening + "` that is not closed");
    inner.grouped |= opening == "(";
    return inner;
  }

  MathNode absolute(Token::Kind closing) {
    const int bars = std::exchange(bars_, closing == Token::Kind::sign ? 1 : 0);
    auto inner = sum();
    bars_ = bars;
    return expect(closing, "|", node(Kind::call, {std::move(inner)}, "abs"));
  }

  MathNode function() {
    const auto name = tokens_[at_++].text;
    std::optional<MathNode> base, power;
    if (takes_sign("_")) base = primary();
    bool inverse = false;
    if (sees_sign("^")) {
      ++at_;
      power = exponent();
      const bool minus_one = power->kind == Kind::negate && power->kids[0].text == "1";
      inverse = minus_one && (name == "sin" || name == "cos" || name == "tan");
    }
    ++functions_;
    auto call = node(Kind::call, {argument()}, inverse ? "arc" + name : name);
    --functions_;
    if (base) call.kids.push_back(*std::move(base));
    if (power && !inverse) return node_of(Kind::power, std::move(call), *std::move(power));
    return call;
  }

  // Of a function: what stands in brackets, else a product such as 2 \pi x.
  MathNode argument() {
    if (sees(Token::Kind::open)) return primary();
    auto made = sees_sign("-") ? signed_factor() : mixed_number();
    while (begins_operand() && !sees(Token::Kind::function) && !sees(Token::Kind::open) && !sees(Token::Kind::number))
      made = node_of(Kind::multiply, std::move(made), factor());
    return made;
  }

  MathNode command() {
    const auto name = tokens_[at_++].text;
    if (name == "emptyset") return node(Kind::set, {});
    if (name == "reals") {
      auto infinity = node(Kind::symbol, {}, "infinity");
      return node(Kind::tuple, {node_of(Kind::negate, infinity), infinity}, "((");
    }
    if (name == "sqrt") {
      auto index = node(Kind::number, {}, "2");
      if (takes(Token::Kind::open, "[")) index = expect(Token::Kind::close, "[", sum());
      auto radicand = primary();
      return node_of(Kind::root, std::move(radicand), std::move(index));
    }
    auto first = primary();
    auto second = primary();
    return node_of(name == "frac" ? Kind::divide : Kind::binomial, std::move(first), std::move(second));
  }

  MathNode matrix() {
    const auto environment = tokens_[at_++].text;
    const bool known = environment == "pmatrix" || environment == "bmatrix" || environment == "matrix";
    if (!known) return fail("`\\begin{" + shortened(environment, 20) + "}` is not understood");
    auto rows = node(Kind::matrix, {node(Kind::list, {})});
    while (!failure_ && !takes(Token::Kind::end, environment)) {
      if (takes_sign("newline")) {
        if (!sees(Token::Kind::end)) rows.kids.push_back(node(Kind::list, {}));
        continue;
      }
      takes_sign("&");
      rows.kids.back().kids.push_back(sum());
      if (!failure_ && !sees_sign("&") && !sees_sign("newline") && !sees(Token::Kind::end)) fail_at_token();
    }
    return rows;
  }

  int depth_{0}, functions_{0}, bars_{0};
};

}  // namespace

Result<MathNode> parse_math_tokens(std::vector<MathToken> tokens) {
  return Parser(std::move(tokens)).run();
}

}  // namespace ipw::replay
