#include "replay/judges/number_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kMostSeparators = 10, kTail = 400;

struct Piece {
  char separator;  // before the digits; 0 for the first
  std::string_view digits;
};
struct Pieces {
  std::array<Piece, kMostSeparators + 1> all{};
  std::size_t count{0};
  const Piece& operator[](std::size_t i) const { return all[i]; }
  const Piece& last() const { return all[count - 1]; }
  void add(Piece piece) { all[count++] = piece; }
};

std::string_view digits_at(std::string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return text.substr(at, end - at);
}

bool is_separator(char c, Notation notation) {
  return c == '.' || c == ',' || c == '\'' || c == kDecimalMark || c == kGroupMark || (c == ' ' && notation.spaces);
}

Pieces pieces_at(std::string_view text, std::size_t at, Notation notation) {
  Pieces pieces;
  pieces.add({0, digits_at(text, at)});
  at += pieces[0].digits.size();
  while (at + 1 < text.size() && pieces.count <= kMostSeparators && is_separator(text[at], notation)) {
    const auto digits = digits_at(text, at + 1);
    // A space or an apostrophe joins groups of three only; elsewhere it separates words.
    const bool joins = text[at] != ' ' && text[at] != '\'' && text[at] != kGroupMark;
    if (digits.empty() || (!joins && (digits.size() != 3 || pieces[0].digits.size() > 3))) break;
    pieces.add({text[at], digits});
    at += 1 + digits.size();
    // A list: no need to read all of it again for each of its numbers.
    const auto between = pieces[pieces.count - 2].digits.size();
    if (pieces.count > 2 && between != 2 && between != 3) break;
  }
  return pieces;
}

// Whether pieces [0, count) are one whole number: 1,234,567 or, as in India, 12,34,567.
bool is_grouped(const Pieces& pieces, std::size_t count) {
  if (count == 1) return true;
  if (pieces[0].digits.size() > 3 || pieces[0].digits.starts_with('0')) return false;
  for (std::size_t i = 1; i < count; ++i) {
    const auto size = pieces[i].digits.size();
    const bool lakh = i + 1 < count && size == 2 && pieces[i].separator == ',';
    if (pieces[i].separator != pieces[1].separator || (size != 3 && !lakh)) return false;
  }
  return true;
}

// The piece that holds the decimals, if the last one does.
bool last_is_decimal(const Pieces& pieces, Notation notation) {
  if (pieces.count == 1) return false;
  const auto& last = pieces.last();
  if (last.separator == kDecimalMark) return true;
  if (last.separator != '.' && last.separator != ',') return false;
  const auto same = std::ranges::count(pieces.all, last.separator, &Piece::separator);
  if (same > 1) return false;
  if (pieces.count > 2) return true;
  const auto whole = pieces[0].digits;
  const bool could_group = last.digits.size() == 3 && whole.size() <= 3 && !whole.starts_with('0');
  if (could_group) return last.separator == notation.decimal;
  // "12,5" is a list in English, a decimal elsewhere; "0,5" is one everywhere.
  return last.separator == '.' || notation.decimal == ',' || whole == "0";
}

struct Mantissa {
  Decimal value;
  std::size_t end;
};
Mantissa mantissa_at(std::string_view text, std::size_t at, Notation notation) {
  const auto digits = digits_at(text, at);
  const auto after = at + digits.size();
  if (after + 1 >= text.size() || !is_digit(text[after + 1])) return {Decimal::of(digits, {}), after};

  const auto pieces = pieces_at(text, at, notation);
  const bool decimals = last_is_decimal(pieces, notation);
  const auto groups = pieces.count - (decimals ? 1 : 0);
  if (!is_grouped(pieces, groups)) {
    // Not one number but a list or a version; only its first part, with decimals where those are certain.
    if (pieces.count > 1 && pieces[1].separator == notation.decimal && pieces[1].digits.size() != 3)
      return {Decimal::of(pieces[0].digits, pieces[1].digits),
              at + pieces[0].digits.size() + 1 + pieces[1].digits.size()};
    return {Decimal::of(pieces[0].digits, {}), at + pieces[0].digits.size()};
  }
  std::string whole;
  for (std::size_t i = 0; i < groups; ++i) whole += pieces[i].digits;
  const auto end = static_cast<std::size_t>(pieces.last().digits.end() - text.begin());
  return {Decimal::of(whole, decimals ? pieces.last().digits : std::string_view{}), end};
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

long small_integer(std::string_view digits) {
  long value = 0;
  for (const char c : digits.substr(0, 6)) value = value * 10 + (c - '0');
  return value;
}

// The power of ten written at `at`, as in e3, E-3, × 10^{3}; moves `at` behind it.
long exponent_at(std::string_view text, std::size_t& at) {
  auto next = at;
  bool braced = false;
  if (next < text.size() && lower(text[next]) == 'e') {
    ++next;
  } else {
    next = skip_spaces(text, next);
    std::size_t times = 0;
    for (const std::string_view sign : {"*", "x", "×", "\\times", "\\cdot", "·"})
      if (text.substr(next).starts_with(sign)) times = sign.size();
    next = skip_spaces(text, next + times);
    if (times == 0 || !text.substr(next).starts_with("10^")) return 0;
    next += 3;
    braced = text.substr(next).starts_with("{");
    next += braced ? 1 : 0;
  }
  const bool minus = text.substr(next).starts_with("-");
  if (minus || text.substr(next).starts_with("+")) ++next;
  const auto digits = digits_at(text, next);
  next += digits.size();
  if (digits.empty() || digits.size() > 4 || (next < text.size() && is_letter(text[next]))) return 0;
  at = next + (braced && text.substr(next).starts_with("}") ? 1 : 0);
  return minus ? -small_integer(digits) : small_integer(digits);
}

// The scale of the unit at `at`, if it has one; moves `at` behind it.
long scale_at(std::string_view text, std::size_t& at) {
  struct Unit {
    std::string_view name;
    long scale;
  };
  constexpr std::array kUnits{Unit{"%", -2},       Unit{"\\%", -2},    Unit{"percent", -2}, Unit{"per cent", -2},
                              Unit{"thousand", 3}, Unit{"million", 6}, Unit{"billion", 9},  Unit{"trillion", 12}};
  const auto next = skip_spaces(text, at);
  for (const auto& unit : kUnits)
    if (begins_with(text.substr(next), unit.name)) {
      at = next + unit.name.size();
      return unit.scale;
    }
  return 0;
}

// Whether a sign stands before the number that begins at `at`, past its currency; moves `at` to it.
bool minus_before(std::string_view text, std::size_t& at) {
  auto sign = at;
  for (const std::string_view currency : {"$", "€", "£", "¥", "₹", "฿"})
    if (text.substr(0, sign).ends_with(currency)) {
      sign -= currency.size();
      break;
    }
  if (sign > 0 && text[sign - 1] == '\\') --sign;
  if (sign == 0 || text[sign - 1] != '-') return false;
  --sign;
  const bool subtracts =
      sign > 0 && (is_word(text[sign - 1]) || std::string_view(")]$%").find(text[sign - 1]) != std::string_view::npos);
  if (subtracts) return false;
  at = sign;
  return true;
}

// A digit that is part of a name, an index or an exponent begins no number.
bool is_part_of_name(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  const char before = text[at - 1];
  if (is_letter(before) || before == '_' || before == '^') return true;
  return at > 1 && (before == '{' || before == '-') && (text[at - 2] == '^' || text[at - 2] == '_');
}

std::optional<FoundNumber> tex_fraction_at(std::string_view text, std::size_t at, Notation notation) {
  if (!text.substr(at).starts_with("frac{")) return std::nullopt;
  const auto above = at + 5;
  if (digits_at(text, above).empty()) return std::nullopt;
  const auto numerator = mantissa_at(text, above, notation);
  if (!text.substr(numerator.end).starts_with("}{")) return std::nullopt;
  const auto below = numerator.end + 2;
  if (digits_at(text, below).empty()) return std::nullopt;
  const auto denominator = mantissa_at(text, below, notation);
  if (!text.substr(denominator.end).starts_with("}") || denominator.value.digits.empty()) return std::nullopt;
  std::size_t begin = at;
  while (begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '\\')) --begin;
  FoundNumber found{{numerator.value, denominator.value, 0}, begin, denominator.end + 1};
  found.number.value.negative = minus_before(text, found.begin) && !found.number.value.digits.empty();
  return found;
}

// "3/4", and "1 3/4" where `whole` is 1.
void fraction_at(std::string_view text, std::size_t whole_at, Notation notation, FoundNumber& found) {
  const auto plain = [&](std::size_t from) { return digits_at(text, from); };
  const auto first = plain(whole_at);
  if (whole_at + first.size() == found.end && text.substr(found.end).starts_with(" ")) {
    const auto above = plain(found.end + 1);
    const auto slash = found.end + 1 + above.size();
    if (!above.empty() && above.size() < 5 && first.size() < 5 && text.substr(slash).starts_with("/")) {
      const auto below = plain(slash + 1);
      if (const long divisor = below.size() < 5 ? small_integer(below) : 0; divisor > small_integer(above)) {
        found.number.value = Decimal::of(std::to_string(small_integer(first) * divisor + small_integer(above)), {});
        found.number.divisor = Decimal::of(below, {});
        found.end = slash + 1 + below.size();
        return;
      }
    }
  }
  if (!text.substr(found.end).starts_with("/") || plain(found.end + 1).empty()) return;
  const auto below = mantissa_at(text, found.end + 1, notation);
  // A date goes on with another slash; nothing is divided by zero.
  if (below.value.digits.empty() || text.substr(below.end).starts_with("/")) return;
  found.number.divisor = below.value;
  found.end = below.end;
}

FoundNumber number_at(std::string_view text, std::size_t at, Notation notation) {
  const bool leading_point = at > 0 && text[at - 1] == '.' && (at == 1 || !is_word(text[at - 2]));
  FoundNumber found{{}, at, at};
  if (leading_point) {
    const auto digits = digits_at(text, at);
    found.number.value = Decimal::of({}, digits);
    found.begin = at - 1;
    found.end = at + digits.size();
  } else {
    auto [value, end] = mantissa_at(text, at, notation);
    found.number.value = std::move(value);
    found.end = end;
  }
  found.number.value = found.number.value.shifted(exponent_at(text, found.end));
  if (!leading_point) fraction_at(text, at, notation, found);
  const bool minus = minus_before(text, found.begin);
  found.number.value.negative = minus && !found.number.value.digits.empty();
  found.number.scale = scale_at(text, found.end);
  return found;
}

std::optional<FoundNumber> last_of(std::string_view text, std::size_t from, Notation notation) {
  std::optional<FoundNumber> last;
  while (auto found = find_number(text, from, notation)) {
    from = found->end;
    last = std::move(found);
  }
  return last;
}

}  // namespace

std::optional<FoundNumber> find_number(std::string_view text, std::size_t from, Notation notation) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == 'f')
      if (auto fraction = tex_fraction_at(text, at, notation)) return fraction;
    if (!is_digit(text[at])) continue;
    if (!is_part_of_name(text, at)) {
      auto found = number_at(text, at, notation);
      // A power such as 2^10 has a value that is not written out.
      if (!text.substr(found.end).starts_with("^")) return found;
      at = found.end;
    }
    while (at < text.size() && is_word(text[at])) ++at;
  }
  return std::nullopt;
}

std::optional<FoundNumber> last_number(std::string_view text, Notation notation) {
  const auto digit = text.find_last_of("0123456789");
  if (digit == std::string_view::npos) return std::nullopt;
  const auto newline = text.rfind('\n', digit);
  const auto line = newline == std::string_view::npos ? 0 : newline + 1;
  // The end of a long line is enough, from the end of a number on; where that holds digits in names only, all of it.
  const auto tail = digit - line > kTail ? text.find_first_not_of("0123456789", digit - kTail) : line;
  if (auto last = last_of(text, tail < digit ? tail : line, notation)) return last;
  return last_of(text, 0, notation);
}

std::optional<Number> parse_number_text(std::string_view text, Notation notation) {
  std::string buffer;
  text = trim(with_ascii_numbers(text, buffer));
  const auto found = find_number(text, 0, notation);
  if (!found) return std::nullopt;
  const auto rest = trim(text.substr(found->end));
  auto before = trim(text.substr(0, found->begin));
  for (const std::string_view currency : {"$", "\\$", "€", "£", "¥", "₹", "฿", "+", "\\"})
    if (before == currency) before = {};
  for (const std::string_view after : {"", ".", "$", "€", "£", "¥", "₹"})
    if (rest == after && before.empty()) return found->number;
  return std::nullopt;
}

bool same_number(const Number& a, const Number& b, double tolerance) {
  const auto same = [&](const Decimal& x, const Decimal& y) {
    if (!a.divisor && !b.divisor) {
      if (x == y) return true;
      if (tolerance <= 0 && x.is_integer() && y.is_integer()) return false;
    }
    const double left = x.approximate() / (a.divisor ? a.divisor->approximate() : 1);
    const double right = y.approximate() / (b.divisor ? b.divisor->approximate() : 1);
    return std::abs(left - right) <= std::max(tolerance, 1e-9) * std::max(std::abs(left), std::abs(right));
  };
  for (const long left : {0L, a.scale})
    for (const long right : {0L, b.scale})
      if (same(a.value.shifted(left), b.value.shifted(right))) return true;
  return false;
}

}  // namespace ipw::replay
