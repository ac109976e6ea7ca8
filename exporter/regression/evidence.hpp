#pragma once

#include <vector>

#include "exporter/accounting/interval.hpp"
#include "exporter/regression/cumulant.hpp"
#include "exporter/regression/window.hpp"

namespace ipw {

// A change that a test is prepared for, by the tilt u that is best for it, and how much is laid on it.
struct Tilt {
  double u, psi, log_weight;
};
using Tilts = std::vector<Tilt>;

// For changes from `smallest` (in units of sqrt(v0)) up to kMaxTilt in equal ratios; at least one. More is laid on the
// smaller ones: there a query says little, and a threshold of a few nats more costs many of them.
Tilts tilts_from(double smallest, const Cumulant& psi);
// For what should be at least `change` and is thought to be 0: half of it, it, and twice it.
Tilts tilts_around(double change, const Cumulant& psi);
// The mean over the tilts of exp(n (u·mean - psi(u))), as a logarithm: the evidence that `mean`, of n standardised
// residuals, is above 0.
double log_evidence(const Tilts& tilts, double n, double mean);

// Bounds of a mean, of which `estimate` is known, that hold at all times at once with probability 1 - error (Robbins'
// normal mixture, tightest at `tuned` effective observations). `predictive` is the variance of one of these.
struct SequenceTuning {
  double predictive{1}, tuned{100}, error{0.05};
};
Bounds confidence_sequence(const WindowEstimate& estimate, const SequenceTuning& tuning);

}  // namespace ipw
