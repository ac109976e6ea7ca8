#include "replay/pacing.hpp"

namespace ipw::replay {
namespace {

// A fixed number of queries in flight: the next one goes out when one ends.
class ClosedLoop final : public Pacing {
 public:
  explicit ClosedLoop(std::size_t concurrency) : concurrency_(concurrency) {}

  std::optional<MonoTime> next(MonoTime now, std::size_t in_flight) override {
    if (in_flight >= concurrency_) return std::nullopt;
    return now;
  }
  std::size_t max_in_flight() const override { return concurrency_; }

 private:
  std::size_t concurrency_;
};

}  // namespace

Result<std::unique_ptr<Pacing>> open_pacing(Options& schedule) {
  schedule.one_of("mode", "closed", {"closed"});
  const auto concurrency = schedule.integer("concurrency", 1, {1, 4096});
  if (auto ok = schedule.finish(); !ok) return ok.error();
  return std::make_unique<ClosedLoop>(static_cast<std::size_t>(concurrency));
}

}  // namespace ipw::replay
