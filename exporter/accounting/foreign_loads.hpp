#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "exporter/accounting/work.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// Tokens that a server has read and generated; for others, since it was first asked, where nothing else is said.
struct ForeignTokens {
  double input{0}, output{0};
  ForeignTokens& operator+=(const ForeignTokens& more) {
    input += more.input;
    output += more.output;
    return *this;
  }
  bool operator==(const ForeignTokens&) const = default;
};

// What the servers do for others while they answer us, as loads for attribution: from each server's own counters of
// tokens, less what our attempts can have had of them by then (METHODOLOGY, "Foreign load"). A lower bound: a token
// that may be ours is ours, until it cannot be any more. Where a server counts requests alone, others are there, and
// what they work is not known. Owned by the attributor; one thread.
class ForeignLoads {
 public:
  // By target: the first of the targets at the same server. Targets beyond it have a server of their own.
  explicit ForeignLoads(std::vector<std::size_t> server_of) : server_of_(std::move(server_of)) {}

  void on(const replay::LoadSeen& event);
  void on(const replay::Finished& event);
  // No poll follows: there is nothing to wait for.
  void end() { ended_ = true; }

  // Takes the polls up to `until` into account, and returns up to when others are known: not beyond the last such poll
  // of any server that was asked since `patience`. REQUIRES: every attempt that began before `until` has finished.
  MonoTime advance(MonoTime until, MonoTime patience);

  // The loads of the servers of these targets, as far as they reach into `when`.
  std::vector<const Load*> loads(std::span<const std::size_t> targets, Interval when) const;
  // Whether others were served beside an attempt of this target.
  bool any(std::size_t target, Interval when) const;
  void forget_before(MonoTime at);

  // By target; nothing where no tokens are known.
  std::optional<ForeignTokens> tokens(std::size_t target) const;

 private:
  struct Own {
    std::shared_ptr<const replay::Attempt> attempt;
    ForeignTokens least, most;  // tokens that the server may count for it
  };
  struct Poll {
    MonoTime at;
    std::int64_t foreign;
    replay::TokenCounters tokens;
  };
  // One of the two counters. `base`: what it would show had there been no others.
  struct Counter {
    double before{0}, base{0}, found{0};
    double take(double shown, double least_own, double most_own, bool first);
  };
  struct Server {
    std::deque<Poll> polls;              // not taken into account yet
    std::optional<MonoTime> taken;       // the last one that was
    std::optional<MonoTime> last_asked;  // the newest that came
    bool counted{false};                 // one with tokens was taken
    bool counts_cached{true};
    Counter input, output;
    ForeignTokens past;  // the most of attempts that are no longer in `own`
    std::vector<Own> own;
    std::deque<Load> loads;
  };

  std::size_t server_of(std::size_t target) const { return target < server_of_.size() ? server_of_[target] : target; }
  Server& server(std::size_t target);
  const Server* find(std::size_t target) const;
  static void take(Server& server, const Poll& poll);
  static ForeignTokens take_tokens(Server& server, const Poll& poll);

  std::vector<std::size_t> server_of_;
  std::vector<Server> servers_;
  bool ended_{false};
};

}  // namespace ipw
