#pragma once

#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "replay/gate.hpp"

namespace ipw::testing {

// Holds when and as the test says, and keeps what it was told. Thread-safe.
class FakeGate final : public replay::Gate {
 public:
  void close(replay::Hold hold) {
    state_.with([&](State& state) { state.hold = std::move(hold); });
  }
  void close(replay::PauseReason reason, std::chrono::nanoseconds ask_every = std::chrono::milliseconds(100)) {
    state_.with([&](State& state) {
      state.hold = replay::Hold{.reason = reason, .why = "the test says so", .until = {}};
      state.ask_every = ask_every;
    });
  }
  void open() {
    state_.with([](State& state) { state.hold.reset(); });
  }
  std::vector<std::string> heard() const {
    return state_.with([](const State& state) { return state.heard; });
  }

  std::optional<replay::Hold> hold(MonoTime now) override {
    return state_.with([&](State& state) {
      auto hold = state.hold;
      if (hold && hold->until == MonoTime{}) hold->until = now + state.ask_every;
      return hold;
    });
  }
  void started(const replay::Started& event) override {
    state_.with([&](State& state) { state.heard.push_back("started " + event.query->item->id); });
  }
  void ended(replay::Attempt& attempt) override {
    attempt.load.running = 7;
    state_.with([&](State& state) { state.heard.push_back("ended " + attempt.query->item->id); });
  }

 private:
  struct State {
    std::optional<replay::Hold> hold;
    std::chrono::nanoseconds ask_every{};
    std::vector<std::string> heard;
  };
  Guarded<State> state_;
};

}  // namespace ipw::testing
