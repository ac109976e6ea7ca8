#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace ipw {

// The ways in which configuration writes quantities. Each error names the accepted forms.
Result<Seconds> parse_duration(std::string_view text);   // 250us 50ms 5s 1.5m 2h 30d
Result<double> parse_rate(std::string_view text);        // 2/s 60/h 1/m  -> per second
Result<std::int64_t> parse_size(std::string_view text);  // 512 64KiB 64MiB 1GiB -> bytes
Result<double> parse_number(std::string_view text);      // finite decimal
Result<std::int64_t> parse_integer(std::string_view text);

}  // namespace ipw
