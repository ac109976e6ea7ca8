#pragma once

#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// Relative standard deviations where the configuration states none. Models of energy from power limits and operations
// err by 27 to 37 % where hardware and load are known (arXiv:2506.14551); the published formula fixes both.
constexpr double kConfiguredError = 0.3;
constexpr double kPublishedError = 0.5;

// What the server of a target that nothing measures is taken to draw for a request: so much for each token. An
// estimate, labelled so, that never stands beside a measurement. A value type.
struct TokenEnergy {
  Joules per_input_token{0};  // not for cached ones
  Joules per_output_token{0};
  Joules per_query{0};             // for each request that is worked on, whatever its tokens
  double error{kConfiguredError};  // one standard deviation of a query's joules, relative; the same for all its queries

  struct Estimate {
    Joules prefill, decode;  // the request's own joules count as prefill
    Joules sd;
  };
  // Nothing where the server did not state a count that is needed, or one that cannot be. A request that was refused
  // unread (no connection, 4xx) has drawn nothing.
  std::optional<Estimate> of(const replay::Attempt& attempt) const;
};

// A model as the published formula sees it.
struct ServedModel {
  double active_parameters{0};  // that work on each token
  double parameters{0};         // that must be in memory
  double bits{16};              // of each parameter
  double pue{1.2};              // what the data centre draws over what its servers draw
  double batch{64};             // requests served at once
};

// The EcoLogits formula (METHODOLOGY, "Targets without a meter"): GPUs, their share of the server, and the building,
// for each output token. Input tokens are in it as far as output tokens come with them.
Joules published_per_output_token(const ServedModel& model);

}  // namespace ipw
