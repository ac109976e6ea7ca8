#pragma once

#include <mutex>

#include "replay/gate.hpp"

namespace ipw::replay {

// Lets a judging model and the targets that share its accelerator work in turns, so that no query is measured while the
// judge works. It takes its turn when the targets are at rest anyway, or when enough answers wait for it: then the gate
// holds the targets back until it is done. The targets' replayers and the judge's thread share it.
class JudgeTurn final : public Gate {
 public:
  std::optional<Hold> hold(MonoTime now) override;
  void started(const Started& event) override;
  void ended(Attempt& attempt) override;

  // Whether the judge may send now. `waiting`: how many answers wait for it, the first of them since `oldest`.
  // `at_once`: no target sends any more, or none will until this is done.
  struct Wish {
    std::size_t waiting;
    MonoTime oldest;
    bool at_once;
  };
  bool take(MonoTime now, const Wish& wish);
  // Nothing is left that the judge could send, and nothing of it runs.
  void give_back(MonoTime now);

 private:
  std::mutex mutex_;
  std::size_t running_{0};          // attempts of the targets
  bool wanted_{false};              // the targets are held back
  std::optional<MonoTime> let_go_;  // when a target was last told to go on: it may be about to
  std::optional<MonoTime> turn_;    // since when the judge has it
  std::optional<MonoTime> rested_;  // when it last gave it back
};

}  // namespace ipw::replay
