#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "exporter/accounting/split.hpp"
#include "exporter/accounting/token_energy.hpp"
#include "exporter/accounting/work.hpp"
#include "probes/timeline.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// One scope of a target, and the books (by index) in it.
struct ScopeBooks {
  probes::Scope scope;
  probes::Quality quality;  // the weakest of its books'
  std::vector<std::size_t> books;
  std::vector<probes::ChannelId> channels;  // of all these books
  std::optional<TokenEnergy> estimate{};    // in place of channels
};

// What an attempt has drawn in one scope so far, and what the whole scope drew while it ran.
struct ScopeDraw {
  Portion portion;
  Joules whole{0};
  Joules whole_sd{0};
};

struct OpenAttempt {
  std::shared_ptr<const replay::Attempt> attempt;
  Load load;
  std::vector<ScopeDraw> draws;  // by scope of the target
  double head_seconds{0};        // attempts in flight at its target, integrated over its time
};

// A query from its first start until its joules are booked whole.
struct OpenQuery {
  std::shared_ptr<const replay::Query> query;
  MonoTime start;
  bool late{false};      // it began in time that had been booked already
  bool given_up{false};  // nothing more will be heard of it
  int in_flight{0};
  std::vector<OpenAttempt> attempts;
  bool closed{false};  // no attempt follows, and the meters cover all of them
  // By scope of the target, once closed; nothing where its energy is to be estimated and cannot be.
  std::vector<std::optional<Validity>> validity;
  // Its joules by book and scope of the target, until its time is booked whole: only then do the books show them.
  std::map<std::pair<std::size_t, std::size_t>, Joules> held;

  bool ended() const { return given_up || (in_flight <= 0 && !attempts.empty() && attempts.back().attempt->final); }
  MonoTime last_end() const;
  // Which share of the books the joules of one of its scopes belong to. REQUIRES: closed.
  Share share(std::size_t scope) const;
};

// Reads or estimates what each scope drew over the query's attempts, decides whether that may be believed, and closes
// the query.
// REQUIRES: ended(); the meters cover all attempts.
void close(OpenQuery& query, const std::vector<ScopeBooks>& scopes, const probes::PowerTimeline& timeline);

// Others were served beside it: what it drew is not known well enough for any ratio. REQUIRES: closed.
void mark_shared(OpenQuery& query, const std::vector<ScopeBooks>& scopes);

// The energies of an attempt whose time is booked whole, in the scopes in which the query has one.
std::vector<ScopeEnergy> energies(const OpenQuery& query, const OpenAttempt& attempt,
                                  const std::vector<ScopeBooks>& scopes);

}  // namespace ipw
