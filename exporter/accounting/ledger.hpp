#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/accounting/attribution.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/accounting/snapshot.hpp"

namespace ipw {

struct Pricing {
  double input_per_million{0}, output_per_million{0};
};

// What the ledger must know of a target beforehand, so that every series exists at 0 from the start.
struct LedgerTarget {
  TargetInfo info;
  std::vector<EnergyLabels> metered_scopes;
  std::optional<Pricing> pricing;
};

// Adds everything up. Counters only rise, start at 0 with the process, and obey the contract's laws at every snapshot.
// Subject and language come from the corpus: the first 64 pairs are kept apart, later ones are booked as `other`.
// Owned by the accountant; one thread.
class Ledger {
 public:
  Ledger(std::vector<LedgerTarget> targets, std::vector<Book> books, const WallAnchor& anchor);

  void on(const replay::Started& event);
  // Counts outcomes and latencies at once; energy follows with book().
  void on(const replay::Finished& event);
  void on(const replay::Judged& event);
  // Takes over a settlement. Returns the records of attempts that are now complete: settled, and judged where a verdict
  // is due. An attempt whose verdict is still to come is returned by the call after its Judged.
  std::vector<AttemptRecord> book(const Settlement& settlement);

  // The counters as they stand, without the parts that come from elsewhere (channels, process).
  Snapshot snapshot(MonoTime now) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ipw
