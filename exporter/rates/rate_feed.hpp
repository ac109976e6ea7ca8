#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "exporter/rates/energy_rate.hpp"
#include "probes/http_endpoint.hpp"

namespace ipw {

// The one value that a Prometheus answers to an instant query. Errors: unavailable (no sample), invalid (several
// samples, no number, below `least`).
Result<double> instant_value(const std::string& answer, double least);

// Asks a Prometheus for a rate every so often, on a thread of its own, and tells it. What cannot be had is logged once,
// and once more when it can be had again.
class RateFeed {
 public:
  struct Options {
    std::string name;                                // what messages call it
    std::shared_ptr<probes::HttpEndpoint> endpoint;  // of the server; used by this alone
    std::string query;                               // PromQL
    Seconds every{300};
  };
  // REQUIRES: the clock outlives it.
  RateFeed(Options options, std::shared_ptr<EnergyRate> rate, const Clock& clock);

 private:
  void run(const std::stop_token& stop);
  Result<double> ask();

  Options options_;
  std::shared_ptr<EnergyRate> rate_;
  const Clock& clock_;
  std::string error_;  // the last one; empty while it can be had
  std::jthread thread_;
};

}  // namespace ipw
