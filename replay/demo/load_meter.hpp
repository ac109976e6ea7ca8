#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace ipw::replay::demo {

// How many requests are being answered, and the time integral of that number since the first, each counted by the
// weight that then held. Exact: nanoseconds are added up as integers. Loop thread only.
class LoadMeter {
 public:
  // Counts one request for as long as it lives.
  class Request {
   public:
    explicit Request(LoadMeter& meter) : meter_(meter) { meter_.change(+1); }
    ~Request() { meter_.change(-1); }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

   private:
    LoadMeter& meter_;
  };

  std::int64_t running() const { return running_; }
  // Up to this moment.
  std::chrono::nanoseconds integral() {
    change(0);
    return integral_ / kWhole;
  }
  // What a request counts from this moment on, in percent of one.
  void weigh(int percent) {
    change(0);
    percent_ = percent;
  }

 private:
  static constexpr int kWhole = 100;

  void change(int by) {
    const auto now = std::chrono::steady_clock::now();
    integral_ += running_ * percent_ * std::chrono::nanoseconds(now - since_);
    since_ = now;
    running_ += by;
  }

  std::int64_t running_{0};
  int percent_{kWhole};
  MonoTime since_{};                      // the last change
  std::chrono::nanoseconds integral_{0};  // times kWhole
};

}  // namespace ipw::replay::demo
