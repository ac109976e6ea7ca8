#include "base/quantity_text.hpp"

#include <charconv>
#include <cmath>
#include <span>
#include <string>

namespace ipw {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

Error expected(std::string_view what, std::string_view got) {
  return {Errc::invalid, "expected " + std::string(what) + ", got `" + std::string(got) + "`"};
}

// NUMBER UNIT with one of `units`, without a space between.
Result<double> with_unit(std::string_view text, std::span<const Unit> units, std::string_view forms) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return expected(forms, text);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const auto& u : units)
    if (u.name == unit && std::isfinite(number * u.factor)) return number * u.factor;
  return expected(forms, text);
}

}  // namespace

Result<Seconds> parse_duration(std::string_view text) {
  static constexpr Unit kUnits[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  const auto seconds = with_unit(text, kUnits, "a duration such as 50ms, 5s or 30d");
  if (!seconds) return seconds.error();
  return Seconds{*seconds};
}

Result<double> parse_rate(std::string_view text) {
  static constexpr Unit kUnits[] = {{"/s", 1}, {"/m", 1.0 / 60}, {"/h", 1.0 / 3600}, {"/d", 1.0 / 86400}};
  return with_unit(text, kUnits, "a rate such as 2/s or 60/h");
}

Result<std::int64_t> parse_size(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1}, {"B", 1}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
  constexpr std::string_view kForms = "a size such as 512, 64KiB or 64MiB";
  const auto bytes = with_unit(text, kUnits, kForms);
  if (!bytes) return bytes.error();
  if (*bytes < 0 || *bytes >= 0x1p63) return expected(kForms, text);
  return static_cast<std::int64_t>(*bytes);
}

Result<double> parse_number(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1}};
  return with_unit(text, kUnits, "a number");
}

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) return expected("a whole number", text);
  return value;
}

}  // namespace ipw
