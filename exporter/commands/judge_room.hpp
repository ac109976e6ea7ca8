#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "exporter/config.hpp"
#include "replay/judge.hpp"
#include "replay/judge_desk.hpp"

namespace ipw {

// Where recorded answers are judged, by the judges of a configuration. One thread calls it.
class JudgeRoom {
 public:
  struct Parts {
    std::string config;  // a file whose map `judges` counts; "": the defaults
    std::shared_ptr<replay::VerdictCache> cache;
    replay::FindRival rival{};  // where other targets' answers are, if they are anywhere
  };
  // Errors: invalid.
  static Result<std::unique_ptr<JudgeRoom>> open(Parts parts);

  // Whether the item can be judged. Errors: invalid, `FILE:LINE: message`.
  Result<void> accepts(const replay::CorpusItem& item) const;

  struct Case {
    std::shared_ptr<const replay::CorpusItem> item;
    std::shared_ptr<const std::string> answer;
  };
  // REQUIRES: accepts(). Calls `done` with the verdict and the judge's name, at once or, where a model judges, before
  // finish() ends: then from another thread. Waits while thousands are pending.
  void judge(Case one, std::function<void(replay::Verdict, const std::string& judge)> done);
  // Returns when all are judged or, after a stop request, the questions under way have ended.
  void finish(std::stop_token stop);

  const replay::Bench& bench() const { return *bench_; }

 private:
  static constexpr std::ptrdiff_t kMostPending = 2000;
  JudgeRoom() = default;
  JudgesConfig config_;
  bool knows_rivals_{false};
  std::unique_ptr<replay::Bench> bench_;
  SteadyClock clock_;
  std::counting_semaphore<kMostPending> room_{kMostPending};
  std::unique_ptr<replay::JudgeDesk> desk_;
};

}  // namespace ipw
