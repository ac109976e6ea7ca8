#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/units.hpp"
#include "exporter/accounting/least_squares.hpp"
#include "exporter/accounting/work_weights.hpp"
#include "replay/dialect.hpp"

namespace ipw {

// Where weights come from, in the order in which they are preferred.
enum class WeightOrigin {
  server,   // its own times for the phases of requests that it worked on alone
  fit,      // least squares over what the device drew
  assumed,  // nothing is known yet
};
std::string_view to_text(WeightOrigin origin);

// What a model needs to see before it is believed.
struct WorkRule {
  double windows{60};        // in which somebody worked
  double requests{20};       // with phase times, alone at the server
  double error{0.1};         // a fit's: of the joules of each kind, one standard deviation over all joules
  double server_error{0.2};  // of the ratio of the phase times, relative
};

// What the active joules of one device are split by: learned from the run itself, in bounded memory, older windows
// counting less and less (METHODOLOGY, "Where the weights come from"). The same windows in the same order give the same
// weights. Owned by the attributor; one thread.
class WorkModel {
 public:
  explicit WorkModel(WorkRule rule = {}) : rule_(rule) {}

  // What happened between two instants at which the meter's joules are known, about a second apart.
  struct Window {
    Seconds length, busy;    // busy: somebody worked
    double prefill, decode;  // tokens
    Joules energy;           // idle included
  };
  // `floor`: the idle floor as it is known now.
  void add(const Window& window, Watts floor);
  // Of a request that the server worked on alone. One without phase times or tokens is passed over.
  void add(const replay::Usage& usage, const replay::ServerTimings& timings);

  const WorkWeights& weights() const { return weights_; }
  WeightOrigin origin() const { return origin_; }
  // One standard deviation of each weight; of a ratio, where the weights are one.
  WorkWeights errors() const;
  const WeightCovariance& covariance() const { return covariance_; }
  double windows() const { return moments_[kRows][kRows]; }  // older ones count less

 private:
  // The columns of the sums of products: the features, the time, what was drawn, and the rows themselves.
  enum Column : std::size_t { kBusy, kPrefill, kDecode, kLength, kEnergy, kRows, kColumns };
  struct Phase {
    double requests{0}, seconds{0}, tokens{0};
    double seconds_squared{0}, tokens_squared{0}, product{0};
    void add(double time, double count);
    double cost() const { return seconds / tokens; }
    double relative_variance() const;
  };

  void fit(Watts floor);
  bool take_server();
  void assume(WeightOrigin origin, const WorkWeights& weights, double prefill_variance);

  WorkRule rule_;
  std::array<std::array<double, kColumns>, kColumns> moments_{};
  Phase reading_, generating_;
  WorkWeights weights_{kAssumedWeights};
  WeightOrigin origin_{WeightOrigin::assumed};
  WeightCovariance covariance_{{{0, 0, 0}, {0, kAssumedError* kAssumedError, 0}, {0, 0, 0}}};
};

}  // namespace ipw
